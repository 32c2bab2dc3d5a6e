//! Renaming a credential, and changing what else its owner chose.

use sandbar_model::{Credential, CredentialId, Result};
use sandbar_store::credential;

use super::{CredentialView, changed, locked, trace};
use crate::{
    App, Call, Request,
    repeat::{conclude, repeated, retry},
};

/// What of a credential to change, and to what; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialPatch {
    /// See [`Credential::name`].
    pub name: Option<String>,
    /// See [`Credential::schema`].
    pub schema: Option<String>,
    /// See [`Credential::external_id`].
    pub external_id: Option<String>,
}

/// Asks for a credential to change.
#[derive(Clone, Debug)]
pub struct UpdateCredential {
    /// Which.
    pub id: CredentialId,
    /// What.
    pub patch: CredentialPatch,
    /// See [`super::etag`]; empty: change whatever is there.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for UpdateCredential {
    const ACTION: &'static str = "credential.update";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Changes a credential of the caller's. Projects that link it do so by its id and keep it.
///
/// # Errors
/// [`sandbar_model::Error::CredentialNotFound`], [`sandbar_model::Error::CredentialNotOwned`],
/// [`sandbar_model::Error::EtagMismatch`], [`sandbar_model::Error::InvalidFields`] with every broken rule,
/// [`sandbar_model::Error::NameTaken`], and the gate's.
pub async fn update(app: &App, call: &Call, request: &UpdateCredential) -> Result<CredentialView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &UpdateCredential) -> Result<CredentialView> {
    let mut tx = app.db.write().await?;
    let caller = app.caller(&mut tx, call).await?;
    caller.whole()?;
    let by = (call, &caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let before = locked(&mut tx, &caller, request.id, &request.etag).await?;
    let CredentialPatch { name, schema, external_id } = request.patch.clone();
    let after = Credential {
        name: name.unwrap_or_else(|| before.name.clone()),
        schema: schema.unwrap_or_else(|| before.schema.clone()),
        external_id: external_id.unwrap_or_else(|| before.external_id.clone()),
        ..before.clone()
    };
    after.violations("credential").into_result()?;
    let mut after = after.tidy();
    if after != before {
        after = changed(app, after);
        credential::set(&mut tx, &after).await?;
    }
    let trace = trace(after.id, &serde_json::json!({ "version": after.version }));
    let answer = app.credential_view(&mut tx, after).await?;
    conclude(app, tx, by, request, trace, &answer).await?;
    Ok(answer)
}
