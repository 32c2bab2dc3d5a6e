//! How far a walk over what is encrypted got.

use sandbar_model::{Error, Result};

/// How far a walk over credentials, or webhook auth methods, got; `I` names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekeyed<I> {
    /// The last that it dealt with; none: it is done.
    pub next: Option<I>,
    /// How many were dealt with.
    pub done: u64,
    /// Those that do not open, which were left as they are.
    pub damaged: Vec<I>,
}

impl<I: Copy> Rekeyed<I> {
    /// Before a batch is dealt with.
    pub(crate) fn of(batch: &[I]) -> Self {
        Self { next: batch.last().copied(), done: 0, damaged: Vec::new() }
    }

    /// Counts one.
    ///
    /// # Errors
    /// What says nothing of the one, such as [`Error::MasterKeyMissing`].
    pub(crate) fn note(&mut self, one: I, result: Result<()>) -> Result<()> {
        match result {
            // One that was deleted meanwhile needs nothing any more.
            Ok(()) | Err(Error::CredentialNotFound { .. } | Error::WebhookAuthMethodNotFound { .. }) => {
                self.done += 1;
            }
            Err(Error::CredentialDamaged { .. } | Error::WebhookAuthMethodDamaged { .. }) => {
                self.damaged.push(one);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
