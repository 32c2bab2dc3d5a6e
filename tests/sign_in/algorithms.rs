//! Every algorithm of public keys that issuers sign with is taken, and none for another.

use std::process::Command;

use ring::{
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
        RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
    },
};
use sandbar_tests::{Engine, Server};
use serde_json::{Value, json};
use tonic::Code;

use super::{
    issuer::{b64, claims, message, options},
    who_am_i,
};

const RSA: [(&str, &dyn RsaEncoding); 6] = [
    ("RS256", &RSA_PKCS1_SHA256),
    ("RS384", &RSA_PKCS1_SHA384),
    ("RS512", &RSA_PKCS1_SHA512),
    ("PS256", &RSA_PSS_SHA256),
    ("PS384", &RSA_PSS_SHA384),
    ("PS512", &RSA_PSS_SHA512),
];

on_both! {
    every_algorithm_is_taken_and_none_for_another
}

async fn every_algorithm_is_taken_and_none_for_another(engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let (rsa, p384) = (rsa_key(), p384_key());
    let path = folder.path().join("keys.json");
    std::fs::write(&path, json!({"keys": [rsa_jwk(&rsa), p384_jwk(&p384)]}).to_string()).unwrap();
    let server = Server::start(engine, options().arg(format!("--oidc-jwks-file={}", path.display()))).await;
    for (number, (algorithm, encoding)) in RSA.into_iter().enumerate() {
        let sign = |message: &str| {
            let mut signed = vec![0; rsa.public().modulus_len()];
            rsa.sign(encoding, &SystemRandom::new(), message.as_bytes(), &mut signed).unwrap();
            signed
        };
        who_am_i(&server, &token(algorithm, "rsa", sign)).await.unwrap();
        let (other, _) = RSA[(number + 1) % RSA.len()];
        for (said, key) in
            [(other, "rsa"), ("ES384", "p384"), ("EdDSA", "rsa"), ("none", "rsa"), ("HS256", "rsa")]
        {
            let refused = who_am_i(&server, &token(said, key, sign)).await.unwrap_err();
            assert_eq!(refused.code(), Code::Unauthenticated, "{algorithm} as {said}");
        }
    }
    let sign = |message: &str| p384.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec();
    who_am_i(&server, &token("ES384", "p384", sign)).await.unwrap();
    for (said, key) in [("ES256", "p384"), ("RS384", "p384"), ("RS384", "rsa")] {
        let refused = who_am_i(&server, &token(said, key, sign)).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "ES384 as {said}");
    }
}

fn token(algorithm: &str, key: &str, sign: impl Fn(&str) -> Vec<u8>) -> String {
    let header = json!({"alg": algorithm, "typ": "JWT", "kid": key});
    let message = message(&header.to_string(), &claims("ada").to_string());
    let signature = b64(sign(&message));
    format!("{message}.{signature}")
}

/// Made by openssl, as ring makes none.
fn rsa_key() -> rsa::KeyPair {
    let args = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER"];
    let made = Command::new("openssl").args(args).output().expect("openssl is missing: run scripts/test");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    // Which of two forms it writes depends on its version.
    rsa::KeyPair::from_der(&made.stdout).or_else(|_| rsa::KeyPair::from_pkcs8(&made.stdout)).unwrap()
}

fn rsa_jwk(key: &rsa::KeyPair) -> Value {
    let public: rsa::PublicKeyComponents<Vec<u8>> = key.public().into();
    // Without `alg`: as many issuers have it.
    json!({"kty": "RSA", "use": "sig", "kid": "rsa", "n": b64(public.n), "e": b64(public.e)})
}

fn p384_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, made.as_ref(), &random).unwrap()
}

fn p384_jwk(key: &EcdsaKeyPair) -> Value {
    let public = key.public_key().as_ref();
    json!({"kty": "EC", "crv": "P-384", "kid": "p384", "x": b64(&public[1..49]), "y": b64(&public[49..])})
}
