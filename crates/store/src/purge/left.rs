//! Whether a purge is through. That a batch deleted nothing does not tell: it waits for rows that another worker deletes
//! just then (the sweep in the same tree, say), finds them gone, and does not look for others.

use sandbar_model::{ProjectId, Result};

use crate::db::Tx;

/// Whether nothing is left that [`super::delete_batch`] would delete.
pub async fn is_empty(tx: &mut Tx, project: ProjectId) -> Result<bool> {
    let row: Option<(i64,)> = tx
        .sql(
            "-- purge.is_empty
            SELECT CAST(1 AS BIGINT) WHERE EXISTS (SELECT 1 FROM claims WHERE project_id = $1)
                OR EXISTS (SELECT 1 FROM heads WHERE project_id = $1)
                OR EXISTS (SELECT 1 FROM versions WHERE project_id = $1)
                OR EXISTS (SELECT 1 FROM changes WHERE project_id = $1)
                OR EXISTS (SELECT 1 FROM trigger_states WHERE project_id = $1)
                OR EXISTS (SELECT 1 FROM workflow_versions WHERE project_id = $1)
                OR EXISTS (SELECT 1 FROM merge_bases WHERE project_id = $1)
                OR EXISTS (SELECT 1 FROM merge_bases WHERE other_id = $1)
                OR EXISTS (SELECT 1 FROM collection_stores WHERE project_id = $1)
                OR EXISTS (SELECT 1 FROM tokens WHERE project_id = $1)
                OR EXISTS (SELECT 1 FROM run_tokens WHERE project_id = $1)
                OR EXISTS (SELECT 1 FROM runs WHERE project_id = $1)
                OR EXISTS (SELECT 1 FROM dataclips WHERE project_id = $1)
                OR EXISTS (SELECT 1 FROM run_queues WHERE project_id = $1)
                OR EXISTS (SELECT 1 FROM usage_parts WHERE project_id = $1)
                OR EXISTS (SELECT 1 FROM webhook_auth_methods WHERE root_id = $1)
                OR EXISTS (SELECT 1 FROM members WHERE project_id = $1)
                OR EXISTS (SELECT 1 FROM merges WHERE source_id = $1
                    AND NOT EXISTS (SELECT 1 FROM projects p WHERE p.id = merges.target_id AND p.id <> $1))
                OR EXISTS (SELECT 1 FROM merges WHERE target_id = $1
                    AND NOT EXISTS (SELECT 1 FROM projects p WHERE p.id = merges.source_id AND p.id <> $1))",
        )
        .bind(project.0)
        .optional()
        .await?;
    Ok(row.is_none())
}

/// Whether nothing is left that [`super::delete_contents_batch`] would delete.
pub async fn is_contents_empty(tx: &mut Tx, root: ProjectId) -> Result<bool> {
    let row: Option<(i64,)> = tx
        .sql(
            "-- purge.is_contents_empty
            SELECT CAST(1 AS BIGINT) WHERE EXISTS (SELECT 1 FROM contents WHERE root_id = $1)
                OR EXISTS (SELECT 1 FROM content_parts WHERE root_id = $1)",
        )
        .bind(root.0)
        .optional()
        .await?;
    Ok(row.is_none())
}
