//! Tokens that must not be taken. To a stranger all of them are the same: nothing of the answer tells them apart.

use base64::{Engine, engine::general_purpose::STANDARD};
use sandbar_tests::{Engine as Kind, Server};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::{
    issuer::{AUDIENCE, Key, NAME, b64, by_secret, claims, message, now, options, with, without},
    principals, who_am_i,
};

/// A secret that the key set has, too, by mistake.
const SHARED: &[u8] = b"a secret that both sides know, of 256 bits";
const EVIL: &str = "https://evil.example/keys";

/// Whoever makes tokens here.
struct Forge {
    first: Key,
    second: Key,
    third: Key,
    /// Nobody's.
    stranger: Key,
}

type Case = (&'static str, String);

impl Forge {
    fn new() -> Self {
        Self {
            first: Key::p256("first"),
            second: Key::p256("second"),
            third: Key::ed25519("third"),
            stranger: Key::p256("first"),
        }
    }

    fn set(&self) -> String {
        let shared = json!({"kty": "oct", "kid": "shared", "alg": "HS256", "k": b64(SHARED)});
        let mut encrypting = self.stranger.jwk();
        encrypting = with(encrypting, &json!({"kid": "encrypting", "use": "enc"}));
        let keys = [self.first.jwk(), self.second.jwk(), self.third.jwk(), shared, encrypting];
        json!({"keys": keys}).to_string()
    }

    /// A token that is right but for its header.
    fn header(&self, more: &Value) -> String {
        self.first.token(&with(self.first.header(), more), &claims("ada"))
    }

    /// A token that is right but for what it says.
    fn says(&self, more: &Value) -> String {
        self.first.token(&self.first.header(), &with(claims("ada"), more))
    }

    fn says_no(&self, field: &str) -> String {
        self.first.token(&self.first.header(), &without(claims("ada"), field))
    }

    fn right(&self) -> String {
        self.says(&json!({}))
    }

    /// Another algorithm than the key's.
    fn algorithms(&self) -> Vec<Case> {
        let unsigned = |algorithm: &str| {
            let header = json!({"alg": algorithm, "typ": "JWT", "kid": "first"});
            format!("{}.", message(&header.to_string(), &claims("ada").to_string()))
        };
        let signed = |algorithm: Value| self.header(&json!({"alg": algorithm}));
        let hmac = |kid: &str, secret: &[u8]| {
            by_secret(&json!({"alg": "HS256", "typ": "JWT", "kid": kid}), &claims("ada"), secret)
        };
        let doubled = r#"{"alg":"ES256","alg":"none","kid":"first"}"#;
        vec![
            ("none", unsigned("none")),
            ("None", unsigned("None")),
            ("none, signed", signed(json!("none"))),
            ("nOnE, signed", signed(json!("nOnE"))),
            ("no algorithm's name", signed(json!(""))),
            ("a number", signed(json!(256))),
            ("no algorithm", {
                let header = without(self.first.header(), "alg");
                self.first.token(&header, &claims("ada"))
            }),
            ("two of them", self.first.token_of(doubled, &claims("ada").to_string())),
            ("one that nobody takes", signed(json!("ES256K"))),
            ("RSA with a point", signed(json!("RS256"))),
            ("RSA-PSS with a point", signed(json!("PS256"))),
            ("the larger curve", signed(json!("ES384"))),
            ("the other curve", signed(json!("EdDSA"))),
            ("HMAC, signed with the key", signed(json!("HS256"))),
            ("HMAC of the public key", hmac("first", &self.first.public())),
            ("HMAC of the key set", hmac("first", self.set().as_bytes())),
            ("HMAC of the point's text", hmac("first", self.first.jwk()["x"].as_str().unwrap().as_bytes())),
            ("HMAC of nothing", hmac("first", b"")),
            ("HMAC of a secret in the key set", hmac("shared", SHARED)),
        ]
    }

    /// Another key than the one that signed.
    fn keys(&self) -> Vec<Case> {
        let named = |kid: Value| self.header(&json!({"kid": kid}));
        let forged = |more: &Value| self.stranger.token(&with(self.stranger.header(), more), &claims("ada"));
        vec![
            ("nobody's key", named(json!("fourth"))),
            ("another key", named(json!("second"))),
            ("a key of another kind", named(json!("third"))),
            ("a key for encryption", forged(&json!({"kid": "encrypting"}))),
            ("a path", named(json!("../../../../../../dev/null"))),
            ("a file", named(json!("file:///dev/null"))),
            ("an address", named(json!(EVIL))),
            ("a statement", named(json!("first' OR '1'='1"))),
            ("a command", named(json!("first; cat /etc/passwd"))),
            ("a zero", named(json!("first\0"))),
            ("a number as name", named(json!(1))),
            ("a list as name", named(json!(["first"]))),
            ("an empty name", named(json!(""))),
            ("a long name", named(json!("k".repeat(4000)))),
            ("no name, and several keys that fit", {
                self.first.token(&without(self.first.header(), "kid"), &claims("ada"))
            }),
            ("a stranger's signature", forged(&json!({}))),
            ("the stranger's key along", forged(&json!({"jwk": self.stranger.jwk()}))),
            ("the stranger's key alone", forged(&json!({"jwk": self.stranger.jwk(), "kid": null}))),
            ("where the stranger's keys are", forged(&json!({"jku": EVIL}))),
            ("where the stranger's certificate is", forged(&json!({"x5u": EVIL, "kid": "fourth"}))),
            ("a certificate", forged(&json!({"x5c": [STANDARD.encode(b"not one")]}))),
        ]
    }

    /// What its header asks for beside.
    fn headers(&self) -> Vec<Case> {
        let of_text = |text: &str| self.first.token_of(text, &claims("ada").to_string());
        vec![
            ("something that must be understood", self.header(&json!({"crit": ["exp"]}))),
            ("bare contents", self.header(&json!({"crit": ["b64"], "b64": false}))),
            ("packed contents", self.header(&json!({"zip": "DEF"}))),
            ("encrypted contents", self.header(&json!({"enc": "A128GCM"}))),
            ("a token within", self.header(&json!({"cty": "JWT"}))),
            ("a logout token", self.header(&json!({"typ": "logout+jwt"}))),
            ("a proof", self.header(&json!({"typ": "dpop+jwt"}))),
            ("a type that is none", self.header(&json!({"typ": 7}))),
            ("a header that is no JSON", of_text("alg: ES256")),
            ("a header that is a list", of_text(r#"["ES256"]"#)),
            ("an empty header", of_text("")),
        ]
    }

    /// What is wrong with its signature or form.
    fn forms(&self) -> Vec<Case> {
        let right = self.right();
        let (message, signature) = right.rsplit_once('.').unwrap();
        let (header, payload) = message.split_once('.').unwrap();
        let other = b64(claims("eve").to_string());
        let mut flipped = self.first.sign(message);
        flipped[40] ^= 1;
        let cut = self.first.sign(message)[..63].to_vec();
        let vast = json!({"padding": "x".repeat(7000)});
        vec![
            ("another subject under the same signature", format!("{header}.{other}.{signature}")),
            ("one bit of the signature", format!("{message}.{}", b64(flipped))),
            ("a signature cut short", format!("{message}.{}", b64(cut))),
            ("a signature of zeros", format!("{message}.{}", b64([0; 64]))),
            ("no signature", format!("{message}.")),
            ("a signature in the form of certificates", {
                format!("{message}.{}", b64(self.first.sign_asn1(message)))
            }),
            ("a signature with padding", format!("{message}.{signature}==")),
            ("a signature in another alphabet", {
                format!("{message}.{}+/", &signature[..signature.len() - 2])
            }),
            ("two parts", message.to_owned()),
            ("four parts", format!("{right}.{signature}")),
            ("five parts", format!("{header}.{payload}.{payload}.{payload}.{signature}")),
            ("a dot before", format!(".{right}")),
            ("a dot behind", format!("{right}.")),
            ("dots", "..".to_owned()),
            ("one dot", ".".to_owned()),
            ("no header", format!(".{payload}.{signature}")),
            ("as JSON", {
                json!({"payload": payload, "protected": header, "signature": signature, "a": 1.5}).to_string()
            }),
            ("one of the service's own, with a dot", format!("sbr_{}.", "0".repeat(50))),
            ("over 8 KiB", self.says(&vast)),
        ]
    }

    /// What it says.
    fn contents(&self) -> Vec<Case> {
        let says = |more: Value| self.says(&more);
        let of_text = |text: &str| self.first.token_of(&self.first.header().to_string(), text);
        let doubled = format!(
            r#"{{"iss":"{NAME}","iss":"https://evil.example","aud":"{AUDIENCE}","sub":"ada","exp":{}}}"#,
            now() + 600
        );
        let deep = format!(
            r#"{{"iss":"{NAME}","aud":"{AUDIENCE}","sub":"ada","exp":{},"amr":{}}}"#,
            now() + 600,
            "[".repeat(3000)
        );
        vec![
            ("no issuer", self.says_no("iss")),
            ("another issuer", says(json!({"iss": "https://evil.example"}))),
            ("nearly the issuer", says(json!({"iss": format!("{NAME}/")}))),
            ("the issuer among others", says(json!({"iss": [NAME, "https://evil.example"]}))),
            ("an issuer that is a number", says(json!({"iss": 7}))),
            ("two issuers", of_text(&doubled)),
            ("no audience", self.says_no("aud")),
            ("another audience", says(json!({"aud": "somebody"}))),
            ("other audiences", says(json!({"aud": ["somebody", "else"]}))),
            ("the beginning of the audience", says(json!({"aud": "sand"}))),
            ("more than the audience", says(json!({"aud": "sandbar2"}))),
            ("an empty list of audiences", says(json!({"aud": []}))),
            ("an empty audience", says(json!({"aud": ""}))),
            ("an audience that is an object", says(json!({"aud": {"sandbar": true}}))),
            ("no subject", self.says_no("sub")),
            ("an empty subject", says(json!({"sub": ""}))),
            ("a subject that is a number", says(json!({"sub": 7}))),
            ("a subject that is nothing", says(json!({"sub": null}))),
            ("a long subject", says(json!({"sub": "s".repeat(256)}))),
            ("a subject with a zero", says(json!({"sub": "ada\0"}))),
            ("no end", self.says_no("exp")),
            ("over", says(json!({"exp": now() - 60}))),
            ("over for long", says(json!({"exp": 0}))),
            ("an end that is a text", says(json!({"exp": (now() + 600).to_string()}))),
            ("an end that is nothing", says(json!({"exp": null}))),
            ("an end before time", says(json!({"exp": -1}))),
            ("not yet", says(json!({"nbf": now() + 120}))),
            ("a beginning that is a text", says(json!({"nbf": "now"}))),
            ("made in the future", says(json!({"iat": now() + 120}))),
            ("of an event", {
                says(json!({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}))
            }),
            ("no JSON", of_text("iss=id.example")),
            ("a list", of_text("[1]")),
            ("nothing", of_text("")),
            ("deeper than anybody needs", of_text(&deep)),
        ]
    }
}

on_both! {
    none_of_them_is_taken_or_told_from_another
}

async fn none_of_them_is_taken_or_told_from_another(engine: Kind) {
    let forge = Forge::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    std::fs::write(&path, forge.set()).unwrap();
    let options = options().arg(format!("--oidc-jwks-file={}", path.display()));
    let server = Server::start(engine, options).await;
    // The forge makes right ones, too.
    who_am_i(&server, &forge.right()).await.unwrap();
    let known = principals(&server).await.len();
    let nobody = who_am_i(&server, &format!("sbr_{}", "0".repeat(50))).await.unwrap_err();
    assert_eq!(nobody.code(), Code::Unauthenticated);
    let cases = [forge.algorithms(), forge.keys(), forge.headers(), forge.forms(), forge.contents()].concat();
    assert!(cases.len() >= 100, "{}", cases.len());
    for (what, token) in &cases {
        let refused = who_am_i(&server, token).await;
        let refused = refused.expect_err(what);
        assert_eq!(told(&refused), told(&nobody), "{what}");
    }
    assert_eq!(principals(&server).await.len(), known, "nobody became a user");
    let (_, log) = server.log();
    assert!(!log.contains("panicked"), "{log}");
    for (what, token) in cases.iter().filter(|(_, token)| token.len() > 40) {
        assert!(!log.contains(token.as_str()), "{what} is in the log");
    }
    who_am_i(&server, &forge.right()).await.unwrap();
}

fn told(status: &Status) -> (Code, String, Vec<u8>) {
    (status.code(), status.message().to_owned(), status.details().to_vec())
}

/// What is no token at all never reaches the check.
#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_too_large_is_refused_before() {
    let server = Server::start(Kind::Sqlite, options_of_nobody()).await;
    let refused = who_am_i(&server, &format!("a.{}.b", "x".repeat(20_000))).await.unwrap_err();
    assert_ne!(refused.code(), Code::Internal, "{refused}");
}

fn options_of_nobody() -> sandbar_tests::Options {
    // Nobody answers there: that keeps no server from starting.
    options().arg("--oidc-jwks-url=http://127.0.0.1:9/keys")
}
