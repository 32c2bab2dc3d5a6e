//! Deleting a credential with its values, for good.

use sandbar_model::{CredentialId, Error, Result};
use sandbar_store::credential;

use super::{check_etag, get::uses, seen, trace};
use crate::{
    App, Call, Request,
    repeat::{conclude, repeated, retry},
};

/// Asks for a credential to go.
#[derive(Clone, Debug)]
pub struct DeleteCredential {
    /// Which.
    pub id: CredentialId,
    /// See [`super::etag`]; empty: delete whatever is there.
    pub etag: String,
    /// Delete it also where projects link it.
    pub force: bool,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for DeleteCredential {
    const ACTION: &'static str = "credential.delete";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Deletes a credential and all its values. By its owner or a service administrator. Where a project links it (those that
/// are scheduled for deletion too, as they can be restored), only with `force`: the links then stay and lead nowhere, which
/// a preflight says.
///
/// # Errors
/// [`Error::CredentialNotFound`], [`Error::CredentialInUse`], [`Error::EtagMismatch`], and the gate's.
pub async fn delete(app: &App, call: &Call, request: &DeleteCredential) -> Result<()> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &DeleteCredential) -> Result<()> {
    let mut tx = app.db.write().await?;
    let caller = app.caller(&mut tx, call).await?;
    caller.whole()?;
    let by = (call, &caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    // Whoever links it takes this lock too, so nobody does meanwhile.
    let found = seen(&caller, credential::lock(&mut tx, request.id).await?, request.id)?;
    check_etag(&request.etag, &found)?;
    let uses = uses(&mut tx, &caller, found.id).await?;
    if uses.count > 0 && !request.force {
        let projects = uses.projects.into_iter().map(|one| one.name).collect();
        return Err(Error::CredentialInUse { id: found.id, count: uses.count, projects });
    }
    credential::delete(&mut tx, found.id).await?;
    let trace = trace(found.id, &serde_json::json!({ "owner": found.owner, "links": uses.count }));
    conclude(app, tx, by, request, trace, &()).await
}
