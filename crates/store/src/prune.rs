//! Removing old history that nothing sees any more: superseded versions, and names that were let go.
//!
//! What stays: the newest version of each resource; what was superseded after the cutoff; and what a sandbox reads through
//! its fork, which is the newest version at or below each fork point. The rest goes in the order of the primary key, a
//! batch at a time, so a pass that was stopped is simply begun anew.
//!
//! Undoing a merge needs no versions: it works from the hashes in the merge's record, which keep their contents alive
//! (see [`crate::sweep`]). With a cutoff no younger than the window in which merges are undone, what a merge replaced is
//! in the history for that long too, as it was superseded by the merge.

use sandbar_model::{Kind, ProjectId, ResourceId, Result, Revision, Time};
use uuid::Uuid;

use crate::{
    claim::STILL,
    content::bytes_or_empty,
    db::{FromRow, Row, Tx},
    resource::Found,
    text,
};

/// What one batch did, and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch<C> {
    /// How many rows went.
    pub removed: u64,
    /// None: the project has been gone through.
    pub next: Option<C>,
}

/// Where a pass through a project's versions stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionCursor {
    key: (i64, Uuid, i64),
    /// The content of the version before, if that is of the same resource and was kept.
    kept: Option<Vec<u8>>,
}

/// Where a pass through a project's claims stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimCursor {
    space: i64,
    key: String,
    id: Uuid,
    since: i64,
}

/// At most `limit` projects of a tree, in the order of their ids: those after `after`, or the first ones. However many
/// there are: what a pass left out would be lost.
pub async fn projects(
    tx: &mut Tx,
    root: ProjectId,
    after: Option<ProjectId>,
    limit: i64,
) -> Result<Vec<ProjectId>> {
    let rows: Vec<(Uuid,)> = tx
        .sql("-- prune.projects\nSELECT id FROM projects WHERE root_id = $1 AND id > $2 ORDER BY id LIMIT $3")
        .bind(root.0)
        .bind(after.map_or(Uuid::nil(), |id| id.0))
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

/// The revisions at which sandboxes, scheduled ones included, read this project, ascending. The caller holds the
/// project's lock, so that no sandbox is made meanwhile.
pub async fn forks(tx: &mut Tx, project: ProjectId) -> Result<Vec<Revision>> {
    let rows: Vec<(i64,)> = tx
        .sql(
            "-- prune.forks
            SELECT DISTINCT fork_seq FROM projects WHERE parent_id = $1 AND fork_seq IS NOT NULL ORDER BY fork_seq",
        )
        .bind(project.0)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(seq,)| Revision(seq)).collect())
}

