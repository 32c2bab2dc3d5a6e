//! Taking back: who comes back, under which name, and why not.

use sandbar_app::{
    projects::{
        self, DeleteProject, GetProject, GetSubscription, RestoreProject, Restored, UpdateSubscription,
    },
    sandboxes::{self, DeleteSandbox, RestoreSandbox},
    workflows::{self, GetWorkflow, SetTrigger, Which},
};
use sandbar_model::{
    Error, Project, ProjectId, Result, Role,
    access::PrincipalKind,
    time::{DAY, HOUR},
    usage::Allowances,
};

use sandbar_store::purge;

use crate::harness::{Bench, Person, START, cases, fields, new_sandbox, refused};

cases! {
    everything_comes_back_and_triggers_stay_off
    a_taken_name_needs_another
    every_refusal
    the_allowance_holds_for_all_that_come_back
    the_grace_period_is_a_limit
    what_is_below_comes_back_even_if_its_name_was_used_twice
    an_expiry_that_passed_is_forgotten
    what_the_purge_worker_has_begun_with_stays
}

async fn delete(bench: &Bench, person: &Person, sandbox: ProjectId) {
    let request =
        DeleteSandbox { sandbox, keep_children: false, etag: String::new(), request_id: String::new() };
    sandboxes::delete(&bench.app, &person.call, &request).await.unwrap();
}

async fn restore(bench: &Bench, person: &Person, sandbox: ProjectId, name: &str) -> Result<Restored> {
    let request = RestoreSandbox { sandbox, name: name.to_owned(), request_id: String::new() };
    sandboxes::restore(&bench.app, &person.call, &request).await
}

async fn get(bench: &Bench, person: &Person, project: ProjectId) -> Project {
    projects::get(&bench.app, &person.call, &GetProject { project }).await.unwrap().project
}

async fn used(bench: &Bench, person: &Person, project: ProjectId) -> i64 {
    let get = GetSubscription { project };
    projects::subscription(&bench.app, &person.call, &get).await.unwrap().active_sandboxes
}

async fn everything_comes_back_and_triggers_stay_off(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let (workflow, trigger) = bench.workflow(&owner, root, "sync").await;
    let top = bench.sandbox(&owner, root, "top").await;
    let below = bench.sandbox(&owner, top, "below").await;
    for project in [root, top, below] {
        let request = SetTrigger {
            project,
            workflow,
            trigger,
            enabled: true,
            etag: String::new(),
            request_id: String::new(),
        };
        workflows::set_trigger(&bench.app, &owner.call, &request).await.unwrap();
    }
    let off = SetTrigger {
        project: top,
        workflow,
        trigger,
        enabled: false,
        etag: String::new(),
        request_id: String::new(),
    };
    workflows::set_trigger(&bench.app, &owner.call, &off).await.unwrap();
    delete(&bench, &owner, top).await;
    bench.world.pass(DAY);

    let back = restore(&bench, &owner, top, "").await.unwrap();
    assert_eq!(
        back.restored.iter().map(|v| (v.project.id, v.role)).collect::<Vec<_>>(),
        [(top, Some(Role::Owner)), (below, Some(Role::Owner))]
    );
    assert_eq!(back.triggers_turned_off, [(below, trigger)]);
    for view in &back.restored {
        assert_eq!(view.project.scheduled, None);
        assert_eq!(get(&bench, &owner, view.project.id).await, view.project);
    }
    let on = async |project| {
        let get = GetWorkflow { project, which: Which::Id(workflow), revision: None };
        bench.see(&owner, &get).await.unwrap().enabled.len()
    };
    assert_eq!((on(root).await, on(top).await, on(below).await), (1, 0, 0));
    assert_eq!(used(&bench, &owner, root).await, 2);
    // What was said once is not said again.
    delete(&bench, &owner, top).await;
    assert_eq!(restore(&bench, &owner, top, "").await.unwrap().triggers_turned_off, []);
}

async fn a_taken_name_needs_another(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let old = bench.sandbox(&owner, root, "a").await;
    delete(&bench, &owner, old).await;
    bench.sandbox(&owner, root, "a").await;
    bench.sandbox(&owner, root, "b").await;
    refused!(restore(&bench, &owner, old, "").await, Error::NameTaken { name, .. } if name == "a");
    refused!(restore(&bench, &owner, old, "a").await, Error::NameTaken { name, .. } if name == "a");
    refused!(restore(&bench, &owner, old, "b").await, Error::NameTaken { name, .. } if name == "b");
    assert_eq!(fields(restore(&bench, &owner, old, "C!").await), ["name"]);
    assert!(get(&bench, &owner, old).await.scheduled.is_some());
    let back = restore(&bench, &owner, old, "c").await.unwrap();
    assert_eq!(back.restored[0].project.profile.name, "c");
    assert_eq!(used(&bench, &owner, root).await, 3);
}

