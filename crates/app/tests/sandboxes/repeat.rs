//! A request that is sent again has one effect and one answer.

use std::fmt::Debug;

use sandbar_app::{
    Call,
    projects::{self, ProfilePatch},
    sandboxes::{self, DeleteSandbox, RestoreSandbox, UpdateSandbox},
};
use sandbar_model::{Error, Result, time::DAY};

use crate::harness::{Bench, cases, new_sandbox, refused, with_id};

cases! { repeats_get_the_same_answer an_id_is_for_one_request_of_one_caller a_refusal_is_not_remembered }

/// Does something three times, the last time a day later; answers what it said.
async fn thrice<A: Debug + PartialEq>(bench: &Bench, mut ask: impl AsyncFnMut() -> Result<A>) -> A {
    let first = ask().await.unwrap();
    assert_eq!(ask().await.unwrap(), first);
    bench.world.pass(DAY);
    assert_eq!(ask().await.unwrap(), first);
    first
}

async fn repeats_get_the_same_answer(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let (app, request_id) = (&bench.app, |text: &str| text.to_owned());
    let create = with_id(new_sandbox(root, "a"), "1");
    let call = owner.says(&create);
    let sandbox = thrice(&bench, async || sandboxes::create(app, &call, &create).await).await.project.id;

    let patch = ProfilePatch { name: Some("b".to_owned()), ..ProfilePatch::default() };
    let etag = "1".to_owned();
    let update = UpdateSandbox { sandbox, patch, expire_time: None, etag, request_id: request_id("2") };
    let call = owner.says(&update);
    let updated = thrice(&bench, async || sandboxes::update(app, &call, &update).await).await;
    assert_eq!(updated.project.version, 2);

    let etag = projects::etag(&updated.project);
    let delete = DeleteSandbox { sandbox, keep_children: false, etag, request_id: request_id("3") };
    let call = owner.says(&delete);
    thrice(&bench, async || sandboxes::delete(app, &call, &delete).await).await;

    let restore = RestoreSandbox { sandbox, name: "c".to_owned(), request_id: request_id("4") };
    let call = owner.says(&restore);
    let back = thrice(&bench, async || sandboxes::restore(app, &call, &restore).await).await;
    assert_eq!(back.restored[0].project.profile.name, "c");
    assert_eq!((bench.count("projects").await, bench.count("idempotency").await), (2, 4));
    // The root and the four above, each once.
    assert_eq!(bench.count("audit_events").await, 5);
}

async fn an_id_is_for_one_request_of_one_caller(bench: Bench) {
    let (owner, other) = (bench.user("owner").await, bench.user("other").await);
    let root = bench.root(&owner, "root").await;
    let first = with_id(new_sandbox(root, "a"), "same");
    let sandbox = sandboxes::create(&bench.app, &owner.says(&first), &first).await.unwrap().project.id;
    let second = with_id(new_sandbox(root, "b"), "same");
    let answer = sandboxes::create(&bench.app, &owner.says(&second), &second).await;
    refused!(answer, Error::RequestIdReused { request_id } if request_id == "same");
    // Not even another operation whose bytes happen to be the same.
    let delete =
        DeleteSandbox { sandbox, keep_children: false, etag: String::new(), request_id: "same".to_owned() };
    let same_bytes: Call = owner.says(&first);
    refused!(sandboxes::delete(&bench.app, &same_bytes, &delete).await, Error::RequestIdReused { .. });
    let third = with_id(new_sandbox(bench.root(&other, "root").await, "a"), "same");
    sandboxes::create(&bench.app, &other.says(&third), &third).await.unwrap();
    let long = with_id(new_sandbox(root, "c"), &"x".repeat(65));
    refused!(sandboxes::create(&bench.app, &owner.says(&long), &long).await, Error::InvalidFields { .. });
}

async fn a_refusal_is_not_remembered(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let taken = bench.sandbox(&owner, root, "a").await;
    let request = with_id(new_sandbox(root, "a"), "again");
    let call = owner.says(&request);
    refused!(sandboxes::create(&bench.app, &call, &request).await, Error::NameTaken { .. });
    let delete = DeleteSandbox {
        sandbox: taken,
        keep_children: false,
        etag: String::new(),
        request_id: String::new(),
    };
    sandboxes::delete(&bench.app, &owner.call, &delete).await.unwrap();
    sandboxes::create(&bench.app, &call, &request).await.unwrap();
}
