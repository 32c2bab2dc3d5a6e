//! Changing what people choose about a root.

use sandbar_model::{Error, ProjectId, Result, policy::Action};
use sandbar_store::project;

use super::{ProfilePatch, check_etag, lock, lock_tree, reread, root_only};
use crate::{
    App, Call, Request,
    gate::active,
    repeat::{Trace, conclude, repeated, retry},
    sandboxes::guard::check_below,
    view::ProjectView,
};

/// Asks for a root to be changed.
#[derive(Clone, Debug)]
pub struct UpdateProject {
    /// Which.
    pub project: ProjectId,
    /// What, and to what.
    pub patch: ProfilePatch,
    /// See [`super::etag`]; empty: change whatever is there.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for UpdateProject {
    const ACTION: &'static str = "project.update";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Changes a root. Needs admin.
///
/// # Errors
/// [`Error::NotARoot`], [`Error::ProjectScheduled`], [`Error::EtagMismatch`], [`Error::InvalidFields`] with every broken
/// rule, [`Error::EnvironmentUsedBelow`], and the gate's.
pub async fn update(app: &App, call: &Call, request: &UpdateProject) -> Result<ProjectView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &UpdateProject) -> Result<ProjectView> {
    let mut tx = app.db.write().await?;
    let entry = app.enter_any(&mut tx, call, request.project, Action::ManageSettings).await?;
    root_only(&entry.project)?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    // Nobody takes a label below while this one does.
    lock_tree(&mut tx, &entry.project).await?;
    let before = lock(&mut tx, request.project).await?;
    active(&before)?;
    check_etag(&request.etag, &before)?;
    if request.patch.is_empty() {
        return Err(nothing());
    }
    let profile = request.patch.apply(&before.profile);
    profile.violations("project").into_result()?;
    if profile.environment != before.profile.environment {
        check_below(&mut tx, &entry.caller, before.id, &profile.environment).await?;
    }
    let mfa = (before.profile.settings.requires_mfa, profile.settings.requires_mfa);
    entry.caller.may_require_mfa(mfa, "project")?;
    project::set_profile(&mut tx, before.id, &profile, before.expire_time, app.now()).await?;
    let answer = ProjectView { project: reread(&mut tx, before.id).await?, role: entry.role() };
    let detail = serde_json::json!({ "before": before.profile, "after": answer.project.profile });
    let trace = Trace { root: Some(before.root), project: Some(before.id), subject: None, detail };
    conclude(app, tx, by, request, trace, &answer).await?;
    Ok(answer)
}

/// An update that names no field is more likely a mistake than a wish.
pub(crate) fn nothing() -> Error {
    Error::invalid(
        "update_mask",
        "must name at least one field to change, such as `name` or `settings.concurrency`",
    )
}
