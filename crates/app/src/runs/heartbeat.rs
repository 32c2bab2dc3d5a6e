//! Keeping a run for its worker.

use sandbar_model::{Error, Result, Time};
use sandbar_store::run;

use crate::{App, Call, repeat::retry};

/// What a worker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Until when it now has the run.
    pub lease_time: Time,
    /// Whether it is to stop: somebody cancelled the run or deleted the project.
    pub cancel: bool,
}

/// Keeps a run for another while. By run token. Leaves no event: it says nothing new.
///
/// # Errors
/// [`Error::RunLeaseLost`], [`Error::RunFinished`], [`Error::RunTokenRequired`], [`Error::TokenInvalid`].
pub async fn heartbeat(app: &App, call: &Call) -> Result<Heartbeat> {
    retry(|| once(app, call)).await
}

async fn once(app: &App, call: &Call) -> Result<Heartbeat> {
    let mut tx = app.db.write().await?;
    let bearer = app.bearer(&mut tx, call).await?;
    let now = app.now();
    bearer.has_it(now)?;
    let lease = now.plus(app.limits.runs.lease);
    let run = run::keep(&mut tx, bearer.run.id, bearer.run.attempt, now, lease).await?;
    let lease_time = run.and_then(|run| run.lease_time).ok_or(Error::Bug("a run that was held is not"))?;
    tx.commit().await?;
    let cancel = bearer.run.cancel_time.is_some() || bearer.project.scheduled.is_some();
    Ok(Heartbeat { lease_time, cancel })
}