/// Looks at the next `limit` versions of a project and deletes those that were superseded before `cutoff` and that no
/// fork sees.
pub async fn versions(
    tx: &mut Tx,
    project: ProjectId,
    forks: &[Revision],
    cutoff: Time,
    cursor: VersionCursor,
    limit: i64,
) -> Result<Batch<VersionCursor>> {
    const DELETE: &str = "-- prune.versions
        DELETE FROM versions WHERE (project_id, kind, id, seq) IN (VALUES";
    // One more than is decided on: whether a version is superseded shows in the row after it.
    let rows = version_rows(tx, project, &cursor, limit.saturating_add(1)).await?;
    let whole = rows.len() <= usize::try_from(limit).unwrap_or(usize::MAX);
    let decided = if whole { rows.len() } else { rows.len() - 1 };
    let (gone, next) = decide(&rows, decided, forks, cutoff, cursor);
    let mut removed = 0;
    for chunk in text::chunks(&gone, text::ROWS) {
        let mut statement = tx.sql(text::rows(DELETE, 4, chunk.len(), ")"));
        for (kind, id, seq) in chunk {
            statement = statement.bind(project.0).bind(*kind).bind(*id).bind(*seq);
        }
        removed += statement.execute().await?;
    }
    Ok(Batch { removed, next: (!whole).then_some(next) })
}

/// As [`versions`], for claims that are over: those go at once when no fork sees them.
pub async fn claims(
    tx: &mut Tx,
    project: ProjectId,
    forks: &[Revision],
    cursor: ClaimCursor,
    limit: i64,
) -> Result<Batch<ClaimCursor>> {
    const DELETE: &str = "-- prune.claims
        DELETE FROM claims WHERE (project_id, space, key, id, since_seq) IN (VALUES";
    let rows: Vec<(i64, String, Uuid, i64, i64)> = tx
        .sql(
            "-- prune.claims
            SELECT space, key, id, since_seq, until_seq FROM claims
            WHERE project_id = $1 AND (space, key, id, since_seq) > ($2, $3, $4, $5)
            ORDER BY space, key, id, since_seq LIMIT $6",
        )
        .bind(project.0)
        .bind(cursor.space)
        .bind(cursor.key.as_str())
        .bind(cursor.id)
        .bind(cursor.since)
        .bind(limit)
        .all()
        .await?;
    let gone: Vec<_> =
        rows.iter().filter(|(.., since, until)| *until != STILL && !seen(forks, *since, *until)).collect();
    let mut removed = 0;
    for chunk in text::chunks(&gone, text::ROWS) {
        let mut statement = tx.sql(text::rows(DELETE, 5, chunk.len(), ")"));
        for (space, key, id, since, _) in chunk {
            statement = statement.bind(project.0).bind(*space).bind(key.as_str()).bind(*id).bind(*since);
        }
        removed += statement.execute().await?;
    }
    let full = i64::try_from(rows.len()).is_ok_and(|rows| rows >= limit);
    let last = rows.into_iter().next_back().filter(|_| full);
    Ok(Batch { removed, next: last.map(|(space, key, id, since, _)| ClaimCursor { space, key, id, since }) })
}

/// Whether `found`, which a project saw of a resource at one of its own revisions, is truly what it was then, and not
/// what shows through where the version of then was pruned.
pub async fn is_true(
    tx: &mut Tx,
    project: ProjectId,
    (kind, id): (Kind, ResourceId),
    revision: Revision,
    found: Option<Found>,
) -> Result<bool> {
    let own = found.filter(|found| found.level == 0);
    let first: Option<(i64,)> = tx
        .sql("-- prune.is_true\nSELECT first_seq FROM heads WHERE project_id = $1 AND kind = $2 AND id = $3")
        .bind(project.0)
        .bind(kind as i64)
        .bind(id.0)
        .optional()
        .await?;
    let Some(own) = own else {
        return Ok(first.is_none_or(|(first,)| first > revision.0));
    };
    let next: Option<(Vec<u8>,)> = tx
        .sql(
            "-- prune.is_true
            SELECT prev_hash FROM versions WHERE project_id = $1 AND kind = $2 AND id = $3 AND seq > $4
            ORDER BY seq LIMIT 1",
        )
        .bind(project.0)
        .bind(kind as i64)
        .bind(id.0)
        .bind(revision.0)
        .optional()
        .await?;
    // A version knows what it replaced; where a gap would not show in that, there is none: see `decide`.
    Ok(own.revision == revision || next.is_none_or(|(replaced,)| replaced == bytes_or_empty(own.hash)))
}

struct VersionRow {
    key: (i64, Uuid, i64),
    hash: Vec<u8>,
    /// The content that it replaced.
    prev: Vec<u8>,
    time: Time,
}

impl FromRow for VersionRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            key: (row.get(0)?, row.get(1)?, row.get(2)?),
            hash: row.get(3)?,
            prev: row.get(4)?,
            time: Time(row.get(5)?),
        })
    }
}

async fn version_rows(
    tx: &mut Tx,
    project: ProjectId,
    cursor: &VersionCursor,
    limit: i64,
) -> Result<Vec<VersionRow>> {
    let (kind, id, seq) = cursor.key;
    tx.sql(
        "-- prune.version_rows
        SELECT kind, id, seq, content_hash, prev_hash, write_time FROM versions
        WHERE project_id = $1 AND (kind, id, seq) > ($2, $3, $4) ORDER BY kind, id, seq LIMIT $5",
    )
    .bind(project.0)
    .bind(kind)
    .bind(id)
    .bind(seq)
    .bind(limit)
    .all()
    .await
}

/// Which of the first `count` rows go, and where the next batch begins.
fn decide(
    rows: &[VersionRow],
    count: usize,
    forks: &[Revision],
    cutoff: Time,
    mut cursor: VersionCursor,
) -> (Vec<(i64, Uuid, i64)>, VersionCursor) {
    let mut gone = Vec::new();
    for (at, row) in rows.iter().enumerate().take(count) {
        let same = |other: (i64, Uuid, i64)| (other.0, other.1) == (row.key.0, row.key.1);
        let next = rows.get(at + 1).filter(|next| same(next.key));
        let kept = cursor.kept.take().filter(|_| same(cursor.key));
        let goes = next.is_some_and(|next| {
            // Where the next one replaced just what the one that stays before it holds, whoever reads at a revision in
            // between could not tell that there is a gap.
            let shows = kept.as_ref().is_none_or(|kept| *kept != next.prev);
            next.time < cutoff && !seen(forks, row.key.2, next.key.2) && shows
        });
        if goes {
            gone.push(row.key);
        }
        cursor = VersionCursor { key: row.key, kept: if goes { kept } else { Some(row.hash.clone()) } };
    }
    (gone, cursor)
}

