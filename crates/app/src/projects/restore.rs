//! Taking a root and its whole tree back from deletion.

use sandbar_model::{ProjectId, Result, TriggerId, policy::Action};
use serde::{Deserialize, Serialize};

use super::{lock_tree, root_only};
use crate::{
    App, Call, Request,
    repeat::{Trace, conclude, repeated, retry},
    sandboxes::unretire,
    view::ProjectView,
};

/// Asks for a root back, with everything below it.
#[derive(Clone, Debug)]
pub struct RestoreProject {
    /// Which.
    pub project: ProjectId,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for RestoreProject {
    const ACTION: &'static str = "project.restore";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The project first, then its descendants.
    pub restored: Vec<ProjectView>,
    /// The triggers that were on before the deletion, by project. They stay off.
    pub triggers_turned_off: Vec<(ProjectId, TriggerId)>,
}

/// Takes a scheduled root and its scheduled sandboxes back. Needs owner.
///
/// # Errors
/// [`sandbar_model::Error::NotARoot`], and those of [`crate::sandboxes::restore`].
pub async fn restore(app: &App, call: &Call, request: &RestoreProject) -> Result<Restored> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &RestoreProject) -> Result<Restored> {
    let mut tx = app.db.write().await?;
    let entry = app.enter_to_restore(&mut tx, call, request.project, Action::DeleteRoot).await?;
    root_only(&entry.project)?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let tree = lock_tree(&mut tx, &entry.project).await?;
    let back = unretire(&mut tx, &tree, &entry.project, "", app.now()).await?;
    let answer = back.answer(&mut tx, &entry.caller).await?;
    let ids: Vec<_> = answer.restored.iter().map(|view| view.project.id).collect();
    let detail = serde_json::json!({ "restored": ids });
    let trace =
        Trace { root: Some(entry.project.root), project: Some(entry.project.id), subject: None, detail };
    conclude(app, tx, by, request, trace, &answer).await?;
    Ok(answer)
}
