//! How a refusal is said on the wire. The only place that names a gRPC code.

mod explain;

use std::{collections::HashMap, error::Error as StdError, time::Duration};

use sandbar_model::{Error, Violation};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::wire::Reason;
use explain::{Explained, explain};

/// The `domain` of every `google.rpc.ErrorInfo`.
pub const DOMAIN: &str = "sandbar.dev";

/// A caller's own words come back in an answer up to this many bytes: an answer's headers must stay below the 8 KiB
/// that some clients accept.
const MAX_VALUE_BYTES: usize = 256;
/// Likewise for the message.
const MAX_MESSAGE_BYTES: usize = 512;
/// Likewise for all field violations together.
const MAX_VIOLATIONS_BYTES: usize = 2048;

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

/// The code of each reason, as `error.proto` states it.
const fn code(reason: Reason) -> Code {
    use Reason as R;
    match reason {
        R::TokenMissing | R::TokenInvalid => Code::Unauthenticated,
        R::PermissionDenied
        | R::AdministratorRequired
        | R::TokenLimited
        | R::EnvironmentGuarded
        | R::CredentialNotOwned
        | R::WorkerRequired
        | R::RunTokenRequired
        | R::CredentialNotUsed => Code::PermissionDenied,
        R::CredentialDamaged => Code::DataLoss,
        R::ProjectNotFound
        | R::ResourceNotFound
        | R::RevisionNotFound
        | R::MergeNotFound
        | R::PrincipalNotFound
        | R::TokenNotFound
        | R::CredentialNotFound
        | R::ValuesNotFound
        | R::TriggerNotFound
        | R::RunNotFound
        | R::DataclipNotFound => Code::NotFound,
        R::InvalidFields
        | R::InvalidDocument
        | R::InvalidPageToken
        | R::KafkaUnsupported
        | R::RequestIdReused
        | R::NothingSelected
        | R::MergeIntoItself
        | R::ChoiceUnknown
        | R::CannotRetire => Code::InvalidArgument,
        R::NameTaken | R::IdTaken => Code::AlreadyExists,
        R::EtagMismatch | R::PlanStale | R::Contention => Code::Aborted,
        R::ProjectScheduled
        | R::ProjectNotScheduled
        | R::AncestorScheduled
        | R::NestingDepthReached
        | R::NotASandbox
        | R::CredentialNotLinked
        | R::MemberProtected
        | R::NotARoot
        | R::KeychainNotFound
        | R::ReferenceNotFound
        | R::CredentialInUse
        | R::TooManyEnvironments
        | R::LinkInUse
        | R::PlanRequired
        | R::InvalidResult
        | R::MergeConflicts
        | R::TriggerDisabled
        | R::CredentialsMissing
        | R::RunLeaseLost
        | R::RunFinished
        | R::DataclipErased
        | R::DataclipInUse => Code::FailedPrecondition,
        R::SandboxAllowanceReached | R::TooLarge | R::Overloaded => Code::ResourceExhausted,
        R::DeadlineExceeded => Code::DeadlineExceeded,
        R::StorageUnavailable | R::MasterKeyMissing => Code::Unavailable,
        R::Internal | R::Unspecified => Code::Internal,
    }
}

/// How long to wait before the same call can succeed; none where it can't.
const fn retry_after(error: &Error) -> Option<Duration> {
    match error {
        Error::Contention => Some(Duration::from_millis(100)),
        Error::StorageUnavailable(_) => Some(Duration::from_secs(1)),
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

fn build(
    reason: Reason,
    message: &str,
    metadata: Vec<(&'static str, String)>,
    violations: &[Violation],
    retry_after: Option<Duration>,
) -> Status {
    let message = shorten(message, MAX_MESSAGE_BYTES);
    let name = name(reason);
    let subject = metadata.first().map(|(_, value)| shorten(value, MAX_VALUE_BYTES)).unwrap_or_default();
    let metadata: HashMap<_, _> =
        metadata.into_iter().map(|(key, value)| (key.to_owned(), shorten(&value, MAX_VALUE_BYTES))).collect();
    let mut details = ErrorDetails::with_error_info(name, DOMAIN, metadata);
    if code(reason) as i32 == Code::FailedPrecondition as i32 {
        details.add_precondition_failure_violation(name, subject, message.clone());
    }
    add_violations(&mut details, violations);
    if let Some(delay) = retry_after {
        details.set_retry_info(Some(delay));
    }
    Status::with_error_details(code(reason), message, details)
}

/// As many as fit, and a last one that says how many do not.
fn add_violations(details: &mut ErrorDetails, violations: &[Violation]) {
    let mut room = MAX_VIOLATIONS_BYTES;
    for (index, violation) in violations.iter().enumerate() {
        let field = shorten(&violation.field, MAX_VALUE_BYTES);
        let problem = shorten(&violation.problem, MAX_VALUE_BYTES);
        let Some(left) = room.checked_sub(field.len() + problem.len()) else {
            let more = violations.len() - index;
            details.add_bad_request_violation("", format!("and {more} more; mend these first"));
            return;
        };
        room = left;
        details.add_bad_request_violation(field, problem);
    }
}

/// The name of a reason as `ErrorInfo` holds it.
fn name(reason: Reason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("REASON_").unwrap_or(name)
}

/// A text of at most `limit` bytes, that shows where it was cut.
fn shorten(text: &str, limit: usize) -> String {
    const CUT: &str = "…";
    if text.len() <= limit {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(limit.saturating_sub(CUT.len()));
    format!("{}{CUT}", text.get(..end).unwrap_or_default())
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
