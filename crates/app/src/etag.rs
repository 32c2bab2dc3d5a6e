//! Whether something is still as a caller has read it.

use sandbar_model::{ContentHash, Error, Result};
use serde::Serialize;

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
