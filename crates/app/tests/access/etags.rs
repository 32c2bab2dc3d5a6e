//! A member or token changes only as it was read.

use sandbar_app::{
    Etag,
    access::{self, RemoveMember, RevokeToken, RotateToken, SetMember, member_etag, token_etag},
};
use sandbar_model::{
    Error, Result, Role,
    access::{Member, Token},
    time::DAY,
};
use tokio::task::JoinSet;

use super::{members::set, new_token};
use crate::harness::{Bench, cases, refused};

cases! {
    a_member_is_removed_only_as_read
    of_many_who_read_the_same_member_one_changes_them
    a_token_has_another_etag_only_when_it_ends_otherwise
    of_many_who_read_the_same_token_one_rotates_it
}

async fn a_member_is_removed_only_as_read(bench: Bench) {
    let (owner, other) = (bench.user("owner").await, bench.user("other").await);
    let root = bench.root(&owner, "root").await;
    set(&bench, &owner, root, other.id, Role::Viewer).await.unwrap();
    let etag = |role| member_etag(&Member { principal: other.id, role });
    let request = |role, id: &str| RemoveMember {
        project: root,
        principal: other.id,
        etag: etag(role),
        request_id: id.to_owned(),
    };
    let stale = request(Role::Editor, "stale");
    let refusal = access::remove_member(&bench.app, &owner.says(&stale), &stale).await;
    refused!(refusal, Error::EtagMismatch { expected, actual } if expected == etag(Role::Editor) && actual == etag(Role::Viewer));
    let fresh = request(Role::Viewer, "fresh");
    // A repeat is answered, though nothing is as it was read any more.
    for _ in 0..2 {
        access::remove_member(&bench.app, &owner.says(&fresh), &fresh).await.unwrap();
    }
}

async fn of_many_who_read_the_same_member_one_changes_them(bench: Bench) {
    let (owner, other) = (bench.user("owner").await, bench.user("other").await);
    let root = bench.root(&owner, "root").await;
    set(&bench, &owner, root, other.id, Role::Viewer).await.unwrap();
    let seen = member_etag(&Member { principal: other.id, role: Role::Viewer });
    let mut tasks = JoinSet::new();
    for number in 0..12 {
        let role = if number % 2 == 0 { Role::Editor } else { Role::Admin };
        let etag = Etag::Is(seen.clone());
        let request = SetMember { project: root, principal: other.id, role, etag, request_id: String::new() };
        let (bench, owner) = (bench.clone(), owner.clone());
        tasks.spawn(async move { access::set_member(&bench.app, &owner.says(&request), &request).await });
    }
    assert_eq!(one_of(&tasks.join_all().await), 1);
}

async fn a_token_has_another_etag_only_when_it_ends_otherwise(bench: Bench) {
    let owner = bench.user("owner").await;
    let read = async |who: &crate::harness::Person| -> Token {
        access::who_am_i(&bench.app, &who.call).await.unwrap().token
    };
    let made = bench.make_token(&owner, &new_token("ci")).await.unwrap();
    let bearer = Bench::bearer(&made, &owner);
    let etag = token_etag(&made.token);
    bench.world.pass(DAY);
    read(&bearer).await;
    bench.app.note_token_uses().await.unwrap();
    let used = read(&bearer).await;
    assert!(used.last_use_time.is_some() && token_etag(&used) == etag);
    let request =
        |etag: &str| RevokeToken { token: used.id, etag: etag.to_owned(), request_id: "revoke".to_owned() };
    let stale = request("of nothing");
    let refusal = access::revoke_token(&bench.app, &owner.says(&stale), &stale).await;
    refused!(refusal, Error::EtagMismatch { expected, actual } if expected == "of nothing" && actual == etag);
    let fresh = request(&etag);
    for _ in 0..2 {
        let revoked = access::revoke_token(&bench.app, &owner.says(&fresh), &fresh).await.unwrap();
        assert_ne!(token_etag(&revoked), etag);
    }
}

async fn of_many_who_read_the_same_token_one_rotates_it(bench: Bench) {
    let owner = bench.user("owner").await;
    let made = bench.make_token(&owner, &new_token("ci")).await.unwrap();
    let (id, etag) = (made.token.id, token_etag(&made.token));
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let request =
            RotateToken { token: Some(id), overlap: None, etag: etag.clone(), request_id: String::new() };
        let (bench, owner) = (bench.clone(), owner.clone());
        tasks.spawn(async move { access::rotate_token(&bench.app, &owner.says(&request), &request).await });
    }
    assert_eq!(one_of(&tasks.join_all().await), 1);
}

/// How many were done; all others were refused for what they had read.
fn one_of<T>(results: &[Result<T>]) -> usize {
    let refused = |error: &Error| assert!(matches!(error, Error::EtagMismatch { .. }), "{error:?}");
    results.iter().filter(|result| result.as_ref().inspect_err(|error| refused(error)).is_ok()).count()
}
