//! Scheduling sandboxes for deletion whose time is up, just as a person would delete them.

use sandbar_model::{Project, Result};
use sandbar_store::{project, tree};

use super::{MOST, Round};
use crate::{App, repeat::retry, sandboxes, system};

/// Schedules what has expired, each in a transaction of its own.
pub(super) async fn expire(app: &App, round: &mut Round) -> Result<()> {
    let mut tx = app.db.connection().await?;
    let expired = project::expired(&mut tx, app.now(), MOST).await?;
    drop(tx);
    for project in expired {
        match retry(|| one(app, &project)).await {
            Ok(true) => round.expired += 1,
            Ok(false) => {}
            Err(error) => round.failed(format_args!("expiry of {}", project.id), error)?,
        }
    }
    Ok(())
}

/// False: somebody deleted it or gave it more time meanwhile, or another worker was faster.
async fn one(app: &App, found: &Project) -> Result<bool> {
    let mut tx = app.db.write().await?;
    let now = app.now();
    tree::lock(&mut tx, found.root).await?;
    let Some(project) = project::get(&mut tx, found.id).await? else { return Ok(false) };
    if project.scheduled.is_some() || project.expire_time.is_none_or(|time| time > now) {
        return Ok(false);
    }
    let retired = sandboxes::retire(app, &mut tx, &project, now).await?;
    let ids: Vec<_> = retired.iter().map(|project| project.id).collect();
    let detail = serde_json::json!({ "name": project.profile.name, "scheduled": ids });
    system::note(&mut tx, &*app.world, "sandbox.expire", (Some(&project), None), &detail).await?;
    tx.commit().await?;
    app.hub.done();
    tracing::info!(project = %project.id, root = %project.root, with = ids.len(), "expired; scheduled for deletion");
    Ok(true)
}
