//! What is known of a call before its message is read: its id, its token, its address. Services take it from the
//! request's extensions.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
};

use axum::{extract::Request, response::Response};
use http::{HeaderMap, HeaderValue, header};
use ipnet::IpNet;
use sandbar_app::{Credentials, SignIn};
use sandbar_model::{Error, PrincipalId, Result};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::{REQUEST_ID, throttle::Throttle};
use crate::{sign_in::SignIns, status};

/// One call. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Incoming(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    request_id: HeaderValue,
    address: Option<IpAddr>,
    token: OnceLock<Token>,
    principal: OnceLock<PrincipalId>,
}

/// What the `authorization` header held.
#[derive(Clone, Debug)]
enum Token {
    Missing,
    Malformed,
    Given(SecretString),
    /// One of an issuer's, which holds.
    SignedIn(Arc<SignIn>),
}

/// Where a connection comes from; an extension of its requests.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub SocketAddr);

impl Incoming {
    /// The call of this request. Its id is the caller's where that is sane, else a new one.
    pub(super) fn of(request: &Request, trusted_proxies: &[IpNet]) -> Self {
        let request_id = sane_id(request.headers()).unwrap_or_else(new_id);
        let peer = request.extensions().get::<PeerAddress>().map(|peer| peer.0.ip());
        let address = peer.map(|peer| origin(peer, request.headers(), trusted_proxies));
        Self(Arc::new(Inner { request_id, address, token: OnceLock::new(), principal: OnceLock::new() }))
    }

    /// The call that a service method is asked to do.
    ///
    /// # Errors
    /// [`Error::Bug`] when the service was not put behind the layers.
    pub fn from_extensions(extensions: &http::Extensions) -> Result<&Self> {
        extensions.get().ok_or(Error::Bug("a service without the layers around it"))
    }

    /// Names the call in the log, in its answer and in traces. Letters, digits and `-_.:/`, at most 64.
    pub fn request_id(&self) -> &str {
        self.0.request_id.to_str().unwrap_or_default()
    }

    /// Where the call comes from: its connection, or whom a proxy that is to be believed names.
    pub fn address(&self) -> Option<IpAddr> {
        self.0.address
    }

    /// The bearer token.
    ///
    /// # Errors
    /// [`Error::TokenMissing`] without one, [`Error::TokenInvalid`] when the header is of another form.
    pub fn token(&self) -> Result<&SecretString> {
        match self.0.token.get() {
            Some(Token::Given(token)) => Ok(token),
            Some(Token::Malformed | Token::SignedIn(_)) => Err(Error::TokenInvalid),
            Some(Token::Missing) | None => Err(Error::TokenMissing),
        }
    }

    /// What the caller showed.
    ///
    /// # Errors
    /// [`Error::TokenMissing`] without a token, [`Error::TokenInvalid`] for what can't be one.
    pub fn credentials(&self) -> Result<Credentials> {
        if let Some(Token::SignedIn(who)) = self.0.token.get() {
            return Ok(Credentials::SignedIn(Arc::clone(who)));
        }
        match Credentials::bearer(self.token()?.expose_secret()) {
            Credentials::Malformed => Err(Error::TokenInvalid),
            credentials => Ok(credentials),
        }
    }

    /// Notes who the caller turned out to be, for the log line of the call. Only the first note counts.
    pub fn note_principal(&self, principal: PrincipalId) {
        // A second note could only come from a call that authenticated twice, as the same one.
        let _noted_before = self.0.principal.set(principal);
    }

    pub(super) fn principal(&self) -> Option<PrincipalId> {
        self.0.principal.get().copied()
    }

    pub(super) fn request_id_header(&self) -> HeaderValue {
        let mut id = self.0.request_id.clone();
        // No secret, but what HTTP/2 takes this to mean: it never comes again, so don't push what does out of the
        // connection's table of headers for it.
        id.set_sensitive(true);
        id
    }
}

/// What stands before the services.
#[derive(Debug)]
pub(super) struct Guard {
    /// Who checks the tokens of users who signed in elsewhere.
    pub(super) sign_ins: Option<Arc<SignIns>>,
    /// Who has to wait.
    pub(super) throttle: Throttle,
}

/// The layer: takes the token out of the headers, so that nothing later can log it with them, and checks it if it is an
/// issuer's. What is wrong with a token is said by the service that wants one.
pub(super) async fn enter<F: Future<Output = Response>>(
    guard: &Guard,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let token = take_token(request.headers_mut());
    let Some(call) = request.extensions().get::<Incoming>().cloned() else {
        return next(request).await;
    };
    let Token::Given(text) = token else {
        // A request passes here once.
        let _passed_before = call.0.token.set(token);
        return next(request).await;
    };
    let attempt = guard.throttle.attempt(call.address(), text.expose_secret());
    if let Some(delay) = guard.throttle.wait(attempt) {
        return status::too_many_bad_tokens(delay).into_http();
    }
    match guard.looked_at(text).await {
        Ok(token) => {
            let _passed_before = call.0.token.set(token);
        }
        Err(error) => return status::from_error(error).into_http(),
    }
    let answer = next(request).await;
    guard.throttle.note(attempt, call.principal().is_some(), &answer);
    answer
}

