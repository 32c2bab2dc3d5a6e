//! What webhook triggers ask of who calls them: webhook auth methods of the root, and whether a call may pass (1-domain §6, §7).
//!
//! A method's secret is write-only: no operation answers it, [`authenticate`] only compares.

mod authenticate;
mod create;
mod delete;
pub(crate) mod guards;
mod read;
mod rekey;
mod rename;

use sandbar_model::{Error, ProjectId, Result, WebhookAuthMethod, WebhookAuthMethodId, policy::Action};
use sandbar_store::{Tx, webhook_auth::Key};

pub use authenticate::{AuthenticateWebhook, WebhookTarget, authenticate};
pub use create::{CreateMethod, create};
pub use delete::{DeleteMethod, delete};
pub use read::{GetMethod, ListMethods, get, list};
pub use rekey::{key_use, rewrap, verify};
pub use rename::{RenameMethod, rename};

use crate::{App, Call, etag, gate::Entry, repeat::Trace};

/// A method's etag.
pub fn etag(method: &WebhookAuthMethod) -> String {
    method.version.to_string()
}

/// Refuses when a method is another than the caller has read; empty: it may be any.
fn check_etag(expected: &str, method: &WebhookAuthMethod) -> Result<()> {
    etag::check(expected, etag(method))
}

/// Lets a caller change the methods of a root. Its sandboxes share them and can't.
///
/// # Errors
/// [`Error::ManagedInParent`], and the gate's.
async fn managed(app: &App, tx: &mut Tx, call: &Call, project: ProjectId) -> Result<Entry> {
    let entry = app.enter(tx, call, project, Action::ManageWebhookAuth).await?;
    if entry.project.is_sandbox() {
        return Err(Error::ManagedInParent { root: entry.project.root });
    }
    Ok(entry)
}

fn missing(id: WebhookAuthMethodId) -> Error {
    Error::WebhookAuthMethodNotFound { id }
}

/// What the audit trail says of a method.
fn trace(of: Key, detail: serde_json::Value) -> Trace {
    let subject = Some(("webhook_auth_method", of.id.0));
    Trace { root: Some(of.root), project: Some(of.root), subject, detail }
}
