//! Reading one run.

use sandbar_model::{ProjectId, Result, Run, RunId, policy::Action};

use super::of_project;
use crate::{App, Call};

/// Asks for one run.
#[derive(Clone, Copy, Debug)]
pub struct GetRun {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub id: RunId,
}

/// Answers one run. Needs to see the project.
///
/// # Errors
/// [`sandbar_model::Error::RunNotFound`], and the gate's.
pub async fn get(app: &App, call: &Call, request: &GetRun) -> Result<Run> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    of_project(&mut tx, &entry, request.id).await
}
