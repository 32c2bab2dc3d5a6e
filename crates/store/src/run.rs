//! Runs, their queues, and the tokens of those that go on.
//!
//! # Who waits for whom
//! What puts a run into a project's queue or takes one out holds the project's [`queue::lock`] first; a worker's calls
//! about its own run hold the run's row. So the counts that a claim looks at stay true until it commits.

mod erase;
mod list;
pub mod queue;
mod row;
pub mod token;

use sandbar_model::{
    DataclipId, PrincipalId, ProjectId, Result, Run, RunId, Time, TokenId,
    run::{Ending, RunState},
};

pub use erase::{due, erase};
pub use list::{Filter, Window, page};
use row::columns;

use crate::db::Tx;

/// Adds one.
pub async fn insert(tx: &mut Tx, run: &Run) -> Result<()> {
    tx.sql(
        "-- run.insert
        INSERT INTO runs (id, root_id, project_id, workflow_id, workflow_name, revision, content_hash, cause, trigger_id,
            job_id, dataclip_id, concurrency, state, attempt, creator_id, create_time, message, log_summary, step_count,
            duration, ai_tokens)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, $15, '', '', 0, 0, 0)",
    )
    .bind(run.id.0)
    .bind(run.root.0)
    .bind(run.project.0)
    .bind(run.workflow.0)
    .bind(run.workflow_name.as_str())
    .bind(run.revision.0)
    .bind(run.content.0.as_slice())
    .bind(run.cause as i64)
    .bind(run.trigger.map(|id| id.0))
    .bind(run.job.map(|id| id.0))
    .bind(run.dataclip.0)
    .bind(run.concurrency.map(i64::from))
    .bind(run.state as i64)
    .bind(run.creator.0)
    .bind(run.create_time.0)
    .execute()
    .await?;
    Ok(())
}

/// One run of a project.
pub async fn get(tx: &mut Tx, project: ProjectId, id: RunId) -> Result<Option<Run>> {
    tx.sql(concat!("-- run.get\nSELECT ", columns!(), " FROM runs WHERE id = $1 AND project_id = $2"))
        .bind(id.0)
        .bind(project.0)
        .optional()
        .await
}

/// One run, whose row nobody else changes until the transaction ends.
pub async fn lock(tx: &mut Tx, id: RunId) -> Result<Option<Run>> {
    tx.sql(concat!("-- run.lock\nUPDATE runs SET attempt = attempt WHERE id = $1 RETURNING ", columns!()))
        .bind(id.0)
        .optional()
        .await
}

/// A worker, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    /// Who.
    pub worker: PrincipalId,
    /// With which token it claims.
    pub token: TokenId,
    /// When.
    pub now: Time,
    /// Until when it has the run.
    pub lease: Time,
    /// The latest that this can become.
    pub deadline: Time,
}

/// Gives a queued run to a worker. None: it is not queued any more. Under the queue's lock.
pub async fn take(tx: &mut Tx, id: RunId, holder: Holder) -> Result<Option<Run>> {
    tx.sql(concat!(
        "-- run.take
        UPDATE runs SET state = 2, attempt = attempt + 1, worker_id = $2, worker_token_id = $3, claim_time = $4,
            lease_time = $5, deadline = $6 WHERE id = $1 AND state = 1 RETURNING ",
        columns!()
    ))
    .bind(id.0)
    .bind(holder.worker.0)
    .bind(holder.token.0)
    .bind(holder.now.0)
    .bind(holder.lease.0)
    .bind(holder.deadline.0)
    .optional()
    .await
}

/// Keeps a run for its worker, but not beyond its deadline. None: the worker does not have it any more.
pub async fn keep(tx: &mut Tx, id: RunId, attempt: i64, now: Time, lease: Time) -> Result<Option<Run>> {
    tx.sql(concat!(
        "-- run.keep
        UPDATE runs SET lease_time = CASE WHEN deadline < $4 THEN deadline ELSE $4 END
        WHERE id = $1 AND attempt = $2 AND state = 2 AND lease_time > $3 RETURNING ",
        columns!()
    ))
    .bind(id.0)
    .bind(attempt)
    .bind(now.0)
    .bind(lease.0)
    .optional()
    .await
}

/// Asks a running run to stop.
pub async fn ask_to_stop(tx: &mut Tx, id: RunId, now: Time) -> Result<()> {
    tx.sql("-- run.ask_to_stop\nUPDATE runs SET cancel_time = $2 WHERE id = $1 AND cancel_time IS NULL")
        .bind(id.0)
        .bind(now.0)
        .execute()
        .await?;
    Ok(())
}

/// Puts a run back into the queue, from which its worker went away. Under the queue's lock.
pub async fn put_back(tx: &mut Tx, id: RunId) -> Result<()> {
    tx.sql("-- run.put_back\nUPDATE runs SET state = 1, lease_time = NULL, deadline = NULL WHERE id = $1")
        .bind(id.0)
        .execute()
        .await?;
    Ok(())
}

/// Ends a run.
pub async fn finish(
    tx: &mut Tx,
    id: RunId,
    (state, now): (RunState, Time),
    ending: &Ending,
    output: Option<DataclipId>,
) -> Result<()> {
    tx.sql(
        "-- run.finish
        UPDATE runs SET state = $2, finish_time = $3, message = $4, log_summary = $5, step_count = $6, duration = $7,
            ai_tokens = $8, output_id = $9, lease_time = NULL WHERE id = $1",
    )
    .bind(id.0)
    .bind(state as i64)
    .bind(now.0)
    .bind(ending.message.as_str())
    .bind(ending.log_summary.as_str())
    .bind(ending.usage.steps)
    .bind(ending.usage.duration)
    .bind(ending.usage.ai_tokens)
    .bind(output.map(|id| id.0))
    .execute()
    .await?;
    Ok(())
}

/// At most `limit` runs whose workers went away before `now`, longest first.
pub async fn abandoned(tx: &mut Tx, now: Time, limit: i64) -> Result<Vec<(ProjectId, RunId)>> {
    let rows: Vec<(uuid::Uuid, uuid::Uuid)> = tx
        .sql(
            "-- run.abandoned
            SELECT project_id, id FROM runs WHERE state = 2 AND lease_time <= $1 ORDER BY lease_time, id LIMIT $2",
        )
        .bind(now.0)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(project, run)| (ProjectId(project), RunId(run))).collect())
}

/// A queued or running run that begins with a dataclip.
pub async fn beginning_with(tx: &mut Tx, dataclip: DataclipId) -> Result<Option<RunId>> {
    let row: Option<(uuid::Uuid,)> = tx
        .sql("-- run.beginning_with\nSELECT id FROM runs WHERE dataclip_id = $1 AND state <= 2 LIMIT 1")
        .bind(dataclip.0)
        .optional()
        .await?;
    Ok(row.map(|(id,)| RunId(id)))
}
