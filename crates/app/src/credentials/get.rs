//! Reading one credential, and where it is in use.

use sandbar_model::{CredentialId, Project, ProjectId, ResourceId, Result};
use sandbar_store::{
    Tx,
    credential::{self, Linked},
    member, project,
};

use super::{CredentialView, seen};
use crate::{App, Call, gate::Caller};

/// The most projects that an answer names.
const NAMED: usize = 100;

/// Asks for one credential.
#[derive(Clone, Copy, Debug)]
pub struct GetCredential {
    /// Which.
    pub id: CredentialId,
}

/// A project that links a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialUse {
    /// Which.
    pub project: ProjectId,
    /// What it is called.
    pub name: String,
    /// The link.
    pub link: ResourceId,
}

/// Where a credential is linked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialUses {
    /// Those of the projects that the caller is a member of, 100 at most, by id.
    pub projects: Vec<CredentialUse>,
    /// How many there are in all.
    pub count: u64,
}

/// Shows one credential of the caller's, or any to a service administrator, and where it is linked. Never its values.
///
/// # Errors
/// [`sandbar_model::Error::CredentialNotFound`], [`sandbar_model::Error::TokenLimited`], and the gate's.
pub async fn get(
    app: &App,
    call: &Call,
    request: &GetCredential,
) -> Result<(CredentialView, CredentialUses)> {
    let mut tx = app.db.read().await?;
    let caller = app.caller(&mut tx, call).await?;
    let credential = seen(&caller, credential::get(&mut tx, request.id).await?, request.id)?;
    let uses = uses(&mut tx, &caller, credential.id).await?;
    Ok((app.credential_view(&mut tx, credential).await?, uses))
}

/// Where a credential is linked, as far as the caller may know.
pub(super) async fn uses(tx: &mut Tx, caller: &Caller, id: CredentialId) -> Result<CredentialUses> {
    let linked = credential::linked(tx, id).await?;
    let ids: Vec<_> = linked.iter().map(|one| one.project).collect();
    let roles = member::roles(tx, caller.id, &ids).await?;
    let shown: Vec<Linked> =
        linked.iter().filter(|one| roles.contains_key(&one.project)).take(NAMED).copied().collect();
    let mut projects = Vec::with_capacity(shown.len());
    for Linked { project, link } in shown {
        if let Some(Project { profile, .. }) = project::get(tx, project).await? {
            projects.push(CredentialUse { project, name: profile.name, link });
        }
    }
    Ok(CredentialUses { projects, count: linked.len() as u64 })
}
