//! What lasts: moving up, pruning and sweeping show nobody anything else; what nobody can see goes.

use sandbar_app::{
    purge::{self, Worker},
    sandboxes::{self, DeleteSandbox},
};
use sandbar_model::{Error, ProjectId, ResourceId, Revision, time::DAY};
use serde_json::json;

use super::config;
use crate::harness::{Bench, Person, cases, refused};

cases! {
    children_that_move_up_see_what_they_saw
    what_a_fork_sees_stays_and_the_rest_goes
}

async fn delete(bench: &Bench, by: &Person, sandbox: ProjectId, keep_children: bool) {
    let request = DeleteSandbox { sandbox, keep_children, etag: String::new(), request_id: String::new() };
    sandboxes::delete(&bench.app, &by.call, &request).await.unwrap();
}

async fn children_that_move_up_see_what_they_saw(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let (shared, made): (ResourceId, ResourceId) = (bench.app.new_id().into(), bench.app.new_id().into());
    bench.write(&owner, root, shared, config("shared", json!({ "in": "root" }))).await.unwrap();
    let middle = bench.sandbox(&owner, root, "middle").await;
    bench.write(&owner, middle, shared, config("renamed", json!({ "in": "middle" }))).await.unwrap();
    bench.write(&owner, middle, made, config("made", json!({}))).await.unwrap();
    let child = bench.sandbox(&owner, middle, "child").await;
    let grandchild = bench.sandbox(&owner, child, "grandchild").await;
    bench.write(&owner, middle, made, config("too late", json!({}))).await.unwrap();
    delete(&bench, &owner, middle, true).await;
    for project in [child, grandchild] {
        assert_eq!(bench.listed(&owner, project).await, ["journey/made", "journey/renamed"]);
        assert_eq!(bench.read(&owner, project, shared, None).await.unwrap(), json!({ "in": "middle" }));
    }
    assert_eq!(bench.listed(&owner, root).await, ["journey/shared"]);
}

async fn what_a_fork_sees_stays_and_the_rest_goes(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id: ResourceId = bench.app.new_id().into();
    let put = async |n: i32| bench.write(&owner, root, id, config("a", json!({ "n": n }))).await.unwrap();
    for n in 1..=5 {
        put(n).await;
        if n == 2 {
            bench.sandbox(&owner, root, "s").await;
        }
        bench.world.pass(DAY);
    }
    bench.world.pass(100 * DAY);
    while purge::round(&bench.app, &Worker::new("w")).await.unwrap().removed() > 0 {}
    assert_eq!((bench.count("versions").await, bench.count("contents").await), (2, 2));
    assert_eq!(bench.read(&owner, root, id, Some(Revision(2))).await.unwrap(), json!({ "n": 2 }));
    refused!(bench.read(&owner, root, id, Some(Revision(3))).await, Error::RevisionNotFound { .. });
    assert_eq!(bench.read(&owner, root, id, None).await.unwrap(), json!({ "n": 5 }));
}