impl Guard {
    /// A token, checked if it is an issuer's.
    ///
    /// # Errors
    /// That the database can't be read.
    async fn looked_at(&self, text: SecretString) -> Result<Token> {
        match &self.sign_ins {
            Some(sign_ins) if SignIns::is_like(text.expose_secret()) => {
                // On the heap, so that other calls need not have room for it.
                match Box::pin(sign_ins.check(text.expose_secret())).await {
                    Ok(who) => Ok(Token::SignedIn(who)),
                    Err(Error::TokenInvalid) => Ok(Token::Malformed),
                    Err(error) => Err(error),
                }
            }
            _ => Ok(Token::Given(text)),
        }
    }
}

/// Where a call comes from: the other end of its connection; or, where that is a proxy to be believed, whom the proxy names, and
/// so on. What others say of it counts for nothing.
fn origin(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address.to_canonical()));
    let mut origin = peer;
    let values = headers.get_all("x-forwarded-for").iter().rev();
    let mut hops = values.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
    while is_trusted(origin) {
        let Some(Ok(named)) = hops.next().map(|hop| hop.trim().parse()) else { break };
        origin = named;
    }
    origin
}

fn take_token(headers: &mut HeaderMap) -> Token {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let token = match (values.next(), values.next()) {
        (None, _) => Token::Missing,
        (Some(value), None) => bearer(value).map_or(Token::Malformed, |token| Token::Given(token.into())),
        (Some(_), Some(_)) => Token::Malformed,
    };
    headers.remove(header::AUTHORIZATION);
    token
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let sane = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && sane).then_some(token)
}

/// The caller's id, unless it could garble a log or swell it.
fn sane_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(REQUEST_ID)?;
    let sane = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(byte);
    ((1..=64).contains(&id.len()) && id.as_bytes().iter().all(sane)).then(|| id.clone())
}

#[expect(clippy::disallowed_methods, reason = "this is the server, and the id names a call, not a thing")]
fn new_id() -> HeaderValue {
    let mut text = Uuid::encode_buffer();
    let id = Uuid::now_v7().hyphenated().encode_lower(&mut text);
    HeaderValue::from_str(id).unwrap_or(HeaderValue::from_static("none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(values: &[&str]) -> Token {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        let token = take_token(&mut headers);
        assert!(headers.is_empty());
        token
    }

    #[test]
    fn only_one_bearer_token_of_visible_letters_is_a_token() {
        assert!(matches!(token(&[]), Token::Missing));
        for malformed in ["sbr_x", "Bearer", "Bearer ", "Basic sbr_x", "Bearer sbr x", "Bearer sb\trx"] {
            assert!(matches!(token(&[malformed]), Token::Malformed), "{malformed}");
        }
        assert!(matches!(token(&["Bearer a", "Bearer b"]), Token::Malformed));
        for given in ["Bearer sbr_x", "bearer sbr_x", "BEARER  sbr_x"] {
            let Token::Given(token) = token(&[given]) else { panic!("{given}") };
            assert_eq!(token.expose_secret(), "sbr_x");
        }
    }

    #[test]
    fn a_call_never_shows_its_token() {
        let call = Incoming::of(&Request::default(), &[]);
        call.0.token.set(Token::Given("sbr_hunter2".into())).unwrap();
        assert!(!format!("{call:?}").contains("hunter2"));
        assert_eq!(call.token().unwrap().expose_secret(), "sbr_hunter2");
    }

    #[test]
    fn only_a_proxy_that_is_trusted_says_where_a_call_comes_from() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        for (peer, said, expected) in [
            ("192.0.2.1", &["198.51.100.7"][..], "192.0.2.1"),
            ("10.1.1.1", &[], "10.1.1.1"),
            ("10.1.1.1", &["198.51.100.7"], "198.51.100.7"),
            ("::ffff:10.1.1.1", &["198.51.100.7"], "198.51.100.7"),
            ("::1", &["2001:db8::7"], "2001:db8::7"),
            // What the caller made up stands further left.
            ("10.1.1.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.1.1.1", &["203.0.113.9", "198.51.100.7, 10.2.2.2"], "198.51.100.7"),
            ("10.1.1.1", &["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
            ("10.1.1.1", &["198.51.100.7, nonsense"], "10.1.1.1"),
            ("10.1.1.1", &[""], "10.1.1.1"),
        ] {
            let mut headers = HeaderMap::new();
            for value in said {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            let origin = origin(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(origin, expected.parse::<IpAddr>().unwrap(), "{peer} {said:?}");
        }
    }

    #[test]
    fn a_callers_request_id_is_kept_where_it_is_sane() {
        let id = |text: &str| {
            let mut request = Request::<axum::body::Body>::default();
            request.headers_mut().insert(REQUEST_ID, HeaderValue::from_bytes(text.as_bytes()).unwrap());
            Incoming::of(&request, &[]).request_id().to_owned()
        };
        assert_eq!(id("run/7:a-b_c.d"), "run/7:a-b_c.d");
        for bad in ["", "a b", "a\"b", "ä", &"x".repeat(65)] {
            assert!(Uuid::try_parse(&id(bad)).is_ok(), "{bad}");
        }
    }
}
