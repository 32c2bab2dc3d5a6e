//! Turning a trigger on or off in one project. It is state, not content: it takes no revision and never merges.

use sandbar_model::{
    Error, Kind, ProjectId, ResourceId, Result, TriggerId, policy::Action, workflow::Trigger,
};
use sandbar_store::{resource, trigger};
use serde::{Deserialize, Serialize};

use super::{as_workflow, missing};
use crate::{
    App, Call, Request,
    changing::Changing,
    etag,
    repeat::{Trace, conclude, repeated, retry},
};

/// Asks for a trigger to be on or off.
#[derive(Clone, Debug)]
pub struct SetTrigger {
    /// Where.
    pub project: ProjectId,
    /// Of which workflow.
    pub workflow: ResourceId,
    /// Which.
    pub trigger: TriggerId,
    /// On or off.
    pub enabled: bool,
    /// The workflow's, when it was read; empty: whatever it is.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for SetTrigger {
    const ACTION: &'static str = "trigger.set_enabled";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// A trigger in a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerView {
    /// Where.
    pub project: ProjectId,
    /// Whether that is a root.
    pub in_root: bool,
    /// The trigger.
    pub trigger: Trigger,
    /// Whether it is on there.
    pub enabled: bool,
}

/// Turns a trigger on or off. Needs editor.
///
/// # Errors
/// [`Error::ResourceNotFound`], [`Error::EtagMismatch`], [`Error::TriggerNotFound`], and the gate's.
pub async fn set_trigger(app: &App, call: &Call, request: &SetTrigger) -> Result<TriggerView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &SetTrigger) -> Result<TriggerView> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::Write).await?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let change = Changing::begin(app, &mut tx, &entry.caller, request.project).await?;
    let found = resource::resolve(&mut tx, &change.view, Kind::Workflow, request.workflow).await?;
    let hash = found.and_then(|found| found.hash).ok_or_else(|| missing(&request.workflow))?;
    etag::check(&request.etag, hash.to_string())?;
    let document = app.stored_workflow(&mut tx, change.view.root, hash).await?;
    let trigger = as_workflow(&document)?.triggers.iter().find(|trigger| trigger.id == request.trigger);
    let trigger = trigger.ok_or(Error::TriggerNotFound { id: request.trigger })?.clone();
    let before = trigger::states(&mut tx, request.project, &[request.trigger]).await?;
    trigger::set(&mut tx, request.project, request.trigger, request.enabled).await?;
    let (project, in_root) = (request.project, !change.project.is_sandbox());
    let answer = TriggerView { project, in_root, trigger, enabled: request.enabled };
    let before = before.get(&request.trigger);
    let detail =
        serde_json::json!({ "workflow": request.workflow, "before": before, "after": request.enabled });
    let subject = Some(("trigger", request.trigger.0));
    let trace = Trace { root: Some(change.project.root), project: Some(project), subject, detail };
    conclude(app, tx, by, request, trace, &answer).await?;
    Ok(answer)
}
