//! Making a user or service account.

use sandbar_model::{
    Result,
    access::{Principal, PrincipalKind},
};
use sandbar_store::principal;

use crate::{
    App, Call, Request,
    repeat::{Trace, conclude, repeated, retry},
};

/// Asks for a new user or service account.
#[derive(Clone, Debug)]
pub struct CreatePrincipal {
    /// What it is.
    pub kind: PrincipalKind,
    /// 1–100 characters.
    pub name: String,
    /// At most 254 characters; empty: none. Kept in lower case, so that one address is not two users.
    pub email: String,
    /// Whether it manages users, service accounts and subscriptions.
    pub administrator: bool,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for CreatePrincipal {
    const ACTION: &'static str = "principal.create";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Makes a user or service account. Needs a service administrator.
///
/// # Errors
/// [`sandbar_model::Error::AdministratorRequired`], [`sandbar_model::Error::TokenLimited`],
/// [`sandbar_model::Error::InvalidFields`] with every broken rule, [`sandbar_model::Error::NameTaken`] when another has
/// the e-mail address.
pub async fn create_principal(app: &App, call: &Call, request: &CreatePrincipal) -> Result<Principal> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &CreatePrincipal) -> Result<Principal> {
    let mut tx = app.db.write().await?;
    let caller = app.caller(&mut tx, call).await?;
    caller.administrator()?;
    let by = (call, &caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let principal = Principal {
        id: app.new_id().into(),
        kind: request.kind,
        name: request.name.trim().to_owned(),
        email: request.email.trim().to_lowercase(),
        administrator: request.administrator,
        create_time: app.now(),
    };
    principal.violations("principal").into_result()?;
    principal::insert(&mut tx, &principal).await?;
    let detail = told(&principal);
    let trace = Trace { subject: Some(("principal", principal.id.0)), detail, ..Trace::default() };
    conclude(app, tx, by, request, trace, &principal).await?;
    Ok(principal)
}

/// What the audit trail says of a new principal. Without the address: the trail outlives people's wish to be forgotten.
pub(super) fn told(principal: &Principal) -> serde_json::Value {
    serde_json::json!({
        "kind": principal.kind, "name": principal.name, "administrator": principal.administrator,
    })
}
