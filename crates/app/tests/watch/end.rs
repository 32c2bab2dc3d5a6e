//! Why a watch ends, and how soon.

use std::time::{Duration, Instant};

use sandbar_app::{
    Limits,
    access::{self, RevokeToken},
    projects::{self, DeleteProject},
    watch::{ChangeKind, Watching},
};
use sandbar_model::{Error, Role, access::Scope, time::MINUTE};

use super::{change, new_watch, next, tree_watch};
use crate::harness::{Bench, Person, cases, refused};

cases! {
    it_ends_when_the_caller_is_a_member_no_more
    it_ends_when_the_token_is_revoked
    it_ends_when_the_token_expires
    it_ends_after_the_projects_deletion
    it_ends_with_the_server_and_there_are_only_so_many
    what_was_read_already_goes_to_nobody_who_may_not_see_it
    quiet_ones_get_a_sign_of_life
}

const SECOND: Duration = Duration::from_secs(1);

/// Waits for the end, and how long it took.
async fn end(watching: &mut Watching) -> (Error, Duration) {
    let begin = Instant::now();
    loop {
        match next(watching).await {
            Ok(message) => assert!(message.unwrap().change.is_none()),
            Err(error) => return (error, begin.elapsed()),
        }
    }
}

async fn revoke(bench: &Bench, who: &Person) {
    let token = access::who_am_i(&bench.app, &who.call).await.unwrap().token.id;
    let request = RevokeToken { token, etag: String::new(), request_id: String::new() };
    access::revoke_token(&bench.app, &who.call, &request).await.unwrap();
}

async fn it_ends_when_the_caller_is_a_member_no_more(bench: Bench) {
    let (owner, guest) = (bench.user("owner").await, bench.user("guest").await);
    let root = bench.root(&owner, "root").await;
    bench.set_member(&owner, root, &guest, Role::Admin).await;
    let keeping = bench.keep_watch();
    let mut mine = bench.watch(&owner, &new_watch(root)).await.unwrap();
    let mut theirs = bench.watch(&guest, &tree_watch(root)).await.unwrap();
    for watching in [&mut mine, &mut theirs] {
        assert!(next(watching).await.unwrap().unwrap().change.is_none());
    }
    bench.remove_member(&owner, root, &guest).await;
    let (error, took) = end(&mut theirs).await;
    assert!(matches!(error, Error::ProjectNotFound { .. }) && took < SECOND, "{error} {took:?}");
    assert_eq!(change(&mut mine).await.kind, ChangeKind::MemberRemoved);
    keeping.abort();
}

async fn it_ends_when_the_token_is_revoked(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let limited = Scope { project: Some(root), max_role: Some(Role::Viewer) };
    let (wide, narrow) =
        (bench.token(owner.id, Scope::default(), None).await, bench.token(owner.id, limited, None).await);
    let keeping = bench.keep_watch();
    // Revoked at another server of the same database, which does not say so: it is seen all the same.
    let other = bench.limited(bench.app.limits);
    let mut own = bench.watch(&owner, &new_watch(root)).await.unwrap();
    for who in [wide, narrow] {
        let mut watching = bench.watch(&who, &new_watch(root)).await.unwrap();
        next(&mut watching).await.unwrap();
        revoke(&other, &who).await;
        let (error, took) = end(&mut watching).await;
        assert!(matches!(error, Error::TokenInvalid) && took < SECOND, "{error} {took:?}");
    }
    // The bearer's other tokens are as they were.
    next(&mut own).await.unwrap();
    bench.workflow(&owner, root, "one").await;
    assert_eq!(change(&mut own).await.kind, ChangeKind::ResourcePut);
    keeping.abort();
}

async fn it_ends_when_the_token_expires(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let end_time = bench.app.now().plus(MINUTE);
    let short = bench.token(owner.id, Scope::default(), Some(end_time)).await;
    let mut watching = bench.watch(&short, &new_watch(root)).await.unwrap();
    next(&mut watching).await.unwrap();
    bench.world.pass(MINUTE);
    let (error, took) = end(&mut watching).await;
    assert!(matches!(error, Error::TokenInvalid) && took < 3 * SECOND, "{error} {took:?}");
}

