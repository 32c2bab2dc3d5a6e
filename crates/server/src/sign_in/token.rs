//! What a token must be like (RFC 7519, RFC 8725, OpenID Connect Core §3.1.3.7), and what is taken from it.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use sandbar_app::{SignIn, Vouched};
use sandbar_model::Time;
use serde::Deserialize;
use serde_json::Value;

use super::keys::Key;

/// The longest token in bytes. Half of what all headers of a call may have.
const MAX_BYTES: usize = 8 << 10;
/// What may sign: only keys that the issuer does not share.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// The longest subject; OpenID Connect Core §2.
const MAX_SUBJECT: usize = 255;

/// What the operator wants of tokens.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) issuer: String,
    /// One of them.
    pub(super) audiences: Vec<String>,
    /// One of them in `amr` says that there was a second factor.
    pub(super) mfa: Vec<String>,
    /// How far the clocks may be apart, in seconds.
    pub(super) skew: u64,
}

/// What the token says. Of what only describes, anything that is not as it should be counts as nothing.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// One; the check behind takes lists, too.
    #[serde(rename = "iss")]
    _issuer: String,
    exp: f64,
    #[serde(default)]
    iat: Option<f64>,
    /// Only in tokens that tell of events, such as somebody's logging out. They are signed with the same keys.
    #[serde(default)]
    events: Option<Value>,
    #[serde(default)]
    amr: Value,
    #[serde(default)]
    name: Value,
    #[serde(default)]
    preferred_username: Value,
    #[serde(default)]
    email: Value,
    #[serde(default)]
    email_verified: Value,
}

/// The header, if a token with it can be one of those that are taken. What it says of where keys are (`jku`, `jwk`, `x5u`, `x5c`)
/// is not looked at.
pub(super) fn header(text: &str) -> Option<Header> {
    if text.len() > MAX_BYTES || text.split('.').count() != 3 {
        return None;
    }
    let header = decode_header(text).ok()?;
    // Nothing that must be understood is.
    let plain = header.crit.is_none() && header.enc.is_none() && header.zip.is_none() && header.cty.is_none();
    let is_known = header.typ.as_deref().is_none_or(is_known_type) && ALGORITHMS.contains(&header.alg);
    (plain && is_known).then_some(header)
}

/// Of its own accord an issuer signs other things with the same keys, such as logout tokens and requests.
fn is_known_type(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    matches!(text.strip_prefix("application/").unwrap_or(&text), "jwt" | "at+jwt")
}

impl Rules {
    /// Who signed in, if this key signed the token and it is as it must be.
    pub(super) fn check(&self, text: &str, header: &Header, key: &Key) -> Option<SignIn> {
        let mut validation = Validation::new(header.alg);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&self.audiences);
        validation.validate_nbf = true;
        validation.leeway = self.skew;
        let claims: Claims = decode(text, &key.public, &validation).ok()?.claims;
        self.accept(&claims, now())
    }

    fn accept(&self, claims: &Claims, now: f64) -> Option<SignIn> {
        #[expect(clippy::cast_precision_loss, reason = "some minutes at most")]
        let skew = self.skew as f64;
        let is_subject = !claims.sub.is_empty()
            && claims.sub.len() <= MAX_SUBJECT
            && !claims.sub.chars().any(char::is_control);
        let from_the_future = claims.iat.is_some_and(|time| time > now + skew);
        if !is_subject || from_the_future || claims.events.is_some() {
            return None;
        }
        let methods = claims.amr.as_array().map(Vec::as_slice).unwrap_or_default();
        let mfa = methods.iter().filter_map(Value::as_str).any(|method| self.mfa.iter().any(|m| m == method));
        let is_verified = claims.email_verified == Value::Bool(true);
        let email = claims.email.as_str().filter(|_| is_verified).unwrap_or_default();
        let name = [&claims.name, &claims.preferred_username, &claims.email];
        let name = name.into_iter().find_map(Value::as_str).unwrap_or(&claims.sub);
        Some(SignIn::new(Vouched {
            issuer: self.issuer.clone(),
            subject: claims.sub.clone(),
            name: name.to_owned(),
            email: email.to_owned(),
            mfa,
            expire_time: micros(claims.exp + skew),
        }))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the server, and what is checked with it is another's clock"
)]
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|time| time.as_secs_f64()).unwrap_or_default()
}

#[expect(clippy::cast_possible_truncation, reason = "it is within some thousand years of 1970")]
fn micros(seconds: f64) -> Time {
    // What follows can't be written as a time, and is far enough.
    const END_OF_9999: f64 = 253_402_300_799.0;
    Time((seconds.clamp(0.0, END_OF_9999) * 1e6) as i64)
}
