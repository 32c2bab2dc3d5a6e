//! Scheduling a root and its whole tree for deletion.

use sandbar_model::{ProjectId, Result, policy::Action};

use super::{check_etag, lock_below, lock_tree, root_only, views};
use crate::{
    App, Call, Request,
    gate::{active, hidden},
    repeat::{Trace, conclude, repeated, retry},
    sandboxes::schedule,
    view::ProjectView,
};

/// Asks for a root to go, with everything below it.
#[derive(Clone, Debug)]
pub struct DeleteProject {
    /// Which.
    pub project: ProjectId,
    /// See [`super::etag`]; empty: delete whatever is there.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for DeleteProject {
    const ACTION: &'static str = "project.delete";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Schedules a root and its sandboxes to be purged after the grace period; answers them, the root first. Needs owner.
///
/// # Errors
/// [`sandbar_model::Error::NotARoot`], [`sandbar_model::Error::ProjectScheduled`],
/// [`sandbar_model::Error::EtagMismatch`], and the gate's.
pub async fn delete(app: &App, call: &Call, request: &DeleteProject) -> Result<Vec<ProjectView>> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &DeleteProject) -> Result<Vec<ProjectView>> {
    let mut tx = app.db.write().await?;
    let entry = app.enter_any(&mut tx, call, request.project, Action::DeleteRoot).await?;
    root_only(&entry.project)?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    lock_tree(&mut tx, &entry.project).await?;
    let tree = lock_below(&mut tx, request.project).await?;
    let root = tree.first().ok_or_else(|| hidden(request.project))?;
    active(root)?;
    check_etag(&request.etag, root)?;
    let scheduled = schedule(app, &mut tx, &tree, app.now()).await?;
    let answer = views(&mut tx, &entry.caller, scheduled).await?;
    let ids: Vec<_> = answer.iter().map(|view| view.project.id).collect();
    let detail = serde_json::json!({ "name": root.profile.name, "scheduled": ids });
    let trace = Trace { root: Some(root.root), project: Some(root.id), subject: None, detail };
    conclude(app, tx, by, request, trace, &answer).await?;
    Ok(answer)
}
