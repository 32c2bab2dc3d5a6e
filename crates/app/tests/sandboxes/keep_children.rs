//! Throwing away what lies between: the children move up and go on seeing what they saw.

use sandbar_app::{
    projects::{self, GetProject, GetSubscription},
    sandboxes::{self, DeleteSandbox, Deleted},
    workflows::{self, ListWorkflows},
};
use sandbar_model::{Error, Project, ProjectId, Result, Revision};

use crate::harness::{Bench, Person, cases, refused};

cases! {
    children_move_up_and_see_what_they_saw
    a_name_that_is_taken_above_stops_everything
    the_name_that_becomes_free_is_no_clash
    scheduled_children_go
}

async fn delete(bench: &Bench, person: &Person, sandbox: ProjectId) -> Result<Deleted> {
    let request =
        DeleteSandbox { sandbox, keep_children: true, etag: String::new(), request_id: String::new() };
    sandboxes::delete(&bench.app, &person.call, &request).await
}

async fn get(bench: &Bench, person: &Person, project: ProjectId) -> Project {
    projects::get(&bench.app, &person.call, &GetProject { project }).await.unwrap().project
}

async fn workflows_of(bench: &Bench, person: &Person, project: ProjectId) -> Vec<String> {
    let request = ListWorkflows { project, page_size: 0, page_token: String::new() };
    let page = workflows::list(&bench.app, &person.call, &request).await.unwrap();
    page.rows.into_iter().map(|row| row.name).collect()
}

async fn children_move_up_and_see_what_they_saw(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let (shared, shared_trigger) = bench.workflow(&owner, root, "shared").await;
    let middle = bench.sandbox(&owner, root, "middle").await;
    bench.put(&owner, middle, shared, shared_trigger, "renamed in the middle").await;
    bench.workflow(&owner, middle, "made in the middle").await;
    let child = bench.sandbox(&owner, middle, "child").await;
    bench.workflow(&owner, child, "made in the child").await;
    let grandchild = bench.sandbox(&owner, child, "grandchild").await;
    bench.workflow(&owner, middle, "too late").await;
    bench.workflow(&owner, root, "far too late").await;
    let (child_sees, grandchild_sees) =
        (workflows_of(&bench, &owner, child).await, workflows_of(&bench, &owner, grandchild).await);
    assert_eq!(child_sees, ["made in the child", "made in the middle", "renamed in the middle"]);

    let deleted = delete(&bench, &owner, middle).await.unwrap();
    let ids =
        |views: &[sandbar_app::view::ProjectView]| views.iter().map(|v| v.project.id).collect::<Vec<_>>();
    assert_eq!((ids(&deleted.scheduled), ids(&deleted.moved)), (vec![middle], vec![child]));
    let moved = get(&bench, &owner, child).await;
    assert_eq!(deleted.moved[0].project, moved);
    let fork = moved.fork.unwrap();
    assert_eq!((fork.parent, fork.at, moved.depth), (root, Revision(1), 1));
    assert_eq!(get(&bench, &owner, grandchild).await.depth, 2);
    assert_eq!(workflows_of(&bench, &owner, child).await, child_sees);
    assert_eq!(workflows_of(&bench, &owner, grandchild).await, grandchild_sees);
    // A server that has not read any of this before sees the same.
    let other = bench.limited(sandbar_app::Limits::default());
    assert_eq!(workflows_of(&other, &owner, child).await, child_sees);
    assert_eq!(workflows_of(&other, &owner, grandchild).await, grandchild_sees);
    let subscription =
        projects::subscription(&bench.app, &owner.call, &GetSubscription { project: root }).await;
    assert_eq!(subscription.unwrap().active_sandboxes, 2);
}

async fn a_name_that_is_taken_above_stops_everything(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let middle = bench.sandbox(&owner, root, "middle").await;
    let free = bench.sandbox(&owner, middle, "free").await;
    let taken = bench.sandbox(&owner, middle, "taken").await;
    bench.sandbox(&owner, root, "taken").await;
    let before = [
        get(&bench, &owner, middle).await,
        get(&bench, &owner, free).await,
        get(&bench, &owner, taken).await,
    ];
    refused!(delete(&bench, &owner, middle).await, Error::NameTaken { name, .. } if name == "taken");
    let after = [
        get(&bench, &owner, middle).await,
        get(&bench, &owner, free).await,
        get(&bench, &owner, taken).await,
    ];
    assert_eq!(after, before);
}

async fn the_name_that_becomes_free_is_no_clash(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let middle = bench.sandbox(&owner, root, "same").await;
    let child = bench.sandbox(&owner, middle, "same").await;
    let deleted = delete(&bench, &owner, middle).await.unwrap();
    assert_eq!(deleted.moved[0].project.id, child);
    // Now its own name is taken.
    let restore =
        sandboxes::RestoreSandbox { sandbox: middle, name: String::new(), request_id: String::new() };
    refused!(sandboxes::restore(&bench.app, &owner.call, &restore).await, Error::NameTaken { .. });
}

async fn scheduled_children_go(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let middle = bench.sandbox(&owner, root, "middle").await;
    let gone = bench.sandbox(&owner, middle, "child").await;
    delete(&bench, &owner, gone).await.unwrap();
    let child = bench.sandbox(&owner, middle, "child").await;
    let deleted = delete(&bench, &owner, middle).await.unwrap();
    let scheduled: Vec<_> = deleted.scheduled.iter().map(|view| view.project.id).collect();
    assert_eq!((scheduled, deleted.moved[0].project.id), (vec![middle, gone], child));
    assert_eq!(get(&bench, &owner, gone).await.fork.unwrap().parent, middle);
}
