//! How a command fails: what a person reads, and the exit code.

use std::io;
use std::process::ExitCode;

use sandbar_client::{Code, Error, Reason};

use crate::output;
use crate::render::page::{Page, RED};

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The server refused, or could not be reached.
    #[error(transparent)]
    Call(Box<Error>),
    /// The command makes no sense as given.
    #[error("{0}")]
    Usage(String),
    /// Something here, such as a file, is not as it must be.
    #[error("{0}")]
    Here(String),
    /// Nobody reads the output any more.
    #[error("the output is closed")]
    Closed,
}

impl Failure {
    /// A file that can't be used.
    pub(crate) fn file(what: &str, path: &std::path::Path, error: &io::Error) -> Self {
        Self::Here(format!("can't {what} {}: {error}", path.display()))
    }

    /// 0 done, 1 refused or failed here, 2 usage, 3 no connection.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Here(_) => 1,
            Self::Usage(_) => 2,
            Self::Call(error) => match **error {
                _ if error.is_connection() => 3,
                _ if error.code() == Some(Code::DeadlineExceeded) => 3,
                Error::Endpoint { .. } | Error::Token => 2,
                _ => 1,
            },
        }
    }

    /// What to do next where the command line knows more than the server's message says.
    fn hint(&self) -> Option<&'static str> {
        let Self::Call(error) = self else { return None };
        match error.reason()? {
            Reason::TokenMissing | Reason::TokenInvalid => {
                Some("sign in again with `sandbar login`, or set SANDBAR_TOKEN")
            }
            Reason::PlanStale => Some("run `sandbar merge preview` again and look at what moved"),
            Reason::EtagMismatch => {
                Some("get it again and apply your change to that, or replace it whatever it is with --force")
            }
            _ => None,
        }
    }

    /// Tells the person, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if !matches!(self, Self::Closed) {
            let mut page = Page::default();
            page.put(RED.bold(), "error:").plain(format_args!(" {self}"));
            if let Some(hint) = self.hint() {
                page.end().plain(format_args!("  {hint}"));
            }
            // When even this can't be written there is nobody left to tell.
            let _ = output::note(&page.finish());
        }
        ExitCode::from(self.exit_code())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Call(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn exit_codes_are_as_documented() {
        assert_eq!(Failure::Usage(String::new()).exit_code(), 2);
        assert_eq!(Failure::Here(String::new()).exit_code(), 1);
        assert_eq!(Failure::from(Error::Token).exit_code(), 2);
        assert_eq!(Failure::from(Error::Deadline(Duration::from_secs(1))).exit_code(), 3);
    }
}
