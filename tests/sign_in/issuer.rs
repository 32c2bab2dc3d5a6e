//! An issuer: keys, the tokens that it makes with them, and its key set.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
        KeyPair,
    },
};
use sandbar_tests::Options;
use serde_json::{Value, json};

pub(crate) const NAME: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "sandbar";

/// A key of the issuer's, or of somebody who would like to be it.
pub(crate) struct Key {
    pub(crate) id: &'static str,
    pkcs8: Vec<u8>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    P256,
    Ed25519,
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Key {
    pub(crate) fn p256(id: &'static str) -> Self {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Self { id, pkcs8: made.unwrap().as_ref().to_vec(), kind: Kind::P256 }
    }

    pub(crate) fn ed25519(id: &'static str) -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        Self { id, pkcs8: made.unwrap().as_ref().to_vec(), kind: Kind::Ed25519 }
    }

    /// As everybody may know it.
    pub(crate) fn public(&self) -> Vec<u8> {
        match self.kind {
            Kind::P256 => self.pair().public_key().as_ref().to_vec(),
            Kind::Ed25519 => Ed25519KeyPair::from_pkcs8(&self.pkcs8).unwrap().public_key().as_ref().to_vec(),
        }
    }

    /// As a key set has it.
    pub(crate) fn jwk(&self) -> Value {
        let public = self.public();
        match self.kind {
            Kind::P256 => json!({
                "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
                "x": b64(&public[1..33]), "y": b64(&public[33..]),
            }),
            Kind::Ed25519 => json!({"kty": "OKP", "crv": "Ed25519", "kid": self.id, "x": b64(public)}),
        }
    }

    fn pair(&self) -> EcdsaKeyPair {
        let random = SystemRandom::new();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.pkcs8, &random).unwrap()
    }

    /// A header that says who signs.
    pub(crate) fn header(&self) -> Value {
        let algorithm = if self.kind == Kind::P256 { "ES256" } else { "EdDSA" };
        json!({"alg": algorithm, "typ": "JWT", "kid": self.id})
    }

    pub(crate) fn sign(&self, message: &str) -> Vec<u8> {
        match self.kind {
            Kind::P256 => {
                self.pair().sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec()
            }
            Kind::Ed25519 => {
                Ed25519KeyPair::from_pkcs8(&self.pkcs8).unwrap().sign(message.as_bytes()).as_ref().to_vec()
            }
        }
    }

    /// The same signature in the form that certificates have.
    pub(crate) fn sign_asn1(&self, message: &str) -> Vec<u8> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.pkcs8, &random).unwrap();
        pair.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec()
    }

    /// A token.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        self.token_of(&header.to_string(), &claims.to_string())
    }

    /// A token of texts that need not be JSON.
    pub(crate) fn token_of(&self, header: &str, claims: &str) -> String {
        let message = message(header, claims);
        let signature = b64(self.sign(&message));
        format!("{message}.{signature}")
    }
}

pub(crate) fn message(header: &str, claims: &str) -> String {
    format!("{}.{}", b64(header), b64(claims))
}

/// A token signed with a secret that both sides know.
pub(crate) fn by_secret(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let message = message(&header.to_string(), &claims.to_string());
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", b64(signature.as_ref()))
}

pub(crate) fn now() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "tests tell the time")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// What a token of the issuer's says of somebody.
pub(crate) fn claims(subject: &str) -> Value {
    json!({"iss": NAME, "aud": AUDIENCE, "sub": subject, "iat": now(), "exp": now() + 600})
}

/// The same with something else.
pub(crate) fn with(mut one: Value, more: &Value) -> Value {
    one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    one
}

/// The same with something less.
pub(crate) fn without(mut one: Value, field: &str) -> Value {
    one.as_object_mut().unwrap().remove(field).unwrap();
    one
}

/// A server that takes the issuer's tokens.
pub(crate) fn options() -> Options {
    Options::default()
        .arg(format!("--oidc-issuer={NAME}"))
        .arg(format!("--oidc-audience=other,{AUDIENCE}"))
        .arg("--oidc-clock-skew=30s")
        // Many come from this machine.
        .arg("--max-bad-tokens=0")
}
