//! Cancelling a run.

use sandbar_model::{Error, ProjectId, Result, Run, RunId, policy::Action, run::Ending, run::RunState};
use sandbar_store::run;

use super::{of_project, trace};
use crate::{
    App, Call, Request,
    repeat::{conclude, repeated, retry},
};

/// Asks for a run to stop.
#[derive(Clone, Debug)]
pub struct CancelRun {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub id: RunId,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for CancelRun {
    const ACTION: &'static str = "run.cancel";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Ends a queued run; asks the worker of a running one to stop it. Needs editor.
///
/// # Errors
/// [`Error::RunNotFound`], [`Error::RunFinished`] unless it was cancelled, and the gate's.
pub async fn cancel(app: &App, call: &Call, request: &CancelRun) -> Result<Run> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &CancelRun) -> Result<Run> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::StartRuns).await?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    run::queue::lock(&mut tx, request.project).await?;
    of_project(&mut tx, &entry, request.id).await?;
    let run = run::lock(&mut tx, request.id).await?.ok_or(Error::RunNotFound { id: request.id })?;
    let now = app.now();
    match run.state {
        RunState::Queued => {
            run::queue::count(&mut tx, request.project, -1).await?;
            run::ask_to_stop(&mut tx, run.id, now).await?;
            run::finish(&mut tx, run.id, (RunState::Cancelled, now), &Ending::default(), None).await?;
        }
        RunState::Running => run::ask_to_stop(&mut tx, run.id, now).await?,
        RunState::Cancelled => {}
        state => return Err(Error::RunFinished { run: run.id, state }),
    }
    let answer = of_project(&mut tx, &entry, request.id).await?;
    let detail = serde_json::json!({ "before": run.state, "after": answer.state });
    conclude(app, tx, by, request, trace(&answer, detail), &answer).await?;
    Ok(answer)
}
