//! How a refusal is said on the wire. The only place that names a gRPC code.

mod build;
mod code;
mod explain;

use std::{error::Error as StdError, time::Duration};

use sandbar_model::Error;
use tonic::Status;
use tonic_types::StatusExt;

use build::build;
use code::code;
use explain::{Explained, explain};

use crate::wire::Reason;

/// The `domain` of every `google.rpc.ErrorInfo`.
pub const DOMAIN: &str = "sandbar.dev";

/// Says why an operation refused. What is inside a broken database or a bug goes to the log only.
pub fn from_error(error: Error) -> Status {
    log_inner(&error);
    let message = error.to_string();
    let retry_after = retry_after(&error);
    let Explained { reason, metadata, violations } = explain(error);
    build(reason, &message, metadata, &violations, retry_after)
}

/// The server is at its limit of calls in flight.
pub fn overloaded(limit: usize) -> Status {
    let message =
        format!("the server is busy with {limit} calls, as many as it takes; try again in a moment");
    let metadata = vec![("limit", limit.to_string())];
    build(Reason::Overloaded, &message, metadata, &[], Some(Duration::from_millis(250)))
}

/// Too many wrong tokens came from an address, or the same one too often.
pub fn too_many_bad_tokens(delay: Duration) -> Status {
    let delay = Duration::from_secs(delay.as_secs().max(1));
    let message = format!(
        "too many wrong tokens came from where you are; check yours, and try again in {} s",
        delay.as_secs()
    );
    let metadata = vec![("seconds", delay.as_secs().to_string())];
    build(Reason::TooManyBadTokens, &message, metadata, &[], Some(delay))
}

/// The call took longer than `allowed`.
pub fn deadline_exceeded(allowed: Duration) -> Status {
    let allowed = humantime::format_duration(allowed).to_string();
    let message = format!(
        "the call was not done within {allowed}; try again with the same request id, or with a longer deadline"
    );
    let metadata = vec![("allowed", allowed)];
    build(Reason::DeadlineExceeded, &message, metadata, &[], Some(Duration::from_secs(1)))
}

/// The reason of a refusal, as it is named on the wire; none in answers that did not come from here.
pub fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().filter(|info| info.domain == DOMAIN).map(|info| info.reason)
}

/// How long to wait before the same call can succeed; none where it can't.
const fn retry_after(error: &Error) -> Option<Duration> {
    match error {
        Error::Contention => Some(Duration::from_millis(100)),
        Error::StorageUnavailable(_) | Error::TooManyWatches { .. } => Some(Duration::from_secs(1)),
        _ => None,
    }
}

fn log_inner(error: &Error) {
    match error {
        Error::Storage(source) => tracing::error!(error = chain(source.as_ref()), "the database failed"),
        Error::StorageUnavailable(source) => {
            tracing::warn!(error = chain(source.as_ref()), "the database can't be reached");
        }
        Error::Bug(what) => tracing::error!(error = what, "something that can't be, was"),
        Error::CredentialDamaged { id } => {
            tracing::error!(credential = %id, "what is kept of a credential does not fit together");
        }
        Error::MasterKeyMissing { key } => tracing::error!(key, "a master key is needed that was not given"),
        _ => {}
    }
}

/// An error and all that caused it, in one line.
pub fn chain(error: &dyn StdError) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        said = format!("{said}: {source}");
        next = source.source();
    }
    said
}

#[cfg(test)]
mod tests;