async fn every_refusal(bench: Bench) {
    let (owner, other) = (bench.user("owner").await, bench.user("other").await);
    let root = bench.root(&owner, "root").await;
    let top = bench.sandbox(&owner, root, "top").await;
    let middle = bench.sandbox(&owner, top, "middle").await;
    let lowest = bench.sandbox(&owner, middle, "lowest").await;
    refused!(restore(&bench, &owner, root, "").await, Error::NotASandbox { project } if project == root);
    refused!(restore(&bench, &owner, top, "").await, Error::ProjectNotScheduled { project } if project == top);
    delete(&bench, &owner, top).await;
    refused!(restore(&bench, &other, top, "").await, Error::ProjectNotFound { .. });
    bench.join(top, &other, Role::Editor).await;
    refused!(restore(&bench, &other, top, "").await, Error::PermissionDenied { needs: Role::Admin, .. });
    // The topmost is named: restoring another would be refused too.
    refused!(restore(&bench, &owner, lowest, "").await, Error::AncestorScheduled { ancestor } if ancestor == top);
    refused!(restore(&bench, &owner, middle, "").await, Error::AncestorScheduled { ancestor } if ancestor == top);
}

async fn the_allowance_holds_for_all_that_come_back(bench: Bench) {
    let (owner, operator) =
        (bench.user("owner").await, bench.person("operator", PrincipalKind::User, true).await);
    let root = bench.root(&owner, "root").await;
    let top = bench.sandbox(&owner, root, "top").await;
    bench.sandbox(&owner, top, "below").await;
    delete(&bench, &owner, top).await;
    bench.sandbox(&owner, root, "new").await;
    let allow = async |limit| {
        let request = UpdateSubscription {
            project: root,
            max_active_sandboxes: Some(limit),
            allowances: Allowances::default(),
            etag: String::new(),
            request_id: String::new(),
        };
        projects::update_subscription(&bench.app, &operator.call, &request).await.unwrap();
    };
    allow(2).await;
    refused!(restore(&bench, &owner, top, "").await, Error::SandboxAllowanceReached { used: 1, limit: 2 });
    allow(3).await;
    restore(&bench, &owner, top, "").await.unwrap();
    assert_eq!(used(&bench, &owner, root).await, 3);
}

/// After it the purge worker may have begun.
async fn the_grace_period_is_a_limit(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let sandbox = bench.sandbox(&owner, root, "a").await;
    delete(&bench, &owner, sandbox).await;
    bench.world.pass(7 * DAY - 1);
    restore(&bench, &owner, sandbox, "").await.unwrap();
    delete(&bench, &owner, sandbox).await;
    bench.world.pass(7 * DAY);
    refused!(restore(&bench, &owner, sandbox, "").await, Error::ProjectNotFound { .. });
}

async fn what_is_below_comes_back_even_if_its_name_was_used_twice(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let first = bench.sandbox(&owner, root, "same").await;
    delete(&bench, &owner, first).await;
    bench.world.pass(HOUR);
    let second = bench.sandbox(&owner, root, "same").await;
    let delete_root = DeleteProject { project: root, etag: String::new(), request_id: String::new() };
    projects::delete(&bench.app, &owner.call, &delete_root).await.unwrap();
    let restore_root = RestoreProject { project: root, request_id: String::new() };
    let back = projects::restore(&bench.app, &owner.call, &restore_root).await.unwrap();
    let mut names: Vec<_> =
        back.restored.iter().map(|v| (v.project.id, v.project.profile.name.as_str())).collect();
    names[1..].sort_by_key(|(_, name)| *name);
    assert_eq!(names, [(root, "root"), (second, "same"), (first, "same-2")]);
    assert_eq!(used(&bench, &owner, root).await, 2);
}

async fn an_expiry_that_passed_is_forgotten(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let request = sandboxes::CreateSandbox { ttl: Some(HOUR), ..new_sandbox(root, "a") };
    let sandbox = bench.try_sandbox(&owner, &request).await.unwrap();
    delete(&bench, &owner, sandbox).await;
    assert_eq!(
        restore(&bench, &owner, sandbox, "").await.unwrap().restored[0].project.expire_time,
        Some(START.plus(HOUR))
    );
    delete(&bench, &owner, sandbox).await;
    bench.world.pass(HOUR);
    assert_eq!(restore(&bench, &owner, sandbox, "").await.unwrap().restored[0].project.expire_time, None);
}

/// A worker whose clock is ahead begins with one that lies below.
async fn what_the_purge_worker_has_begun_with_stays(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let top = bench.sandbox(&owner, root, "top").await;
    let (begun, whole) =
        (bench.sandbox(&owner, top, "begun").await, bench.sandbox(&owner, top, "whole").await);
    delete(&bench, &owner, top).await;
    let mut tx = bench.app.db.write().await.unwrap();
    let ahead = START.plus(8 * DAY);
    let answer = purge::begin(&mut tx, (root, begun), "worker", ahead, ahead.plus(HOUR)).await.unwrap();
    assert!(matches!(answer, purge::Begun::Yes(_)), "{answer:?}");
    tx.commit().await.unwrap();
    let back = restore(&bench, &owner, top, "").await.unwrap();
    assert_eq!(back.restored.iter().map(|v| v.project.id).collect::<Vec<_>>(), [top, whole]);
    assert!(get(&bench, &owner, begun).await.scheduled.is_some());
    assert_eq!(used(&bench, &owner, root).await, 2);
    refused!(restore(&bench, &owner, begun, "").await, Error::ProjectNotFound { .. });
}
