//! A refusal's status: its message and details, short enough for the headers of an answer.

use std::{collections::HashMap, time::Duration};

use sandbar_model::Violation;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::{DOMAIN, code};
use crate::wire::Reason;

/// A caller's own words come back in an answer up to this many bytes: an answer's headers must stay below the 8 KiB
/// that some clients accept.
const MAX_VALUE_BYTES: usize = 256;
/// Likewise for the message.
const MAX_MESSAGE_BYTES: usize = 512;
/// Likewise for all field violations together.
const MAX_VIOLATIONS_BYTES: usize = 2048;

/// A refusal with its details.
pub(super) fn build(
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
