//! What the projects of one tree share: its lock, its allowance of sandboxes, its garbage.

use sandbar_model::{Error, ProjectId, Result, Time, time::MINUTE};
use uuid::Uuid;

use crate::{
    db::{FromRow, Row, Tx},
    unique,
};

/// The row of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeRow {
    /// The tree's root.
    pub root: ProjectId,
    /// Counts the changes to the tree's shape.
    pub version: i64,
    /// How many sandboxes the subscription allows at once; none: no limit.
    pub max_active_sandboxes: Option<i64>,
    /// How many sandboxes of the tree are not scheduled for deletion.
    pub active_sandboxes: i64,
}

/// Adds the row of a new tree; comes before its root.
///
/// # Errors
/// [`Error::IdTaken`] when another tree's root has the id.
pub async fn insert(tx: &mut Tx, root: ProjectId, max_active_sandboxes: Option<i64>) -> Result<()> {
    tx.sql(
        "-- tree.insert
        INSERT INTO trees (root_id, version, max_active_sandboxes, active_sandboxes) VALUES ($1, 1, $2, 0)",
    )
    .bind(root.0)
    .bind(max_active_sandboxes)
    .try_execute()
    .await
    .map_err(|error| {
        unique::refusal(error, |_| Error::IdTaken { id: root.to_string(), place: "by another project" })
    })?;
    Ok(())
}

/// The row, without a lock.
pub async fn get(tx: &mut Tx, root: ProjectId) -> Result<Option<TreeRow>> {
    tx.sql(
        "-- tree.get
        SELECT root_id, version, max_active_sandboxes, active_sandboxes FROM trees WHERE root_id = $1",
    )
    .bind(root.0)
    .optional()
    .await
}

/// Takes the lock of everything that changes a tree's shape (who is whose parent, what is active, siblings' names) until
/// the transaction ends. The first statement of such a transaction, before any project's lock.
pub async fn lock(tx: &mut Tx, root: ProjectId) -> Result<Option<TreeRow>> {
    tx.sql(
        "-- tree.lock
        UPDATE trees SET version = version + 1 WHERE root_id = $1
        RETURNING root_id, version, max_active_sandboxes, active_sandboxes",
    )
    .bind(root.0)
    .optional()
    .await
}

/// Sets what the subscription allows; none: no limit. Answers the row as it is then.
pub async fn set_allowance(
    tx: &mut Tx,
    root: ProjectId,
    max_active_sandboxes: Option<i64>,
) -> Result<Option<TreeRow>> {
    tx.sql(
        "-- tree.set_allowance
        UPDATE trees SET version = version + 1, max_active_sandboxes = $2 WHERE root_id = $1
        RETURNING root_id, version, max_active_sandboxes, active_sandboxes",
    )
    .bind(root.0)
    .bind(max_active_sandboxes)
    .optional()
    .await
}

/// Counts sandboxes in (or, below zero, out). Whoever holds the [`lock`] and looked at the allowance before can't exceed
/// it.
pub async fn add_active(tx: &mut Tx, root: ProjectId, delta: i64) -> Result<()> {
    tx.sql(
        "-- tree.add_active\nUPDATE trees SET active_sandboxes = active_sandboxes + $2 WHERE root_id = $1",
    )
    .bind(root.0)
    .bind(delta)
    .execute()
    .await?;
    Ok(())
}

/// Notes that something in the tree became garbage. Exact to a minute: most writes find a fresh note and need not wait
/// for the tree's row. So the sweeper's grace period must be longer than a minute.
pub async fn note_garbage(tx: &mut Tx, root: ProjectId, now: Time) -> Result<()> {
    tx.sql(
        "-- tree.note_garbage
        UPDATE trees SET garbage_time = $2 WHERE root_id = $1 AND (garbage_time IS NULL OR garbage_time < $3)",
    )
    .bind(root.0)
    .bind(now.0)
    .bind(now.plus(-MINUTE).0)
    .execute()
    .await?;
    Ok(())
}

/// At most `limit` trees whose latest garbage was noted before `before`, with that time; the longest waiting first.
pub async fn roots_with_garbage(tx: &mut Tx, before: Time, limit: i64) -> Result<Vec<(ProjectId, Time)>> {
    let rows: Vec<(Uuid, i64)> = tx
        .sql(
            "-- tree.roots_with_garbage
            SELECT root_id, garbage_time FROM trees WHERE garbage_time < $1 ORDER BY garbage_time, root_id LIMIT $2",
        )
        .bind(before.0)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(root, time)| (root.into(), Time(time))).collect())
}

/// Says that a sweep is done with all garbage up to the time it saw. False: newer garbage was noted meanwhile, which
/// stays noted.
pub async fn clear_garbage(tx: &mut Tx, root: ProjectId, seen: Time) -> Result<bool> {
    let changed = tx
        .sql("-- tree.clear_garbage\nUPDATE trees SET garbage_time = NULL WHERE root_id = $1 AND garbage_time = $2")
        .bind(root.0)
        .bind(seen.0)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// At most `limit` trees whose upkeep is due, the longest waiting first.
pub async fn due_for_upkeep(tx: &mut Tx, now: Time, limit: i64) -> Result<Vec<ProjectId>> {
    let rows: Vec<(Uuid,)> = tx
        .sql(
            "-- tree.due_for_upkeep
            SELECT root_id FROM trees WHERE upkeep_time <= $1 ORDER BY upkeep_time, root_id LIMIT $2",
        )
        .bind(now.0)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(root,)| root.into()).collect())
}

/// When something in the tree last became garbage; none: nothing to sweep, or no such tree.
pub async fn garbage_time(tx: &mut Tx, root: ProjectId) -> Result<Option<Time>> {
    let row: Option<(Option<i64>,)> = tx
        .sql("-- tree.garbage_time\nSELECT garbage_time FROM trees WHERE root_id = $1")
        .bind(root.0)
        .optional()
        .await?;
    Ok(row.and_then(|(time,)| time).map(Time))
}

/// Says that a tree's upkeep is done, and when the next one is due.
pub async fn set_upkeep(tx: &mut Tx, root: ProjectId, next: Time) -> Result<()> {
    tx.sql("-- tree.set_upkeep\nUPDATE trees SET upkeep_time = $2 WHERE root_id = $1")
        .bind(root.0)
        .bind(next.0)
        .execute()
        .await?;
    Ok(())
}

/// Removes the row of a tree whose last project is gone. False: there was none.
pub async fn delete_row(tx: &mut Tx, root: ProjectId) -> Result<bool> {
    let removed =
        tx.sql("-- tree.delete_row\nDELETE FROM trees WHERE root_id = $1").bind(root.0).execute().await?;
    Ok(removed == 1)
}

impl FromRow for TreeRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            root: row.get::<Uuid>(0)?.into(),
            version: row.get(1)?,
            max_active_sandboxes: row.get(2)?,
            active_sandboxes: row.get(3)?,
        })
    }
}