/// Whether a fork reads what was there from one revision until before another.
fn seen(forks: &[Revision], since: i64, until: i64) -> bool {
    let first = forks.partition_point(|fork| fork.0 < since);
    forks.get(first).is_some_and(|fork| fork.0 < until)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(byte: u8) -> Vec<u8> {
        vec![byte; 32]
    }

    /// Versions of one resource at revisions 1, 2, 3, …, each written at the time of its revision.
    fn rows(contents: &[u8]) -> Vec<VersionRow> {
        let before = std::iter::once(vec![]).chain(contents.iter().map(|byte| named(*byte)));
        (1..)
            .zip(contents.iter().zip(before))
            .map(|(seq, (byte, prev))| VersionRow {
                key: (1, Uuid::nil(), seq),
                hash: named(*byte),
                prev,
                time: Time(seq),
            })
            .collect()
    }

    fn revisions(forks: impl IntoIterator<Item = i64>) -> Vec<Revision> {
        forks.into_iter().map(Revision).collect()
    }

    fn gone(contents: &[u8], forks: &[i64], cutoff: i64) -> Vec<i64> {
        let rows = rows(contents);
        let forks = revisions(forks.iter().copied());
        let (gone, _) = decide(&rows, rows.len(), &forks, Time(cutoff), VersionCursor::default());
        gone.into_iter().map(|(_, _, seq)| seq).collect()
    }

    /// A whole pass in batches; what it leaves.
    fn pass(mut rows: Vec<VersionRow>, forks: &[Revision], cutoff: i64, batch: usize) -> Vec<VersionRow> {
        let (mut all, mut cursor) = (Vec::new(), VersionCursor::default());
        let mut rest = rows.as_slice();
        while !rest.is_empty() {
            let count = batch.min(rest.len());
            let (gone, next) = decide(rest, count, forks, Time(cutoff), cursor);
            all.extend(gone);
            cursor = next;
            rest = &rest[count..];
        }
        rows.retain(|row| !all.contains(&row.key));
        rows
    }

    /// What a read at a revision finds among what is kept; none: nothing, or it sees that it can't tell.
    fn read(kept: &[VersionRow], revision: i64) -> Option<Vec<u8>> {
        let found = kept.iter().rfind(|row| row.key.2 <= revision)?;
        let next = kept.iter().find(|row| row.key.2 > revision);
        (found.key.2 == revision || next.is_none_or(|next| next.prev == found.hash)).then(|| found.hash.clone())
    }

    #[test]
    fn the_newest_the_young_and_the_seen_stay() {
        assert_eq!(gone(&[1, 2, 3, 4], &[], 100), [1, 2, 3]);
        assert_eq!(gone(&[1, 2, 3, 4], &[2], 100), [1, 3]);
        assert_eq!(gone(&[1, 2, 3, 4], &[0, 9], 100), [1, 2, 3]);
        // 2 was superseded at 3, which is not before the cutoff.
        assert_eq!(gone(&[1, 2, 3, 4], &[], 3), [1]);
        assert_eq!(gone(&[1], &[], 100), [0; 0]);
    }

    #[test]
    fn a_gap_can_always_be_told() {
        // 1 stays for a fork; 3 has its content again, and without it a read at 2 would take 1 for true.
        assert_eq!(gone(&[1, 2, 1, 4], &[1], 100), [2]);
        assert_eq!(gone(&[1, 2, 1, 4], &[], 100), [1, 2, 3]);
    }

    proptest! {
        #[test]
        fn what_is_seen_stays_and_what_is_read_is_true(
            contents in prop::collection::vec(0_u8..3, 0..20),
            forks in prop::collection::vec((0_i64..20, any::<bool>()), 0..4),
            cutoffs in (0_i64..25, 0_i64..25),
            batches in (1_usize..5, 1_usize..5),
        ) {
            // Each version differs from the one before, as a write of what is there already is none.
            let mut contents = contents;
            contents.dedup();
            let truth = rows(&contents);
            let mut forks = forks;
            forks.sort_unstable();
            let all = revisions(forks.iter().map(|(fork, _)| *fork));
            // By the second pass some sandboxes are gone.
            let left = revisions(forks.iter().filter(|(_, stays)| *stays).map(|(fork, _)| *fork));
            let mut kept = rows(&contents);
            for (forks, cutoff, batch) in [(&all, cutoffs.0, batches.0), (&left, cutoffs.1, batches.1)] {
                kept = pass(kept, forks, cutoff, batch);
                for cap in forks.iter().map(|fork| fork.0).chain([i64::MAX]) {
                    let seen = |rows: &[VersionRow]| rows.iter().rfind(|row| row.key.2 <= cap).map(|row| row.key);
                    prop_assert_eq!(seen(&kept), seen(&truth));
                }
                for row in &truth {
                    if let Some(found) = read(&kept, row.key.2) {
                        prop_assert_eq!(&found, &row.hash, "at {}", row.key.2);
                    }
                }
            }
        }
    }
}
