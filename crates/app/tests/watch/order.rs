//! What comes, in which order, and where a watch goes on.

use sandbar_app::watch::{ChangeKind, From, Watch};
use sandbar_model::{Error, Revision, Role};

use super::{all, going_on, new_watch, next, said, tree_watch};
use crate::harness::{Bench, Person, cases, fields, refused};

cases! {
    what_is_done_comes_in_order
    a_cut_anywhere_loses_nothing_and_repeats_nothing
    a_watch_begins_after_a_revision
    of_a_tree_comes_what_the_caller_sees
    more_than_is_read_at_once_comes_whole
    what_was_pruned_is_said_to_be
    a_cursor_is_for_its_own_watch
}

async fn what_is_done_comes_in_order(bench: Bench) {
    let (owner, guest) = (bench.user("owner").await, bench.user("guest").await);
    let root = bench.root(&owner, "root").await;
    bench.workflow(&owner, root, "before").await;
    let start = bench.cursor(&owner, &new_watch(root)).await;
    let (id, trigger) = bench.workflow(&owner, root, "one").await;
    bench.put(&owner, root, id, trigger, "two").await;
    // Unchanged: takes no revision, and nothing is told.
    bench.put(&owner, root, id, trigger, "two").await;
    bench.set_member(&owner, root, &guest, Role::Editor).await;
    let sandbox = bench.sandbox(&owner, root, "fix").await;
    bench.put(&owner, sandbox, id, trigger, "three").await;
    bench.merge(&owner, sandbox, true).await;
    bench.remove(&guest, root, id).await;
    bench.remove_member(&owner, root, &guest).await;
    let messages = bench.since(&owner, &new_watch(root), &start).await;
    assert_eq!(
        said(&messages),
        [
            "ResourcePut 2 one",
            "ResourcePut 3 two",
            "MemberSet",
            "Merged",
            "ResourcePut 4 three",
            "ResourceDeleted 5",
            "MemberRemoved",
        ]
    );
    let changes: Vec<_> = messages.iter().filter_map(|message| message.change.as_ref()).collect();
    assert!(changes.iter().all(|change| change.project == root && change.time == bench.app.now()));
    let (who, name) = changes[5].actor.clone().unwrap();
    assert_eq!((who, &*name), (guest.id, "guest"));
    assert_eq!((changes[2].subject, changes[0].subject), (Some(guest.id.0), None));
    assert_eq!(changes[5].resource.as_ref().map(|resource| (resource.id, resource.hash)), Some((id, None)));
}

/// Everything that can be told, done in two projects.
async fn story(bench: &Bench, owner: &Person) -> (Watch, String) {
    let guest = bench.user("guest").await;
    let root = bench.root(owner, "root").await;
    let watch = tree_watch(root);
    let start = bench.cursor(owner, &watch).await;
    let (first, trigger) = bench.workflow(owner, root, "one").await;
    bench.workflow(owner, root, "two").await;
    let outer = bench.sandbox(owner, root, "outer").await;
    let inner = bench.sandbox(owner, outer, "inner").await;
    bench.sandbox(owner, inner, "innermost").await;
    bench.put(owner, outer, first, trigger, "edited").await;
    bench.workflow(owner, root, "three").await;
    bench.workflow(owner, outer, "four").await;
    bench.workflow(owner, outer, "five").await;
    bench.delete_sandbox(owner, inner, false).await;
    bench.restore_sandbox(owner, inner).await;
    bench.merge(owner, outer, false).await;
    bench.set_member(owner, root, &guest, Role::Viewer).await;
    bench.delete_sandbox(owner, outer, true).await;
    bench.remove(owner, root, first).await;
    (watch, start)
}

async fn a_cut_anywhere_loses_nothing_and_repeats_nothing(bench: Bench) {
    let owner = bench.user("owner").await;
    let (watch, start) = story(&bench, &owner).await;
    let messages = bench.since(&owner, &watch, &start).await;
    assert_eq!(
        said(&messages),
        [
            "ResourcePut 1 one",
            "ResourcePut 2 two",
            "ProjectCreated",
            "ProjectCreated",
            "ProjectCreated",
            "ResourcePut 1 edited",
            "ResourcePut 3 three",
            "ResourcePut 2 four",
            "ResourcePut 3 five",
            "ProjectScheduled",
            "ProjectScheduled",
            "ProjectRestored",
            "ProjectRestored",
            "Merged",
            "ResourcePut 4 edited",
            "ResourcePut 5 five",
            "ResourcePut 6 four",
            "MemberSet",
            "ProjectScheduled",
            "ProjectMoved",
            "ResourceDeleted 7",
        ]
    );
    // Another server goes on from each of them.
    let other = bench.limited(bench.app.limits);
    for (at, message) in messages.iter().enumerate() {
        let rest = other.since(&owner, &watch, &message.cursor).await;
        assert_eq!(said(&rest), said(&messages[at + 1..]), "after {:?}", message.change);
    }
}

async fn a_watch_begins_after_a_revision(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    for name in ["one", "two", "three"] {
        bench.workflow(&owner, root, name).await;
    }
    let after =
        |revision| Watch { from: From::Revision(Revision(revision)), until_now: true, ..new_watch(root) };
    for revision in 0..=3 {
        let mut watching = bench.watch(&owner, &after(revision)).await.unwrap();
        let messages = all(&mut watching).await.unwrap();
        let expected = ["ResourcePut 1 one", "ResourcePut 2 two", "ResourcePut 3 three"];
        assert_eq!(said(&messages), expected[usize::try_from(revision).unwrap()..]);
        // Cut within what was there before.
        for (at, message) in messages.iter().enumerate() {
            let rest = bench.since(&owner, &new_watch(root), &message.cursor).await;
            assert_eq!(said(&rest), said(&messages[at + 1..]));
        }
    }
    for bad in [-1, 4] {
        assert_eq!(fields(bench.watch(&owner, &after(bad)).await), ["after_revision"]);
    }
    let tree = Watch { tree: true, ..after(1) };
    assert_eq!(fields(bench.watch(&owner, &tree).await), ["after_revision"]);
}

