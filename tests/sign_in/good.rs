//! Who comes with a token of the issuer's is a user, the same one each time.

use sandbar_tests::{Engine, Options, Server};
use serde_json::{Value, json};
use tonic::Code;

use super::{
    call,
    issuer::{Key, claims, now, options, with, without},
    principals, who_am_i,
};

/// A server with its issuer.
struct World {
    server: Server,
    key: Key,
    other: Key,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (key, other) = (Key::p256("first"), Key::ed25519("second"));
        let path = folder.path().join("keys.json");
        std::fs::write(&path, json!({"keys": [key.jwk(), other.jwk()]}).to_string()).unwrap();
        let options = options().arg(format!("--oidc-jwks-file={}", path.display()));
        let server = Server::start(engine, options).await;
        Self { server, key, other, _folder: folder }
    }

    fn token(&self, claims: &Value) -> String {
        self.key.token(&self.key.header(), claims)
    }
}

on_both! {
    a_user_is_made_at_first_sight
    of_many_first_calls_at_once_one_makes_the_user
    what_is_as_it_should_be_is_taken
    a_second_factor_is_one_of_the_sign_in
    a_sign_in_is_ended_by_an_administrator_only_and_not_rotated
}

async fn a_user_is_made_at_first_sight(engine: Engine) {
    let world = World::new(engine).await;
    let said = json!({"name": "Ada", "email": "Ada@Example.org", "email_verified": true, "amr": ["pwd"]});
    let ada = world.token(&with(claims("ada"), &said));
    let first = who_am_i(&world.server, &ada).await.unwrap();
    let user = &first["principal"];
    assert_eq!((&user["kind"], &user["name"]), (&json!("PRINCIPAL_KIND_USER"), &json!("Ada")));
    assert_eq!((&user["email"], &user["administrator"]), (&json!("ada@example.org"), &json!(false)));
    assert_eq!((&first["token"]["name"], &first["token"]["mfa"]), (&json!("sign-in"), &json!(false)));
    assert!(first["token"]["expire_time"].is_string(), "{first}");
    // Another token, another day, another name and address: the same user.
    let again = world.token(&with(claims("ada"), &json!({"name": "Ada L.", "amr": ["pwd", "mfa"]})));
    let again = who_am_i(&world.server, &again).await.unwrap();
    assert_eq!((&again["principal"], &again["token"]["mfa"]), (user, &json!(true)));
    // Another subject with the same address is somebody else, without it.
    let other = who_am_i(&world.server, &world.token(&with(claims("ada2"), &said))).await.unwrap();
    assert_ne!(other["principal"]["id"], user["id"]);
    assert_eq!(other["principal"]["email"].as_str().unwrap_or_default(), "");
    // So is one whose address nobody has made sure of.
    let unsure = json!({"email": "root@example.org", "email_verified": "true"});
    let unsure = who_am_i(&world.server, &world.token(&with(claims("eve"), &unsure))).await.unwrap();
    assert_eq!(unsure["principal"]["email"].as_str().unwrap_or_default(), "");
    assert_eq!(principals(&world.server).await.len(), 4);
}

async fn of_many_first_calls_at_once_one_makes_the_user(engine: Engine) {
    let world = World::new(engine).await;
    let token = world.token(&claims("ada"));
    let calls = (0..12).map(|_| who_am_i(&world.server, &token));
    let ids = futures::future::join_all(calls)
        .await
        .into_iter()
        .map(|who| who.unwrap()["principal"]["id"].to_string());
    assert_eq!(ids.collect::<std::collections::BTreeSet<_>>().len(), 1);
    assert_eq!(principals(&world.server).await.len(), 2);
}

