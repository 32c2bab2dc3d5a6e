//! Throwing away: what goes, until when, and what is said about it.

use sandbar_app::{
    Etag,
    projects::{self, GetProject, GetSubscription},
    sandboxes::{self, DeleteSandbox, Deleted, ListSandboxes},
    workflows::{self, DeleteWorkflow, GetWorkflow, ListWorkflows, SetTrigger, Which},
};
use sandbar_model::{Error, Project, ProjectId, Result, Role, project::Schedule, time::DAY};

use crate::harness::{Bench, Person, START, cases, new_sandbox, refused};

cases! {
    a_sandbox_goes_with_everything_below_it
    an_earlier_date_is_replaced
    unmerged_work_is_listed_by_name
    no_more_than_a_hundred_are_listed
    every_refusal
    a_scheduled_project_answers_get_list_and_restore_only
    an_admin_of_the_root_may_without_being_a_member
}

fn delete_of(sandbox: ProjectId) -> DeleteSandbox {
    DeleteSandbox { sandbox, keep_children: false, etag: String::new(), request_id: String::new() }
}

async fn delete(bench: &Bench, person: &Person, sandbox: ProjectId) -> Result<Deleted> {
    sandboxes::delete(&bench.app, &person.call, &delete_of(sandbox)).await
}

async fn get(bench: &Bench, person: &Person, project: ProjectId) -> Project {
    projects::get(&bench.app, &person.call, &GetProject { project }).await.unwrap().project
}

