//! Making a credential, without values yet.

use sandbar_model::{Credential, CredentialId, Result};
use sandbar_store::credential;

use super::{CredentialView, trace};
use crate::{
    App, Call, Request,
    repeat::{conclude, repeated, retry},
};

/// Asks for a new credential of the caller's.
#[derive(Clone, Debug)]
pub struct CreateCredential {
    /// None: the server makes one.
    pub id: Option<CredentialId>,
    /// See [`Credential::name`].
    pub name: String,
    /// See [`Credential::schema`].
    pub schema: String,
    /// See [`Credential::external_id`].
    pub external_id: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for CreateCredential {
    const ACTION: &'static str = "credential.create";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Makes a credential that belongs to the caller and has no values. Needs a token without limits.
///
/// # Errors
/// [`sandbar_model::Error::TokenLimited`], [`sandbar_model::Error::InvalidFields`] with every broken rule,
/// [`sandbar_model::Error::NameTaken`], [`sandbar_model::Error::IdTaken`], and the gate's.
pub async fn create(app: &App, call: &Call, request: &CreateCredential) -> Result<CredentialView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &CreateCredential) -> Result<CredentialView> {
    let mut tx = app.db.write().await?;
    let caller = app.caller(&mut tx, call).await?;
    caller.whole()?;
    let by = (call, &caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let now = app.now();
    let credential = Credential {
        id: request.id.unwrap_or_else(|| CredentialId(app.new_id())),
        owner: caller.id,
        name: request.name.clone(),
        schema: request.schema.clone(),
        external_id: request.external_id.clone(),
        version: 1,
        create_time: now,
        update_time: now,
    };
    credential.violations("credential").into_result()?;
    let credential = credential.tidy();
    let key = app.new_data_key(credential.id).await?;
    credential::insert(&mut tx, &credential, &key).await?;
    let trace = trace(credential.id, &serde_json::json!({ "schema": credential.schema }));
    let answer = app.credential_view(&mut tx, credential).await?;
    conclude(app, tx, by, request, trace, &answer).await?;
    Ok(answer)
}
