//! Collections that a merge removes: how many items go with them, and how far a plan binds that.

use sandbar_app::merges::{self, ApplyMerge, PlanView, PreviewMerge, Review};
use sandbar_merge::{Choices, Decision, Selector, WarningKind};
use sandbar_model::{Error, Kind, ProjectId, ResourceId};

use super::item;
use crate::harness::{Bench, Person, cases, refused};

cases! {
    a_preview_says_how_many_items_would_go_and_the_apply_takes_them
    a_plan_holds_while_items_come_and_go_but_not_when_there_are_twice_as_many
    an_empty_collection_must_still_be_empty
    undoing_the_merge_that_brought_a_collection_says_what_goes_with_it
}

fn taking(id: ResourceId) -> Choices {
    let choice = (Selector::Key(Kind::Collection, id), Decision::Take);
    Choices { choices: vec![choice], ..Choices::default() }
}

fn items(numbers: std::ops::Range<u32>) -> Vec<sandbar_model::Item> {
    numbers.map(|n| item(&format!("k{n}"), "x")).collect()
}

/// A root with a collection that its sandbox has deleted.
async fn stage(bench: &Bench, count: u32) -> (Person, ProjectId, ProjectId, ResourceId) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id = bench.collection(&owner, root, "c").await;
    if count > 0 {
        bench.put_items(&owner, root, id, items(0..count)).await.unwrap();
    }
    let sandbox = bench.sandbox(&owner, root, "s").await;
    assert_eq!(bench.usage(&owner, sandbox, id).await.items, 0, "a sandbox begins with none");
    bench.put_items(&owner, sandbox, id, items(0..2)).await.unwrap();
    assert_eq!(bench.drop_collection(&owner, sandbox, id).await.unwrap().items, 2);
    assert_eq!(bench.usage(&owner, root, id).await.items, i64::from(count));
    (owner, root, sandbox, id)
}

async fn preview(bench: &Bench, by: &Person, source: ProjectId, id: ResourceId) -> PlanView {
    let request = PreviewMerge { source, target: None, choices: taking(id), retire: Some(false) };
    merges::preview(&bench.app, &by.call, &request).await.unwrap()
}

fn applying(source: ProjectId, id: ResourceId, review: Review) -> ApplyMerge {
    ApplyMerge {
        source,
        target: None,
        choices: taking(id),
        retire: Some(false),
        review,
        request_id: String::new(),
        validate_only: false,
    }
}

async fn a_preview_says_how_many_items_would_go_and_the_apply_takes_them(bench: Bench) {
    let (owner, root, sandbox, id) = stage(&bench, 30).await;
    let plan = preview(&bench, &owner, sandbox, id).await;
    let told = &plan.plan.items[0];
    assert_eq!((told.collection_items, told.warnings[0].kind), (30, WarningKind::CollectionDeleted));
    assert!(told.warnings[0].message.contains("30 item"), "{}", told.warnings[0].message);
    let request = applying(sandbox, id, Review::Plan(plan.token));
    merges::apply(&bench.app, &owner.call, &request).await.unwrap();
    let gone = bench.put_items(&owner, root, id, items(0..1)).await;
    refused!(gone, Error::ResourceNotFound { .. });
    let worker = sandbar_app::purge::Worker::new("w");
    sandbar_app::purge::round(&bench.app, &worker).await.unwrap();
    assert_eq!(bench.count("collection_items").await, 0);
}

async fn a_plan_holds_while_items_come_and_go_but_not_when_there_are_twice_as_many(bench: Bench) {
    let (owner, root, sandbox, id) = stage(&bench, 3).await;
    let plan = preview(&bench, &owner, sandbox, id).await;
    let request = applying(sandbox, id, Review::Plan(plan.token.clone()));
    bench.put_items(&owner, root, id, items(0..7)).await.unwrap();
    let stale = merges::apply(&bench.app, &owner.call, &request).await;
    refused!(stale, Error::PlanStale { moved } if moved == ["the collection \"c\" holds 7 items by now"]);
    assert_eq!(bench.usage(&owner, root, id).await.items, 7);
    let one = sandbar_app::items::Selection::Keys(vec!["k0".to_owned()]);
    bench.delete_items(&owner, root, id, one).await.unwrap();
    // Six are twice three. The token is the same one.
    merges::apply(&bench.app, &owner.call, &request).await.unwrap();

    // Who asks for no review gets none.
    let (owner, root, sandbox, id) = {
        let bench = bench.clone();
        let owner = bench.user("another").await;
        let root = bench.root(&owner, "another").await;
        let id = bench.collection(&owner, root, "c").await;
        let sandbox = bench.sandbox(&owner, root, "s").await;
        bench.drop_collection(&owner, sandbox, id).await.unwrap();
        (owner, root, sandbox, id)
    };
    bench.put_items(&owner, root, id, items(0..7)).await.unwrap();
    let request = applying(sandbox, id, Review::Unreviewed);
    merges::apply(&bench.app, &owner.call, &request).await.unwrap();
}

async fn an_empty_collection_must_still_be_empty(bench: Bench) {
    let (owner, root, sandbox, id) = stage(&bench, 0).await;
    let plan = preview(&bench, &owner, sandbox, id).await;
    let request = applying(sandbox, id, Review::Plan(plan.token));
    bench.put_items(&owner, root, id, items(0..1)).await.unwrap();
    refused!(merges::apply(&bench.app, &owner.call, &request).await, Error::PlanStale { .. });
    let one = sandbar_app::items::Selection::Keys(vec!["k0".to_owned()]);
    bench.delete_items(&owner, root, id, one).await.unwrap();
    merges::apply(&bench.app, &owner.call, &request).await.unwrap();
}

async fn undoing_the_merge_that_brought_a_collection_says_what_goes_with_it(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let sandbox = bench.sandbox(&owner, root, "s").await;
    let id = bench.collection(&owner, sandbox, "c").await;
    bench.put_items(&owner, sandbox, id, items(0..9)).await.unwrap();
    let request = applying(sandbox, id, Review::Unreviewed);
    let merge = merges::apply(&bench.app, &owner.call, &request).await.unwrap().record.id;
    assert_eq!(bench.usage(&owner, root, id).await.items, 0, "it arrives empty");
    assert_eq!(bench.usage(&owner, sandbox, id).await.items, 9);
    bench.put_items(&owner, root, id, items(0..4)).await.unwrap();
    let choices = Choices { defaults: true, ..Choices::default() };
    let undo = merges::PreviewRevert { merge, choices: choices.clone() };
    let plan = merges::preview_revert(&bench.app, &owner.call, &undo).await.unwrap();
    assert_eq!(plan.plan.items[0].collection_items, 4);
    let mut revert = merges::RevertMerge {
        merge,
        choices,
        review: Review::Plan(plan.token),
        restore_source: false,
        request_id: String::new(),
    };
    bench.put_items(&owner, root, id, items(0..9)).await.unwrap();
    refused!(merges::revert(&bench.app, &owner.call, &revert).await, Error::PlanStale { .. });
    let plan = merges::preview_revert(&bench.app, &owner.call, &undo).await.unwrap();
    revert.review = Review::Plan(plan.token);
    merges::revert(&bench.app, &owner.call, &revert).await.unwrap();
    refused!(bench.put_items(&owner, root, id, items(0..1)).await, Error::ResourceNotFound { .. });
    assert_eq!(bench.usage(&owner, sandbox, id).await.items, 9, "the sandbox keeps its own");
}
