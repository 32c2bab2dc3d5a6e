//! Removing for good what belonged to a project, a bounded batch at a time, so that no transaction gets long and any
//! worker can go on where another stopped.
//!
//! A batch is found by its last key: the rows of one project lie together in the order of their key, so "of the first n
//! keys the last, and everything up to it" is two short scans of one index on both engines, however much there is.

mod begun;
mod items;
mod left;
mod merges;

use sandbar_model::{ProjectId, Result};
use uuid::Uuid;

pub use begun::{Begun, begin, begun, finish, go_on, unfinished};
pub use items::{delete_items, detached_stores};
pub use left::{is_contents_empty, is_empty};

use crate::db::Tx;

/// The statement that deletes the first `$2` of the rows whose `$owner` is `$1`, in the order of the rest of their key.
/// `$downwards` is that order, reversed; `$last` is the key again, as expressions where it is a number or a text and not
/// the first: one of the engines compares a column with another column in a way that no index helps with, unlike a column
/// with an expression.
macro_rules! delete_first {
    ($name:literal, $table:literal, $owner:literal, $key:literal, $last:literal, $downwards:literal) => {
        concat!(
            $name,
            "\nDELETE FROM ",
            $table,
            " WHERE ",
            $owner,
            " = $1 AND (",
            $key,
            ") <= (SELECT ",
            $last,
            " FROM (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE ",
            $owner,
            " = $1 ORDER BY ",
            $key,
            " LIMIT $2) AS batch ORDER BY ",
            $downwards,
            " LIMIT 1)"
        )
    };
}
use delete_first;

/// Everything of one project that only it can see, apart from what [`delete_batch`] looks at more closely. The members
/// come last: while there is anything left, it is still somebody's.
const OF_PROJECT: [&str; 14] = [
    delete_first!(
        "-- purge.delete_batch",
        "claims",
        "project_id",
        "space, key, id, since_seq",
        "space, key || '', id, since_seq + 0",
        "space DESC, key DESC, id DESC, since_seq DESC"
    ),
    delete_first!(
        "-- purge.delete_batch",
        "heads",
        "project_id",
        "kind, id",
        "kind, id",
        "kind DESC, id DESC"
    ),
    delete_first!(
        "-- purge.delete_batch",
        "versions",
        "project_id",
        "kind, id, seq",
        "kind, id, seq + 0",
        "kind DESC, id DESC, seq DESC"
    ),
    delete_first!("-- purge.delete_batch", "changes", "project_id", "seq", "seq", "seq DESC"),
    delete_first!(
        "-- purge.delete_batch",
        "trigger_states",
        "project_id",
        "trigger_id",
        "trigger_id",
        "trigger_id DESC"
    ),
    delete_first!(
        "-- purge.delete_batch",
        "workflow_versions",
        "project_id",
        "workflow_id, number, digest",
        "workflow_id, number + 0, digest || ''",
        "workflow_id DESC, number DESC, digest DESC"
    ),
    delete_first!(
        "-- purge.delete_batch",
        "merge_bases",
        "project_id",
        "other_id, kind, id",
        "other_id, kind + 0, id",
        "other_id DESC, kind DESC, id DESC"
    ),
    delete_first!("-- purge.delete_batch", "tokens", "project_id", "id", "id", "id DESC"),
    delete_first!("-- purge.delete_batch", "run_tokens", "project_id", "hash", "hash", "hash DESC"),
    // Before what they made: whoever finishes one holds its row, and adds to the dataclips only then.
    delete_first!("-- purge.delete_batch", "runs", "project_id", "id", "id", "id DESC"),
    delete_first!("-- purge.delete_batch", "dataclips", "project_id", "id", "id", "id DESC"),
    delete_first!(
        "-- purge.delete_batch",
        "usage_parts",
        "project_id",
        "period_time",
        "period_time",
        "period_time DESC"
    ),
    delete_first!("-- purge.delete_batch", "webhook_auth_methods", "root_id", "id", "id", "id DESC"),
    delete_first!(
        "-- purge.delete_batch",
        "members",
        "project_id",
        "principal_id",
        "principal_id",
        "principal_id DESC"
    ),
];

/// The contents of a whole tree.
const OF_TREE: [&str; 2] = [
    delete_first!(
        "-- purge.delete_contents_batch",
        "content_parts",
        "root_id",
        "document_hash, part_hash",
        "document_hash, part_hash",
        "document_hash DESC, part_hash DESC"
    ),
    delete_first!("-- purge.delete_contents_batch", "contents", "root_id", "hash", "hash", "hash DESC"),
];

