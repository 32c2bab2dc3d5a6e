//! The issuer's keys change: a real server of keys over HTTP, that counts how often it is asked.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use sandbar_tests::{Engine, Server};
use serde_json::json;
use tokio::time::Instant;
use tonic::Code;

use super::{
    issuer::{Key, claims, options, with},
    who_am_i,
};

/// What is served, and how often it was asked for.
#[derive(Clone, Default)]
struct Keys {
    set: Arc<Mutex<Option<String>>>,
    asked: Arc<AtomicU32>,
}

impl Keys {
    async fn serve(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/keys", get(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        address
    }

    fn put(&self, keys: &[&Key]) {
        let set: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        *self.set.lock().unwrap() = Some(json!({"keys": set}).to_string());
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn answer(State(keys): State<Keys>) -> Result<String, StatusCode> {
    keys.asked.fetch_add(1, Ordering::SeqCst);
    keys.set.lock().unwrap().clone().ok_or(StatusCode::BAD_GATEWAY)
}

async fn is_in(server: &Server, key: &Key) -> bool {
    match who_am_i(server, &key.token(&key.header(), &claims("ada"))).await {
        Ok(_) => true,
        Err(status) => {
            assert_eq!(status.code(), Code::Unauthenticated, "{status}");
            false
        }
    }
}

async fn until(server: &Server, key: &Key, wanted: bool) {
    let give_up = Instant::now() + Duration::from_secs(20);
    while is_in(server, key).await != wanted {
        assert!(Instant::now() < give_up, "{} is not {wanted}", key.id);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Strangers can't make the server ask more than once in ten seconds, whatever they send.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_found_at_once_and_made_up_ones_are_not_looked_for_again_and_again() {
    let keys = Keys::default();
    let address = keys.serve().await;
    let (first, second, third) = (Key::p256("first"), Key::ed25519("second"), Key::p256("third"));
    keys.put(&[&first]);
    let options = options().arg(format!("--oidc-jwks-url=http://{address}/keys")).arg("--oidc-refresh=1h");
    let server = Server::start(Engine::Sqlite, options).await;
    assert!(is_in(&server, &first).await);
    assert_eq!(keys.asked(), 1);
    // A new key beside the old one: the first token by it has the keys read again.
    keys.put(&[&first, &second]);
    assert!(is_in(&server, &second).await);
    assert!(is_in(&server, &first).await);
    assert_eq!(keys.asked(), 2);
    let strangers = (0..50).map(|number| {
        let header = with(first.header(), &json!({"kid": format!("made up {number}")}));
        let token = first.token(&header, &claims("ada"));
        let server = &server;
        async move { who_am_i(server, &token).await.unwrap_err().code() }
    });
    let codes = futures::future::join_all(strangers).await;
    assert!(codes.iter().all(|code| *code == Code::Unauthenticated));
    assert_eq!(keys.asked(), 2, "it was asked a moment ago");
    // The next real key waits for that, too, but not for long.
    keys.put(&[&third]);
    until(&server, &third, true).await;
    assert!(keys.asked() <= 4, "{}", keys.asked());
    // Those that are gone from the set count for nothing now.
    assert!(!is_in(&server, &first).await);
    assert!(!is_in(&server, &second).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_withdrawn_end_by_themselves_and_an_issuer_that_is_down_ends_nothing() {
    let keys = Keys::default();
    let address = keys.serve().await;
    let (first, second) = (Key::p256("first"), Key::p256("second"));
    let options = options().arg(format!("--oidc-jwks-url=http://{address}/keys")).arg("--oidc-refresh=1s");
    // The issuer is down when the server starts.
    let server = Server::start(Engine::Sqlite, options).await;
    assert!(!is_in(&server, &first).await);
    keys.put(&[&first]);
    until(&server, &first, true).await;
    // Down again, and then something that is no key set.
    for nonsense in [None, Some("<html>".to_owned()), Some(r#"{"keys": []}"#.to_owned())] {
        *keys.set.lock().unwrap() = nonsense;
        let before = keys.asked();
        while keys.asked() < before + 2 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(is_in(&server, &first).await);
    }
    keys.put(&[&second]);
    until(&server, &first, false).await;
    assert!(is_in(&server, &second).await);
}
