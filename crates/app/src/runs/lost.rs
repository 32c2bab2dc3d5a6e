//! Runs whose workers went away: they are queued again, or end.

use sandbar_model::{
    ProjectId, Result, RunId,
    run::{Ending, RunState},
};
use sandbar_store::{
    project,
    run::{self, queue},
};

use crate::{App, repeat::retry, system};

/// The most that are looked at at a time.
const MOST: i64 = 100;

/// What becomes of a run whose worker went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Again,
    Ends(RunState),
}

/// Sees to runs whose workers missed their heartbeat; answers how many. Workers that ask for runs do this first, and the
/// purge worker does, for when nobody asks.
pub(crate) async fn settle(app: &App) -> Result<u64> {
    let mut tx = app.db.connection().await?;
    let found = run::abandoned(&mut tx, app.now(), MOST).await?;
    drop(tx);
    let mut settled = 0;
    for (project, id) in found {
        settled += u64::from(retry(|| one(app, project, id)).await?);
    }
    Ok(settled)
}

/// False: its worker was heard of after all, or another was faster.
async fn one(app: &App, project: ProjectId, id: RunId) -> Result<bool> {
    let mut tx = app.db.write().await?;
    queue::lock(&mut tx, project).await?;
    let now = app.now();
    let Some(run) = run::lock(&mut tx, id).await? else { return Ok(false) };
    if run.state != RunState::Running || run.lease_time.is_none_or(|lease| lease > now) {
        return Ok(false);
    }
    let Some(project) = project::get(&mut tx, project).await? else { return Ok(false) };
    let too_long = run.deadline.is_some_and(|deadline| deadline <= now);
    let cancelled = run.cancel_time.is_some() || project.scheduled.is_some();
    let fate = fate(cancelled, too_long, run.attempt, app.limits.runs.attempts);
    match fate {
        Fate::Again => {
            run::put_back(&mut tx, id).await?;
            queue::count(&mut tx, project.id, 1).await?;
        }
        Fate::Ends(state) => {
            let ending = Ending { message: message(state, run.attempt), ..Ending::default() };
            run::finish(&mut tx, id, (state, now), &ending, None).await?;
        }
    }
    let after = if let Fate::Ends(state) = fate { state } else { RunState::Queued };
    let detail = serde_json::json!({ "after": after, "attempt": run.attempt, "worker": run.worker });
    system::note(&mut tx, &*app.world, "run.lose", (Some(&project), Some(("run", id.0))), &detail).await?;
    tx.commit().await?;
    tracing::info!(run = %id, project = %project.id, attempt = run.attempt, after = after.word(), "a worker went away");
    Ok(true)
}

fn fate(cancelled: bool, too_long: bool, attempt: i64, attempts: i64) -> Fate {
    if cancelled {
        Fate::Ends(RunState::Cancelled)
    } else if too_long {
        Fate::Ends(RunState::Killed)
    } else if attempt >= attempts {
        Fate::Ends(RunState::Lost)
    } else {
        Fate::Again
    }
}

fn message(state: RunState, attempts: i64) -> String {
    match state {
        RunState::Killed => "it took longer than a run may".to_owned(),
        RunState::Cancelled => "it was cancelled, and its worker went away".to_owned(),
        _ => format!("its worker went away, at {attempts} of {attempts} attempts"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_tried_as_often_as_it_may_be() {
        assert_eq!(fate(false, false, 1, 3), Fate::Again);
        assert_eq!(fate(false, false, 2, 3), Fate::Again);
        assert_eq!(fate(false, false, 3, 3), Fate::Ends(RunState::Lost));
        assert_eq!(fate(false, false, 1, 1), Fate::Ends(RunState::Lost));
    }

    #[test]
    fn what_was_cancelled_or_takes_too_long_is_not_tried_again() {
        assert_eq!(fate(true, true, 1, 3), Fate::Ends(RunState::Cancelled));
        assert_eq!(fate(false, true, 1, 3), Fate::Ends(RunState::Killed));
        assert!(message(RunState::Lost, 3).contains("3 of 3"));
    }
}
