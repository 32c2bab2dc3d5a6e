//! The items of collections that are gone, and of projects.

use sandbar_model::{ProjectId, Result};
use uuid::Uuid;

use super::{Budget, delete_first};
use crate::db::Tx;

/// See [`delete_first`].
pub(super) const OF_STORE: &str =
    delete_first!("-- purge.delete_items", "collection_items", "store_id", "key", "key", "key DESC");

/// At most `limit` stores whose collection is gone, the longest gone first.
pub async fn detached_stores(tx: &mut Tx, limit: i64) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = tx
        .sql(
            "-- purge.detached_stores
            SELECT id FROM collection_stores WHERE detach_time IS NOT NULL ORDER BY detach_time, id LIMIT $1",
        )
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Deletes at most `limit` items of a store that is detached, the store itself when none is left, and answers how many rows
/// that were; 0: there is nothing to do any more.
pub async fn delete_items(tx: &mut Tx, store: Uuid, limit: i64) -> Result<u64> {
    let removed = tx.sql(OF_STORE).bind(store).bind(limit).execute().await?;
    if removed > 0 {
        return Ok(removed);
    }
    // Nobody writes items into a detached store, so what is empty stays so.
    tx.sql(
        "-- purge.delete_items
        DELETE FROM collection_stores WHERE id = $1 AND detach_time IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM collection_items WHERE store_id = $1)",
    )
    .bind(store)
    .execute()
    .await
}

/// Deletes at most about `limit` rows of the stores of a project. They are detached first: a writer who came in before the
/// project was scheduled is waited for, and a later one finds no store and is refused the project's lock.
pub(super) async fn delete_stores(tx: &mut Tx, project: ProjectId, limit: i64) -> Result<u64> {
    tx.sql(
        "-- purge.delete_stores
        UPDATE collection_stores SET detach_time = 0 WHERE project_id = $1 AND detach_time IS NULL",
    )
    .bind(project.0)
    .execute()
    .await?;
    let mut left = Budget(limit);
    while left.0 > 0 {
        let store: Option<(Uuid,)> = tx
            .sql("-- purge.delete_stores\nSELECT id FROM collection_stores WHERE project_id = $1 ORDER BY id LIMIT 1")
            .bind(project.0)
            .optional()
            .await?;
        let Some((store,)) = store else { break };
        let removed = delete_items(tx, store, left.0).await?;
        if removed == 0 {
            // Another worker was faster.
            break;
        }
        left.spend(removed);
    }
    Ok(left.spent(limit))
}
