//! `webhook-auth …`: what a tree's webhook triggers ask of who calls them.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use sandbar_client::v1::{
    CreateWebhookAuthMethodRequest, DeleteWebhookAuthMethodRequest, ListWebhookAuthMethodsRequest,
    UpdateWebhookAuthMethodRequest, WebhookAuthMethod, WebhookBasicCredentials,
    create_webhook_auth_method_request::Secret,
};

use super::put::read_text;
use crate::failure::Failure;
use crate::output::confirm;
use crate::render::{tables, visible};
use crate::resolve::uuid;
use crate::session::Session;

const SECRET: &str = "\
The password or key is read from a file or from standard input, never from the command line, which other users of the
machine can see, and nothing ever prints it again. A line break at its end is not part of it. For another one make
another method.

  sandbar webhook-auth create acme Partner key.txt
  pass show intake | sandbar webhook-auth create acme Clinics --username clinics -";

/// `webhook-auth …`.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhookAuthCommand {
    /// List the methods of a project's root by name
    List {
        /// The root, or a sandbox of its tree
        project: String,
    },
    /// Make a method: an API key, or with --username a password. Triggers ask for it once they name its id
    #[command(after_long_help = SECRET)]
    Create {
        /// The root
        project: String,
        /// What it shall be called
        name: String,
        /// The user name that goes with the password
        #[arg(long)]
        username: Option<String>,
        /// The file with the key or password, or - for standard input
        file: PathBuf,
    },
    /// Rename a method. Triggers keep it
    Rename {
        /// The root
        project: String,
        /// The method's id or name
        method: String,
        /// Its new name
        name: String,
    },
    /// Delete a method that no trigger of the tree names
    Delete {
        /// The root
        project: String,
        /// The method's id or name
        method: String,
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
    },
}

/// Runs one.
pub(crate) async fn run(session: &Session, command: WebhookAuthCommand) -> Result<(), Failure> {
    match command {
        WebhookAuthCommand::List { project } => {
            let methods = all(session, session.project(&project).await?).await?;
            session.out.list(&methods, |methods| tables::webhook_auth_methods(methods, session.now))
        }
        WebhookAuthCommand::Create { project, name, username, file } => {
            let secret = secret(username, &file)?;
            let request = CreateWebhookAuthMethodRequest {
                project_id: session.project(&project).await?,
                method: Some(WebhookAuthMethod { name, ..Default::default() }),
                secret: Some(secret),
                ..Default::default()
            };
            let made = session.client.webhook_auth().create_webhook_auth_method(request).await?.method;
            show(session, &made.unwrap_or_default())
        }
        WebhookAuthCommand::Rename { project, method, name } => {
            let project_id = session.project(&project).await?;
            let WebhookAuthMethod { id, etag, .. } = find(session, &project_id, &method).await?;
            let request = UpdateWebhookAuthMethodRequest {
                project_id,
                method_id: id,
                name,
                etag,
                ..Default::default()
            };
            let renamed = session.client.webhook_auth().update_webhook_auth_method(request).await?.method;
            show(session, &renamed.unwrap_or_default())
        }
        WebhookAuthCommand::Delete { project, method, yes } => delete(session, &project, &method, yes).await,
    }
}

/// What callers shall have to show.
fn secret(username: Option<String>, file: &Path) -> Result<Secret, Failure> {
    let text = read_text(file)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let text = line.strip_suffix('\r').unwrap_or(line).to_owned();
    Ok(match username {
        Some(username) => Secret::Basic(WebhookBasicCredentials { username, password: text }),
        None => Secret::ApiKey(text),
    })
}

async fn all(session: &Session, project_id: String) -> Result<Vec<WebhookAuthMethod>, Failure> {
    let request = ListWebhookAuthMethodsRequest { project_id, page_size: 500, ..Default::default() };
    Ok(session.client.list(request).all().await?)
}

/// The method that an id or name means.
async fn find(session: &Session, project_id: &str, method: &str) -> Result<WebhookAuthMethod, Failure> {
    let id = uuid(method);
    let is_it = |one: &WebhookAuthMethod| match &id {
        Some(id) => one.id == *id,
        None => one.name == method,
    };
    let mut methods = all(session, project_id.to_owned()).await?.into_iter();
    methods.find(is_it).ok_or_else(|| Failure::Here(format!("there is no webhook auth method {method:?}")))
}

async fn delete(session: &Session, project: &str, method: &str, yes: bool) -> Result<(), Failure> {
    let project_id = session.project(project).await?;
    let WebhookAuthMethod { id, name, etag, .. } = find(session, &project_id, method).await?;
    if !yes && confirm(&format!("Delete the webhook auth method {name:?} of {project}?"))? == Some(false) {
        return Err(Failure::Here("nothing was deleted".to_owned()));
    }
    let request = DeleteWebhookAuthMethodRequest { project_id, method_id: id, etag, ..Default::default() };
    let answer = session.client.webhook_auth().delete_webhook_auth_method(request).await?;
    session.out.show(&answer, || format!("deleted {}", visible(&name)))
}

fn show(session: &Session, method: &WebhookAuthMethod) -> Result<(), Failure> {
    session.out.show(method, || format!("{}  {}", visible(&method.name), method.id))
}
