//! What every call brings along beside its request.

use std::sync::{Arc, OnceLock};

use sandbar_model::{
    ContentHash, Error, PrincipalId, Result,
    access::{RunSecret, TokenHash, TokenSecret},
};

/// Who calls and from where, before anything was checked.
#[derive(Clone, Debug)]
pub struct Call {
    /// What the caller showed.
    pub credentials: Credentials,
    /// The address that the call came from, for the audit trail.
    pub address: String,
    /// The id under which this call stands in the log.
    pub trace_id: String,
    /// SHA-256 of the request as it was sent: a repeat of a request id must come with the same.
    pub digest: ContentHash,
    /// Who it turned out to be, for the log. Set at the gate.
    pub caller: Arc<OnceLock<PrincipalId>>,
}

/// What a caller showed.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Nothing.
    Missing,
    /// Something that can't be a token.
    Malformed,
    /// A token. Only its hash goes further than this.
    Token(TokenHash),
    /// The token of a run. Likewise.
    Run(TokenHash),
}

impl Credentials {
    /// From the text after `Bearer `.
    pub fn bearer(text: &str) -> Self {
        let run = || RunSecret::parse(text).map_or(Self::Malformed, |token| Self::Run(token.hash()));
        TokenSecret::parse(text).map_or_else(run, |token| Self::Token(token.hash()))
    }

    /// The hash to look up. A run's token is none that any call but the run's own takes.
    pub(crate) fn token(&self) -> Result<&TokenHash> {
        match self {
            Self::Missing => Err(Error::TokenMissing),
            Self::Malformed | Self::Run(_) => Err(Error::TokenInvalid),
            Self::Token(hash) => Ok(hash),
        }
    }
}
