//! Purging what is due, deepest first.
//!
//! Under the tree's lock a purge begins, or a restore comes first; from then on there is no way back. Then the project's
//! rows go batch by batch without that lock, so that the rest of the tree is not held up. Its own row goes last, under the
//! lock again, when nothing else is left: until then its id is taken, and whoever finds the lease run out goes on.

use std::collections::BTreeSet;

use sandbar_model::{Project, ProjectId, Result};
use sandbar_store::{
    Tx, lease, project,
    purge::{self, Begun},
    tree, usage,
};

use super::{MOST, Round, Worker, upkeep};
use crate::{App, repeat::retry, system};

/// What one transaction did.
enum Step {
    /// Removed this many rows; there may be more.
    More(u64),
    /// Removed the project's own row.
    Gone,
    /// It is another worker's by now.
    Lost,
}

/// Goes on with what was begun and begins with what is due, until the round's steps are spent.
pub(super) async fn purge(app: &App, worker: &Worker, round: &mut Round) -> Result<()> {
    let mut tx = app.db.connection().await?;
    let now = app.now();
    let mut ids = purge::unfinished(&mut tx, &worker.name, now, MOST).await?;
    // In the order in which they can go: children before parents.
    ids.extend(project::due_for_purge(&mut tx, now, MOST).await?.into_iter().map(|project| project.id));
    drop(tx);
    let (mut seen, mut steps) = (BTreeSet::new(), worker.steps);
    for id in ids {
        if steps == 0 {
            break;
        }
        if seen.insert(id)
            && let Err(error) = one(app, worker, id, &mut steps, round).await
        {
            round.failed(format_args!("purge of {id}"), error)?;
        }
    }
    Ok(())
}

async fn one(app: &App, worker: &Worker, id: ProjectId, steps: &mut u32, round: &mut Round) -> Result<()> {
    let Some(project) = retry(|| begin(app, worker, id)).await? else { return Ok(()) };
    while *steps > 0 {
        *steps -= 1;
        match retry(|| step(app, worker, &project)).await? {
            Step::More(rows) => round.rows += rows,
            Step::Lost => return Ok(()),
            Step::Gone => {
                round.purged += 1;
                let name = &project.profile.name;
                tracing::info!(project = %id, root = %project.root, name, worker = worker.name, "purged");
                return Ok(());
            }
        }
    }
    Ok(())
}

/// None: there is nothing to do here for this worker.
async fn begin(app: &App, worker: &Worker, id: ProjectId) -> Result<Option<Project>> {
    let mut tx = app.db.write().await?;
    let Some(found) = project::get(&mut tx, id).await? else {
        purge::finish(&mut tx, id).await?;
        tx.commit().await?;
        return Ok(None);
    };
    let now = app.now();
    let begun = purge::begin(&mut tx, (found.root, id), &worker.name, now, now.plus(worker.lease)).await?;
    tx.commit().await?;
    Ok(match begun {
        Begun::Yes(project) => Some(*project),
        Begun::No | Begun::Gone => None,
    })
}

async fn step(app: &App, worker: &Worker, project: &Project) -> Result<Step> {
    let mut tx = app.db.write().await?;
    let now = app.now();
    if !purge::go_on(&mut tx, project.id, &worker.name, now, now.plus(worker.lease)).await? {
        return Ok(Step::Lost);
    }
    let rows = rows(&mut tx, project, worker.batch).await?;
    if rows > 0 {
        tx.commit().await?;
        return Ok(Step::More(rows));
    }
    // Anew, as the tree's lock comes first in every transaction that takes it.
    drop(tx);
    last_step(app, worker, project).await
}

/// Removes a batch of what belongs to the project and, of a root, to its tree.
async fn rows(tx: &mut Tx, project: &Project, limit: i64) -> Result<u64> {
    match purge::delete_batch(tx, project.id, limit).await? {
        0 if !project.is_sandbox() => purge::delete_contents_batch(tx, project.id, limit).await,
        rows => Ok(rows),
    }
}

/// Whether there is truly nothing left of all that.
async fn is_empty(tx: &mut Tx, project: &Project) -> Result<bool> {
    let alone = purge::is_empty(tx, project.id).await?;
    Ok(alone && (project.is_sandbox() || purge::is_contents_empty(tx, project.id).await?))
}

async fn last_step(app: &App, worker: &Worker, project: &Project) -> Result<Step> {
    let mut tx = app.db.write().await?;
    tree::lock(&mut tx, project.root).await?;
    if project::lock(&mut tx, project.id).await?.is_none() {
        return Ok(Step::Lost);
    }
    // Once more under the lock: the other end of a merge may have gone since, and then its record is nobody's.
    let rows = rows(&mut tx, project, worker.batch).await?;
    if rows > 0 || !is_empty(&mut tx, project).await? {
        tx.commit().await?;
        return Ok(Step::More(rows));
    }
    project::delete_row(&mut tx, project.id).await?;
    if project.is_sandbox() {
        tree::note_garbage(&mut tx, project.root, app.now()).await?;
    } else {
        usage::delete(&mut tx, project.root).await?;
        tree::delete_row(&mut tx, project.root).await?;
        lease::remove(&mut tx, &upkeep::lease_name(project.root)).await?;
    }
    purge::finish(&mut tx, project.id).await?;
    let detail = serde_json::json!({ "name": project.profile.name, "worker": worker.name });
    system::note(&mut tx, &*app.world, "project.purge", (Some(project), None), &detail).await?;
    tx.commit().await?;
    Ok(Step::Gone)
}
