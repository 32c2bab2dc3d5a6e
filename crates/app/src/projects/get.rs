//! Reading one project.

use sandbar_model::{ProjectId, Result, policy::Action};

use crate::{App, Call, view::ProjectView};

/// Asks for a root or a sandbox.
#[derive(Clone, Debug)]
pub struct GetProject {
    /// Which.
    pub project: ProjectId,
}

/// Answers one project, scheduled or not. Needs to see it.
///
/// # Errors
/// The gate's.
pub async fn get(app: &App, call: &Call, request: &GetProject) -> Result<ProjectView> {
    let mut tx = app.db.connection().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    Ok(ProjectView { role: entry.role(), project: entry.project })
}
