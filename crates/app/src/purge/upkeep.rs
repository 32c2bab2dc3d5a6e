//! The upkeep of a tree: old versions are pruned, then contents that nothing refers to are swept. Each tree is one
//! worker's for that time; a tree whose worker died is begun anew, and what went before then is gone already.

use sandbar_model::{ProjectId, Result, Time, time::HOUR, time::MINUTE};
use sandbar_store::{Tx, lease, project, prune, sweep, tree};

use super::{MOST, Round, SHORTEST_CONTENT_GRACE, Worker};
use crate::{App, repeat::retry};

/// Under which a tree's upkeep is one worker's.
pub(super) fn lease_name(root: ProjectId) -> String {
    format!("upkeep {root}")
}

/// Looks after every tree whose time has come.
pub(super) async fn upkeep(app: &App, worker: &Worker, round: &mut Round) -> Result<()> {
    let mut tx = app.db.connection().await?;
    let due = tree::due_for_upkeep(&mut tx, app.now(), MOST).await?;
    drop(tx);
    for root in due {
        let mut tree = Tree { app, worker, root, noted: None };
        if let Err(error) = tree.keep(round).await {
            round.failed(format_args!("upkeep of {root}"), error)?;
        }
    }
    Ok(())
}

/// One tree while it is looked after.
pub(super) struct Tree<'a> {
    pub(super) app: &'a App,
    pub(super) worker: &'a Worker,
    root: ProjectId,
    /// When it was last noted that there is garbage.
    noted: Option<Time>,
}

/// The lease was lost: another worker does this now.
pub(super) struct Lost;

/// What came of a batch of versions.
enum Pruned {
    Done(prune::Batch<prune::VersionCursor>),
    /// Nothing was done: it must be noted before that there will be garbage.
    Unnoted,
    Lost,
}

