//! The records of merges between two projects that are both gone.

use sandbar_model::{ProjectId, Result};
use uuid::Uuid;

use super::{Budget, delete_first};
use crate::{db::Tx, text};

/// The merges of a project on one side whose other side is gone, in the order of an index.
const DEAD: [&str; 2] = [
    "-- purge.delete_merges
    SELECT id, resource_count FROM merges WHERE source_id = $1
        AND NOT EXISTS (SELECT 1 FROM projects p WHERE p.id = merges.target_id AND p.id <> $1)
    ORDER BY id LIMIT $2",
    "-- purge.delete_merges
    SELECT id, resource_count FROM merges WHERE target_id = $1
        AND NOT EXISTS (SELECT 1 FROM projects p WHERE p.id = merges.source_id AND p.id <> $1)
    ORDER BY id LIMIT $2",
];

/// Deletes at most about `limit` rows, and answers how many.
pub(super) async fn delete_merges(tx: &mut Tx, project: ProjectId, limit: i64) -> Result<u64> {
    let mut left = Budget(limit);
    for text in DEAD {
        if left.0 <= 0 {
            break;
        }
        let dead: Vec<(Uuid, i64)> = tx.sql(text).bind(project.0).bind(left.0).all().await?;
        let whole = fitting(&dead, left.0);
        let removed = match (whole.as_slice(), dead.first()) {
            ([], Some((large, _))) => delete_part_of_merge(tx, *large, left.0).await?,
            (whole, _) => delete_whole_merges(tx, whole).await?,
        };
        left.spend(removed);
    }
    Ok(left.spent(limit))
}

/// As many of the first merges as have together, with what they did, at most `limit` rows.
fn fitting(dead: &[(Uuid, i64)], limit: i64) -> Vec<Uuid> {
    let mut rows = 0_i64;
    dead.iter()
        .take_while(|(_, resources)| {
            rows = rows.saturating_add(*resources).saturating_add(1);
            rows <= limit
        })
        .map(|(id, _)| *id)
        .collect()
}

async fn delete_whole_merges(tx: &mut Tx, ids: &[Uuid]) -> Result<u64> {
    const RESOURCES: &str = "-- purge.delete_whole_merges\nDELETE FROM merge_resources WHERE merge_id IN";
    const MERGES: &str = "-- purge.delete_whole_merges\nDELETE FROM merges WHERE id IN";
    let mut removed = 0;
    for chunk in ids.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        for head in [RESOURCES, MERGES] {
            let mut statement = tx.sql(text::list(head, 1, size, ""));
            for id in text::filled(chunk, size) {
                statement = statement.bind(*id);
            }
            removed += statement.execute().await?;
        }
    }
    Ok(removed)
}

/// Of a merge that is larger than a batch, a batch; with the last of it the record.
async fn delete_part_of_merge(tx: &mut Tx, id: Uuid, limit: i64) -> Result<u64> {
    let text = delete_first!(
        "-- purge.delete_part_of_merge",
        "merge_resources",
        "merge_id",
        "kind, id",
        "kind, id",
        "kind DESC, id DESC"
    );
    let removed = tx.sql(text).bind(id).bind(limit).execute().await?;
    if i64::try_from(removed).is_ok_and(|removed| removed < limit) {
        return Ok(removed + delete_whole_merges(tx, &[id]).await?);
    }
    Ok(removed)
}
