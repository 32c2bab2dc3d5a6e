//! Users' credentials, their values in each environment, and the projects that link them (1-domain §7).
//!
//! A credential is seen by its owner and by service administrators; to everybody else it is as if there was none. Its values
//! are write-only: no operation here answers them, but [`crate::runs::resolve`] does, to a run.

mod create;
mod delete;
mod get;
pub(crate) mod link;
pub(crate) mod links;
mod list;
mod missing;
mod preflight;
mod rekey;
mod transfer;
mod unlink;
mod update;
mod values;

use sandbar_model::{Credential, CredentialId, Error, PrincipalId, Result, credential::ValueSet};
use sandbar_store::{Tx, credential, value_set};
use serde::{Deserialize, Serialize};

pub use create::{CreateCredential, create};
pub use delete::{DeleteCredential, delete};
pub use get::{CredentialUse, CredentialUses, GetCredential, get};
pub use link::{LinkCredential, link};
pub use links::{LinkView, ListLinks, list_links};
pub use list::{ListCredentials, MAX_PAGE, list};
pub(crate) use missing::of_plan;
pub use missing::{MissingCredential, Step, Why};
pub(crate) use preflight::ready;
pub use preflight::{Preflight, PreflightView, preflight};
pub use rekey::{key_use, rewrap, verify};
pub use transfer::{TransferCredential, transfer};
pub use unlink::{UnlinkCredential, unlink};
pub use update::{CredentialPatch, UpdateCredential, update};
pub use values::{RemoveValues, SetValues, remove_values, set_values};

use crate::{App, etag, gate::Caller, repeat::Trace, view::Actor};

/// A credential as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialView {
    /// The credential.
    pub credential: Credential,
    /// Whose it is.
    pub owner: Actor,
    /// The environments for which it has values, in their order.
    pub sets: Vec<ValueSet>,
}

impl App {
    async fn credential_view(&self, tx: &mut Tx, credential: Credential) -> Result<CredentialView> {
        let views = self.credential_views(tx, vec![credential]).await?;
        views.into_iter().next().ok_or(Error::Bug("a credential has no view"))
    }

    async fn credential_views(
        &self,
        tx: &mut Tx,
        credentials: Vec<Credential>,
    ) -> Result<Vec<CredentialView>> {
        let ids: Vec<_> = credentials.iter().map(|credential| credential.id).collect();
        let mut sets = value_set::of(tx, &ids).await?;
        let names = self.names(tx, credentials.iter().map(|credential| credential.owner).collect()).await?;
        let view = |credential: Credential| CredentialView {
            owner: Actor {
                id: credential.owner,
                name: names.get(&credential.owner).map(ToString::to_string).unwrap_or_default(),
            },
            sets: sets.remove(&credential.id).unwrap_or_default(),
            credential,
        };
        Ok(credentials.into_iter().map(view).collect())
    }
}

/// A credential, for its owner or a service administrator.
fn seen(caller: &Caller, found: Option<Credential>, id: CredentialId) -> Result<Credential> {
    caller.whole()?;
    let mine = |owner: PrincipalId| owner == caller.id || caller.administrator().is_ok();
    found.filter(|credential| mine(credential.owner)).ok_or(Error::CredentialNotFound { id })
}

/// A credential, for its owner only.
fn owned(caller: &Caller, found: Option<Credential>, id: CredentialId) -> Result<Credential> {
    let credential = seen(caller, found, id)?;
    if credential.owner == caller.id { Ok(credential) } else { Err(Error::CredentialNotOwned { id }) }
}

/// A credential's etag.
pub fn etag(credential: &Credential) -> String {
    credential.version.to_string()
}

/// Refuses when a credential is another than the caller has read; empty: it may be any.
fn check_etag(expected: &str, credential: &Credential) -> Result<()> {
    etag::check(expected, etag(credential))
}

/// The same credential, changed now.
fn changed(app: &App, credential: Credential) -> Credential {
    Credential { version: credential.version + 1, update_time: app.now(), ..credential }
}

/// What the audit trail says of a credential. Its name may be secret to its project's members, and changes: the id is
/// enough.
fn trace(id: CredentialId, detail: &serde_json::Value) -> Trace {
    Trace { subject: Some(("credential", id.0)), detail: detail.clone(), ..Trace::default() }
}

/// A credential under its lock, as the caller's own and with the etag that was read.
async fn locked(tx: &mut Tx, caller: &Caller, id: CredentialId, etag: &str) -> Result<Credential> {
    let credential = owned(caller, credential::lock(tx, id).await?, id)?;
    check_etag(etag, &credential)?;
    Ok(credential)
}
