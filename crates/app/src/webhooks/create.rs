//! Making a webhook auth method.

use sandbar_model::{
    ProjectId, Result, WebhookAuthMethod, WebhookAuthMethodId,
    webhook::{WebhookSecret, name_violations, tidy_name},
};
use sandbar_store::webhook_auth::{self, Key};

use super::{managed, trace};
use crate::{
    App, Call, Request,
    repeat::{conclude, repeated, retry},
};

/// Asks for a new webhook auth method.
#[derive(Clone, Debug)]
pub struct CreateMethod {
    /// The root.
    pub project: ProjectId,
    /// None: the server makes one.
    pub id: Option<WebhookAuthMethodId>,
    /// See [`WebhookAuthMethod::name`].
    pub name: String,
    /// What callers have to show. It can't be changed later.
    pub secret: WebhookSecret,
    /// See [`Request::request_id`].
    pub request_id: String,
    /// Check everything and change nothing.
    pub validate_only: bool,
}

impl Request for CreateMethod {
    const ACTION: &'static str = "webhook_auth_method.create";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Makes a method that triggers of the tree can name. It guards nothing until one does. Needs admin on the root.
///
/// # Errors
/// [`sandbar_model::Error::ManagedInParent`] for a sandbox, [`sandbar_model::Error::InvalidFields`] with every broken rule,
/// [`sandbar_model::Error::NameTaken`], [`sandbar_model::Error::IdTaken`], [`sandbar_model::Error::MasterKeyMissing`], and
/// the gate's.
pub async fn create(app: &App, call: &Call, request: &CreateMethod) -> Result<WebhookAuthMethod> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &CreateMethod) -> Result<WebhookAuthMethod> {
    let mut tx = app.db.write().await?;
    let entry = managed(app, &mut tx, call, request.project).await?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let mut violations = name_violations(&request.name, "method.name");
    violations.append(request.secret.violations(""));
    violations.into_result()?;
    let now = app.now();
    let method = WebhookAuthMethod {
        id: request.id.unwrap_or_else(|| WebhookAuthMethodId(app.new_id())),
        root: entry.project.id,
        name: tidy_name(&request.name),
        kind: request.secret.kind(),
        version: 1,
        create_time: now,
        update_time: now,
    };
    let of = Key { root: method.root, id: method.id };
    let secret = app.seal_secret(of, &request.secret).await?;
    webhook_auth::insert(&mut tx, &method, &secret).await?;
    if !request.validate_only {
        let trace = trace(of, serde_json::json!({ "name": method.name, "kind": method.kind }));
        conclude(app, tx, by, request, trace, &method).await?;
    }
    Ok(method)
}
