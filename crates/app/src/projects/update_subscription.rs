//! Setting what a tree may use.

use sandbar_model::{ProjectId, Result, Violations, usage::Allowances};
use sandbar_store::{project, tree, usage};

use super::Subscription;
use crate::{
    App, Call, Request, etag,
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
    /// What they may use in a period. Less than was used: no more is, until the next one.
    pub allowances: Allowances,
    /// See [`Subscription::etag`]; empty: change whatever is there.
    pub etag: String,
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
/// [`sandbar_model::Error::AdministratorRequired`], [`sandbar_model::Error::ProjectNotFound`],
/// [`sandbar_model::Error::EtagMismatch`], [`sandbar_model::Error::InvalidFields`], and the gate's.
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
    violations(request).into_result()?;
    let project = project::get(&mut tx, request.project).await?.ok_or_else(|| hidden(request.project))?;
    let before = tree::lock(&mut tx, project.root).await?.ok_or_else(|| hidden(request.project))?;
    let before = Subscription::read(&mut tx, before).await?;
    etag::check(&request.etag, before.etag())?;
    let row = tree::set_allowance(&mut tx, project.root, request.max_active_sandboxes).await?;
    usage::set_allowances(&mut tx, project.root, request.allowances).await?;
    let answer = Subscription::read(&mut tx, row.ok_or_else(|| hidden(request.project))?).await?;
    let detail = serde_json::json!({ "before": limits(&before), "after": limits(&answer) });
    let trace = Trace { root: Some(answer.root), project: Some(project.id), subject: None, detail };
    conclude(app, tx, by, request, trace, &answer).await?;
    Ok(answer)
}

fn violations(request: &UpdateSubscription) -> Violations {
    let mut found = Violations::default();
    for (field, limit) in [
        ("max_active_sandboxes", request.max_active_sandboxes),
        ("max_runs", request.allowances.max_runs),
        ("max_ai_tokens", request.allowances.max_ai_tokens),
    ] {
        let fine = limit.is_none_or(|limit| limit >= 0);
        found.require(fine, field, "must not be negative; leave it out for no limit");
    }
    found
}

/// What the audit trail says of a subscription.
fn limits(of: &Subscription) -> serde_json::Value {
    let Allowances { max_runs, max_ai_tokens } = of.allowances;
    serde_json::json!({
        "max_active_sandboxes": of.max_active_sandboxes, "max_runs": max_runs, "max_ai_tokens": max_ai_tokens,
    })
}