async fn a_sandbox_goes_with_everything_below_it(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let (workflow, trigger) = bench.workflow(&owner, root, "sync").await;
    let top = bench.sandbox(&owner, root, "top").await;
    let (b, a) = (bench.sandbox(&owner, top, "b").await, bench.sandbox(&owner, top, "a").await);
    let lowest = bench.sandbox(&owner, b, "lowest").await;
    let beside = bench.sandbox(&owner, root, "beside").await;
    for project in [root, lowest, beside] {
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
    let before = get(&bench, &owner, lowest).await;
    bench.world.pass(DAY);

    let deleted = delete(&bench, &owner, top).await.unwrap();
    let ids: Vec<_> = deleted.scheduled.iter().map(|view| view.project.id).collect();
    assert_eq!(ids, [top, a, b, lowest]);
    let schedule = Schedule { delete_time: START.plus(DAY), purge_time: START.plus(8 * DAY) };
    for view in &deleted.scheduled {
        assert_eq!((view.project.scheduled, view.role), (Some(schedule), Some(Role::Owner)));
        assert_eq!(get(&bench, &owner, view.project.id).await, view.project);
    }
    assert!(deleted.moved.is_empty() && deleted.unmerged.is_empty());
    assert!(get(&bench, &owner, lowest).await.version > before.version);

    let enabled = async |project| {
        let get = GetWorkflow { project, which: Which::Id(workflow), revision: None };
        bench.see(&owner, &get).await.unwrap().enabled.len()
    };
    assert_eq!((enabled(root).await, enabled(beside).await, enabled(lowest).await), (1, 1, 0));
    let get = GetSubscription { project: beside };
    let subscription = projects::subscription(&bench.app, &owner.call, &get).await.unwrap();
    assert_eq!((subscription.root, subscription.active_sandboxes), (root, 1));
    // The name is free at once.
    bench.sandbox(&owner, root, "top").await;
}

async fn an_earlier_date_is_replaced(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let top = bench.sandbox(&owner, root, "top").await;
    let below = bench.sandbox(&owner, top, "below").await;
    delete(&bench, &owner, below).await.unwrap();
    assert_eq!(get(&bench, &owner, below).await.scheduled.unwrap().purge_time, START.plus(7 * DAY));
    bench.world.pass(3 * DAY);
    let deleted = delete(&bench, &owner, top).await.unwrap();
    let dates: Vec<_> = deleted.scheduled.iter().map(|v| v.project.scheduled.unwrap().purge_time).collect();
    assert_eq!(dates, [START.plus(10 * DAY); 2]);
    let get = GetSubscription { project: root };
    let subscription = projects::subscription(&bench.app, &owner.call, &get).await.unwrap();
    assert_eq!(subscription.active_sandboxes, 0);
}

async fn unmerged_work_is_listed_by_name(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let (kept, kept_trigger) = bench.workflow(&owner, root, "kept").await;
    let (gone, _) = bench.workflow(&owner, root, "gone").await;
    bench.workflow(&owner, root, "untouched").await;
    let top = bench.sandbox(&owner, root, "top").await;
    let below = bench.sandbox(&owner, top, "below").await;
    bench.put(&owner, top, kept, kept_trigger, "renamed").await;
    let remove = DeleteWorkflow { project: top, id: gone, etag: Etag::Any, request_id: String::new() };
    workflows::delete(&bench.app, &owner.call, &remove).await.unwrap();
    let (made, _) = bench.workflow(&owner, below, "made").await;
    let deleted = delete(&bench, &owner, top).await.unwrap();
    let mut listed: Vec<_> =
        deleted.unmerged.iter().map(|row| (row.project, row.id, row.name.as_str())).collect();
    listed[..2].sort_by_key(|(_, _, name)| *name);
    assert_eq!(listed, [(top, gone, "gone"), (top, kept, "renamed"), (below, made, "made")]);
}

async fn no_more_than_a_hundred_are_listed(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let top = bench.sandbox(&owner, root, "top").await;
    let below = bench.sandbox(&owner, top, "below").await;
    for number in 0..60 {
        bench.workflow(&owner, top, &format!("top {number}")).await;
        bench.workflow(&owner, below, &format!("below {number}")).await;
    }
    let deleted = delete(&bench, &owner, top).await.unwrap();
    let of = |project| deleted.unmerged.iter().filter(|row| row.project == project).count();
    assert_eq!((of(top), of(below)), (60, 40));
}

async fn every_refusal(bench: Bench) {
    let (owner, other) = (bench.user("owner").await, bench.user("other").await);
    let root = bench.root(&owner, "root").await;
    let sandbox = bench.sandbox(&owner, root, "a").await;
    refused!(delete(&bench, &other, sandbox).await, Error::ProjectNotFound { .. });
    refused!(delete(&bench, &other, ProjectId(bench.app.new_id())).await, Error::ProjectNotFound { .. });
    bench.join(sandbox, &other, Role::Editor).await;
    refused!(delete(&bench, &other, sandbox).await, Error::PermissionDenied { needs: Role::Admin, .. });
    refused!(delete(&bench, &owner, root).await, Error::NotASandbox { project } if project == root);
    let stale = DeleteSandbox { etag: "0".to_owned(), ..delete_of(sandbox) };
    refused!(
        sandboxes::delete(&bench.app, &owner.call, &stale).await,
        Error::EtagMismatch { expected, actual } if expected == "0" && actual == "1"
    );
    let current = projects::etag(&get(&bench, &owner, sandbox).await);
    let request = DeleteSandbox { etag: current, ..delete_of(sandbox) };
    sandboxes::delete(&bench.app, &owner.call, &request).await.unwrap();
    refused!(delete(&bench, &owner, sandbox).await, Error::ProjectScheduled { project, .. } if project == sandbox);
}

async fn a_scheduled_project_answers_get_list_and_restore_only(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let sandbox = bench.sandbox(&owner, root, "a").await;
    delete(&bench, &owner, sandbox).await.unwrap();
    let get = sandboxes::GetSandbox { sandbox };
    assert!(sandboxes::get(&bench.app, &owner.call, &get).await.unwrap().sandbox.project.scheduled.is_some());
    let list = async |show_scheduled| {
        let request = ListSandboxes { parent: root, page_size: 0, page_token: String::new(), show_scheduled };
        sandboxes::list(&bench.app, &owner.call, &request).await.unwrap().rows.len()
    };
    assert_eq!((list(false).await, list(true).await), (0, 1));
    let workflows_of = ListWorkflows { project: sandbox, page_size: 0, page_token: String::new() };
    workflows::list(&bench.app, &owner.call, &workflows_of).await.unwrap();
    refused!(bench.try_sandbox(&owner, &new_sandbox(sandbox, "b")).await, Error::ProjectScheduled { .. });
}

async fn an_admin_of_the_root_may_without_being_a_member(bench: Bench) {
    let (owner, maker) = (bench.user("owner").await, bench.user("maker").await);
    let root = bench.root(&owner, "root").await;
    bench.join(root, &maker, Role::Editor).await;
    let sandbox = bench.sandbox(&maker, root, "a").await;
    bench.leave(sandbox, &owner).await;
    refused!(
        projects::get(&bench.app, &owner.call, &GetProject { project: sandbox }).await,
        Error::ProjectNotFound { .. }
    );
    let deleted = delete(&bench, &owner, sandbox).await.unwrap();
    assert_eq!((deleted.scheduled[0].project.id, deleted.scheduled[0].role), (sandbox, None));
}