async fn of_a_tree_comes_what_the_caller_sees(bench: Bench) {
    let (owner, guest) = (bench.user("owner").await, bench.user("guest").await);
    let root = bench.root(&owner, "root").await;
    let hidden = bench.sandbox(&owner, root, "hidden").await;
    bench.set_member(&owner, root, &guest, Role::Viewer).await;
    let shared = bench.sandbox(&owner, root, "shared").await;
    let start = bench.cursor(&guest, &tree_watch(root)).await;
    bench.workflow(&owner, hidden, "secret").await;
    bench.workflow(&owner, root, "one").await;
    bench.workflow(&owner, shared, "two").await;
    bench.delete_sandbox(&owner, hidden, false).await;
    bench.workflow(&owner, shared, "three").await;
    let messages = bench.since(&guest, &tree_watch(root), &start).await;
    assert_eq!(said(&messages), ["ResourcePut 1 one", "ResourcePut 1 two", "ResourcePut 2 three"]);
    for (at, message) in messages.iter().enumerate() {
        let rest = bench.since(&guest, &tree_watch(root), &message.cursor).await;
        assert_eq!(said(&rest), said(&messages[at + 1..]));
    }
    refused!(bench.watch(&guest, &new_watch(hidden)).await, Error::ProjectNotFound { .. });
    let nothing = bench.app.new_id().into();
    refused!(bench.watch(&guest, &new_watch(nothing)).await, Error::ProjectNotFound { .. });
}

async fn more_than_is_read_at_once_comes_whole(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let start = bench.cursor(&owner, &new_watch(root)).await;
    let sandbox = bench.sandbox(&owner, root, "many").await;
    for number in 0..450 {
        bench.workflow(&owner, sandbox, &format!("w-{number:03}")).await;
    }
    let of_sandbox = Watch { from: From::Revision(Revision(0)), until_now: true, ..new_watch(sandbox) };
    let single = all(&mut bench.watch(&owner, &of_sandbox).await.unwrap()).await.unwrap();
    assert_eq!(single.len(), 450);
    // And as events, one by one, and as one merge.
    bench.merge(&owner, sandbox, false).await;
    let merged = bench.since(&owner, &new_watch(root), &start).await;
    assert_eq!((merged.len(), merged[0].change.as_ref().unwrap().kind), (451, ChangeKind::Merged));
    for at in [0, 1, 199, 200, 201, 399, 400, 449] {
        let rest = bench.since(&owner, &new_watch(root), &merged[at].cursor).await;
        assert_eq!(said(&rest), said(&merged[at + 1..]), "after {at}");
    }
}

async fn what_was_pruned_is_said_to_be(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let start = bench.cursor(&owner, &new_watch(root)).await;
    let (id, trigger) = bench.workflow(&owner, root, "one").await;
    for name in ["two", "three"] {
        bench.put(&owner, root, id, trigger, name).await;
    }
    bench.workflow(&owner, root, "other").await;
    bench.world.pass(400 * sandbar_model::time::DAY);
    let worker = sandbar_app::purge::Worker::new("w");
    assert_eq!(sandbar_app::purge::round(&bench.app, &worker).await.unwrap().versions, 2);
    let begins = |from| Watch { from, until_now: true, ..new_watch(root) };
    for from in [From::Cursor(start), From::Revision(Revision(0)), From::Revision(Revision(1))] {
        let mut watching = bench.watch(&owner, &begins(from.clone())).await.unwrap();
        let first = if from == From::Revision(Revision(1)) { 2 } else { 1 };
        refused!(all(&mut watching).await, Error::ChangesPruned { project, revision } if project == root && revision.0 == first);
    }
    let mut watching = bench.watch(&owner, &begins(From::Revision(Revision(2)))).await.unwrap();
    assert_eq!(said(&all(&mut watching).await.unwrap()), ["ResourcePut 3 three", "ResourcePut 4 other"]);
}

async fn a_cursor_is_for_its_own_watch(bench: Bench) {
    let owner = bench.user("owner").await;
    let (one, two) = (bench.root(&owner, "one").await, bench.root(&owner, "two").await);
    let cursor = bench.cursor(&owner, &new_watch(one)).await;
    for watch in [new_watch(two), tree_watch(one)] {
        refused!(bench.watch(&owner, &going_on(&watch, &cursor)).await, Error::InvalidCursor);
    }
    for bad in ["x", "AAAA", &format!("{cursor}A"), &"A".repeat(5000)] {
        refused!(bench.watch(&owner, &going_on(&new_watch(one), bad)).await, Error::InvalidCursor);
    }
    // Who may not see the project is not told that the cursor is a wrong one.
    let stranger = bench.user("stranger").await;
    refused!(bench.watch(&stranger, &going_on(&new_watch(one), "x")).await, Error::ProjectNotFound { .. });
    let mut watching = bench.watch(&owner, &going_on(&new_watch(one), &cursor)).await.unwrap();
    assert!(next(&mut watching).await.unwrap().is_some());
    assert!(next(&mut watching).await.unwrap().is_none());
}
