//! The queue of each project's runs.

use sandbar_model::{PrincipalId, ProjectId, ResourceId, Result, Run, Time};
use uuid::Uuid;

use super::row::columns;
use crate::{db::Tx, text};

/// Counts a run into a project's queue, and takes the queue's lock until the transaction ends.
pub async fn add(tx: &mut Tx, project: ProjectId, root: ProjectId, now: Time) -> Result<()> {
    tx.sql(
        "-- run.add
        INSERT INTO run_queues (project_id, root_id, queued, serve_time) VALUES ($1, $2, 1, $3)
        ON CONFLICT (project_id) DO UPDATE SET queued = run_queues.queued + 1",
    )
    .bind(project.0)
    .bind(root.0)
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}

/// Takes the queue's lock until the transaction ends. False: the project never had a run.
pub async fn lock(tx: &mut Tx, project: ProjectId) -> Result<bool> {
    let locked = tx
        .sql("-- run.lock\nUPDATE run_queues SET queued = queued WHERE project_id = $1")
        .bind(project.0)
        .execute()
        .await?;
    Ok(locked == 1)
}

/// Takes the queue's lock for a worker: it is the next project's turn after this. False: the project never had a run.
pub async fn serve(tx: &mut Tx, project: ProjectId, now: Time) -> Result<bool> {
    let served = tx
        .sql("-- run.serve\nUPDATE run_queues SET serve_time = $2 WHERE project_id = $1")
        .bind(project.0)
        .bind(now.0)
        .execute()
        .await?;
    Ok(served == 1)
}

/// Counts runs in (or, below zero, out). Under the lock.
pub async fn count(tx: &mut Tx, project: ProjectId, delta: i64) -> Result<()> {
    tx.sql("-- run.count\nUPDATE run_queues SET queued = queued + $2 WHERE project_id = $1")
        .bind(project.0)
        .bind(delta)
        .execute()
        .await?;
    Ok(())
}

/// At most `limit` projects with queued runs, active and not at their concurrency as far as can be seen without a lock, of
/// trees in whose root the principal is at least editor; or `only` that one. The longest waiting first.
pub async fn waiting(
    tx: &mut Tx,
    worker: PrincipalId,
    only: Option<ProjectId>,
    limit: i64,
) -> Result<Vec<ProjectId>> {
    let rows: Vec<(Uuid,)> = tx
        .sql(
            "-- run.waiting
            SELECT q.project_id FROM run_queues q JOIN projects p ON p.id = q.project_id
            WHERE q.queued > 0 AND p.state = 0 AND ($2 OR q.project_id = $3)
                AND EXISTS (SELECT 1 FROM members m
                    WHERE m.project_id = q.root_id AND m.principal_id = $1 AND m.role >= 2)
                AND (p.concurrency IS NULL OR p.concurrency > (SELECT COUNT(*) FROM runs r
                    WHERE r.project_id = q.project_id AND r.state = 2))
            ORDER BY q.serve_time, q.project_id LIMIT $4",
        )
        .bind(worker.0)
        .bind(only.is_none())
        .bind(only.map_or(Uuid::nil(), |project| project.0))
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(project,)| ProjectId(project)).collect())
}

/// How many runs of a project, or of one workflow in it, go on. Under the lock.
pub async fn running(tx: &mut Tx, project: ProjectId, workflow: Option<ResourceId>) -> Result<i64> {
    let (running,): (i64,) = tx
        .sql(
            "-- run.running
            SELECT COUNT(*) FROM runs WHERE project_id = $1 AND state = 2 AND ($2 OR workflow_id = $3)",
        )
        .bind(project.0)
        .bind(workflow.is_none())
        .bind(workflow.map_or(Uuid::nil(), |workflow| workflow.0))
        .one()
        .await?;
    Ok(running)
}

/// At most `limit` queued runs of a project, oldest first, but for those whose workflow is at its concurrency. Under the
/// lock.
pub async fn next(tx: &mut Tx, project: ProjectId, limit: i64) -> Result<Vec<Run>> {
    tx.sql(concat!(
        "-- run.next\nSELECT ",
        columns!(),
        " FROM runs WHERE project_id = $1 AND state = 1 AND (concurrency IS NULL OR concurrency > (
            SELECT COUNT(*) FROM runs r
            WHERE r.project_id = runs.project_id AND r.workflow_id = runs.workflow_id AND r.state = 2))
        ORDER BY id LIMIT $2"
    ))
    .bind(project.0)
    .bind(limit)
    .all()
    .await
}

/// Ends what waits in projects that are scheduled for deletion as cancelled, and asks what goes on there to stop.
pub async fn clear(tx: &mut Tx, projects: &[ProjectId], now: Time) -> Result<()> {
    const QUEUES: &str = "-- run.clear
        UPDATE run_queues SET queued = 0 WHERE project_id IN";
    const QUEUED: &str = "-- run.clear
        UPDATE runs SET state = 7, cancel_time = $1, finish_time = $1 WHERE state = 1 AND project_id IN";
    const RUNNING: &str = "-- run.clear
        UPDATE runs SET cancel_time = $1 WHERE state = 2 AND cancel_time IS NULL AND project_id IN";
    for chunk in projects.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::list(QUEUES, 1, size, ""));
        for project in text::filled(chunk, size) {
            statement = statement.bind(project.0);
        }
        statement.execute().await?;
        for update in [QUEUED, RUNNING] {
            let mut statement = tx.sql(text::list(update, 2, size, "")).bind(now.0);
            for project in text::filled(chunk, size) {
                statement = statement.bind(project.0);
            }
            statement.execute().await?;
        }
    }
    Ok(())
}

/// How many runs wait in a project, as its queue counts them; for tests of that.
pub async fn length(tx: &mut Tx, project: ProjectId) -> Result<(i64, i64)> {
    let counted: Option<(i64,)> = tx
        .sql("-- run.length\nSELECT queued FROM run_queues WHERE project_id = $1")
        .bind(project.0)
        .optional()
        .await?;
    let (real,): (i64,) = tx
        .sql("-- run.length\nSELECT COUNT(*) FROM runs WHERE project_id = $1 AND state = 1")
        .bind(project.0)
        .one()
        .await?;
    Ok((counted.map_or(0, |(counted,)| counted), real))
}
