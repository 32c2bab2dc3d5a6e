//! Renaming a webhook auth method, which is all that can be changed of one.

use sandbar_model::{
    ProjectId, Result, WebhookAuthMethod, WebhookAuthMethodId,
    webhook::{name_violations, tidy_name},
};
use sandbar_store::webhook_auth::{self, Key};

use super::{check_etag, managed, missing, trace};
use crate::{
    App, Call, Request,
    repeat::{conclude, repeated, retry},
};

/// Asks for another name.
#[derive(Clone, Debug)]
pub struct RenameMethod {
    /// The root.
    pub project: ProjectId,
    /// Which.
    pub id: WebhookAuthMethodId,
    /// See [`WebhookAuthMethod::name`].
    pub name: String,
    /// See [`super::etag`]; empty: rename whatever is there.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for RenameMethod {
    const ACTION: &'static str = "webhook_auth_method.update";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Renames a method. Triggers name it by id and keep it. Needs admin on the root.
///
/// # Errors
/// [`sandbar_model::Error::ManagedInParent`] for a sandbox, [`sandbar_model::Error::WebhookAuthMethodNotFound`],
/// [`sandbar_model::Error::EtagMismatch`], [`sandbar_model::Error::InvalidFields`], [`sandbar_model::Error::NameTaken`], and
/// the gate's.
pub async fn rename(app: &App, call: &Call, request: &RenameMethod) -> Result<WebhookAuthMethod> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &RenameMethod) -> Result<WebhookAuthMethod> {
    let mut tx = app.db.write().await?;
    let entry = managed(app, &mut tx, call, request.project).await?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let of = Key { root: entry.project.id, id: request.id };
    let before = webhook_auth::lock(&mut tx, of).await?.ok_or_else(|| missing(request.id))?;
    check_etag(&request.etag, &before)?;
    name_violations(&request.name, "method.name").into_result()?;
    let name = tidy_name(&request.name);
    let detail = serde_json::json!({ "before": before.name, "after": name });
    let mut after = before;
    if after.name != name {
        after = WebhookAuthMethod { name, version: after.version + 1, update_time: app.now(), ..after };
        webhook_auth::set(&mut tx, &after).await?;
    }
    conclude(app, tx, by, request, trace(of, detail), &after).await?;
    Ok(after)
}
