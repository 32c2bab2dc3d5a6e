//! Taking a sandbox back from deletion.

use sandbar_model::{ProjectId, Result, policy::Action};

use super::{sandbox_only, unretire};
use crate::{
    App, Call, Request,
    projects::{Restored, lock_tree},
    repeat::{Trace, conclude, repeated, retry},
};

/// Asks for a sandbox back, with what was scheduled below it.
#[derive(Clone, Debug)]
pub struct RestoreSandbox {
    /// Which.
    pub sandbox: ProjectId,
    /// What it shall be called, when its name was taken meanwhile; empty: as before.
    pub name: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for RestoreSandbox {
    const ACTION: &'static str = "sandbox.restore";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Takes a scheduled sandbox and everything scheduled below it back. Needs admin on it or on the tree's root.
///
/// Of several children of one project that have the same name (one was made after another was deleted) the youngest
/// keeps it and the others come back with a number after it, because nobody could restore them otherwise.
///
/// # Errors
/// [`sandbar_model::Error::NotASandbox`], [`sandbar_model::Error::ProjectNotScheduled`],
/// [`sandbar_model::Error::ProjectNotFound`] when the grace period is over, [`sandbar_model::Error::AncestorScheduled`],
/// [`sandbar_model::Error::SandboxAllowanceReached`], [`sandbar_model::Error::InvalidFields`] for the name,
/// [`sandbar_model::Error::NameTaken`], and the gate's.
pub async fn restore(app: &App, call: &Call, request: &RestoreSandbox) -> Result<Restored> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &RestoreSandbox) -> Result<Restored> {
    let mut tx = app.db.write().await?;
    let entry = app.enter_to_restore(&mut tx, call, request.sandbox, Action::ManageSandbox).await?;
    sandbox_only(&entry.project)?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let tree = lock_tree(&mut tx, &entry.project).await?;
    let back = unretire(&mut tx, &tree, &entry.project, &request.name, app.now()).await?;
    let answer = back.answer(&mut tx, &entry.caller).await?;
    let ids: Vec<_> = answer.restored.iter().map(|view| view.project.id).collect();
    let detail = serde_json::json!({ "name": request.name, "restored": ids });
    let trace =
        Trace { root: Some(entry.project.root), project: Some(entry.project.id), subject: None, detail };
    conclude(app, tx, by, request, trace, &answer).await?;
    Ok(answer)
}
