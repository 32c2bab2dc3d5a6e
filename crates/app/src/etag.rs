//! Whether something is still as a caller has read it.

use sandbar_model::{Error, Result};

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
