//! Users who signed in elsewhere: tokens (JWT) of an OpenID Connect issuer that the operator trusts.
//!
//! A signature is checked with each call, which takes some ten microseconds, so a key that the issuer withdrew counts for
//! nothing from the moment that its key set is read without it.

mod crypto;
mod fetch;
mod keys;
mod token;

use std::sync::Arc;

use sandbar_app::{App, SignIn, access};
use sandbar_model::{Error, Result};

use crate::config::{ConfigError, Issuer, KeyPlace};
use fetch::Fetcher;
use keys::{Keys, Place};
use token::Rules;

/// Checks such tokens and knows the users behind them.
pub struct SignIns {
    rules: Rules,
    keys: Arc<Keys>,
    app: Arc<App>,
}

impl SignIns {
    /// Reads the issuer's keys, and goes on doing so for as long as the program runs. An issuer that can't be reached is no
    /// reason not to start: its users can't sign in until it can.
    ///
    /// # Errors
    /// When a file with keys can't be read.
    pub async fn start(issuer: Issuer, app: Arc<App>) -> Result<Arc<Self>, ConfigError> {
        crypto::install();
        let (place, is_file) = match issuer.keys {
            KeyPlace::File(path) => (Place::File(path), true),
            KeyPlace::Url(url) => (Place::Url(Box::new(Fetcher::new(url))), false),
        };
        let name = place.to_string();
        let keys = Keys::new(place);
        match keys.read().await {
            Ok(()) => {}
            Err(problem) if is_file => return Err(ConfigError::Contradiction(format!("{name}: {problem}"))),
            Err(problem) => tracing::warn!(place = name, problem, "the issuer's keys can't be read yet"),
        }
        tokio::spawn(Arc::clone(&keys).keep_fresh(issuer.refresh));
        let rules = Rules {
            issuer: issuer.name,
            audiences: issuer.audiences,
            mfa: issuer.mfa,
            skew: issuer.skew.as_secs(),
        };
        Ok(Arc::new(Self { rules, keys, app }))
    }

    /// Whether a token may be one of these. A token of the service's own has no dot.
    pub fn is_like(text: &str) -> bool {
        text.contains('.')
    }

    /// Who signed in with a token. They are a user from then on.
    ///
    /// # Errors
    /// [`Error::TokenInvalid`], whatever is wrong with it; or that the database can't be read.
    pub async fn check(&self, text: &str) -> Result<Arc<SignIn>> {
        let header = token::header(text).ok_or(Error::TokenInvalid)?;
        let keys = self.keys.matching(header.kid.as_deref(), header.alg).await;
        let found = keys.iter().find_map(|key| self.rules.check(text, &header, key));
        let sign_in = Arc::new(found.ok_or(Error::TokenInvalid)?);
        access::sign_in(&self.app, &sign_in).await?;
        Ok(sign_in)
    }
}

impl std::fmt::Debug for SignIns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIns").field("rules", &self.rules).finish_non_exhaustive()
    }
}
