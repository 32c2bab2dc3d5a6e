//! Which purges have begun. From then on there is no way back, and it shows in a lease that lasts until the end: whoever
//! finds it run out goes on with the purge, and who restores leaves the project alone.

use std::collections::BTreeSet;

use sandbar_model::{Error, Project, ProjectId, Result, Time};

use crate::{db::Tx, lease, project, tree};

const PREFIX: &str = "purge ";

/// What came of wanting to purge a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is the holder's to do, as new or where another stopped.
    Yes(Box<Project>),
    /// Another holds it, it was restored, it is not due yet, or it still has children.
    No,
    /// It is gone.
    Gone,
}

/// Begins the purge of a project of the tree `root`, or goes on with one that has begun. Takes the tree's lock, under
/// which projects are restored too, and the project's, under which it is written: one of them is first.
pub async fn begin(
    tx: &mut Tx,
    (root, id): (ProjectId, ProjectId),
    holder: &str,
    now: Time,
    until: Time,
) -> Result<Begun> {
    tree::lock(tx, root).await?;
    let Some(project) = project::lock(tx, id).await? else {
        finish(tx, id).await?;
        return Ok(Begun::Gone);
    };
    let due = project.scheduled.is_some_and(|schedule| schedule.purge_time <= now);
    let ready = due && !project::has_children(tx, id).await?;
    // What has begun goes on, even if somebody scheduled an ancestor anew meanwhile and moved its date.
    if !ready && !begun(tx, &[id]).await?.contains(&id) {
        return Ok(Begun::No);
    }
    let taken = lease::take(tx, &name(id), holder, now, until).await?;
    Ok(if taken { Begun::Yes(Box::new(project)) } else { Begun::No })
}

/// Whose purge has begun; they can't be restored any more. The caller holds the tree's lock.
pub async fn begun(tx: &mut Tx, projects: &[ProjectId]) -> Result<BTreeSet<ProjectId>> {
    let names: Vec<_> = projects.iter().copied().map(name).collect();
    lease::known(tx, &names).await?.iter().map(|name| id(name)).collect()
}

/// At most `limit` projects whose purge has begun and is the holder's to go on with.
pub async fn unfinished(tx: &mut Tx, holder: &str, now: Time, limit: i64) -> Result<Vec<ProjectId>> {
    lease::open_to(tx, PREFIX, holder, now, limit).await?.iter().map(|name| id(name)).collect()
}

/// Holds on to a purge that has begun. False: it went to another; stop the work.
pub async fn go_on(tx: &mut Tx, project: ProjectId, holder: &str, now: Time, until: Time) -> Result<bool> {
    lease::renew(tx, &name(project), holder, now, until).await
}

/// Says that a purge is over, in the transaction that removes the project's row, or when that is found to be gone.
pub async fn finish(tx: &mut Tx, project: ProjectId) -> Result<()> {
    lease::remove(tx, &name(project)).await
}

fn name(project: ProjectId) -> String {
    format!("{PREFIX}{project}")
}

fn id(name: &str) -> Result<ProjectId> {
    let id = name.strip_prefix(PREFIX).and_then(|id| id.parse().ok());
    id.ok_or(Error::Bug("a purge's lease is not called after a project"))
}
