//! What can go wrong, in words for a person and in values for a program.

use std::collections::HashMap;
use std::error::Error as _;
use std::fmt;
use std::io;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::v1::Reason;

/// Why a call did not succeed. Its Display is a sentence or two for a person.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The endpoint can't be used.
    #[error("can't use the endpoint {endpoint}: {problem}")]
    Endpoint {
        /// As it was given.
        endpoint: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The token holds characters that can't be sent.
    #[error("the token holds characters that no token has; copy it again, without line breaks")]
    Token,
    /// No server answered.
    #[error("can't connect to {endpoint}{}; check the address and that the server runs", causes(source))]
    Connect {
        /// Where to.
        endpoint: String,
        /// What the transport says.
        source: tonic::transport::Error,
    },
    /// The server refused the call, or the connection was lost during it ([`Error::is_connection`]).
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// No answer came within the deadline. A write may or may not have happened: send it again with the same
    /// `request_id` to find out.
    #[error("no answer within {0:?}; the server may be busy, try again or allow more time")]
    Deadline(Duration),
    /// The document to import could not be read.
    #[error("can't read the document: {0}")]
    Read(#[source] io::Error),
    /// The exported document could not be written.
    #[error("can't write the document: {0}")]
    Write(#[source] io::Error),
    /// The server's answer breaks the contract.
    #[error("the server's answer is incomplete: {0}; client and server may be of different versions")]
    Incomplete(&'static str),
}

impl Error {
    /// Why the server refused, or [`Reason::DeadlineExceeded`]. None for other errors that did not come from the
    /// server, and for a reason that this client is too old to know.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Deadline(_) => Some(Reason::DeadlineExceeded),
            _ => self.refusal().and_then(Refusal::reason),
        }
    }

    /// The gRPC code, when the server answered with one or the deadline has passed.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Deadline(_) => Some(Code::DeadlineExceeded),
            _ => self.refusal().map(Refusal::code),
        }
    }

    /// The server's message, or what this error says about itself.
    pub fn message(&self) -> String {
        self.refusal().map_or_else(|| self.to_string(), |refusal| refusal.message().to_owned())
    }

    /// One of the changing values of the message, such as `limit`; see [`Reason`] for which there are.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.refusal().and_then(|refusal| refusal.metadata().get(key)).map(String::as_str)
    }

    /// What is wrong with the fields of the request. Empty unless the reason is [`Reason::InvalidFields`].
    pub fn field_violations(&self) -> &[FieldViolation] {
        self.refusal().map_or(&[], Refusal::field_violations)
    }

    /// The whole of what the server said.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the server could not be reached, or the connection to it was lost.
    pub fn is_connection(&self) -> bool {
        matches!(self, Self::Connect { .. }) || self.refusal().is_some_and(|refusal| refusal.connection)
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(Refusal::from(status)))
    }
}

/// What the server said when it refused a call.
#[derive(Clone, Debug)]
pub struct Refusal {
    code: Code,
    message: String,
    reason: Option<Reason>,
    metadata: HashMap<String, String>,
    violations: Vec<FieldViolation>,
    request_id: Option<String>,
    connection: bool,
}

impl Refusal {
    /// The gRPC code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// What happened and what to do about it. For people: programs decide by the reason.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Why. None when the answer carries no reason that this client knows.
    pub fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// The changing values of the message.
    pub fn metadata(&self) -> &HashMap<String, String> {
        &self.metadata
    }

    /// What is wrong with the fields of the request.
    pub fn field_violations(&self) -> &[FieldViolation] {
        &self.violations
    }

    /// Finds the call in the server's log.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

/// One field of a request that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldViolation {
    /// The path of the field, such as `workflow.jobs[2].name`.
    pub field: String,
    /// What is wrong with it and what would be right.
    pub description: String,
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info();
        let violations = details.bad_request().map(|bad| &bad.field_violations).into_iter().flatten();
        let connection = is_connection(&status);
        let message = match status.message() {
            message if connection => format!("can't reach the server: {message}{}", causes(&status)),
            "" => format!("the server answered {:?} without a message", status.code()),
            message => message.to_owned(),
        };
        let header = |name| status.metadata().get(name).and_then(|value| value.to_str().ok());
        Self {
            code: status.code(),
            message,
            reason: info.and_then(|info| Reason::from_str_name(&format!("REASON_{}", info.reason))),
            metadata: info.map(|info| info.metadata.clone()).unwrap_or_default(),
            violations: violations
                .map(|one| FieldViolation { field: one.field.clone(), description: one.description.clone() })
                .collect(),
            request_id: header("x-request-id").map(str::to_owned),
            connection,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for violation in &self.violations {
            write!(f, "\n  {}: {}", violation.field, violation.description)?;
        }
        match (&self.request_id, self.code) {
            (Some(id), Code::Internal | Code::Unknown) => write!(f, "\n  request id for the operator: {id}"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

/// Whether the same call can succeed a moment later: the server was not reached, or asks to come back.
pub(crate) fn is_transient(status: &Status) -> bool {
    let says = |reason| status.get_details_error_info().is_some_and(|info| info.reason == reason);
    match status.code() {
        Code::Unavailable => true,
        Code::ResourceExhausted => says("OVERLOADED"),
        Code::Aborted => says("CONTENTION"),
        _ => is_connection(status),
    }
}

/// Whether a status says that time ran out without the server having said so: the transport's, or a proxy's.
pub(crate) fn is_timeout(status: &Status) -> bool {
    matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded)
        && status.get_details_error_info().is_none()
}

/// A status that the client's transport made rather than the server has the transport's error as its source.
fn is_connection(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Unknown) && status.source().is_some()
}

/// What an error was caused by, each cause once, as `: cause: cause`.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use tonic_types::{ErrorDetails, StatusExt};

    use super::*;

    #[test]
    fn a_refusal_carries_reason_metadata_and_violations() {
        let mut details = ErrorDetails::new();
        details.set_error_info(
            "SANDBOX_ALLOWANCE_REACHED",
            "sandbar.dev",
            [("limit".to_owned(), "3".to_owned())],
        );
        details.add_bad_request_violation("name", "use 1 to 100 of a-z, 0-9 and -");
        let status = Status::with_error_details(Code::ResourceExhausted, "delete a sandbox", details);
        assert!(!is_transient(&status));
        let error = Error::from(status);
        assert_eq!(error.reason(), Some(Reason::SandboxAllowanceReached));
        assert_eq!(error.metadata("limit"), Some("3"));
        assert_eq!(error.field_violations().len(), 1);
        assert_eq!(error.to_string(), "delete a sandbox\n  name: use 1 to 100 of a-z, 0-9 and -");
    }

    #[test]
    fn only_what_can_pass_is_transient() {
        let mut overloaded = ErrorDetails::new();
        overloaded.set_error_info("OVERLOADED", "sandbar.dev", HashMap::new());
        assert!(is_transient(&Status::with_error_details(Code::ResourceExhausted, "busy", overloaded)));
        assert!(is_transient(&Status::unavailable("storage")));
        assert!(!is_transient(&Status::aborted("etag")));
        assert!(!is_transient(&Status::unknown("a bug")));
    }

    #[test]
    fn a_reason_from_the_future_is_none() {
        let mut details = ErrorDetails::new();
        details.set_error_info("INVENTED_LATER", "sandbar.dev", HashMap::new());
        let error = Error::from(Status::with_error_details(Code::Aborted, "no", details));
        assert_eq!((error.reason(), error.code()), (None, Some(Code::Aborted)));
    }
}