async fn it_ends_after_the_projects_deletion(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let sandbox = bench.sandbox(&owner, root, "fix").await;
    let below = bench.sandbox(&owner, sandbox, "below").await;
    let keeping = bench.keep_watch();
    let mut of_sandbox = bench.watch(&owner, &new_watch(sandbox)).await.unwrap();
    let mut of_below = bench.watch(&owner, &new_watch(below)).await.unwrap();
    let mut of_tree = bench.watch(&owner, &tree_watch(root)).await.unwrap();
    bench.delete_sandbox(&owner, sandbox, false).await;
    assert_eq!(change(&mut of_sandbox).await.kind, ChangeKind::ProjectScheduled);
    for watching in [&mut of_sandbox, &mut of_below] {
        let (error, _) = end(watching).await;
        assert!(matches!(error, Error::ProjectScheduled { .. }), "{error}");
    }
    for project in [sandbox, below] {
        let told = change(&mut of_tree).await;
        assert_eq!((told.project, told.kind), (project, ChangeKind::ProjectScheduled));
        refused!(bench.watch(&owner, &new_watch(project)).await, Error::ProjectScheduled { .. });
    }
    let request = DeleteProject { project: root, etag: String::new(), request_id: String::new() };
    projects::delete(&bench.app, &owner.call, &request).await.unwrap();
    assert_eq!(change(&mut of_tree).await.project, root);
    loop {
        match next(&mut of_tree).await {
            // The sandboxes get the root's date.
            Ok(message) => {
                assert!(message.unwrap().change.is_none_or(|c| c.kind == ChangeKind::ProjectScheduled));
            }
            Err(Error::ProjectScheduled { project, .. }) => {
                assert_eq!(project, root);
                break;
            }
            Err(error) => panic!("{error}"),
        }
    }
    keeping.abort();
}

async fn it_ends_with_the_server_and_there_are_only_so_many(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let small = bench.limited(Limits { max_watches: 2, ..bench.app.limits });
    let mut one = small.watch(&owner, &new_watch(root)).await.unwrap();
    let two = small.watch(&owner, &new_watch(root)).await.unwrap();
    refused!(small.watch(&owner, &new_watch(root)).await, Error::TooManyWatches { limit: 2 });
    drop(two);
    let _two = small.watch(&owner, &new_watch(root)).await.unwrap();
    next(&mut one).await.unwrap();
    let app = small.app.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        app.stop_watches();
    });
    let (error, took) = end(&mut one).await;
    assert!(matches!(error, Error::ServerStopping) && took < SECOND, "{error} {took:?}");
    drop(one);
    refused!(small.watch(&owner, &new_watch(root)).await, Error::ServerStopping);
}

async fn what_was_read_already_goes_to_nobody_who_may_not_see_it(bench: Bench) {
    let (owner, guest) = (bench.user("owner").await, bench.user("guest").await);
    let root = bench.root(&owner, "root").await;
    bench.set_member(&owner, root, &guest, Role::Viewer).await;
    let keeping = bench.keep_watch();
    let mut watching = bench.watch(&guest, &new_watch(root)).await.unwrap();
    for number in 0..20 {
        bench.workflow(&owner, root, &format!("w-{number}")).await;
    }
    // A slow reader: the rest was read together with the first.
    assert_eq!(change(&mut watching).await.kind, ChangeKind::ResourcePut);
    bench.remove_member(&owner, root, &guest).await;
    tokio::time::sleep(SECOND).await;
    refused!(next(&mut watching).await, Error::ProjectNotFound { .. });
    keeping.abort();
}

async fn quiet_ones_get_a_sign_of_life(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let lively = bench.limited(Limits { heartbeat: Duration::from_millis(100), ..bench.app.limits });
    // Nobody tells this one when to look: the sign of life is also a look.
    let mut watching = lively.watch(&owner, &new_watch(root)).await.unwrap();
    for _ in 0..3 {
        assert!(next(&mut watching).await.unwrap().unwrap().change.is_none());
    }
    bench.workflow(&owner, root, "one").await;
    assert_eq!(change(&mut watching).await.kind, ChangeKind::ResourcePut);
}
