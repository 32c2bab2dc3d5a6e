//! How a refusal is said on the wire. The only place that names a gRPC code.

mod words;

use std::{collections::HashMap, time::Duration};

use sandbar_model::{Error, Violation};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

pub use words::chain;
use words::{shorten, snake_case};

use crate::{convert::time, wire::Reason};

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
        | R::CredentialNotOwned => Code::PermissionDenied,
        R::CredentialDamaged => Code::DataLoss,
        R::ProjectNotFound
        | R::ResourceNotFound
        | R::RevisionNotFound
        | R::MergeNotFound
        | R::PrincipalNotFound
        | R::TokenNotFound
        | R::CredentialNotFound
        | R::ValuesNotFound
        | R::TriggerNotFound => Code::NotFound,
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
        | R::LinkInKeychain
        | R::KeychainInUse
        | R::KeychainDefaultNotLinked
        | R::PlanRequired
        | R::InvalidResult
        | R::MergeConflicts => Code::FailedPrecondition,
        R::SandboxAllowanceReached | R::TooLarge | R::Overloaded => Code::ResourceExhausted,
        R::DeadlineExceeded => Code::DeadlineExceeded,
        R::StorageUnavailable | R::MasterKeyMissing => Code::Unavailable,
        R::Internal | R::Unspecified => Code::Internal,
    }
}

