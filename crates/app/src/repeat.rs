//! One effect for each request: repeats get the answer that was given, contention is tried again, and what was done is
//! written down, all in the transaction that does it.

use std::{future::Future, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use sandbar_model::{Error, ProjectId, Result};
use sandbar_store::{
    Tx,
    audit::{self, Event, Subject},
    idempotency::{self, Claim},
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{App, Call, gate::Caller};

/// The longest request id.
const MAX_REQUEST_ID: usize = 64;

/// A request that changes something.
pub trait Request: Sync {
    /// What it is called in the audit trail, and what keeps the same fields of two operations apart.
    const ACTION: &'static str;

    /// The id that the caller gave it; empty: none, and a repeat is a new request.
    fn request_id(&self) -> &str;
}

/// Runs an operation again while other writers get in its way: at most eight times, within about two seconds.
///
/// # Errors
/// What the operation says; [`Error::Contention`] when they never let it through.
pub async fn retry<T, F: Future<Output = Result<T>>>(operation: impl FnMut() -> F) -> Result<T> {
    let pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(5))
        .with_max_delay(Duration::from_millis(500))
        .with_max_times(8)
        .with_jitter();
    operation.retry(pauses).when(|error| matches!(error, Error::Contention)).await
}

/// The answer that was given to this request before, if it was. Else the request id is taken, until the transaction ends:
/// a second caller with the same id waits here.
///
/// # Errors
/// [`Error::RequestIdReused`] when the id was used for another request.
pub(crate) async fn repeated<R: Request, A: DeserializeOwned>(
    app: &App,
    tx: &mut Tx,
    (call, caller): (&Call, &Caller),
    request: &R,
) -> Result<Option<A>> {
    let id = request.request_id();
    if id.is_empty() {
        return Ok(None);
    }
    if id.chars().count() > MAX_REQUEST_ID || id.chars().any(char::is_control) {
        return Err(Error::invalid(
            "request_id",
            "must be at most 64 characters, none of them a control character",
        ));
    }
    // Keyed, and not a plain hash: the request may hold a secret, which who gets hold of the database could then guess.
    let fingerprint = app.sealer.fingerprint(R::ACTION, &call.digest);
    match idempotency::claim(tx, caller.id, id, &fingerprint, app.now()).await? {
        Claim::New => Ok(None),
        Claim::Repeat { answer } => {
            serde_json::from_str(&answer).map(Some).map_err(|error| Error::Storage(error.into()))
        }
        Claim::Reused => Err(Error::RequestIdReused { request_id: id.to_owned() }),
    }
}

/// What a mutation leaves in the audit trail beside who, when and how.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// The tree it happened in.
    pub(crate) root: Option<ProjectId>,
    /// The project.
    pub(crate) project: Option<ProjectId>,
    /// The one thing that it was done to, where that is not the project: its kind and id.
    pub(crate) subject: Option<(&'static str, Uuid)>,
    /// What else an auditor wants to know: of what was changed, the hashes, revisions or values before and after. Never a
    /// secret.
    pub(crate) detail: serde_json::Value,
}

/// Ends a mutation: notes the answer for repeats and the event for auditors, and commits.
pub(crate) async fn conclude<R: Request, A: Serialize>(
    app: &App,
    tx: Tx,
    by: (&Call, &Caller),
    request: &R,
    trace: Trace,
    answer: &A,
) -> Result<()> {
    conclude_in(app, tx, by, request, vec![trace], answer).await
}

/// The same for a mutation that several trees are to know of: one event in each.
pub(crate) async fn conclude_in<R: Request, A: Serialize>(
    app: &App,
    mut tx: Tx,
    (call, caller): (&Call, &Caller),
    request: &R,
    mut traces: Vec<Trace>,
    answer: &A,
) -> Result<()> {
    if !request.request_id().is_empty() {
        let answer = serde_json::to_string(answer).map_err(|error| Error::Storage(error.into()))?;
        idempotency::answer(&mut tx, caller.id, request.request_id(), &answer).await?;
    }
    // Each waits for others at the end of its chain, so all who write to several take them in the same order.
    traces.sort_by_key(|trace| trace.root);
    for trace in traces {
        let event = Event {
            id: app.new_id(),
            root: trace.root,
            project: trace.project,
            time: app.now(),
            principal: caller.id,
            token: caller.token,
            address: call.address.clone(),
            request_id: call.trace_id.clone(),
            action: R::ACTION.to_owned(),
            subject: trace.subject.map(|(kind, id)| Subject { kind: kind.to_owned(), id }),
            detail: trace.detail.to_string(),
        };
        audit::append(&mut tx, &event).await?;
    }
    tx.commit().await?;
    app.hub.done();
    Ok(())
}
