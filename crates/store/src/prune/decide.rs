//! Which versions of a project go, as a pure decision on rows in the order of their key.

use sandbar_model::{Result, Revision, Time};
use uuid::Uuid;

use super::VersionCursor;
use crate::db::{FromRow, Row};

/// A version: kind, resource, revision.
pub(super) type Key = (i64, Uuid, i64);

pub(super) struct VersionRow {
    pub(super) key: Key,
    pub(super) hash: Vec<u8>,
    /// The content that it replaced.
    pub(super) prev: Vec<u8>,
    pub(super) time: Time,
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

/// Which of the first `count` rows go, and where the next batch begins.
pub(super) fn decide(
    rows: &[VersionRow],
    count: usize,
    forks: &[Revision],
    cutoff: Time,
    mut cursor: VersionCursor,
) -> (Vec<Key>, VersionCursor) {
    let mut gone = Vec::new();
    for (at, row) in rows.iter().enumerate().take(count) {
        let same = |other: Key| (other.0, other.1) == (row.key.0, row.key.1);
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
pub(super) fn seen(forks: &[Revision], since: i64, until: i64) -> bool {
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
        (found.key.2 == revision || next.is_none_or(|next| next.prev == found.hash))
            .then(|| found.hash.clone())
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
