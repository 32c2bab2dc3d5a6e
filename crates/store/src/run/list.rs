//! Listing runs, newest first.

use sandbar_model::{
    ProjectId, ResourceId, Result, Run, RunId, Time,
    run::{Cause, RunState},
};
use uuid::Uuid;

use super::row::columns;
use crate::db::Tx;

/// Which runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this workflow.
    pub workflow: Option<ResourceId>,
    /// Only in this state.
    pub state: Option<RunState>,
    /// Only started so.
    pub cause: Option<Cause>,
    /// Only started at or after.
    pub since: Option<Time>,
    /// Only started before.
    pub until: Option<Time>,
}

/// What one look found. Filters may leave little of much: so that no look takes long, each passes over a limited number
/// of runs, and says where the next one goes on.
#[derive(Clone, Debug)]
pub struct Window {
    /// What the filter left, newest first.
    pub runs: Vec<Run>,
    /// The last run that was looked at; none: this was all.
    pub next: Option<RunId>,
}

/// The most runs that one look passes over.
const MOST: i64 = 10_000;

/// `$1` is the project, `$2` the run before, `$3` how many to pass over, `$4` the workflow.
macro_rules! passed {
    ($columns:expr, $of:literal) => {
        concat!(
            "(SELECT ",
            $columns,
            " FROM runs WHERE project_id = $1 AND id < $2 AND ",
            $of,
            " ORDER BY id DESC LIMIT $3) AS passed"
        )
    };
}

macro_rules! window {
    ($of:literal) => {
        concat!(
            "-- run.page\nSELECT ",
            columns!(),
            " FROM ",
            passed!(columns!(), $of),
            " WHERE ($6 = 0 OR state = $6) AND ($7 = 0 OR cause = $7) AND create_time >= $8 AND create_time < $9
            ORDER BY id DESC LIMIT $5"
        )
    };
}

/// The last of those that a look passes over, if it passes over so many.
macro_rules! end {
    ($of:literal) => {
        concat!(
            "-- run.end\nSELECT id FROM runs WHERE project_id = $1 AND id < $2 AND ",
            $of,
            " ORDER BY id DESC LIMIT 1 OFFSET $3"
        )
    };
}

/// At most `limit` runs of a project, newest first: those before one, or the newest ones.
pub async fn page(
    tx: &mut Tx,
    project: ProjectId,
    filter: &Filter,
    before: Option<RunId>,
    limit: i64,
) -> Result<Window> {
    let text = match filter.workflow {
        Some(_) => window!("workflow_id = $4"),
        None => window!("$4 = $4"),
    };
    let before = before.map_or(Uuid::max(), |run| run.0);
    let mut runs: Vec<Run> = tx
        .sql(text)
        .bind(project.0)
        .bind(before)
        .bind(MOST)
        .bind(filter.workflow.map_or(Uuid::nil(), |workflow| workflow.0))
        .bind(limit.saturating_add(1))
        .bind(filter.state.map_or(0, |state| state as i64))
        .bind(filter.cause.map_or(0, |cause| cause as i64))
        .bind(filter.since.map_or(i64::MIN, |time| time.0))
        .bind(filter.until.map_or(i64::MAX, |time| time.0))
        .all()
        .await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    if runs.len() > most {
        runs.truncate(most);
        let next = runs.last().map(|run| run.id);
        return Ok(Window { runs, next });
    }
    let next = end(tx, project, filter, before).await?;
    Ok(Window { runs, next })
}

/// The last run that a look passed over. None: there is nothing beyond it.
async fn end(tx: &mut Tx, project: ProjectId, filter: &Filter, before: Uuid) -> Result<Option<RunId>> {
    let text = match filter.workflow {
        Some(_) => end!("workflow_id = $4"),
        None => end!("$4 = $4"),
    };
    let last: Option<(Uuid,)> = tx
        .sql(text)
        .bind(project.0)
        .bind(before)
        .bind(MOST - 1)
        .bind(filter.workflow.map_or(Uuid::nil(), |workflow| workflow.0))
        .optional()
        .await?;
    Ok(last.map(|(id,)| RunId(id)))
}
