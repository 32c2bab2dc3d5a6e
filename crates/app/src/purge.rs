//! What a worker does beside the servers: sandboxes whose time is up are scheduled for deletion, what is due goes for
//! good, trees are kept free of what nothing refers to, and runs go when retention says so (1-domain §2, §5, 2-storage §4).
//!
//! Any number of workers may run at once. Leases keep them out of each other's way, but nothing depends on a lease: each
//! transaction looks again, under the locks that users' calls take, at what it relies on. So a worker can be killed
//! anywhere, and the next round of any worker goes on.

mod due;
mod expire;
mod history;
mod items;
mod upkeep;

use sandbar_model::{
    Error, Result,
    time::{DAY, HOUR, MINUTE},
};
use sandbar_store::{idempotency, project};

use crate::{App, repeat::retry, runs};

/// The most projects or trees that one round looks at.
const MOST: i64 = 1000;
/// What is used is noted to the hour, so nothing may go before it was unused for longer than that.
const SHORTEST_CONTENT_GRACE: i64 = 2 * HOUR;

/// How a worker works. Lengths of time are in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// What it is called in leases; no two workers may share a name.
    pub name: String,
    /// How long a project or tree is its own; another takes over from one that died after that. At least as long as a
    /// batch takes. Default: 1 minute.
    pub lease: i64,
    /// How many rows one transaction looks at or removes at most. Default: 500.
    pub batch: i64,
    /// How many transactions one round spends on purging at most. Default: 1,000.
    pub steps: u32,
    /// How long a version is kept after it was superseded. Default: 90 days.
    pub retention: i64,
    /// How long after a merge everything that it replaced is kept, whatever the retention. Default: 30 days.
    pub undo_window: i64,
    /// How long a content must have been unused before it is swept, at least 2 hours. Default: 24 hours.
    pub content_grace: i64,
    /// How long answers are kept for repeats of their requests. Default: 24 hours.
    pub answers: i64,
    /// How often each tree is looked through for old versions and garbage. Default: 6 hours.
    pub upkeep: i64,
}

impl Worker {
    /// With the default lengths and sizes.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            lease: MINUTE,
            batch: 500,
            steps: 1000,
            retention: 90 * DAY,
            undo_window: 30 * DAY,
            content_grace: DAY,
            answers: DAY,
            upkeep: 6 * HOUR,
        }
    }
}

/// What one round came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Sandboxes that were scheduled for deletion because their time was up, without those that went with them.
    pub expired: u64,
    /// Projects that are gone for good.
    pub purged: u64,
    /// Rows that went with them or on the way to that.
    pub rows: u64,
    /// Trees that were looked through for old versions and garbage.
    pub trees: u64,
    /// Versions that were pruned.
    pub versions: u64,
    /// Names that were let go, likewise.
    pub claims: u64,
    /// Contents that were swept.
    pub contents: u64,
    /// Items of collections that were deleted.
    pub items: u64,
    /// Answers that were forgotten.
    pub answers: u64,
    /// Runs that retention keeps no longer, and dataclips that were erased or removed.
    pub runs: u64,
    /// Runs whose workers had gone away.
    pub lost: u64,
    /// Projects and trees that could not be done. The log says why; the next round tries again.
    pub failed: u64,
    /// Projects that are due and still there, those that other workers hold included; at most 1,000.
    pub due: u64,
}

impl Round {
    /// How many rows went, of whatever kind.
    pub fn removed(&self) -> u64 {
        self.purged
            + self.rows
            + self.versions
            + self.claims
            + self.contents
            + self.items
            + self.answers
            + self.runs
    }

    /// Notes that something failed, so that the rest of the round is done all the same.
    ///
    /// # Errors
    /// Hands back that the database can't be reached: then nothing else can be done either.
    fn failed(&mut self, what: impl std::fmt::Display, error: Error) -> Result<()> {
        if matches!(error, Error::StorageUnavailable(_)) {
            return Err(error);
        }
        let source = &error as &dyn std::error::Error;
        tracing::error!(%what, error = source, "this could not be done; the next round tries again");
        self.failed += 1;
        Ok(())
    }
}

/// Does what there is to do, in bounded transactions. When it removed something, there may be more.
///
/// # Errors
/// [`Error::StorageUnavailable`]. What fails for another reason is logged and counted, and does not keep the rest.
pub async fn round(app: &App, worker: &Worker) -> Result<Round> {
    let mut round = Round::default();
    expire::expire(app, &mut round).await?;
    due::purge(app, worker, &mut round).await?;
    upkeep::upkeep(app, worker, &mut round).await?;
    if let Err(error) = items::remove(app, worker, &mut round).await {
        round.failed("items", error)?;
    }
    match runs::settle(app).await {
        Ok(settled) => round.lost += settled,
        Err(error) => round.failed("runs without a worker", error)?,
    }
    if let Err(error) = forget_answers(app, worker, &mut round).await {
        round.failed("answers", error)?;
    }
    let mut tx = app.db.connection().await?;
    let due = project::due_for_purge(&mut tx, app.now(), MOST).await?;
    round.due = u64::try_from(due.len()).unwrap_or(u64::MAX);
    tracing::debug!(?round, worker = worker.name, "round done");
    Ok(round)
}

async fn forget_answers(app: &App, worker: &Worker, round: &mut Round) -> Result<()> {
    let before = app.now().plus(-worker.answers);
    loop {
        let erased = retry(|| async {
            let mut tx = app.db.write().await?;
            let erased = idempotency::erase_before(&mut tx, before, worker.batch).await?;
            tx.commit().await?;
            Ok(erased)
        });
        match erased.await? {
            0 => return Ok(()),
            erased => round.answers += erased,
        }
    }
}
