//! The answers given to mutations, kept for a while, so that a repeat has one effect and one answer.

use sandbar_model::{ContentHash, Error, PrincipalId, Result, Time};

use crate::{content, db::Tx};

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The id was not used before: do the work, then [`answer`], in the same transaction.
    New,
    /// The same request was done before.
    Repeat {
        /// What was answered then.
        answer: String,
    },
    /// The id was used for another request: refuse.
    Reused,
}

/// Claims a request id for the transaction; `fingerprint` is a hash of the request's content. While another transaction
/// holds the same claim, this waits: it is new only if that one is undone.
pub async fn claim(
    tx: &mut Tx,
    principal: PrincipalId,
    request_id: &str,
    fingerprint: &ContentHash,
    now: Time,
) -> Result<Claim> {
    let inserted = tx
        .sql(
            "-- idempotency.claim
            INSERT INTO idempotency (principal_id, request_id, fingerprint, answer, create_time)
            VALUES ($1, $2, $3, '', $4) ON CONFLICT (principal_id, request_id) DO NOTHING",
        )
        .bind(principal.0)
        .bind(request_id)
        .bind(fingerprint.0.as_slice())
        .bind(now.0)
        .execute()
        .await?;
    if inserted == 1 {
        return Ok(Claim::New);
    }
    let kept: Option<(Vec<u8>, String)> = tx
        .sql(
            "-- idempotency.claim
            SELECT fingerprint, answer FROM idempotency WHERE principal_id = $1 AND request_id = $2",
        )
        .bind(principal.0)
        .bind(request_id)
        .optional()
        .await?;
    match kept {
        Some((bytes, answer)) if content::hash(&bytes)? == *fingerprint => Ok(Claim::Repeat { answer }),
        Some(_) => Ok(Claim::Reused),
        // Erased for its age between the two statements: whoever tries again gets it anew.
        None => Err(Error::Contention),
    }
}

/// Keeps the answer (JSON) of a claimed request for its repeats.
pub async fn answer(tx: &mut Tx, principal: PrincipalId, request_id: &str, json: &str) -> Result<()> {
    tx.sql("-- idempotency.answer\nUPDATE idempotency SET answer = $3 WHERE principal_id = $1 AND request_id = $2")
        .bind(principal.0)
        .bind(request_id)
        .bind(json)
        .execute()
        .await?;
    Ok(())
}

/// Forgets about `limit` of the answers from before `before`, the oldest first (and those of the same microsecond as
/// the last of them). Answers how many; 0: nothing is left to forget.
pub async fn erase_before(tx: &mut Tx, before: Time, limit: i64) -> Result<u64> {
    tx.sql(
        "-- idempotency.erase_before
        DELETE FROM idempotency WHERE create_time <= (SELECT create_time FROM (
            SELECT create_time FROM idempotency WHERE create_time < $1 ORDER BY create_time LIMIT $2) AS batch
            ORDER BY create_time DESC LIMIT 1)",
    )
    .bind(before.0)
    .bind(limit)
    .execute()
    .await
}
