//! What every call brings along beside its request.

use std::sync::{Arc, OnceLock};

use sandbar_model::{
    ContentHash, Error, PrincipalId, Result, Time,
    access::{RunSecret, TokenHash, TokenSecret},
};
use sha2::{Digest, Sha256};

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
    /// A token of an issuer that the operator trusts. It was checked.
    SignedIn(Arc<SignIn>),
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
            Self::SignedIn(who) => Ok(&who.hash),
        }
    }

    /// Whether the token itself says that there was a second factor.
    pub(crate) fn mfa(&self) -> bool {
        matches!(self, Self::SignedIn(who) if who.vouched.mfa)
    }

    /// When the token itself says that it ends.
    pub(crate) fn expire_time(&self) -> Option<Time> {
        match self {
            Self::SignedIn(who) => Some(who.vouched.expire_time),
            Self::Missing | Self::Malformed | Self::Token(_) | Self::Run(_) => None,
        }
    }
}

/// Somebody who signed in elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// What their token says.
    pub vouched: Vouched,
    hash: TokenHash,
}

/// What an issuer vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// Who does.
    pub issuer: String,
    /// Who they are there. With the issuer it is nobody else's, ever.
    pub subject: String,
    /// What to call them.
    pub name: String,
    /// Their e-mail address, if the issuer made sure of it; else empty.
    pub email: String,
    /// Whether there was a second factor.
    pub mfa: bool,
    /// When the token ends.
    pub expire_time: Time,
}

impl SignIn {
    /// With what was checked.
    pub fn new(vouched: Vouched) -> Self {
        // No token of the service's own begins like this, and the length keeps the two parts apart.
        let mut digest = Sha256::new_with_prefix("sandbar sign-in\0");
        digest.update(vouched.issuer.len().to_be_bytes());
        digest.update(&vouched.issuer);
        digest.update(&vouched.subject);
        Self { vouched, hash: TokenHash(digest.finalize().into()) }
    }

    /// Under which their record is found: of issuer and subject.
    pub fn hash(&self) -> &TokenHash {
        &self.hash
    }
}
