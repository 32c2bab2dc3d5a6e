//! The issuer's public keys: read from a file or a URL, remembered, and read again when they may have changed.
//!
//! Nothing that a caller sends decides where keys are read from, and how often only up to [`PAUSE`].

use std::{
    fmt, io,
    path::PathBuf,
    str::FromStr,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use tokio::{io::AsyncReadExt, sync::Mutex, time::Instant};

use super::fetch::Fetcher;

/// Between two readings that callers bring about with ids of keys that nobody knows.
pub(super) const PAUSE: Duration = Duration::from_secs(10);
/// The largest key set.
pub(super) const MAX_BYTES: u64 = 1 << 20;
/// The most keys of it that are looked at.
const MAX_KEYS: usize = 100;

/// A key, and what it may have signed.
#[derive(Clone)]
pub(super) struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    /// To check signatures with.
    pub(super) public: DecodingKey,
}

/// Where the keys are.
pub(super) enum Place {
    File(PathBuf),
    Url(Box<Fetcher>),
}

/// The keys as they were read last.
pub(super) struct Keys {
    place: Place,
    current: RwLock<Arc<Vec<Key>>>,
    /// When a caller last had them read again. Held while they are read.
    asked: Mutex<Option<Instant>>,
}

impl Keys {
    pub(super) fn new(place: Place) -> Arc<Self> {
        Arc::new(Self { place, current: RwLock::default(), asked: Mutex::default() })
    }

    /// The keys that may have signed a token with this header, at most a few. If nobody knows the id, they are read again, but
    /// not if that was tried a moment ago.
    pub(super) async fn matching(self: &Arc<Self>, id: Option<&str>, algorithm: Algorithm) -> Vec<Key> {
        let known = self.current();
        let Some(id) = id else {
            let mut fit = known.iter().filter(|key| key.algorithms.contains(&algorithm));
            // Which one it is must be clear.
            return match (fit.next(), fit.next()) {
                (Some(key), None) => vec![key.clone()],
                _ => Vec::new(),
            };
        };
        if !known.iter().any(|key| key.id.as_deref() == Some(id)) {
            let keys = Arc::clone(self);
            // On its own, so that a caller who leaves does not end it for those who wait with them.
            let _ended_with_the_runtime = tokio::spawn(async move { keys.again(&known).await }).await;
        }
        let fits = |key: &&Key| key.id.as_deref() == Some(id) && key.algorithms.contains(&algorithm);
        self.current().iter().filter(fits).take(4).cloned().collect()
    }

    /// Reads the keys again, unless somebody else was faster or it was tried a moment ago.
    async fn again(&self, known: &Arc<Vec<Key>>) {
        let mut asked = self.asked.lock().await;
        let new_ones_came = !Arc::ptr_eq(known, &self.current());
        if new_ones_came || asked.is_some_and(|time| time.elapsed() < PAUSE) {
            return;
        }
        *asked = Some(Instant::now());
        self.read_or_keep().await;
    }

    /// Reads the keys now and then, for as long as the server runs.
    pub(super) async fn keep_fresh(self: Arc<Self>, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            self.read_or_keep().await;
        }
    }

    async fn read_or_keep(&self) {
        if let Err(problem) = self.read().await {
            tracing::warn!(place = %self.place, problem, "the issuer's keys can't be read; those known before still count");
        }
    }

    /// Reads the keys.
    ///
    /// # Errors
    /// Why they can't be read, or that none of them can be used; those from before are kept then.
    pub(super) async fn read(&self) -> Result<(), String> {
        let bytes = match &self.place {
            Place::File(path) => read_file(path).await.map_err(|error| error.to_string())?,
            Place::Url(fetcher) => fetcher.get().await?,
        };
        let keys = parse(&bytes)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }

    fn current(&self) -> Arc<Vec<Key>> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(fetcher) => fetcher.fmt(f),
        }
    }
}

async fn read_file(path: &PathBuf) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    tokio::fs::File::open(path).await?.take(MAX_BYTES + 1).read_to_end(&mut bytes).await?;
    if bytes.len() as u64 > MAX_BYTES { Err(io::Error::other("it has over 1 MiB")) } else { Ok(bytes) }
}

