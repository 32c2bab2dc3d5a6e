//! The tokens that workers get with runs. Kept is only their hash.

use sandbar_model::{PrincipalId, ProjectId, Result, Run, RunId, Time, TokenId, access::TokenHash};
use uuid::Uuid;

use crate::db::{FromRow, Row, Tx};

/// Who bears the token of a run. Facts only: what they may do is decided above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunBearer {
    /// The run.
    pub run: RunId,
    /// Where.
    pub project: ProjectId,
    /// The attempt that the token was given out with.
    pub attempt: i64,
    /// Who has the run now.
    pub worker: Option<PrincipalId>,
    /// With which token it was claimed.
    pub token: TokenId,
    /// Whether that token holds, and the worker is still at least editor in the root of the tree.
    pub holds: bool,
}

/// Notes the token of an attempt, in place of another of the same attempt.
pub async fn replace(tx: &mut Tx, run: &Run, hash: &TokenHash, now: Time) -> Result<()> {
    tx.sql("-- run.replace\nDELETE FROM run_tokens WHERE run_id = $1 AND attempt = $2")
        .bind(run.id.0)
        .bind(run.attempt)
        .execute()
        .await?;
    tx.sql(
        "-- run.replace
        INSERT INTO run_tokens (hash, project_id, run_id, attempt, create_time) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(hash.0.as_slice())
    .bind(run.project.0)
    .bind(run.id.0)
    .bind(run.attempt)
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}

/// Who bears a token. None: no run has such a token.
pub async fn bearer(tx: &mut Tx, hash: &TokenHash, now: Time) -> Result<Option<RunBearer>> {
    tx.sql(
        "-- run.bearer
        SELECT r.id, r.project_id, k.attempt, r.worker_id, r.worker_token_id,
            COALESCE(t.id IS NOT NULL AND t.revoke_time IS NULL AND (t.expire_time IS NULL OR t.expire_time > $2) AND m.role >= 2
                AND (t.max_role IS NULL OR t.max_role >= 2), FALSE)
        FROM run_tokens k JOIN runs r ON r.id = k.run_id
        LEFT JOIN tokens t ON t.id = r.worker_token_id
        LEFT JOIN members m ON m.project_id = r.root_id AND m.principal_id = r.worker_id
        WHERE k.hash = $1",
    )
    .bind(hash.0.as_slice())
    .bind(now.0)
    .optional()
    .await
}

impl FromRow for RunBearer {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            run: row.get::<Uuid>(0)?.into(),
            project: row.get::<Uuid>(1)?.into(),
            attempt: row.get(2)?,
            worker: row.get::<Option<Uuid>>(3)?.map(Into::into),
            token: row.get::<Option<Uuid>>(4)?.unwrap_or_default().into(),
            holds: row.get(5)?,
        })
    }
}