impl Tree<'_> {
    async fn keep(&mut self, round: &mut Round) -> Result<()> {
        if !retry(|| self.take()).await? {
            return Ok(());
        }
        if self.prune(round).await?.is_err() {
            return Ok(());
        }
        if let Ok(swept) = self.sweep(round).await? {
            retry(|| self.done(swept)).await?;
            round.trees += 1;
        }
        Ok(())
    }

    async fn take(&self) -> Result<bool> {
        let mut tx = self.app.db.write().await?;
        let now = self.app.now();
        let until = now.plus(self.worker.lease);
        let taken = lease::take(&mut tx, &lease_name(self.root), &self.worker.name, now, until).await?;
        tx.commit().await?;
        Ok(taken)
    }

    /// Begins the transaction of a batch, unless the lease is lost.
    pub(super) async fn batch(&self) -> Result<Result<Tx, Lost>> {
        let mut tx = self.app.db.write().await?;
        let now = self.app.now();
        let until = now.plus(self.worker.lease);
        let held = lease::renew(&mut tx, &lease_name(self.root), &self.worker.name, now, until).await?;
        Ok(if held { Ok(tx) } else { Err(Lost) })
    }

    async fn prune(&mut self, round: &mut Round) -> Result<Result<(), Lost>> {
        let mut after = None;
        loop {
            let mut tx = self.app.db.connection().await?;
            let projects = prune::projects(&mut tx, self.root, after, MOST).await?;
            drop(tx);
            for project in &projects {
                if self.prune_versions(*project, round).await?.is_err()
                    || self.prune_claims(*project, round).await?.is_err()
                    || self.erase_history(*project, round).await?.is_err()
                {
                    return Ok(Err(Lost));
                }
            }
            match projects.last() {
                Some(last) => after = Some(*last),
                None => return Ok(Ok(())),
            }
        }
    }

    async fn prune_versions(&mut self, project: ProjectId, round: &mut Round) -> Result<Result<(), Lost>> {
        let mut cursor = Some(prune::VersionCursor::default());
        while let Some(at) = cursor.take() {
            match retry(|| self.version_batch(project, at.clone())).await? {
                Pruned::Done(batch) => {
                    round.versions += batch.removed;
                    cursor = batch.next;
                }
                Pruned::Unnoted => {
                    self.note().await?;
                    cursor = Some(at);
                }
                Pruned::Lost => return Ok(Err(Lost)),
            }
        }
        Ok(Ok(()))
    }

    async fn version_batch(&self, project: ProjectId, at: prune::VersionCursor) -> Result<Pruned> {
        let Ok(mut tx) = self.batch().await? else { return Ok(Pruned::Lost) };
        // The lock under which sandboxes are made of it and old versions are written again.
        if project::lock(&mut tx, project).await?.is_none() {
            return Ok(Pruned::Done(prune::Batch { removed: 0, next: None }));
        }
        let forks = prune::forks(&mut tx, project).await?;
        let cutoff = self.app.now().plus(-self.worker.retention.max(self.worker.undo_window));
        let batch = prune::versions(&mut tx, project, &forks, cutoff, at, self.worker.batch).await?;
        // Noting takes the tree's row, which comes before any project's lock: first that, then all this again.
        if batch.removed > 0 && !self.is_noted() {
            return Ok(Pruned::Unnoted);
        }
        tx.commit().await?;
        Ok(Pruned::Done(batch))
    }

    async fn prune_claims(&self, project: ProjectId, round: &mut Round) -> Result<Result<(), Lost>> {
        let mut cursor = Some(prune::ClaimCursor::default());
        while let Some(at) = cursor.take() {
            let batch = retry(|| async {
                let Ok(mut tx) = self.batch().await? else { return Ok(None) };
                if project::lock(&mut tx, project).await?.is_none() {
                    return Ok(Some(prune::Batch { removed: 0, next: None }));
                }
                let forks = prune::forks(&mut tx, project).await?;
                let batch = prune::claims(&mut tx, project, &forks, at.clone(), self.worker.batch).await?;
                tx.commit().await?;
                Ok(Some(batch))
            });
            let Some(batch) = batch.await? else { return Ok(Err(Lost)) };
            round.claims += batch.removed;
            cursor = batch.next;
        }
        Ok(Ok(()))
    }

    pub(super) fn is_noted(&self) -> bool {
        self.noted.is_some_and(|noted| noted.plus(10 * MINUTE) > self.app.now())
    }

    /// Notes that there is garbage, before it is made: a worker that is killed in between leaves none that nobody knows of.
    pub(super) async fn note(&mut self) -> Result<()> {
        let now = self.app.now();
        retry(|| async {
            let mut tx = self.app.db.write().await?;
            tree::note_garbage(&mut tx, self.root, now).await?;
            tx.commit().await
        })
        .await?;
        self.noted = Some(now);
        Ok(())
    }

    /// Sweeps; answers the note of garbage that is settled by that, if it is.
    async fn sweep(&self, round: &mut Round) -> Result<Result<Option<Time>, Lost>> {
        let start = self.app.now();
        let mut tx = self.app.db.read().await?;
        let Some(seen) = tree::garbage_time(&mut tx, self.root).await? else { return Ok(Ok(None)) };
        let marks = sweep::mark(&mut tx, self.root).await?;
        drop(tx);
        let before = start.plus(-self.worker.content_grace.max(SHORTEST_CONTENT_GRACE));
        let (mut after, mut fresh) = (None, false);
        loop {
            let swept = retry(|| async {
                let Ok(mut tx) = self.batch().await? else { return Ok(None) };
                let limit = self.worker.batch;
                let swept = sweep::sweep(&mut tx, self.root, &marks, after, before, limit).await?;
                tx.commit().await?;
                Ok(Some(swept))
            });
            let Some(swept) = swept.await? else { return Ok(Err(Lost)) };
            round.contents += swept.removed;
            fresh |= swept.fresh;
            after = swept.next;
            if after.is_none() {
                break;
            }
        }
        // Garbage of about the time of the snapshot may have been noted before and made after it.
        let settled = !fresh && seen.plus(HOUR) <= start;
        Ok(Ok(settled.then_some(seen)))
    }

    async fn done(&self, swept: Option<Time>) -> Result<()> {
        let mut tx = self.app.db.write().await?;
        if let Some(seen) = swept {
            tree::clear_garbage(&mut tx, self.root, seen).await?;
        }
        tree::set_upkeep(&mut tx, self.root, self.app.now().plus(self.worker.upkeep)).await?;
        lease::release(&mut tx, &lease_name(self.root), &self.worker.name).await?;
        tx.commit().await
    }
}
