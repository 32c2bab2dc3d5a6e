//! `credential …`: what steps sign in with, its values in each environment, and the projects that link it.

mod link;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use sandbar_client::prost_types::FieldMask;
use sandbar_client::v1::{
    CreateCredentialRequest, Credential, DeleteCredentialRequest, GetCredentialRequest,
    GetCredentialResponse, ListCredentialsRequest, RemoveCredentialValuesRequest, SetCredentialValuesRequest,
    TransferCredentialRequest, UpdateCredentialRequest,
};

use self::link::{link_to, list_links, preflight, unlink};
use super::put::read_text;
use crate::failure::Failure;
use crate::output::confirm;
use crate::render::{credential as shown, visible};
use crate::resolve::uuid;
use crate::session::Session;

const VALUES: &str = r#"The values are JSON: an object of at most 256 KiB, such as

  { "username": "sync", "password": "…" }

They are read from a file or from standard input, never from the command line, which other users of the machine can see,
and nothing ever prints them again. Every project of the environment that links the credential gets them.

  sandbar credential set DHIS2 --env dev values.json
  pass show dhis2 | sandbar credential set DHIS2 --env main -"#;

/// `credential …`.
#[derive(Debug, Subcommand)]
pub(crate) enum CredentialCommand {
    /// Make a credential of yours, without values
    Create {
        /// Its name, unique among yours
        name: String,
        /// What its values are for: an adaptor's name, raw or oauth
        #[arg(long, default_value = "raw")]
        schema: String,
        /// What other systems call it
        #[arg(long, default_value = "", hide_default_value = true)]
        external_id: String,
    },
    /// List your credentials and the environments for which they have values; or a project's links
    List {
        /// The links of this project instead
        #[arg(long, conflicts_with = "all")]
        project: Option<String>,
        /// Everybody's; for service administrators
        #[arg(long)]
        all: bool,
    },
    /// Show a credential, the names of its values, and which projects link it
    Show {
        /// The credential's id or name
        credential: String,
    },
    /// Set the values for an environment, from a file or standard input
    #[command(after_long_help = VALUES)]
    Set {
        /// The credential's id or name
        credential: String,
        /// The environment
        #[arg(long = "env", value_name = "ENVIRONMENT")]
        environment: String,
        /// The JSON file, or - for standard input
        file: PathBuf,
    },
    /// Remove the values for an environment
    Unset {
        /// The credential's id or name
        credential: String,
        /// The environment
        #[arg(long = "env", value_name = "ENVIRONMENT")]
        environment: String,
    },
    /// Rename a credential. Projects that link it keep it
    Rename {
        /// The credential's id or name
        credential: String,
        /// Its new name
        name: String,
    },
    /// Give a credential with its values to somebody else
    Transfer {
        /// The credential's id or name
        credential: String,
        /// The id of the user or service account that gets it
        owner: String,
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Delete a credential with its values, for good
    Delete {
        /// The credential's id or name
        credential: String,
        /// Also where projects link it: the steps that use it can't run any more
        #[arg(long)]
        force: bool,
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Let a project use a credential of yours
    Link {
        /// The project
        project: String,
        /// The credential's id or name
        credential: String,
        /// The project's link to put it behind, by id: the steps that use it get this credential. Default: the imported
        /// link of this name, or a new one
        #[arg(long, default_value = "", hide_default_value = true, value_name = "LINK")]
        link: String,
    },
    /// Take a credential from a project
    Unlink {
        /// The project
        project: String,
        /// The link's id, or the credential's id or name
        link: String,
    },
    /// List the credentials that a project's steps use without values for its environment; exits with 1 if there are any
    Preflight {
        /// The project
        project: String,
        /// Only what this workflow's steps use, by id or name
        #[arg(long)]
        workflow: Option<String>,
    },
}

/// Runs one.
pub(crate) async fn run(session: &Session, command: CredentialCommand) -> Result<(), Failure> {
    match command {
        CredentialCommand::Create { name, schema, external_id } => {
            let sent = Credential { name, schema, external_id, ..Default::default() };
            create(session, sent).await
        }
        CredentialCommand::List { project: Some(project), .. } => list_links(session, &project).await,
        CredentialCommand::List { all, .. } => list(session, all).await,
        CredentialCommand::Show { credential } => show(session, &credential).await,
        CredentialCommand::Set { credential, environment, file } => {
            set(session, &credential, environment, &file).await
        }
        CredentialCommand::Unset { credential, environment } => {
            unset(session, &credential, environment).await
        }
        CredentialCommand::Rename { credential, name } => rename(session, &credential, name).await,
        CredentialCommand::Transfer { credential, owner, yes } => {
            transfer(session, &credential, owner, yes).await
        }
        CredentialCommand::Delete { credential, force, yes } => {
            delete(session, &credential, force, yes).await
        }
        CredentialCommand::Link { project, credential, link } => {
            link_to(session, &project, &credential, link).await
        }
        CredentialCommand::Unlink { project, link } => unlink(session, &project, &link).await,
        CredentialCommand::Preflight { project, workflow } => preflight(session, &project, workflow).await,
    }
}

/// The credential that an id means, or a name among the caller's own.
async fn find(session: &Session, credential: &str) -> Result<GetCredentialResponse, Failure> {
    let request = GetCredentialRequest { credential_id: id_of(session, credential).await? };
    Ok(session.client.credentials().get_credential(request).await?)
}

async fn id_of(session: &Session, credential: &str) -> Result<String, Failure> {
    match uuid(credential) {
        Some(id) => Ok(id),
        None => named(session, credential).await,
    }
}

async fn named(session: &Session, name: &str) -> Result<String, Failure> {
    let request = ListCredentialsRequest { page_size: 100, ..Default::default() };
    let mine = session.client.list(request).all().await?;
    mine.into_iter().find(|one| one.name == name).map(|one| one.id).ok_or_else(|| {
        Failure::Here(format!("you have no credential {name:?}; see `sandbar credential list`"))
    })
}

fn tell(session: &Session, credential: Option<Credential>) -> Result<(), Failure> {
    let credential = credential.unwrap_or_default();
    session.out.show(&credential, || shown::line(&credential))
}

async fn create(session: &Session, sent: Credential) -> Result<(), Failure> {
    let request = CreateCredentialRequest { credential: Some(sent), ..Default::default() };
    let made = session.client.credentials().create_credential(request).await?;
    tell(session, made.credential)
}

async fn list(session: &Session, all: bool) -> Result<(), Failure> {
    let request = ListCredentialsRequest { page_size: 100, all, ..Default::default() };
    let credentials = session.client.list(request).all().await?;
    session.out.list(&credentials, |credentials| shown::list(credentials, session.now))
}

async fn show(session: &Session, credential: &str) -> Result<(), Failure> {
    let found = find(session, credential).await?;
    session.out.show(&found, || shown::whole(&found, session.now))
}

async fn set(session: &Session, credential: &str, environment: String, file: &Path) -> Result<(), Failure> {
    let values = read_text(file)?;
    let request = SetCredentialValuesRequest {
        credential_id: id_of(session, credential).await?,
        environment,
        values,
        ..Default::default()
    };
    let set = session.client.credentials().set_credential_values(request).await?;
    tell(session, set.credential)
}

async fn unset(session: &Session, credential: &str, environment: String) -> Result<(), Failure> {
    let credential_id = id_of(session, credential).await?;
    let request = RemoveCredentialValuesRequest { credential_id, environment, ..Default::default() };
    let left = session.client.credentials().remove_credential_values(request).await?;
    tell(session, left.credential)
}

async fn rename(session: &Session, credential: &str, name: String) -> Result<(), Failure> {
    let id = id_of(session, credential).await?;
    let request = UpdateCredentialRequest {
        credential: Some(Credential { id, name, ..Default::default() }),
        update_mask: Some(FieldMask { paths: vec!["name".to_owned()] }),
        ..Default::default()
    };
    let renamed = session.client.credentials().update_credential(request).await?;
    tell(session, renamed.credential)
}

async fn transfer(session: &Session, credential: &str, owner_id: String, yes: bool) -> Result<(), Failure> {
    let found = find(session, credential).await?.credential.unwrap_or_default();
    let question = format!("Give the credential {:?} away? You will not see it any more.", found.name);
    if !yes && confirm(&question)? == Some(false) {
        return Err(Failure::Here("nothing was changed".to_owned()));
    }
    let request = TransferCredentialRequest {
        credential_id: found.id,
        owner_id,
        etag: found.etag,
        ..Default::default()
    };
    let given = session.client.credentials().transfer_credential(request).await?;
    tell(session, given.credential)
}

async fn delete(session: &Session, credential: &str, force: bool, yes: bool) -> Result<(), Failure> {
    let found = find(session, credential).await?;
    let one = found.credential.unwrap_or_default();
    let linked = match found.use_count {
        0 => String::new(),
        count => format!(" {count} projects link it."),
    };
    let question = format!("Delete the credential {:?} with all its values?{linked}", one.name);
    if !yes && confirm(&question)? == Some(false) {
        return Err(Failure::Here("nothing was deleted".to_owned()));
    }
    let request =
        DeleteCredentialRequest { credential_id: one.id, etag: one.etag, force, ..Default::default() };
    let answer = session.client.credentials().delete_credential(request).await?;
    session.out.show(&answer, || format!("deleted {}", visible(&one.name)))
}
