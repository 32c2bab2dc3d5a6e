//! The first way in.

use sandbar_app::{
    Call, Credentials,
    access::{self, Bootstrap, CreatedToken, Identity},
};
use sandbar_model::{
    ContentHash, Error, Result,
    access::{Scope, TokenSecret},
    time::{DAY, MINUTE},
};
use tokio::task::JoinSet;

use crate::harness::{Bench, START, cases, fields, refused};

cases! {
    the_first_start_makes_an_administrator
    a_given_token_is_the_administrators
    what_is_no_token_is_refused
    somebody_there_means_nothing_to_do
    of_many_servers_one_makes_it
    the_operator_can_always_make_a_token
    of_many_operators_one_makes_the_administrator
}

async fn start(bench: &Bench, given: Option<&str>) -> Result<Bootstrap> {
    access::bootstrap(&bench.app.db, &*bench.world, given).await
}

async fn identity(bench: &Bench, secret: &str) -> Result<Identity> {
    let call = Call {
        credentials: Credentials::bearer(secret),
        address: String::new(),
        trace_id: String::new(),
        digest: ContentHash::of(b""),
        caller: std::sync::Arc::default(),
    };
    access::who_am_i(&bench.app, &call).await
}

async fn the_first_start_makes_an_administrator(bench: Bench) {
    let Bootstrap::Made(secret) = start(&bench, None).await.unwrap() else { panic!("nothing was made") };
    let found = identity(&bench, secret.expose()).await.unwrap();
    assert_eq!((found.principal.name.as_str(), found.principal.administrator), ("admin", true));
    assert_eq!((found.token.scope, found.token.expire_time), (Scope::default(), None));
    assert!(matches!(start(&bench, None).await.unwrap(), Bootstrap::Kept));
    for (table, count) in [("principals", 1), ("tokens", 1), ("leases", 0), ("audit_events", 2)] {
        assert_eq!(bench.count(table).await, count, "{table}");
    }
}

async fn a_given_token_is_the_administrators(bench: Bench) {
    let given = TokenSecret::from_random([7; 32]);
    assert!(matches!(start(&bench, Some(given.expose())).await.unwrap(), Bootstrap::Accepted));
    assert!(identity(&bench, given.expose()).await.unwrap().principal.administrator);
    // The next start with the same, and with another.
    assert!(matches!(start(&bench, Some(given.expose())).await.unwrap(), Bootstrap::Kept));
    let other = TokenSecret::from_random([8; 32]);
    assert!(matches!(start(&bench, Some(other.expose())).await.unwrap(), Bootstrap::Kept));
    refused!(identity(&bench, other.expose()).await, Error::TokenInvalid);
}

async fn what_is_no_token_is_refused(bench: Bench) {
    let right = TokenSecret::from_random([7; 32]).expose().to_owned();
    for wrong in ["", "hunter2", &right[1..], &format!("{right}x")] {
        assert_eq!(fields(start(&bench, Some(wrong)).await), ["admin_token"]);
    }
    assert_eq!(bench.count("principals").await, 0);
    bench.user("user").await;
    assert_eq!(fields(start(&bench, Some("hunter2")).await), ["admin_token"]);
}

async fn somebody_there_means_nothing_to_do(bench: Bench) {
    bench.user("user").await;
    assert!(matches!(start(&bench, None).await.unwrap(), Bootstrap::Kept));
    assert_eq!((bench.count("principals").await, bench.count("tokens").await), (1, 1));
}

async fn of_many_servers_one_makes_it(bench: Bench) {
    let mut tasks = JoinSet::new();
    for _ in 0..12 {
        let bench = bench.clone();
        tasks.spawn(async move { start(&bench, None).await.unwrap() });
    }
    let outcomes = tasks.join_all().await;
    let made: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Bootstrap::Made(secret) => Some(secret),
            Bootstrap::Kept => None,
            Bootstrap::Accepted => panic!("no token was given"),
        })
        .collect();
    assert_eq!(made.len(), 1);
    identity(&bench, made[0].expose()).await.unwrap();
    assert_eq!((bench.count("principals").await, bench.count("tokens").await), (1, 1));
}

async fn create(bench: &Bench, name: &str, ttl: Option<i64>) -> Result<CreatedToken> {
    access::create_admin_token(&bench.app.db, &*bench.world, name, ttl).await
}

async fn the_operator_can_always_make_a_token(bench: Bench) {
    // Somebody of that name who is no administrator does not become one.
    let user = bench.user("ops").await;
    let first = create(&bench, "ops", None).await.unwrap();
    assert_ne!(first.token.principal, user.id);
    assert_eq!(first.token.expire_time, Some(START.plus(90 * DAY)));
    let second = create(&bench, "ops", Some(DAY)).await.unwrap();
    assert_eq!(
        (second.token.principal, second.token.expire_time),
        (first.token.principal, Some(START.plus(DAY)))
    );
    for made in [&first, &second] {
        let found = identity(&bench, made.secret.as_ref().unwrap().expose()).await.unwrap();
        assert!(found.principal.administrator && found.principal.name == "ops");
    }
    assert_eq!(fields(create(&bench, "", None).await), ["name"]);
    assert_eq!(fields(create(&bench, "ops", Some(MINUTE - 1)).await), ["ttl"]);
}

async fn of_many_operators_one_makes_the_administrator(bench: Bench) {
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let bench = bench.clone();
        tasks.spawn(async move { create(&bench, "ops", None).await.unwrap() });
    }
    tasks.join_all().await;
    assert_eq!((bench.count("principals").await, bench.count("tokens").await), (1, 8));
}
