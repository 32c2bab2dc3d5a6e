//! Removing old history that nothing sees any more: superseded versions, and names that were let go.
//!
//! What stays: the newest version of each resource; what was superseded after the cutoff; and what a sandbox reads through
//! its fork, which is the newest version at or below each fork point. The rest goes in the order of the primary key, a
//! batch at a time, so a pass that was stopped is simply begun anew.
//!
//! Undoing a merge needs no versions: it works from the hashes in the merge's record, which keep their contents alive
//! (see [`crate::sweep`]). With a cutoff no younger than the window in which merges are undone, what a merge replaced is
//! in the history for that long too, as it was superseded by the merge.

mod decide;

use sandbar_model::{Kind, ProjectId, ResourceId, Result, Revision, Time};
use uuid::Uuid;

use decide::{Key, VersionRow, decide, seen};

use crate::{claim::STILL, content::bytes_or_empty, db::Tx, resource::Found, text};

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
    key: Key,
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
