//! Scheduling projects for deletion, inside a transaction that does it for a reason of its own.

use std::collections::HashSet;

use sandbar_model::{Error, Project, ProjectId, Result, Time};
use sandbar_store::{Tx, project, run, tree, trigger};

use crate::{App, projects::lock_below};

/// Schedules a project and everything below it; answers them as they are then, the project first. The caller holds the
/// tree's lock and has decided that it may go.
pub(crate) async fn retire(app: &App, tx: &mut Tx, project: &Project, now: Time) -> Result<Vec<Project>> {
    let below = lock_below(tx, project.id).await?;
    schedule(app, tx, &below, now).await
}

/// Schedules these projects of one tree, the topmost first, of which the caller holds every lock: their triggers are
/// off, their runs end or are asked to, they count no longer, and an earlier date that some have is replaced.
pub(crate) async fn schedule(
    app: &App,
    tx: &mut Tx,
    projects: &[Project],
    now: Time,
) -> Result<Vec<Project>> {
    let Some(top) = projects.first() else { return Ok(Vec::new()) };
    let ids: Vec<_> = projects.iter().map(|project| project.id).collect();
    project::schedule(tx, &ids, now, now.plus(app.limits.grace), now).await?;
    trigger::suspend(tx, &ids).await?;
    run::queue::clear(tx, &ids, now).await?;
    tree::add_active(tx, top.root, -active_sandboxes(projects)?).await?;
    as_they_are(tx, top.id, &ids).await
}

/// How many of these count towards the allowance.
fn active_sandboxes(projects: &[Project]) -> Result<i64> {
    let active =
        projects.iter().filter(|project| project.is_sandbox() && project.scheduled.is_none()).count();
    i64::try_from(active).map_err(|_| Error::Bug("a tree has more sandboxes than can be counted"))
}

/// Projects below `top`, as this transaction left them, parents before children.
pub(super) async fn as_they_are(tx: &mut Tx, top: ProjectId, ids: &[ProjectId]) -> Result<Vec<Project>> {
    let ids: HashSet<_> = ids.iter().copied().collect();
    let mut projects = project::descendants(tx, top).await?;
    projects.retain(|project| ids.contains(&project.id));
    Ok(projects)
}
