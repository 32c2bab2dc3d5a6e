//! Many at once.

use std::sync::Arc;

use sandbar_app::{
    projects::{self, GetSubscription, UpdateSubscription},
    sandboxes::{self, DeleteSandbox, RestoreSandbox},
};
use sandbar_model::{Error, Result, access::PrincipalKind, usage::Allowances};
use tokio::{sync::Barrier, task::JoinSet};

use crate::harness::{Bench, Person, cases, new_sandbox, with_id};

cases! {
    sixty_four_creates_fill_an_allowance_of_ten
    one_of_many_gets_a_name
    deletes_and_restores_keep_the_count
    a_repeat_that_races_has_one_effect
}

async fn used(bench: &Bench, owner: &Person, root: sandbar_model::ProjectId) -> i64 {
    let get = GetSubscription { project: root };
    projects::subscription(&bench.app, &owner.call, &get).await.unwrap().active_sandboxes
}

async fn sixty_four_creates_fill_an_allowance_of_ten(bench: Bench) {
    let (owner, operator) =
        (bench.user("owner").await, bench.person("operator", PrincipalKind::User, true).await);
    let root = bench.root(&owner, "root").await;
    let allow = UpdateSubscription {
        project: root,
        max_active_sandboxes: Some(10),
        allowances: Allowances::default(),
        etag: String::new(),
        request_id: String::new(),
    };
    projects::update_subscription(&bench.app, &operator.call, &allow).await.unwrap();
    let start = Arc::new(Barrier::new(64));
    let mut tasks = JoinSet::new();
    for number in 0..64 {
        let (bench, owner, start) = (bench.clone(), owner.clone(), Arc::clone(&start));
        tasks.spawn(async move {
            start.wait().await;
            bench.try_sandbox(&owner, &new_sandbox(root, &format!("s-{number}"))).await
        });
    }
    let (mut made, mut refused) = (0, 0);
    for result in tasks.join_all().await {
        match result {
            Ok(_) => made += 1,
            Err(Error::SandboxAllowanceReached { used: 10, limit: 10 }) => refused += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!((made, refused), (10, 54));
    assert_eq!((bench.count("projects").await, used(&bench, &owner, root).await), (11, 10));
}

async fn one_of_many_gets_a_name(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let (bench, owner) = (bench.clone(), owner.clone());
        tasks.spawn(async move { bench.try_sandbox(&owner, &new_sandbox(root, "same")).await });
    }
    let results: Vec<Result<_>> = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let taken = results.iter().filter(|result| matches!(result, Err(Error::NameTaken { .. }))).count();
    assert_eq!(taken, 15, "{results:?}");
    assert_eq!(used(&bench, &owner, root).await, 1);
}

/// Each task throws its own sandbox away and takes it back, beside writers in the parent.
async fn deletes_and_restores_keep_the_count(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let mut tasks = JoinSet::new();
    for number in 0..8 {
        let sandbox = bench.sandbox(&owner, root, &format!("s-{number}")).await;
        bench.sandbox(&owner, sandbox, "below").await;
        let (bench, owner) = (bench.clone(), owner.clone());
        tasks.spawn(async move {
            for round in 0..3 {
                let (etag, request_id) = (String::new(), String::new());
                let delete = DeleteSandbox { sandbox, keep_children: false, etag, request_id };
                sandboxes::delete(&bench.app, &owner.call, &delete).await.unwrap();
                bench.workflow(&owner, root, &format!("workflow {number} {round}")).await;
                let restore = RestoreSandbox { sandbox, name: String::new(), request_id: String::new() };
                sandboxes::restore(&bench.app, &owner.call, &restore).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(used(&bench, &owner, root).await, 16);
}

async fn a_repeat_that_races_has_one_effect(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let request = with_id(new_sandbox(root, "a"), "once");
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (bench, call, request) = (bench.clone(), owner.says(&request), request.clone());
        tasks.spawn(async move { sandboxes::create(&bench.app, &call, &request).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    assert_eq!(bench.count("projects").await, 2);
}
