//! Users who signed in elsewhere, as the operations see them.

use std::sync::Arc;

use sandbar_app::{
    Call, Credentials, SignIn, Vouched, access,
    watch::{self, From, Watch},
    workflows::{GetWorkflow, Which},
};
use sandbar_model::{Error, Time, time::MINUTE};

use crate::harness::{Bench, Person, cases, refused};

cases! {
    who_somebody_is_depends_on_issuer_and_subject_alone
    a_sign_in_ends_when_its_token_does
    a_watch_ends_with_the_sign_in
}

impl Bench {
    /// Somebody who signed in until then.
    async fn signed_in(&self, issuer: &str, subject: &str, expire_time: Time, like: &Person) -> Person {
        let vouched = Vouched {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            name: "Ada".to_owned(),
            email: String::new(),
            mfa: false,
            expire_time,
        };
        let who = Arc::new(SignIn::new(vouched));
        access::sign_in(&self.app, &who).await.unwrap();
        let call =
            Call { credentials: Credentials::SignedIn(who), caller: Arc::default(), ..like.call.clone() };
        let id = access::who_am_i(&self.app, &call).await.unwrap().principal.id;
        Person { id, call }
    }
}

async fn who_somebody_is_depends_on_issuer_and_subject_alone(bench: Bench) {
    let like = bench.user("like").await;
    let end = bench.app.now().plus(MINUTE);
    let mut ids = Vec::new();
    for (issuer, subject) in [("a", "bc"), ("ab", "c"), ("abc", ""), ("a", "BC"), ("a", "bc ")] {
        let person = bench.signed_in(issuer, subject, end, &like).await;
        assert!(!ids.contains(&person.id), "{issuer} {subject}");
        ids.push(person.id);
    }
    let again = bench.signed_in("a", "bc", end.plus(1), &like).await;
    assert_eq!(again.id, ids[0]);
    // Another server, which remembers nothing, knows them too.
    let other = bench.limited(bench.app.limits);
    assert_eq!(other.signed_in("ab", "c", end, &like).await.id, ids[1]);
    assert_eq!(bench.count("identities").await, 5);
}

async fn a_sign_in_ends_when_its_token_does(bench: Bench) {
    let like = bench.user("like").await;
    let end = bench.app.now().plus(MINUTE);
    let ada = bench.signed_in("issuer", "ada", end, &like).await;
    let root = bench.root(&ada, "root").await;
    let (id, _) = bench.workflow(&ada, root, "w").await;
    let get = GetWorkflow { project: root, which: Which::Id(id), revision: None };
    let known = access::who_am_i(&bench.app, &ada.call).await.unwrap().token;
    assert_eq!((known.expire_time, known.mfa), (Some(end), false));
    bench.world.pass(MINUTE - 1);
    bench.see(&ada, &get).await.unwrap();
    bench.world.pass(1);
    refused!(bench.see(&ada, &get).await, Error::TokenInvalid);
    refused!(access::who_am_i(&bench.app, &ada.call).await, Error::TokenInvalid);
    // With the next token they go on as who they are.
    let later = bench.signed_in("issuer", "ada", end.plus(MINUTE), &like).await;
    bench.see(&later, &get).await.unwrap();
}

async fn a_watch_ends_with_the_sign_in(bench: Bench) {
    let like = bench.user("like").await;
    let ada = bench.signed_in("issuer", "ada", bench.app.now().plus(MINUTE), &like).await;
    let root = bench.root(&ada, "root").await;
    let request = Watch { project: root, tree: false, from: From::Now, until_now: false };
    let mut watching = watch::watch(&bench.app, ada.call.clone(), &request).await.unwrap();
    watching.next().await.unwrap().unwrap();
    bench.world.pass(MINUTE);
    refused!(watching.next().await, Error::TokenInvalid);
}
