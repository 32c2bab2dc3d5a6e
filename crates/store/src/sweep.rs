//! Removing contents that nothing refers to any more: mark and sweep, a tree at a time.
//!
//! Marking reads one snapshot, so that a reference that moves from one row to another while it reads is seen in one of
//! the two places. What begins to be referred to after the snapshot is safe as well: whoever writes a document touches it
//! and its bodies ([`crate::content::put`], [`crate::content::put_parts`]), and each deletion looks at that time again.

use std::collections::HashSet;

use sandbar_model::{ContentHash, ProjectId, Result, Time};
use uuid::Uuid;

use crate::{
    content::hash,
    db::{FromRow, Row, Tx},
    prune, text,
};

/// Rows of one page of the marking.
const PAGE: usize = 2000;
/// The same, as a bound value.
const LIMIT: i64 = 2000;

/// Which contents something refers to. Of each only the first eight bytes are kept, so that a tree of ten million versions
/// takes 160 MB and not 600: two that agree in them are taken for one, and at worst a piece of garbage stays.
#[derive(Debug, Default)]
pub struct Marks(HashSet<u64>);

impl Marks {
    fn mark(&mut self, hash: &[u8]) {
        // An empty hash means absent.
        if let Some(first) = hash.first_chunk() {
            self.0.insert(u64::from_be_bytes(*first));
        }
    }

    fn has(&self, hash: &[u8]) -> bool {
        hash.first_chunk().is_some_and(|first| self.0.contains(&u64::from_be_bytes(*first)))
    }
}

/// What one batch did, and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    /// How many contents went.
    pub removed: u64,
    /// Whether there was garbage that is too fresh to go yet.
    pub fresh: bool,
    /// None: the tree has been gone through.
    pub next: Option<ContentHash>,
}

/// Marks what anything in the tree refers to, in a snapshot ([`crate::Db::read`]): newest and old versions, what is
/// agreed on with others, what runs pinned, the records of merges; and the bodies of all these documents.
///
/// What a pair of two trees agreed on is marked in the tree of the one that the pair begins with; where it came about by a
/// merge, also by its record, in the target's. So it stays in at least one of the two, which is where it is looked for.
pub async fn mark(tx: &mut Tx, root: ProjectId) -> Result<Marks> {
    let mut marks = Marks::default();
    let mut after = None;
    loop {
        let projects = prune::projects(tx, root, after, LIMIT).await?;
        for project in &projects {
            mark_project(tx, &mut marks, project.0).await?;
        }
        match projects.last() {
            Some(last) if projects.len() == PAGE => after = Some(*last),
            _ => break,
        }
    }
    mark_merges(tx, &mut marks, root).await?;
    mark_parts(tx, &mut marks, root).await?;
    Ok(marks)
}

/// Looks at the next `limit` contents of a tree, those after `after` (none: the first), and deletes those that are not
/// marked and were not used since `before`.
pub async fn sweep(
    tx: &mut Tx,
    root: ProjectId,
    marks: &Marks,
    after: Option<ContentHash>,
    before: Time,
    limit: i64,
) -> Result<Swept> {
    let rows: Vec<(Vec<u8>, i64)> = tx
        .sql(
            "-- sweep.sweep
            SELECT hash, touch_time FROM contents WHERE root_id = $1 AND hash > $2 ORDER BY hash LIMIT $3",
        )
        .bind(root.0)
        .bind(after.map(|hash| hash.0.to_vec()).unwrap_or_default())
        .bind(limit)
        .all()
        .await?;
    let (old, fresh): (Vec<_>, Vec<_>) =
        rows.iter().filter(|(hash, _)| !marks.has(hash)).partition(|(_, touch)| *touch < before.0);
    let mut removed = 0;
    for chunk in old.chunks(text::LIST) {
        removed += delete(tx, root, chunk, before).await?;
    }
    let full = i64::try_from(rows.len()).is_ok_and(|rows| rows >= limit);
    let next = rows.last().filter(|_| full).map(|(last, _)| hash(last)).transpose()?;
    let kept = u64::try_from(old.len()).is_ok_and(|old| removed < old);
    Ok(Swept { removed, fresh: kept || !fresh.is_empty(), next })
}

/// Deletes contents, and what they say of bodies if they are documents. One that was touched meanwhile stays: on
/// PostgreSQL this waits for a writer that has just done so, and looks again.
async fn delete(tx: &mut Tx, root: ProjectId, rows: &[&(Vec<u8>, i64)], before: Time) -> Result<u64> {
    const CONTENTS: &str = "-- sweep.delete
        DELETE FROM contents WHERE root_id = $1 AND touch_time < $2 AND hash IN";
    const PARTS: &str = "-- sweep.delete
        DELETE FROM content_parts WHERE root_id = $1 AND document_hash IN";
    let size = text::list_size(rows.len());
    let mut statement = tx.sql(text::list(CONTENTS, 3, size, "RETURNING hash")).bind(root.0).bind(before.0);
    for (hash, _) in text::filled(rows, size) {
        statement = statement.bind(hash.as_slice());
    }
    let gone: Vec<(Vec<u8>,)> = statement.all().await?;
    if gone.is_empty() {
        return Ok(0);
    }
    let size = text::list_size(gone.len());
    let mut statement = tx.sql(text::list(PARTS, 2, size, "")).bind(root.0);
    for (hash,) in text::filled(&gone, size) {
        statement = statement.bind(hash.as_slice());
    }
    statement.execute().await?;
    Ok(u64::try_from(gone.len()).unwrap_or(u64::MAX))
}

