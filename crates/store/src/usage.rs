//! What trees may use in a period, and what they used: counted once for the tree, where the limit is, and once for the
//! project.

use std::collections::HashMap;

use sandbar_model::{
    ProjectId, Result,
    usage::{Allowances, Period, Used},
};
use uuid::Uuid;

use crate::db::Tx;

/// What a tree may use.
pub async fn allowances(tx: &mut Tx, root: ProjectId) -> Result<Allowances> {
    let row: Option<(Option<i64>, Option<i64>)> = tx
        .sql("-- usage.allowances\nSELECT max_runs, max_ai_tokens FROM allowances WHERE root_id = $1")
        .bind(root.0)
        .optional()
        .await?;
    Ok(row
        .map_or_else(Allowances::default, |(max_runs, max_ai_tokens)| Allowances { max_runs, max_ai_tokens }))
}

/// Sets it.
pub async fn set_allowances(tx: &mut Tx, root: ProjectId, to: Allowances) -> Result<()> {
    tx.sql(
        "-- usage.set_allowances
        INSERT INTO allowances (root_id, max_runs, max_ai_tokens) VALUES ($1, $2, $3)
        ON CONFLICT (root_id) DO UPDATE SET max_runs = $2, max_ai_tokens = $3",
    )
    .bind(root.0)
    .bind(to.max_runs)
    .bind(to.max_ai_tokens)
    .execute()
    .await?;
    Ok(())
}

/// What a tree used in a period.
pub async fn total(tx: &mut Tx, root: ProjectId, period: Period) -> Result<Used> {
    let row: Option<(i64, i64)> = tx
        .sql(
            "-- usage.total
            SELECT runs, ai_tokens FROM usage_totals WHERE root_id = $1 AND period_time = $2",
        )
        .bind(root.0)
        .bind(period.start.0)
        .optional()
        .await?;
    Ok(row.map(|(runs, ai_tokens)| Used { runs, ai_tokens }).unwrap_or_default())
}

/// Counts something that a project uses, if its tree then has no more than `most`; false: it would have. Whoever comes
/// second waits until the first one's transaction ends, and is measured against what that left: the limit is exact. So
/// this is best the last that a transaction does before its audit event.
pub async fn add(
    tx: &mut Tx,
    (root, project): (ProjectId, ProjectId),
    period: Period,
    more: Used,
    most: Allowances,
) -> Result<bool> {
    let counted = tx
        .sql(
            "-- usage.add
            INSERT INTO usage_totals (root_id, period_time, runs, ai_tokens)
            SELECT $1, $2, $3, $4 WHERE $3 <= $5 AND $4 <= $6
            ON CONFLICT (root_id, period_time) DO UPDATE
                SET runs = usage_totals.runs + $3, ai_tokens = usage_totals.ai_tokens + $4
                WHERE usage_totals.runs + $3 <= $5 AND usage_totals.ai_tokens + $4 <= $6",
        )
        .bind(root.0)
        .bind(period.start.0)
        .bind(more.runs)
        .bind(more.ai_tokens)
        .bind(most.max_runs.unwrap_or(i64::MAX))
        .bind(most.max_ai_tokens.unwrap_or(i64::MAX))
        .execute()
        .await?;
    if counted == 1 {
        add_part(tx, (root, project), period, more).await?;
    }
    Ok(counted == 1)
}

async fn add_part(
    tx: &mut Tx,
    (root, project): (ProjectId, ProjectId),
    period: Period,
    more: Used,
) -> Result<()> {
    tx.sql(
        "-- usage.add_part
        INSERT INTO usage_parts (project_id, period_time, root_id, runs, ai_tokens) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (project_id, period_time) DO UPDATE
            SET runs = usage_parts.runs + $4, ai_tokens = usage_parts.ai_tokens + $5",
    )
    .bind(project.0)
    .bind(period.start.0)
    .bind(root.0)
    .bind(more.runs)
    .bind(more.ai_tokens)
    .execute()
    .await?;
    Ok(())
}

/// What each project of a tree used in a period, as far as it is still there.
pub async fn parts(tx: &mut Tx, root: ProjectId, period: Period) -> Result<HashMap<ProjectId, Used>> {
    let rows: Vec<(Uuid, i64, i64)> = tx
        .sql(
            "-- usage.parts
            SELECT project_id, runs, ai_tokens FROM usage_parts WHERE root_id = $1 AND period_time = $2",
        )
        .bind(root.0)
        .bind(period.start.0)
        .all()
        .await?;
    Ok(rows
        .into_iter()
        .map(|(project, runs, ai_tokens)| (project.into(), Used { runs, ai_tokens }))
        .collect())
}

/// Removes what is known of a tree whose last project goes.
pub async fn delete(tx: &mut Tx, root: ProjectId) -> Result<()> {
    for text in [
        "-- usage.delete\nDELETE FROM allowances WHERE root_id = $1",
        "-- usage.delete\nDELETE FROM usage_totals WHERE root_id = $1",
    ] {
        tx.sql(text).bind(root.0).execute().await?;
    }
    Ok(())
}
