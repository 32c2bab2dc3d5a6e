//! Checking a chain: every event's hash anew, each against the one before, and the end against the chain's own row.

use sandbar_model::Result;

use super::{Chain, Chained, Head, chain_id, head};
use crate::db::Tx;

/// How far before and after a place an event is looked for that belongs there or was moved from there. What was moved
/// farther is told as removed.
const NEAR: i64 = 1000;

/// What a walk found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    /// How many events were checked.
    pub checked: i64,
    /// Up to where all is well. Where the next walk goes on; to be kept, by whoever wants to notice a cut-off end.
    pub head: Head,
    /// Whether the end was reached. Else there are more events to check.
    pub complete: bool,
    /// The first place where something is wrong; none: nothing is.
    pub broken: Option<Broken>,
}

/// Where a chain is not as it was written, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The position.
    pub position: i64,
    /// What happened there.
    pub damage: Damage,
}

/// What somebody did to a chain. As good a guess as one damage allows; several at one place look like one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Damage {
    /// The event says other things than were written.
    Changed,
    /// The event that was written here is gone, or is not what the caller kept the hash of.
    Removed,
    /// An event stands here that nobody wrote at that time.
    Inserted,
    /// An event stands here that was written elsewhere in the chain.
    Reordered,
}

/// Checks at most `limit` (2 or more) events of a chain, from one snapshot: those after the head that is given, which must itself be
/// there with that hash.
pub async fn walk(tx: &mut Tx, chain: Chain, after: Head, limit: i64) -> Result<Walk> {
    let anchored = after.position > 0;
    let first = if anchored { after.position } else { i64::MIN };
    let rows = range(tx, chain, (first, i64::MAX), limit.saturating_add(1 + i64::from(anchored))).await?;
    let more =
        rows.len() > usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(usize::from(anchored));
    let mut steps = Steps { chain, begin: after, head: after, before: after, last: None, checked: 0 };
    let mut rows = rows.into_iter();
    if anchored {
        let row = rows.next().filter(|row| row.position == after.position);
        if let Err(broken) = steps.anchor(tx, row).await? {
            return Ok(steps.broken(broken));
        }
    }
    for row in rows.take(usize::try_from(limit).unwrap_or(usize::MAX)) {
        if let Err(broken) = steps.step(tx, row).await? {
            return Ok(steps.broken(broken));
        }
    }
    if more {
        // One back: whether the last event's hash was made to fit shows at the one after it.
        let (checked, head) = (steps.checked - 1, steps.before);
        return Ok(Walk { checked, head, complete: false, broken: None });
    }
    let end = head(tx, chain).await?;
    Ok(match steps.end(end) {
        Some(broken) => steps.broken(broken),
        None => Walk { checked: steps.checked, head: steps.head, complete: true, broken: None },
    })
}

/// A walk on its way.
struct Steps {
    chain: Chain,
    /// Where it began.
    begin: Head,
    /// Up to where all is well.
    head: Head,
    /// The same, one event ago.
    before: Head,
    /// The event at the head, if it was read.
    last: Option<Chained>,
    checked: i64,
}

impl Steps {
    fn broken(&self, broken: Broken) -> Walk {
        // What was found at the head itself is not well.
        let head = if broken.position <= self.head.position { self.before } else { self.head };
        Walk { checked: self.checked, head, complete: false, broken: Some(broken) }
    }

    /// Checks that what the caller kept is still there. `row` is what stands there now.
    async fn anchor(&mut self, tx: &mut Tx, row: Option<Chained>) -> Result<std::result::Result<(), Broken>> {
        let position = self.begin.position;
        let Some(row) = row else {
            // Where the chain was cut off, not where the caller would have looked.
            let last = range_end(tx, self.chain).await?;
            let position = position.min(last.saturating_add(1));
            return Ok(Err(Broken { position, damage: Damage::Removed }));
        };
        if !row.fits(position) || row.hash != self.begin.hash {
            return Ok(Err(Broken { position, damage: Damage::Changed }));
        }
        self.last = Some(row);
        Ok(Ok(()))
    }

    async fn step(&mut self, tx: &mut Tx, row: Chained) -> Result<std::result::Result<(), Broken>> {
        let position = self.head.position.saturating_add(1);
        if row.position != position || row.previous != self.head.hash || !row.fits(position) {
            return self.diagnose(tx, &row, position).await.map(Err);
        }
        self.before = self.head;
        self.head = Head { position, hash: row.hash };
        self.last = Some(row);
        self.checked += 1;
        Ok(Ok(()))
    }

    /// What is wrong at a position where `row` is the next that there is.
    async fn diagnose(&self, tx: &mut Tx, row: &Chained, position: i64) -> Result<Broken> {
        let broken = |position, damage| Ok(Broken { position, damage });
        if row.position < position {
            return broken(row.position, Damage::Inserted);
        }
        let (from, to) = (position.saturating_sub(NEAR).max(1), position.saturating_add(NEAR));
        let near = range(tx, self.chain, (from, to), 2 * NEAR + 1).await?;
        // What was written here, if it stands elsewhere now.
        let rightful = near.iter().any(|one| one.previous == self.head.hash && one.fits(position));
        if row.position > position {
            return broken(position, if rightful { Damage::Reordered } else { Damage::Removed });
        }
        // Both this one and the one before it say that they came after the same event: the one before pushed in.
        let last = self.last.as_ref().filter(|last| last.position > self.begin.position);
        if last.is_some_and(|last| last.previous == row.previous) {
            return broken(position - 1, Damage::Inserted);
        }
        let copied = near.iter().any(|one| one.position != row.position && one.hash == row.hash);
        let from_elsewhere = (from..=to).any(|at| at != position && row.fits(at));
        match (rightful, from_elsewhere, row.fits(position)) {
            (true, true, _) if !copied => broken(position, Damage::Reordered),
            (true, ..) => broken(position, Damage::Inserted),
            (false, true, _) if copied => broken(position, Damage::Inserted),
            (false, true, _) => broken(position, Damage::Removed),
            // It is what was written here, and came after something else than what stands there.
            (false, false, true) if last.is_some() => broken(position - 1, Damage::Changed),
            (false, false, _) => broken(position, Damage::Changed),
        }
    }

    /// Compares where the events end with where the chain says that it does.
    fn end(&self, end: Option<Head>) -> Option<Broken> {
        let here = self.head;
        let broken = |position, damage| Some(Broken { position, damage });
        match end {
            Some(end) if end == here => None,
            Some(end) if end.position < here.position => broken(end.position + 1, Damage::Inserted),
            Some(end) if end.position == here.position => broken(here.position, Damage::Changed),
            // A chain has an event from its beginning on, and its end is noted with each.
            Some(_) | None => broken(here.position.saturating_add(1), Damage::Removed),
        }
    }
}

async fn range(tx: &mut Tx, chain: Chain, (from, to): (i64, i64), limit: i64) -> Result<Vec<Chained>> {
    tx.sql(concat!(
        "-- audit.range\nSELECT ",
        columns!(),
        " FROM audit_events WHERE chain_id = $1 AND position BETWEEN $2 AND $3 ORDER BY position LIMIT $4"
    ))
    .bind(chain_id(chain))
    .bind(from)
    .bind(to)
    .bind(limit)
    .all()
    .await
}

/// The last position that there is an event at.
async fn range_end(tx: &mut Tx, chain: Chain) -> Result<i64> {
    let (last,): (i64,) = tx
        .sql("-- audit.range_end\nSELECT COALESCE(MAX(position), 0) FROM audit_events WHERE chain_id = $1")
        .bind(chain_id(chain))
        .one()
        .await?;
    Ok(last)
}
