//! A token in place of another one: as wide, as long, and the old one ends.

use sandbar_app::{
    Call, Credentials,
    access::{self, RotateToken, RotatedToken},
};
use sandbar_model::{
    Error, Result, Role, TokenId,
    access::{Scope, Token},
    time::{DAY, HOUR, MINUTE},
};
use tokio::task::JoinSet;

use crate::harness::{Bench, Person, cases, fields, refused};

cases! {
    the_new_one_is_as_the_old_one_was
    who_may_rotate_what
    nothing_is_widened_by_rotating
    the_old_one_never_lives_longer_for_it
    a_repeat_makes_no_second_one
    two_at_once_leave_the_sooner_end
}

fn request(token: Option<TokenId>, overlap: Option<i64>) -> RotateToken {
    RotateToken { token, overlap, etag: String::new(), request_id: String::new() }
}

async fn rotate(
    bench: &Bench,
    by: &Person,
    token: Option<TokenId>,
    overlap: Option<i64>,
) -> Result<RotatedToken> {
    let request = request(token, overlap);
    access::rotate_token(&bench.app, &by.says(&request), &request).await
}

async fn own(bench: &Bench, person: &Person) -> Result<Token> {
    Ok(access::who_am_i(&bench.app, &person.call).await?.token)
}

/// Somebody with the new token.
fn bearer(of: &Person, rotated: &RotatedToken) -> Person {
    let credentials = Credentials::bearer(rotated.secret.as_ref().unwrap().expose());
    Person { id: of.id, call: Call { credentials, ..of.call.clone() } }
}

async fn the_new_one_is_as_the_old_one_was(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let scope = Scope { project: Some(root), max_role: Some(Role::Editor) };
    let old = bench.token(owner.id, scope, Some(bench.app.now().plus(10 * DAY))).await;
    bench.world.pass(9 * DAY);
    let before = own(&bench, &old).await.unwrap();
    let rotated = rotate(&bench, &old, None, None).await.unwrap();
    let new = bearer(&old, &rotated);
    let now = bench.app.now();
    assert_eq!(own(&bench, &new).await.unwrap().id, rotated.token.id);
    let Token { principal, scope, expire_time, .. } = rotated.token.clone();
    assert_eq!((principal, scope, &*rotated.token.name), (owner.id, before.scope, &*before.name));
    assert_eq!((expire_time, rotated.previous.expire_time), (Some(now.plus(10 * DAY)), Some(now.plus(HOUR))));
    bench.world.pass(HOUR - 1);
    own(&bench, &old).await.unwrap();
    bench.world.pass(1);
    refused!(own(&bench, &old).await, Error::TokenInvalid);
    own(&bench, &new).await.unwrap();
    // And so on.
    let again = rotate(&bench, &new, None, Some(0)).await.unwrap();
    refused!(own(&bench, &new).await, Error::TokenInvalid);
    own(&bench, &bearer(&new, &again)).await.unwrap();
    assert_eq!(fields(rotate(&bench, &owner, None, Some(-1)).await), ["overlap"]);
    assert_eq!(fields(rotate(&bench, &owner, None, Some(30 * DAY + 1)).await), ["overlap"]);
}

async fn who_may_rotate_what(bench: Bench) {
    let (owner, admin) = (bench.user("owner").await, bench.user("admin").await);
    let (account, operator) = (bench.account("ci").await, bench.operator().await);
    let root = bench.root(&owner, "root").await;
    bench.join(root, &admin, Role::Admin).await;
    bench.join(root, &account, Role::Editor).await;
    let limited = Scope { project: Some(root), max_role: None };
    let its = bench.token(account.id, limited, None).await;
    let id = own(&bench, &its).await.unwrap().id;
    // An admin of the project may end it, but not speak for whom it speaks for.
    for who in [&admin, &owner] {
        refused!(rotate(&bench, who, Some(id), None).await, Error::TokenNotFound { id: of } if of == id);
    }
    for who in [&its, &account, &operator] {
        rotate(&bench, who, Some(id), None).await.unwrap();
    }
    let nothing = bench.app.new_id().into();
    refused!(rotate(&bench, &operator, Some(nothing), None).await, Error::TokenNotFound { .. });
}

async fn nothing_is_widened_by_rotating(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let whole = own(&bench, &owner).await.unwrap().id;
    let role = Scope { project: None, max_role: Some(Role::Viewer) };
    let project = Scope { project: Some(root), max_role: None };
    let short = bench.token(owner.id, Scope::default(), Some(bench.app.now().plus(MINUTE))).await;
    for scope in [role, project] {
        let narrow = bench.token(owner.id, scope, None).await;
        refused!(rotate(&bench, &narrow, Some(whole), None).await, Error::TokenNotFound { .. });
        // Itself it may.
        let rotated = rotate(&bench, &narrow, None, None).await.unwrap();
        assert_eq!((rotated.token.scope, rotated.token.expire_time), (scope, None));
        // With one that ends, one that never ends becomes one that does.
        let id = rotated.token.id;
        let ends = own(&bench, &short).await.unwrap().expire_time;
        assert_eq!(rotate(&bench, &short, Some(id), None).await.unwrap().token.expire_time, ends);
    }
}

async fn the_old_one_never_lives_longer_for_it(bench: Bench) {
    let owner = bench.user("owner").await;
    let end = bench.app.now().plus(10 * MINUTE);
    let old = bench.token(owner.id, Scope::default(), Some(end)).await;
    let id = own(&bench, &old).await.unwrap().id;
    assert_eq!(rotate(&bench, &old, None, Some(DAY)).await.unwrap().previous.expire_time, Some(end));
    let sooner = bench.app.now().plus(MINUTE);
    assert_eq!(rotate(&bench, &old, None, Some(MINUTE)).await.unwrap().previous.expire_time, Some(sooner));
    assert_eq!(rotate(&bench, &old, None, Some(HOUR)).await.unwrap().previous.expire_time, Some(sooner));
    bench.world.pass(MINUTE);
    refused!(rotate(&bench, &old, None, None).await, Error::TokenInvalid);
    refused!(rotate(&bench, &owner, Some(id), None).await, Error::TokenEnded { id: of } if of == id);
}

async fn a_repeat_makes_no_second_one(bench: Bench) {
    let owner = bench.user("owner").await;
    let request = RotateToken { request_id: "once".to_owned(), ..request(None, None) };
    let before = bench.count("tokens").await;
    let call = owner.says(&request);
    let first = access::rotate_token(&bench.app, &call, &request).await.unwrap();
    let second = access::rotate_token(&bench.app, &call, &request).await.unwrap();
    assert!(first.secret.is_some() && second.secret.is_none());
    assert_eq!((first.token, first.previous), (second.token, second.previous));
    assert_eq!(bench.count("tokens").await, before + 1);
}

async fn two_at_once_leave_the_sooner_end(bench: Bench) {
    let owner = bench.user("owner").await;
    let id = own(&bench, &owner).await.unwrap().id;
    let mut tasks = JoinSet::new();
    for number in 1..=8 {
        let (bench, owner) = (bench.clone(), owner.clone());
        tasks.spawn(async move { rotate(&bench, &owner, None, Some(number * MINUTE)).await.unwrap() });
    }
    let made = tasks.join_all().await;
    for rotated in &made {
        assert_eq!(own(&bench, &bearer(&owner, rotated)).await.unwrap().id, rotated.token.id);
    }
    let ends = own(&bench, &owner).await.unwrap();
    assert_eq!((ends.id, ends.expire_time), (id, Some(bench.app.now().plus(MINUTE))));
}
