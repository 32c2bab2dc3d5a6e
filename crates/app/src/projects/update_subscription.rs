//! Setting what a tree may use.

use sandbar_model::{Error, ProjectId, Result};
use sandbar_store::{project, tree};

use super::Subscription;
use crate::{
    App, Call, Request,
    gate::hidden,
    repeat::{Trace, conclude, repeated, retry},
};

/// Asks for other allowances of a tree.
#[derive(Clone, Debug)]
pub struct UpdateSubscription {
    /// Any project of the tree.
    pub project: ProjectId,
    /// How many sandboxes there may be at once; none: no limit. Less than there are: those stay, no more are made.
    pub max_active_sandboxes: Option<i64>,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for UpdateSubscription {
    const ACTION: &'static str = "subscription.update";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Sets the allowances of a tree. Needs a service administrator, who need not be a member.
///
/// # Errors
/// [`Error::AdministratorRequired`], [`Error::ProjectNotFound`], [`Error::InvalidFields`], and the gate's.
pub async fn update_subscription(
    app: &App,
    call: &Call,
    request: &UpdateSubscription,
) -> Result<Subscription> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &UpdateSubscription) -> Result<Subscription> {
    let mut tx = app.db.write().await?;
    let caller = app.caller(&mut tx, call).await?;
    caller.administrator()?;
    let by = (call, &caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    if request.max_active_sandboxes.is_some_and(|limit| limit < 0) {
        return Err(Error::invalid(
            "max_active_sandboxes",
            "must not be negative; leave it out for no limit",
        ));
    }
    let project = project::get(&mut tx, request.project).await?.ok_or_else(|| hidden(request.project))?;
    let before = tree::lock(&mut tx, project.root).await?.ok_or_else(|| hidden(request.project))?;
    let row = tree::set_allowance(&mut tx, project.root, request.max_active_sandboxes).await?;
    let answer: Subscription = row.ok_or_else(|| hidden(request.project))?.into();
    let detail = serde_json::json!({
        "before": { "max_active_sandboxes": before.max_active_sandboxes },
        "after": { "max_active_sandboxes": answer.max_active_sandboxes },
    });
    let trace = Trace { root: Some(answer.root), project: Some(project.id), subject: None, detail };
    conclude(app, tx, by, request, trace, &answer).await?;
    Ok(answer)
}
