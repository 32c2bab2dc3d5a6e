//! Giving a credential to somebody else.

use sandbar_model::{Credential, CredentialId, Error, PrincipalId, Result};
use sandbar_store::{credential, principal};

use super::{CredentialView, changed, check_etag, seen, trace};
use crate::{
    App, Call, Request,
    repeat::{conclude, repeated, retry},
};

/// Asks for a credential to get another owner.
#[derive(Clone, Debug)]
pub struct TransferCredential {
    /// Which.
    pub id: CredentialId,
    /// Who it shall belong to.
    pub to: PrincipalId,
    /// See [`super::etag`]; empty: transfer whatever is there.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for TransferCredential {
    const ACTION: &'static str = "credential.transfer";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Gives a credential with its values to another user or service account. Its links stay, so that nothing stops running. By
/// its owner, who then no longer sees it, or a service administrator, for people who left.
///
/// # Errors
/// [`Error::CredentialNotFound`], [`Error::PrincipalNotFound`], [`Error::NameTaken`] when the new owner has one of the
/// same name, [`Error::EtagMismatch`], and the gate's.
pub async fn transfer(app: &App, call: &Call, request: &TransferCredential) -> Result<CredentialView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &TransferCredential) -> Result<CredentialView> {
    let mut tx = app.db.write().await?;
    let caller = app.caller(&mut tx, call).await?;
    caller.whole()?;
    let by = (call, &caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let before = seen(&caller, credential::lock(&mut tx, request.id).await?, request.id)?;
    check_etag(&request.etag, &before)?;
    let to = principal::get(&mut tx, request.to).await?;
    let to = to.ok_or(Error::PrincipalNotFound { id: request.to })?.id;
    let from = before.owner;
    let mut after = before;
    if to != from {
        after = changed(app, Credential { owner: to, ..after });
        credential::set(&mut tx, &after).await?;
    }
    let trace = trace(after.id, &serde_json::json!({ "from": from, "to": to }));
    let answer = app.credential_view(&mut tx, after).await?;
    conclude(app, tx, by, request, trace, &answer).await?;
    Ok(answer)
}