async fn what_is_as_it_should_be_is_taken(engine: Engine) {
    let world = World::new(engine).await;
    let plain = world.key.header();
    let ways = [
        ("of a list of audiences", plain.clone(), with(claims("ada"), &json!({"aud": ["x", "sandbar"]}))),
        ("just over", plain.clone(), with(claims("ada"), &json!({"exp": now() - 10}))),
        ("just not yet", plain.clone(), with(claims("ada"), &json!({"nbf": now() + 10, "iat": now() + 10}))),
        ("without a time", plain.clone(), without(claims("ada"), "iat")),
        (
            "with parts of seconds",
            plain.clone(),
            with(claims("ada"), &json!({"exp": f64::from(i32::MAX) + 0.5})),
        ),
        ("for ever", plain.clone(), with(claims("ada"), &json!({"exp": i64::MAX}))),
        ("an access token", with(plain.clone(), &json!({"typ": "at+jwt"})), claims("ada")),
        ("without a type", without(plain.clone(), "typ"), claims("ada")),
        // What it says of keys is not looked at.
        (
            "with a key's address",
            with(plain.clone(), &json!({"jku": "https://evil.example", "x5u": "https://evil.example"})),
            claims("ada"),
        ),
        ("odd descriptions", plain, with(claims("ada"), &json!({"name": 7, "email": [], "amr": "mfa"}))),
    ];
    for (what, header, claims) in ways {
        let who = who_am_i(&world.server, &world.key.token(&header, &claims)).await;
        assert_eq!(who.unwrap_or_else(|status| panic!("{what}: {status}"))["token"]["mfa"], json!(false));
    }
    let by_other = world.other.token(&world.other.header(), &claims("ada"));
    who_am_i(&world.server, &by_other).await.unwrap();
    assert_eq!(principals(&world.server).await.len(), 2);
}

async fn a_second_factor_is_one_of_the_sign_in(engine: Engine) {
    let world = World::new(engine).await;
    let (weak, strong) =
        (world.token(&claims("ada")), world.token(&with(claims("ada"), &json!({"amr": ["mfa"]}))));
    let server = &world.server;
    let create = json!({"project": {"name": "orders", "settings": {"requires_mfa": true}}});
    let refused = call(server, &weak, "ProjectsService/CreateProject", &create).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let made = call(server, &strong, "ProjectsService/CreateProject", &create).await.unwrap();
    let get = json!({"project_id": made["project"]["id"]});
    let refused = call(server, &weak, "ProjectsService/GetProject", &get).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    call(server, &strong, "ProjectsService/GetProject", &get).await.unwrap();
    // A token of the service's own is as strong as the sign-in that it is made with.
    for (by, mfa) in [(&weak, false), (&strong, true)] {
        let token = call(server, by, "AccessService/CreateToken", &json!({"name": "ci"})).await.unwrap();
        assert_eq!(token["token"]["mfa"], json!(mfa));
    }
}

async fn a_sign_in_is_ended_by_an_administrator_only_and_not_rotated(engine: Engine) {
    let world = World::new(engine).await;
    let ada = world.token(&claims("ada"));
    let server = &world.server;
    let id = who_am_i(server, &ada).await.unwrap()["token"]["id"].clone();
    let of_it = json!({"token_id": id});
    for method in ["AccessService/RevokeToken", "AccessService/RotateToken"] {
        assert_eq!(call(server, &ada, method, &of_it).await.unwrap_err().code(), Code::NotFound);
    }
    let rotate = call(server, &ada, "AccessService/RotateToken", &json!({})).await;
    assert_eq!(rotate.unwrap_err().code(), Code::NotFound);
    call(server, server.admin_token(), "AccessService/RevokeToken", &of_it).await.unwrap();
    assert_eq!(who_am_i(server, &ada).await.unwrap_err().code(), Code::Unauthenticated);
}

/// A server that would take anybody's tokens does not start.
#[tokio::test]
async fn an_issuer_without_an_audience_is_refused() {
    let ended = tokio::process::Command::new(sandbar_tests::binary("sandbar-server"))
        .args(["--oidc-issuer=https://id.example", "--oidc-jwks-url=https://id.example/keys"])
        .output()
        .await
        .unwrap();
    assert!(!ended.status.success());
    let words = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(words.contains("--oidc-audience"), "{words}");
}

/// And one without an issuer knows no such tokens.
#[tokio::test]
async fn without_an_issuer_none_are_taken() {
    let server = Server::start(Engine::Sqlite, Options::default()).await;
    let key = Key::p256("first");
    let refused = who_am_i(&server, &key.token(&key.header(), &claims("ada"))).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}
