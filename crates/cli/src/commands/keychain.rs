//! `keychain …`: which of a project's credentials a step signs in with.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sandbar_client::v1::{
    DeleteKeychainRequest, GetKeychainRequest, Keychain, ListKeychainsRequest, PreviewKeychainRequest,
    PutKeychainRequest, get_keychain_request::Keychain as Wanted,
};

use super::put::read_text;
use crate::failure::Failure;
use crate::output::confirm;
use crate::render::{tables, visible};
use crate::resolve::uuid;
use crate::session::Session;

/// `keychain …`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeychainCommand {
    /// List a project's keychains by name
    List {
        /// The project
        project: String,
    },
    /// Show a keychain
    Show {
        /// The project
        project: String,
        /// The keychain's id or name
        keychain: String,
        /// As it was at this revision of the project
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        revision: i64,
    },
    /// Make a keychain, or change what is named of the one of this id or name
    Put(KeychainArgs),
    /// Delete a keychain that no step uses
    Delete {
        /// The project
        project: String,
        /// The keychain's id or name
        keychain: String,
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Say which credential a keychain would pick for a dataclip; changes nothing
    Try {
        /// The project
        project: String,
        /// The keychain's id or name
        keychain: String,
        /// What a run would begin with: a JSON file, or - for standard input
        dataclip: PathBuf,
    },
}

/// The arguments of a put.
#[derive(Args, Debug)]
pub(crate) struct KeychainArgs {
    /// The project
    project: String,
    /// The keychain's id or name
    keychain: String,
    /// Where in the dataclip the external id of the credential is: a path of RFC 9535 such as `$.site.id`
    #[arg(long)]
    path: Option<String>,
    /// What it shall be called
    #[arg(long)]
    name: Option<String>,
    /// The credential link that is picked where no other is
    #[arg(long, value_name = "LINK", conflicts_with = "no_default")]
    default: Option<String>,
    /// Pick none where no linked credential has the external id
    #[arg(long)]
    no_default: bool,
    /// Check everything and change nothing
    #[arg(long)]
    validate_only: bool,
}

/// Runs one.
pub(crate) async fn run(session: &Session, command: KeychainCommand) -> Result<(), Failure> {
    match command {
        KeychainCommand::List { project } => list(session, &project).await,
        KeychainCommand::Show { project, keychain, revision } => {
            let project_id = session.project(&project).await?;
            let found = find(session, &project_id, &keychain, revision).await?;
            session.out.show(&found, || whole(&found))
        }
        KeychainCommand::Put(args) => put(session, args).await,
        KeychainCommand::Delete { project, keychain, yes } => delete(session, &project, &keychain, yes).await,
        KeychainCommand::Try { project, keychain, dataclip } => {
            let project_id = session.project(&project).await?;
            let keychain_id = find(session, &project_id, &keychain, 0).await?.id;
            let request = PreviewKeychainRequest { project_id, keychain_id, dataclip: read_text(&dataclip)? };
            let answer = session.client.keychains().preview_keychain(request).await?;
            session.out.show(&answer, || {
                let link = answer.credential_link.clone().unwrap_or_default();
                let owner = link.owner.map_or(link.owner_email, |owner| owner.name);
                let picked = match link.id.as_str() {
                    "" => "no credential".to_owned(),
                    id => format!("{}  of {owner}  {id}", visible(&link.name)),
                };
                format!("{picked}\n{}", visible(&answer.message))
            })
        }
    }
}

async fn list(session: &Session, project: &str) -> Result<(), Failure> {
    let project_id = session.project(project).await?;
    let request = ListKeychainsRequest { project_id, page_size: 500, ..Default::default() };
    let keychains = session.client.list(request).all().await?;
    session.out.list(&keychains, |keychains| tables::keychains(keychains, session.now))
}

