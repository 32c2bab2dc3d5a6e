//! Whether something is still as a caller has read it.

use std::fmt::Display;

use sandbar_model::{ContentHash, Error, Result};
use serde::Serialize;

/// What a write expects to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Etag {
    /// Whatever there is.
    Any,
    /// Nothing.
    Absent,
    /// This, as it was read. Kept as the caller wrote it: a text that can't be an etag is simply not the actual one.
    Is(String),
}

impl Etag {
    /// From the wire: empty for any, `*` for none.
    pub fn parse(text: &str) -> Self {
        match text {
            "" => Self::Any,
            "*" => Self::Absent,
            etag => Self::Is(etag.to_owned()),
        }
    }

    /// Refuses when there is something else.
    ///
    /// # Errors
    /// [`Error::EtagMismatch`].
    pub fn check(&self, actual: Option<impl Display>) -> Result<()> {
        let actual = actual.map(|etag| etag.to_string()).unwrap_or_default();
        match self {
            Self::Absent if !actual.is_empty() => mismatch("", actual),
            Self::Any | Self::Absent => Ok(()),
            Self::Is(expected) => check(expected, actual),
        }
    }
}

/// The etag of something that keeps no version: it names what of it can change.
pub(crate) fn of(what: &impl Serialize) -> String {
    // Numbers and texts, which can always be written.
    let text = serde_json::to_string(what).unwrap_or_default();
    ContentHash::of(text.as_bytes()).to_string()
}

/// Refuses when it is not; an empty etag takes it as it is.
///
/// # Errors
/// [`Error::EtagMismatch`].
pub(crate) fn check(expected: &str, actual: String) -> Result<()> {
    if expected.is_empty() || expected == actual { Ok(()) } else { mismatch(expected, actual) }
}

/// Refuses.
pub(crate) fn mismatch(expected: &str, actual: String) -> Result<()> {
    Err(Error::EtagMismatch { expected: expected.to_owned(), actual })
}