/// A key of four columns at most, and hashes.
struct Marked {
    key: (Uuid, i64, Uuid, i64),
    hashes: Vec<Vec<u8>>,
}

impl FromRow for Marked {
    /// The key, how many hashes, and these.
    fn from_row(row: &Row) -> Result<Self> {
        let count = usize::try_from(row.get::<i64>(4)?).unwrap_or_default();
        let hashes = (5..5 + count).map(|at| Ok(row.get::<Option<Vec<u8>>>(at)?.unwrap_or_default()));
        let hashes = hashes.collect::<Result<_>>()?;
        Ok(Self { key: (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?), hashes })
    }
}

/// What belongs to one owner, each page by a key that the owner's rows have in order. All take the same values, so that
/// one loop does for them; `$2 = $2` is for a value that is not needed.
const OF_PROJECT: [&str; 4] = [
    "-- sweep.mark_project
    SELECT project_id, kind, id, CAST(0 AS BIGINT), CAST(2 AS BIGINT), content_hash, base_hash FROM heads
    WHERE project_id = $1 AND (kind, id) > ($3, $4) AND $2 = $2 AND $5 = $5 ORDER BY kind, id LIMIT $6",
    "-- sweep.mark_project
    SELECT project_id, kind, id, seq, CAST(1 AS BIGINT), content_hash FROM versions
    WHERE project_id = $1 AND (kind, id, seq) > ($3, $4, $5) AND $2 = $2 ORDER BY kind, id, seq LIMIT $6",
    "-- sweep.mark_project
    SELECT other_id, kind, id, CAST(0 AS BIGINT), CAST(1 AS BIGINT), base_hash FROM merge_bases
    WHERE project_id = $1 AND (other_id, kind, id) > ($2, $3, $4) AND $5 = $5 ORDER BY other_id, kind, id LIMIT $6",
    // What runs pinned, whatever became of it in the project since.
    "-- sweep.mark_project
    SELECT id, CAST(0 AS BIGINT), id, CAST(0 AS BIGINT), CAST(1 AS BIGINT), content_hash FROM runs
    WHERE project_id = $1 AND id > $2 AND $3 = $3 AND $4 = $4 AND $5 = $5 ORDER BY id LIMIT $6",
];
const OF_MERGE: &str = "-- sweep.mark_merges
    SELECT merge_id, kind, id, CAST(0 AS BIGINT), CAST(4 AS BIGINT),
        before_hash, after_hash, base_before_hash, base_after_hash FROM merge_resources
    WHERE merge_id = $1 AND (kind, id) > ($3, $4) AND $2 = $2 AND $5 = $5 ORDER BY kind, id LIMIT $6";

async fn mark_project(tx: &mut Tx, marks: &mut Marks, project: Uuid) -> Result<()> {
    for text in OF_PROJECT {
        mark_pages(tx, marks, text, project).await?;
    }
    Ok(())
}

async fn mark_merges(tx: &mut Tx, marks: &mut Marks, root: ProjectId) -> Result<()> {
    let mut after = Uuid::nil();
    loop {
        let merges: Vec<(Uuid,)> = tx
            .sql("-- sweep.mark_merges\nSELECT id FROM merges WHERE root_id = $1 AND id > $2 ORDER BY id LIMIT $3")
            .bind(root.0)
            .bind(after)
            .bind(LIMIT)
            .all()
            .await?;
        for (merge,) in &merges {
            mark_pages(tx, marks, OF_MERGE, *merge).await?;
        }
        match merges.last() {
            Some((last,)) if merges.len() == PAGE => after = *last,
            _ => return Ok(()),
        }
    }
}

async fn mark_pages(tx: &mut Tx, marks: &mut Marks, text: &'static str, owner: Uuid) -> Result<()> {
    let (mut first, mut kind, mut id, mut seq) = (Uuid::nil(), 0_i64, Uuid::nil(), 0_i64);
    loop {
        let statement = tx.sql(text).bind(owner).bind(first).bind(kind).bind(id).bind(seq).bind(LIMIT);
        let rows: Vec<Marked> = statement.all().await?;
        rows.iter().flat_map(|row| &row.hashes).for_each(|hash| marks.mark(hash));
        match rows.last() {
            Some(last) if rows.len() == PAGE => (first, kind, id, seq) = last.key,
            _ => return Ok(()),
        }
    }
}

/// The bodies of the documents that are marked. A body has no bodies, so that once through is enough.
async fn mark_parts(tx: &mut Tx, marks: &mut Marks, root: ProjectId) -> Result<()> {
    let mut after = (Vec::new(), Vec::new());
    loop {
        let parts: Vec<(Vec<u8>, Vec<u8>)> = tx
            .sql(
                "-- sweep.mark_parts
                SELECT document_hash, part_hash FROM content_parts
                WHERE root_id = $1 AND (document_hash, part_hash) > ($2, $3)
                ORDER BY document_hash, part_hash LIMIT $4",
            )
            .bind(root.0)
            .bind(after.0.as_slice())
            .bind(after.1.as_slice())
            .bind(LIMIT)
            .all()
            .await?;
        for (document, part) in &parts {
            if marks.has(document) {
                marks.mark(part);
            }
        }
        let whole = parts.len() < PAGE;
        match parts.into_iter().next_back() {
            Some(last) if !whole => after = last,
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_no_mark() {
        let mut marks = Marks::default();
        marks.mark(&[]);
        assert!(!marks.has(&[]) && !marks.has(&[0; 32]));
        marks.mark(&[7; 32]);
        assert!(marks.has(&[7; 32]) && !marks.has(&[8; 32]));
    }
}
