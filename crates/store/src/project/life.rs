//! Scheduling for deletion, restoring, and the end.

use sandbar_model::{Error, Project, ProjectId, Result, Time};

use super::{SIBLING, row::columns};
use crate::{db::Tx, purge, text, unique};

/// Schedules projects for deletion; an earlier date that some have is replaced. Counts as a write to each record.
/// Answers how many there were. The caller holds the tree's lock.
pub async fn schedule(
    tx: &mut Tx,
    ids: &[ProjectId],
    delete_time: Time,
    purge_time: Time,
    now: Time,
) -> Result<u64> {
    const UPDATE: &str = "-- project.schedule
        UPDATE projects SET state = 1, delete_time = $1, purge_time = $2, update_time = $3, version = version + 1,
            trigger_version = trigger_version + 1
        WHERE id IN";
    let mut changed = 0;
    for chunk in ids.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::list(UPDATE, 4, size, ""));
        statement = statement.bind(delete_time.0).bind(purge_time.0).bind(now.0);
        for id in text::filled(chunk, size) {
            statement = statement.bind(id.0);
        }
        changed += statement.execute().await?;
    }
    Ok(changed)
}

/// Takes scheduled projects back; an expiry that has passed is forgotten, or they would be scheduled again at once.
/// Counts as a write to each record. Answers how many were scheduled. The caller holds the tree's lock. Those whose purge
/// has begun are as good as gone and left out; it begins with the deepest, so where it has for a project, nothing is left
/// below that.
///
/// # Errors
/// [`Error::ProjectNotFound`] when the purge of all of them has begun. [`Error::NameTaken`] when an active sibling, or
/// another of these, has the name of one of them.
pub async fn restore(tx: &mut Tx, ids: &[ProjectId], now: Time) -> Result<u64> {
    const UPDATE: &str = "-- project.restore
        UPDATE projects SET state = 0, delete_time = NULL, purge_time = NULL, update_time = $1, version = version + 1,
            expire_time = CASE WHEN expire_time <= $1 THEN NULL ELSE expire_time END
        WHERE state = 1 AND id IN";
    let begun = purge::begun(tx, ids).await?;
    let left: Vec<_> = ids.iter().copied().filter(|id| !begun.contains(id)).collect();
    if let (Some(id), true) = (ids.first(), left.is_empty()) {
        return Err(Error::ProjectNotFound { project: id.to_string() });
    }
    let mut changed = 0;
    for chunk in left.chunks(text::LIST) {
        if let Some(name) = taken_name(tx, chunk).await? {
            return Err(Error::NameTaken { name, place: SIBLING });
        }
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::list(UPDATE, 2, size, "")).bind(now.0);
        for id in text::filled(chunk, size) {
            statement = statement.bind(id.0);
        }
        // Looked at just before, under the tree's lock: only a rename that did not take the lock can come between.
        changed +=
            statement.try_execute().await.map_err(|error| unique::refusal(error, |_| Error::Contention))?;
    }
    Ok(changed)
}

/// The first name that two active siblings would share if these were active.
async fn taken_name(tx: &mut Tx, ids: &[ProjectId]) -> Result<Option<String>> {
    const SELECT: &str = "-- project.taken_name
        WITH chosen AS (SELECT id, parent_id, name FROM projects WHERE id IN";
    const END: &str = ")
        SELECT c.name FROM chosen c JOIN projects q ON q.parent_id = c.parent_id AND q.name = c.name AND q.id <> c.id
        WHERE q.state = 0 OR q.id IN (SELECT id FROM chosen) ORDER BY c.name LIMIT 1";
    let size = text::list_size(ids.len());
    let mut statement = tx.sql(text::list(SELECT, 1, size, END));
    for id in text::filled(ids, size) {
        statement = statement.bind(id.0);
    }
    let row: Option<(String,)> = statement.optional().await?;
    Ok(row.map(|(name,)| name))
}

/// Gives a project another name, such as one to be restored whose old one was taken meanwhile. Counts as a write to
/// its record. False: there is no such project. The caller holds the tree's lock.
///
/// # Errors
/// [`Error::NameTaken`] when it is active and an active sibling has the name.
pub async fn rename(tx: &mut Tx, id: ProjectId, name: &str, now: Time) -> Result<bool> {
    let changed = tx
        .sql(
            "-- project.rename
            UPDATE projects SET name = $2, update_time = $3, version = version + 1 WHERE id = $1",
        )
        .bind(id.0)
        .bind(name)
        .bind(now.0)
        .try_execute()
        .await
        .map_err(|error| {
            unique::refusal(error, |_| Error::NameTaken { name: name.to_owned(), place: SIBLING })
        })?;
    Ok(changed == 1)
}

/// At most `limit` projects whose grace period is over, deepest first, so that none goes before its children.
pub async fn due_for_purge(tx: &mut Tx, now: Time, limit: i64) -> Result<Vec<Project>> {
    tx.sql(concat!(
        "-- project.due_for_purge\nSELECT ",
        columns!(""),
        " FROM projects WHERE state = 1 AND purge_time <= $1 ORDER BY depth DESC, purge_time, id LIMIT $2"
    ))
    .bind(now.0)
    .bind(limit)
    .all()
    .await
}

/// At most `limit` active sandboxes whose time is up, the longest overdue first.
pub async fn expired(tx: &mut Tx, now: Time, limit: i64) -> Result<Vec<Project>> {
    tx.sql(concat!(
        "-- project.expired\nSELECT ",
        columns!(""),
        " FROM projects WHERE state = 0 AND expire_time <= $1 ORDER BY expire_time, id LIMIT $2"
    ))
    .bind(now.0)
    .bind(limit)
    .all()
    .await
}

/// Removes the row of a project of which [`crate::purge`] left nothing else. False: there was none.
pub async fn delete_row(tx: &mut Tx, id: ProjectId) -> Result<bool> {
    let removed =
        tx.sql("-- project.delete_row\nDELETE FROM projects WHERE id = $1").bind(id.0).execute().await?;
    Ok(removed == 1)
}
