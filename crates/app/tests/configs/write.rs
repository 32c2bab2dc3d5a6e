//! Writing: together with others, through forks, and with references.

use sandbar_app::{
    Etag,
    workflows::{self, DeleteWorkflow},
};
use sandbar_model::{Error, Kind, ResourceId};
use serde_json::json;

use super::{config, referring};
use crate::harness::{Bench, cases, refused};

cases! {
    of_two_who_saw_the_same_one_writes
    a_reference_is_looked_for_as_the_project_sees_it
    a_reference_that_was_declared_before_is_not_looked_for_again
    every_write_leaves_a_line_for_auditors
    numbers_and_odd_texts_come_back_as_they_were
}

async fn of_two_who_saw_the_same_one_writes(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id: ResourceId = bench.app.new_id().into();
    let seen = bench.write(&owner, root, id, config("Solar", json!({ "n": 0 }))).await.unwrap().hash;
    let write = async |n: i32| {
        let etag = Etag::Is(seen.to_string());
        bench.write_over(&owner, root, id, config("Solar", json!({ "n": n })), etag).await
    };
    let (one, other) = tokio::join!(write(1), write(2));
    let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
    refused!(lost, Error::EtagMismatch { .. });
    assert_eq!(bench.read(&owner, root, id, None).await.unwrap(), won.unwrap().config.value);
}

async fn a_reference_is_looked_for_as_the_project_sees_it(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let (early, _) = bench.workflow(&owner, root, "early").await;
    let sandbox = bench.sandbox(&owner, root, "s").await;
    let below = bench.sandbox(&owner, sandbox, "below").await;
    let (late, _) = bench.workflow(&owner, root, "late").await;
    let put = async |project, to| {
        let id = bench.app.new_id().into();
        bench.write(&owner, project, id, referring(&id.to_string(), &[(Kind::Workflow, to)])).await
    };
    put(below, early).await.unwrap();
    put(root, late).await.unwrap();
    refused!(put(below, late).await, Error::ReferenceNotFound { kind: Kind::Workflow, id, .. } if id == late);
    // Of another kind there is nothing by that id.
    let id = bench.app.new_id().into();
    let wrong = bench.write(&owner, root, id, referring("x", &[(Kind::Collection, early)])).await;
    refused!(wrong, Error::ReferenceNotFound { kind: Kind::Collection, config, .. } if config == "journey/x");
}

async fn a_reference_that_was_declared_before_is_not_looked_for_again(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let (flow, _) = bench.workflow(&owner, root, "flow").await;
    let id: ResourceId = bench.app.new_id().into();
    let to = [(Kind::Workflow, flow), (Kind::Config, id)];
    bench.write(&owner, root, id, referring("a", &to)).await.unwrap();
    let delete = DeleteWorkflow { project: root, id: flow, etag: Etag::Any, request_id: String::new() };
    workflows::delete(&bench.app, &owner.call, &delete).await.unwrap();
    bench.write(&owner, root, id, referring("renamed", &to)).await.unwrap();
    bench.write(&owner, root, id, referring("renamed", &to[1..])).await.unwrap();
    refused!(bench.write(&owner, root, id, referring("renamed", &to)).await, Error::ReferenceNotFound { .. });
    // One that was deleted declares nothing any more.
    bench.remove(&owner, root, id).await.unwrap();
    refused!(
        bench.write(&owner, root, id, referring("back", &to[..1])).await,
        Error::ReferenceNotFound { .. }
    );
    bench.write(&owner, root, id, referring("back", &to[1..])).await.unwrap();
}

async fn every_write_leaves_a_line_for_auditors(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let before = bench.count("audit_events").await;
    let id: ResourceId = bench.app.new_id().into();
    bench.write(&owner, root, id, config("a", json!({}))).await.unwrap();
    bench.write(&owner, root, id, config("a", json!({}))).await.unwrap();
    bench.remove(&owner, root, id).await.unwrap();
    assert_eq!(bench.count("audit_events").await - before, 3);
    assert_eq!((bench.count("versions").await, bench.count("changes").await), (2, 2), "one saved nothing");
}

async fn numbers_and_odd_texts_come_back_as_they_were(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let text = "{\"\u{10000}\":18446744073709551615,\"a\\u0000b\":[-9223372036854775808,5e-324,1.7976931348623157e308],\"é\":\"e\u{301}\\u0000\"}";
    let value = sandbar_model::json::parse(text).unwrap();
    let id: ResourceId = bench.app.new_id().into();
    bench.write(&owner, root, id, config("a", value.clone())).await.unwrap();
    let sandbox = bench.sandbox(&owner, root, "s").await;
    assert_eq!(bench.read(&owner, sandbox, id, None).await.unwrap(), value);
}
