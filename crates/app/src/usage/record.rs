//! Counting what a product uses beside runs.

use sandbar_model::{
    Error, ProjectId, Result,
    usage::{Allowances, MAX_AI_TOKENS, Period, Used},
};
use sandbar_store::{Tx, usage};

use super::Usage;
use crate::{
    App, Call, Request,
    gate::Entry,
    repeat::{Trace, conclude, repeated, retry},
};

/// Asks for something to be counted.
#[derive(Clone, Debug)]
pub struct RecordUsage {
    /// Where it is used.
    pub project: ProjectId,
    /// So many tokens of language models, 1 to [`MAX_AI_TOKENS`].
    pub ai_tokens: i64,
    /// They are spent, and count whatever is allowed; else all of them must still be allowed.
    pub spent: bool,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for RecordUsage {
    const ACTION: &'static str = "usage.record";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Counts what is used in a project towards the allowance of its tree. Needs a worker.
///
/// # Errors
/// [`Error::AiTokenAllowanceReached`], [`Error::InvalidFields`], [`Error::WorkerRequired`], [`Error::ProjectScheduled`],
/// and the gate's.
pub async fn record(app: &App, call: &Call, request: &RecordUsage) -> Result<Usage> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &RecordUsage) -> Result<Usage> {
    let mut tx = app.db.write().await?;
    let entry = app.enter_to_work(&mut tx, call, request.project).await?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    if !(1..=MAX_AI_TOKENS).contains(&request.ai_tokens) {
        return Err(Error::invalid("ai_tokens", format!("must be 1 to {MAX_AI_TOKENS}")));
    }
    let answer = counted(app, &mut tx, &entry, request).await?;
    let detail = serde_json::json!({
        "ai_tokens": request.ai_tokens, "spent": request.spent, "used": answer.used.ai_tokens,
    });
    let trace = Trace { root: Some(answer.root), project: Some(entry.project.id), subject: None, detail };
    conclude(app, tx, by, request, trace, &answer).await?;
    Ok(answer)
}

async fn counted(app: &App, tx: &mut Tx, entry: &Entry, request: &RecordUsage) -> Result<Usage> {
    let (root, period) = (entry.project.root, Period::of(app.now()));
    let limit = usage::allowances(tx, root).await?.max_ai_tokens.filter(|_| !request.spent);
    let most = Allowances { max_runs: None, max_ai_tokens: limit };
    let more = Used::tokens(request.ai_tokens);
    let fits = usage::add(tx, (root, entry.project.id), period, more, most).await?;
    let there = Usage::read(tx, root, period).await?;
    if fits {
        return Ok(there);
    }
    Err(Error::AiTokenAllowanceReached {
        used: there.used.ai_tokens,
        needed: request.ai_tokens,
        limit: limit.unwrap_or_default(),
        reset_time: period.end,
    })
}