/// The keychain that an id or name means. A revision can only be asked for by id.
async fn find(
    session: &Session,
    project_id: &str,
    keychain: &str,
    revision: i64,
) -> Result<Keychain, Failure> {
    let get = async |wanted, revision| {
        let request =
            GetKeychainRequest { project_id: project_id.to_owned(), revision, keychain: Some(wanted) };
        let answer = session.client.keychains().get_keychain(request).await?;
        Ok::<_, Failure>(answer.keychain.unwrap_or_default())
    };
    if let Some(id) = uuid(keychain) {
        return get(Wanted::KeychainId(id), revision).await;
    }
    let now = get(Wanted::KeychainName(keychain.to_owned()), 0).await?;
    if revision == 0 { Ok(now) } else { get(Wanted::KeychainId(now.id), revision).await }
}

async fn put(session: &Session, args: KeychainArgs) -> Result<(), Failure> {
    let project_id = session.project(&args.project).await?;
    let request =
        ListKeychainsRequest { project_id: project_id.clone(), page_size: 500, ..Default::default() };
    let there = session.client.list(request).all().await?;
    let id = uuid(&args.keychain);
    let mut found = there.into_iter().filter(|one| match &id {
        Some(id) => one.id == *id,
        None => one.name == args.keychain,
    });
    let before = found.next();
    let etag = before.as_ref().map_or("*".to_owned(), |before| before.etag.clone());
    let named = if id.is_some() { String::new() } else { args.keychain.clone() };
    let start =
        before.unwrap_or_else(|| Keychain { id: id.unwrap_or_default(), name: named, ..Default::default() });
    let keychain = changed(start, &args);
    let validate_only = args.validate_only;
    let request = PutKeychainRequest {
        project_id,
        keychain: Some(keychain),
        etag,
        validate_only,
        ..Default::default()
    };
    let answer = session.client.keychains().put_keychain(request).await?;
    let keychain = answer.keychain.unwrap_or_default();
    session.out.show(&keychain, || {
        format!("{}  {}  revision {}", visible(&keychain.name), keychain.id, keychain.revision)
    })
}

/// A keychain with what the arguments say of it.
fn changed(mut keychain: Keychain, args: &KeychainArgs) -> Keychain {
    if let Some(path) = &args.path {
        keychain.json_path.clone_from(path);
    }
    if let Some(name) = &args.name {
        keychain.name.clone_from(name);
    }
    if args.no_default {
        keychain.default_credential_link_id.clear();
    }
    if let Some(link) = &args.default {
        keychain.default_credential_link_id.clone_from(link);
    }
    keychain
}

async fn delete(session: &Session, project: &str, keychain: &str, yes: bool) -> Result<(), Failure> {
    let project_id = session.project(project).await?;
    let found = find(session, &project_id, keychain, 0).await?;
    if !yes && confirm(&format!("Delete the keychain {:?} in {project}?", found.name))? == Some(false) {
        return Err(Failure::Here("nothing was deleted".to_owned()));
    }
    let request = DeleteKeychainRequest { project_id, keychain_id: found.id, ..Default::default() };
    let answer = session.client.keychains().delete_keychain(request).await?;
    session.out.show(&answer, || format!("deleted at revision {}", answer.revision))
}

fn whole(keychain: &Keychain) -> String {
    let default = match keychain.default_credential_link_id.as_str() {
        "" => "none",
        link => link,
    };
    let (name, path) = (visible(&keychain.name), visible(&keychain.json_path));
    format!("{name}\n  id       {}\n  path     {path}\n  default  {default}", keychain.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays() {
        let before = Keychain {
            name: "a".into(),
            json_path: "$.a".into(),
            default_credential_link_id: "l".into(),
            etag: "e".into(),
            ..Default::default()
        };
        let args = |path: Option<&str>, no_default| KeychainArgs {
            project: String::new(),
            keychain: String::new(),
            path: path.map(str::to_owned),
            name: None,
            default: None,
            no_default,
            validate_only: false,
        };
        assert_eq!(changed(before.clone(), &args(None, false)), before);
        let after = changed(before.clone(), &args(Some("$.b"), true));
        assert_eq!(
            after,
            Keychain { json_path: "$.b".into(), default_credential_link_id: String::new(), ..before }
        );
    }
}
