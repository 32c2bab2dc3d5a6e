//! Erasing runs that retention keeps no longer.

use sandbar_model::{ProjectId, Result, RunId, Time, run::RunState};
use uuid::Uuid;

use crate::{db::Tx, text};

/// At most `limit` runs of a project that ended so before a time.
pub async fn due(
    tx: &mut Tx,
    project: ProjectId,
    state: RunState,
    before: Time,
    limit: i64,
) -> Result<Vec<RunId>> {
    let rows: Vec<(Uuid,)> = tx
        .sql(
            "-- run.due
            SELECT id FROM runs WHERE project_id = $1 AND state = $2 AND finish_time IS NOT NULL AND finish_time < $3
            ORDER BY finish_time LIMIT $4",
        )
        .bind(project.0)
        .bind(state as i64)
        .bind(before.0)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| RunId(id)).collect())
}

/// Erases runs that are over, with their tokens. What they made is then nobody's, see [`crate::dataclip::delete_unused`].
pub async fn erase(tx: &mut Tx, runs: &[RunId]) -> Result<u64> {
    const TOKENS: &str = "-- run.erase
        DELETE FROM run_tokens WHERE run_id IN";
    const RUNS: &str = "-- run.erase
        DELETE FROM runs WHERE finish_time IS NOT NULL AND id IN";
    let mut erased = 0;
    for chunk in runs.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        for (delete, counts) in [(TOKENS, false), (RUNS, true)] {
            let mut statement = tx.sql(text::list(delete, 1, size, ""));
            for id in text::filled(chunk, size) {
                statement = statement.bind(id.0);
            }
            let rows = statement.execute().await?;
            erased += if counts { rows } else { 0 };
        }
    }
    Ok(erased)
}