/// Deletes at most about `limit` rows that belong to a project that has no children, and answers how many. When it is 0,
/// [`is_empty`] tells whether nothing is left but the project's own row, for [`crate::project::delete_row`]. The records
/// of its merges go when the project at their other end is gone too. Its contents belong to the tree; the sweep finds
/// those that nothing refers to any more.
///
/// The caller makes sure, by [`crate::project::lock`] in the same transaction, that the project is still to go.
pub async fn delete_batch(tx: &mut Tx, project: ProjectId, limit: i64) -> Result<u64> {
    let mut left = Budget(limit);
    left.spend(delete_bases_of_others(tx, project, left.0).await?);
    if left.0 > 0 {
        left.spend(merges::delete_merges(tx, project, left.0).await?);
    }
    if left.0 > 0 {
        left.spend(items::delete_stores(tx, project, left.0).await?);
    }
    if left.0 > 0 {
        left.spend(delete_queue(tx, project).await?);
    }
    delete_each(tx, &OF_PROJECT, project, &mut left).await?;
    Ok(left.spent(limit))
}

async fn delete_queue(tx: &mut Tx, project: ProjectId) -> Result<u64> {
    tx.sql("-- purge.delete_queue\nDELETE FROM run_queues WHERE project_id = $1")
        .bind(project.0)
        .execute()
        .await
}

/// Deletes at most `limit` of the contents of a tree whose last project is gone, and answers how many. When it is
/// 0, [`is_contents_empty`] tells whether none is left.
pub async fn delete_contents_batch(tx: &mut Tx, root: ProjectId, limit: i64) -> Result<u64> {
    let mut left = Budget(limit);
    delete_each(tx, &OF_TREE, root, &mut left).await?;
    Ok(left.spent(limit))
}

async fn delete_each(
    tx: &mut Tx,
    statements: &[&'static str],
    owner: ProjectId,
    left: &mut Budget,
) -> Result<()> {
    for text in statements {
        if left.0 <= 0 {
            break;
        }
        left.spend(tx.sql(text).bind(owner.0).bind(left.0).execute().await?);
    }
    Ok(())
}

/// The pairs in which the project is the second, one after the other: a pair's rows lie together, the project's don't.
async fn delete_bases_of_others(tx: &mut Tx, project: ProjectId, limit: i64) -> Result<u64> {
    let mut left = Budget(limit);
    while left.0 > 0 {
        let pair: Option<(Uuid,)> = tx
            .sql("-- purge.delete_bases_of_others\nSELECT project_id FROM merge_bases WHERE other_id = $1 LIMIT 1")
            .bind(project.0)
            .optional()
            .await?;
        let Some((first,)) = pair else { break };
        let removed = tx
            .sql(
                "-- purge.delete_bases_of_others
                DELETE FROM merge_bases WHERE project_id = $3 AND other_id = $1 AND (kind, id) <= (
                    SELECT kind, id FROM (
                        SELECT kind, id FROM merge_bases WHERE project_id = $3 AND other_id = $1
                        ORDER BY kind, id LIMIT $2) AS batch
                    ORDER BY kind DESC, id DESC LIMIT 1)",
            )
            .bind(project.0)
            .bind(left.0)
            .bind(first)
            .execute()
            .await?;
        if removed == 0 {
            // Another worker was faster.
            break;
        }
        left.spend(removed);
    }
    Ok(left.spent(limit))
}

/// How many rows may still be deleted.
struct Budget(i64);

impl Budget {
    fn spend(&mut self, rows: u64) {
        self.0 = self.0.saturating_sub_unsigned(rows);
    }

    fn spent(&self, of: i64) -> u64 {
        of.abs_diff(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Db, PoolSize, schema};

    /// Else each batch would read all the rows that are left, and the whole would take the square of their number.
    #[tokio::test]
    async fn sqlite_finds_a_batch_by_its_whole_key() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", folder.path().display());
        let db = Db::open(&url, PoolSize::default()).await.unwrap();
        schema::migrate(&db).await.unwrap();
        let mut tx = db.connection().await.unwrap();
        for text in OF_PROJECT.iter().chain(&OF_TREE).chain([&items::OF_STORE]) {
            let (_, key) = text.split_once("= $1 AND (").unwrap();
            let key = key.split_once(") <=").unwrap().0.replace(", ", ",");
            let plan: Vec<(i64, i64, i64, String)> =
                tx.sql(format!("EXPLAIN QUERY PLAN {text}").leak()).all().await.unwrap();
            let seek = if key.contains(',') { format!("({key})<(?") } else { format!("{key}<?") };
            assert!(
                plan.iter().any(|(.., step)| step.contains(&seek)),
                "{seek} is not in {plan:?} of\n{text}"
            );
        }
    }
}