/// An error as the wire knows it.
struct Explained {
    reason: Reason,
    metadata: Vec<(&'static str, String)>,
    violations: Vec<Violation>,
}

/// The reason of each error, and each changing value of its message.
#[expect(clippy::too_many_lines, reason = "an arm for each error")]
fn explain(error: Error) -> Explained {
    use Error as E;
    let mut violations = Vec::new();
    let (reason, metadata) = match error {
        E::TokenMissing => (Reason::TokenMissing, vec![]),
        E::TokenInvalid => (Reason::TokenInvalid, vec![]),
        E::PermissionDenied { action, needs, project } => (
            Reason::PermissionDenied,
            vec![
                ("action", snake_case(action)),
                ("needs", needs.word().to_owned()),
                ("project_id", project.to_string()),
            ],
        ),
        E::AdministratorRequired => (Reason::AdministratorRequired, vec![]),
        E::TokenLimited => (Reason::TokenLimited, vec![]),
        E::ProjectNotFound { project } => (Reason::ProjectNotFound, vec![("project_id", project)]),
        E::ResourceNotFound { kind, id } => {
            (Reason::ResourceNotFound, vec![("kind", kind.word().to_owned()), ("id", id)])
        }
        E::TriggerNotFound { id } => (Reason::TriggerNotFound, vec![("id", id.to_string())]),
        E::RevisionNotFound { kind, id, revision } => (
            Reason::RevisionNotFound,
            vec![
                ("kind", kind.word().to_owned()),
                ("id", id.to_string()),
                ("revision", revision.to_string()),
            ],
        ),
        E::MergeNotFound { id } => (Reason::MergeNotFound, vec![("id", id.to_string())]),
        E::PrincipalNotFound { id } => (Reason::PrincipalNotFound, vec![("id", id.to_string())]),
        E::TokenNotFound { id } => (Reason::TokenNotFound, vec![("id", id.to_string())]),
        E::InvalidFields { violations: found } => {
            violations = found;
            (Reason::InvalidFields, vec![])
        }
        E::InvalidDocument { problem, line, column } => (
            Reason::InvalidDocument,
            vec![("problem", problem), ("line", line.to_string()), ("column", column.to_string())],
        ),
        E::InvalidPageToken => (Reason::InvalidPageToken, vec![]),
        E::KafkaUnsupported { trigger } => (Reason::KafkaUnsupported, vec![("trigger_id", trigger)]),
        E::NameTaken { name, place } => {
            (Reason::NameTaken, vec![("name", name), ("place", place.to_owned())])
        }
        E::IdTaken { id, place } => (Reason::IdTaken, vec![("id", id), ("place", place.to_owned())]),
        E::EtagMismatch { expected, actual } => {
            (Reason::EtagMismatch, vec![("expected", expected), ("actual", actual)])
        }
        E::RequestIdReused { request_id } => (Reason::RequestIdReused, vec![("request_id", request_id)]),
        E::ProjectScheduled { project, purge_time } => (
            Reason::ProjectScheduled,
            vec![("project_id", project.to_string()), ("purge_time", time::rfc3339(purge_time))],
        ),
        E::ProjectNotScheduled { project } => {
            (Reason::ProjectNotScheduled, vec![("project_id", project.to_string())])
        }
        E::AncestorScheduled { ancestor } => {
            (Reason::AncestorScheduled, vec![("ancestor_id", ancestor.to_string())])
        }
        E::NestingDepthReached { limit } => (Reason::NestingDepthReached, vec![("limit", limit.to_string())]),
        E::SandboxAllowanceReached { used, limit } => {
            (Reason::SandboxAllowanceReached, vec![("used", used.to_string()), ("limit", limit.to_string())])
        }
        E::EnvironmentGuarded { environment, ancestor } => (
            Reason::EnvironmentGuarded,
            vec![("environment", environment), ("ancestor_id", ancestor.to_string())],
        ),
        E::NotASandbox { project } => (Reason::NotASandbox, vec![("project_id", project.to_string())]),
        E::NotARoot { project } => (Reason::NotARoot, vec![("project_id", project.to_string())]),
        E::CredentialNotLinked { job, link } => {
            (Reason::CredentialNotLinked, vec![("job", job), ("credential_link_id", link.to_string())])
        }
        E::KeychainNotFound { job, keychain } => {
            (Reason::KeychainNotFound, vec![("job", job), ("keychain_id", keychain.to_string())])
        }
        E::CredentialNotFound { id } => (Reason::CredentialNotFound, vec![("id", id.to_string())]),
        E::CredentialNotOwned { id } => (Reason::CredentialNotOwned, vec![("id", id.to_string())]),
        E::CredentialInUse { id, count, projects } => (
            Reason::CredentialInUse,
            vec![("id", id.to_string()), ("count", count.to_string()), ("projects", projects.join(", "))],
        ),
        E::ValuesNotFound { id, environment, labels } => (
            Reason::ValuesNotFound,
            vec![("id", id.to_string()), ("environment", environment), ("environments", labels.join(", "))],
        ),
        E::TooManyEnvironments { id, limit } => {
            (Reason::TooManyEnvironments, vec![("id", id.to_string()), ("limit", limit.to_string())])
        }
        E::LinkInUse { job, link } => {
            (Reason::LinkInUse, vec![("job", job), ("credential_link_id", link.to_string())])
        }
        E::LinkInKeychain { keychain, link } => {
            (Reason::LinkInKeychain, vec![("keychain", keychain), ("credential_link_id", link.to_string())])
        }
        E::KeychainInUse { keychain, count, steps } => (
            Reason::KeychainInUse,
            vec![("keychain", keychain), ("count", count.to_string()), ("steps", steps.join(", "))],
        ),
        E::KeychainDefaultNotLinked { keychain, link } => (
            Reason::KeychainDefaultNotLinked,
            vec![("keychain", keychain), ("credential_link_id", link.to_string())],
        ),
        E::CredentialDamaged { id } => (Reason::CredentialDamaged, vec![("id", id.to_string())]),
        E::MasterKeyMissing { key } => (Reason::MasterKeyMissing, vec![("key", key)]),
        E::ReferenceNotFound { config, kind, id } => (
            Reason::ReferenceNotFound,
            vec![("config", config), ("kind", kind.word().to_owned()), ("id", id.to_string())],
        ),
        E::MemberProtected { problem, principal } => (
            Reason::MemberProtected,
            vec![("problem", problem.to_owned()), ("principal_id", principal.to_string())],
        ),
        E::NothingSelected => (Reason::NothingSelected, vec![]),
        E::PlanStale { moved } => (Reason::PlanStale, vec![("moved", moved.join(", "))]),
        E::PlanRequired => (Reason::PlanRequired, vec![]),
        E::MergeIntoItself => (Reason::MergeIntoItself, vec![]),
        E::ChoiceUnknown { resource, problem } => {
            (Reason::ChoiceUnknown, vec![("id", resource), ("problem", problem)])
        }
        E::InvalidResult { resource, rule } => {
            (Reason::InvalidResult, vec![("resource", resource), ("rule", rule)])
        }
        E::MergeConflicts { resource, conflicts } => {
            (Reason::MergeConflicts, vec![("resource", resource), ("conflicts", conflicts.join("; "))])
        }
        E::CannotRetire => (Reason::CannotRetire, vec![]),
        E::TooLarge { what, limit_bytes } => {
            (Reason::TooLarge, vec![("what", what), ("limit_bytes", limit_bytes.to_string())])
        }
        E::Contention => (Reason::Contention, vec![]),
        E::StorageUnavailable(_) => (Reason::StorageUnavailable, vec![]),
        E::Storage(_) | E::Bug(_) => (Reason::Internal, vec![]),
    };
    Explained { reason, metadata, violations }
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

#[cfg(test)]
mod tests;