/// The keys of a key set that can be used here; the others (of other kinds, for encryption, shared secrets) are passed over.
fn parse(bytes: &[u8]) -> Result<Vec<Key>, String> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<serde_json::Value>,
    }
    let set: Set = serde_json::from_slice(bytes).map_err(|error| format!("it is no key set: {error}"))?;
    let keys: Vec<_> = set
        .keys
        .into_iter()
        .take(MAX_KEYS)
        .filter_map(|value| serde_json::from_value::<Jwk>(value).ok().and_then(|jwk| usable(&jwk)))
        .collect();
    if keys.is_empty() { Err("none of its keys can check signatures here".to_owned()) } else { Ok(keys) }
}

fn usable(jwk: &Jwk) -> Option<Key> {
    let common = &jwk.common;
    let signs = matches!(&common.public_key_use, None | Some(PublicKeyUse::Signature));
    let verifies = common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
    let mut algorithms = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => vec![
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => vec![Algorithm::ES256],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => vec![Algorithm::ES384],
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            vec![Algorithm::EdDSA]
        }
        _ => return None,
    };
    if let Some(only) = common.key_algorithm {
        let only = Algorithm::from_str(&only.to_string()).ok()?;
        algorithms.retain(|algorithm| *algorithm == only);
    }
    if !signs || !verifies || algorithms.is_empty() {
        return None;
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    Some(Key { id: common.key_id.clone(), algorithms, public: key })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn p256(more: &Value) -> Value {
        let mut key = json!({
            "kty": "EC", "crv": "P-256", "kid": "a",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        });
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key
    }

    fn count(keys: &[Value]) -> Option<usize> {
        parse(json!({"keys": keys}).to_string().as_bytes()).ok().map(|keys| keys.len())
    }

    #[test]
    fn keys_of_another_use_are_passed_over() {
        for (more, fine) in [
            (json!({}), true),
            (json!({"use": "sig"}), true),
            (json!({"use": "enc"}), false),
            (json!({"alg": "ES256"}), true),
            (json!({"alg": "ES384"}), false),
            (json!({"alg": "HS256"}), false),
            (json!({"alg": "RS256"}), false),
            (json!({"alg": "ECDH-ES"}), false),
            (json!({"key_ops": ["verify"]}), true),
            (json!({"key_ops": ["sign"]}), false),
            (json!({"crv": "secp256k1"}), false),
            (json!({"kty": "oct", "k": "c2VjcmV0"}), false),
            (json!({"kty": "new", "z": 1}), false),
            (json!({"x": 7}), false),
        ] {
            assert_eq!(count(&[p256(&more)]), fine.then_some(1), "{more}");
            assert_eq!(count(&[p256(&more), p256(&json!({}))]), Some(if fine { 2 } else { 1 }), "{more}");
        }
        assert_eq!(count(&[]), None);
        for text in ["", "[]", "{}", r#"{"keys": {}}"#, r#"{"keys": [1, null, "x"]}"#] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn without_an_id_it_must_be_clear_which_key_it_is() {
        let keys = Keys::new(Place::File(PathBuf::from("nowhere")));
        let set = |keys: &[Value]| Arc::new(parse(json!({"keys": keys}).to_string().as_bytes()).unwrap());
        *keys.current.write().unwrap() = set(&[p256(&json!({}))]);
        assert_eq!(keys.matching(None, Algorithm::ES256).await.len(), 1);
        assert_eq!(keys.matching(None, Algorithm::RS256).await.len(), 0);
        assert_eq!(keys.matching(Some("a"), Algorithm::ES256).await.len(), 1);
        assert_eq!(keys.matching(Some("b"), Algorithm::ES256).await.len(), 0);
        *keys.current.write().unwrap() = set(&[p256(&json!({})), p256(&json!({"kid": "b"}))]);
        assert_eq!(keys.matching(None, Algorithm::ES256).await.len(), 0);
        assert_eq!(keys.matching(Some("b"), Algorithm::ES256).await.len(), 1);
    }
}
