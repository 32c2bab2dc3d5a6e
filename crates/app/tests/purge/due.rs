//! What is due goes for good, whoever does it and whatever comes in between.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use sandbar_app::{
    App, Etag,
    access::{self, SetMember},
    purge::{self, Worker},
};
use sandbar_model::{
    Kind, ProjectId, ResourceId, Revision, Role, Time,
    access::Scope,
    time::{DAY, MINUTE, SECOND},
};
use sandbar_store::{
    content::{self, NewContent},
    merge_base,
    merge_record::{self, MergeKind, MergeRecord, MergedResource},
};
use tokio::task::JoinSet;

use super::{work, worker};
use crate::harness::{Bench, Person, cases, catalog};

cases! {
    two_workers_purge_thirty_projects_once_each
    nothing_goes_before_it_is_due
    a_purge_that_was_stopped_goes_on
    a_worker_that_is_killed_anywhere_is_followed_by_another
    a_parent_waits_for_its_children
    what_others_keep_of_it_stays
    answers_are_forgotten_after_a_day
}

/// SQLite has one writer at a time, so only here can one wait for another's rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_delete_at_once_hides_nothing() {
    crate::harness::on_postgres(async |bench: Bench| {
        let owner = bench.user("owner").await;
        let root = bench.root(&owner, "root").await;
        let contents: Vec<_> = (0..9_u8).map(|byte| NewContent::of(vec![byte])).collect();
        let mut hashes: Vec<_> = contents.iter().map(|content| content.hash).collect();
        hashes.sort_unstable();
        let mut tx = bench.app.db.write().await.unwrap();
        content::put(&mut tx, root, contents, bench.app.now()).await.unwrap();
        tx.commit().await.unwrap();
        bench.delete_root(&owner, root).await;
        bench.world.pass(bench.app.limits.grace);
        let mut sweepers = Vec::new();
        for batch in hashes.chunks(3).take(2) {
            let mut tx = bench.app.db.write().await.unwrap();
            for hash in batch {
                tx.sql("DELETE FROM contents WHERE hash = $1").bind(hash.0.to_vec()).execute().await.unwrap();
            }
            sweepers.push(tx);
        }
        let purging = {
            let bench = bench.clone();
            tokio::spawn(async move { work(&bench, &worker("w")).await })
        };
        // The worker's batch of three waits for the first sweeper's three, the next one for the second's.
        for sweeper in sweepers {
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(!purging.is_finished(), "the worker did not wait");
            sweeper.commit().await.unwrap();
        }
        assert_eq!(purging.await.unwrap().purged, 1);
        assert_eq!(left(&bench, &[root]).await, [""; 0]);
    })
    .await;
}

/// What may not be left of a project, by the column that holds its id.
const COLUMNS: [&str; 7] = ["project_id", "root_id", "other_id", "source_id", "target_id", "parent_id", "id"];

/// Gives a project something in every table.
async fn fill(bench: &Bench, owner: &Person, project: ProjectId) {
    for name in ["one", "two"] {
        let id: ResourceId = bench.app.new_id().into();
        for text in ["a", "b"] {
            bench.write(owner, project, id, &format!("{name} {project}"), &format!("{text} {project}")).await;
        }
        bench.turn_on(owner, project, id).await;
    }
    bench.token(owner.id, Scope { project: Some(project), max_role: None }, None).await;
    let other = bench.user(&format!("member-{project}")).await;
    let request = viewer(project, &other, format!("m{project}"));
    access::set_member(&bench.app, &owner.says(&request), &request).await.unwrap();
}

fn viewer(project: ProjectId, who: &Person, request_id: String) -> SetMember {
    SetMember { project, principal: who.id, role: Role::Viewer, etag: Etag::Any, request_id }
}

/// A merge of one into the other, as its record and what they agree on since.
async fn merged(bench: &Bench, owner: &Person, root: ProjectId, source: ProjectId, target: ProjectId) {
    let resource = |number: u128| MergedResource {
        kind: Kind::Workflow,
        id: uuid::Uuid::from_u128(number).into(),
        source_id: uuid::Uuid::from_u128(number).into(),
        label: "new".to_owned(),
        decision: "take".to_owned(),
        before: None,
        after: None,
        before_name: String::new(),
        after_name: String::new(),
        revision: Revision(1),
        base_before: None,
        base_after: None,
    };
    let record = MergeRecord {
        id: bench.app.new_id().into(),
        root,
        source,
        target,
        what: MergeKind::Merge,
        time: bench.app.now(),
        principal: owner.id,
        target_revision: Revision(1),
        retired_source: false,
        unreviewed: false,
        reverts: None,
        reverted_by: None,
        resource_count: 5,
        choices: "{}".to_owned(),
    };
    let resources: Vec<_> = (1..=5).map(resource).collect();
    let bases: Vec<_> = resources.iter().map(|resource| (resource.kind, resource.id, None)).collect();
    let mut tx = bench.app.db.write().await.unwrap();
    merge_record::insert(&mut tx, &record, &resources).await.unwrap();
    merge_base::put_many(&mut tx, source, target, &bases).await.unwrap();
    tx.commit().await.unwrap();
}

/// A root, three sandboxes, and two below each: ten projects, all with something in them, the root first.
async fn tree(bench: &Bench, owner: &Person, name: &str) -> Vec<ProjectId> {
    let root = bench.root(owner, name).await;
    fill(bench, owner, root).await;
    let mut all = vec![root];
    for number in 0..3 {
        let sandbox = bench.sandbox(owner, root, &format!("s-{number}")).await;
        fill(bench, owner, sandbox).await;
        all.push(sandbox);
        let mut pair = Vec::new();
        for below in 0..2 {
            let lowest = bench.sandbox(owner, sandbox, &format!("s-{number}-{below}")).await;
            fill(bench, owner, lowest).await;
            pair.push(lowest);
        }
        merged(bench, owner, root, pair[0], pair[1]).await;
        merged(bench, owner, root, pair[1], sandbox).await;
        merged(bench, owner, root, sandbox, root).await;
        all.extend(pair);
    }
    all
}

/// What is left of these projects, but for what the audit trail tells of them.
async fn left(bench: &Bench, projects: &[ProjectId]) -> Vec<String> {
    let mut left = Vec::new();
    for project in projects {
        for column in COLUMNS {
            for (table, count) in catalog::rows_with(&bench.app.db, column, project.0).await {
                if table != "audit_events" {
                    left.push(format!("{count} in {table}.{column}"));
                }
            }
        }
    }
    left
}

/// How many rows each table has.
async fn counts(bench: &Bench) -> BTreeMap<String, i64> {
    let tables: BTreeSet<_> =
        catalog::columns(&bench.app.db).await.into_iter().map(|(table, _)| table).collect();
    let mut counts = BTreeMap::new();
    for table in tables {
        let count = bench.count(&table).await;
        counts.insert(table, count);
    }
    counts
}

async fn two_workers_purge_thirty_projects_once_each(bench: Bench) {
    let owner = bench.user("owner").await;
    let stays = tree(&bench, &owner, "stays").await;
    let before = counts(&bench).await;
    let mut due = Vec::new();
    for name in ["one", "two", "three"] {
        due.extend(tree(&bench, &owner, name).await);
    }
    assert_eq!(due.len(), 30);
    for tree in due.chunks(10) {
        bench.delete_root(&owner, tree[0]).await;
    }
    bench.world.pass(bench.app.limits.grace);
    let mut workers = JoinSet::new();
    for name in ["left", "right"] {
        // Each a program of its own, with the same database.
        let bench = bench.limited(bench.app.limits);
        workers.spawn(async move { work(&bench, &Worker { batch: 7, ..Worker::new(name) }).await });
    }
    let rounds = workers.join_all().await;
    assert_eq!(rounds.iter().map(|round| round.purged).sum::<u64>(), 30, "{rounds:?}");
    assert_eq!(left(&bench, &due).await, [""; 0]);
    for project in &due {
        assert_eq!(bench.told("project.purge", Some(*project)).await, 1);
    }
    // What was made with them and is not theirs stays too: people, and what they did.
    let mut after = counts(&bench).await;
    for table in ["principals", "tokens", "audit_events", "audit_chains"] {
        assert!(after.remove(table) > before.get(table).copied(), "{table}");
    }
    // The answers to what they asked for are a week old.
    assert_eq!(after.remove("idempotency"), Some(0));
    let before: BTreeMap<_, _> = before.into_iter().filter(|(table, _)| after.contains_key(table)).collect();
    assert_eq!(after, before);
    assert_eq!(bench.names(&owner, stays[0]).await.len(), 2);
    assert_eq!(bench.names(&owner, stays[2]).await.len(), 6);
}

async fn nothing_goes_before_it_is_due(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    fill(&bench, &owner, root).await;
    bench.delete_root(&owner, root).await;
    bench.world.pass(bench.app.limits.grace - 1);
    let round = work(&bench, &worker("w")).await;
    assert_eq!((round.purged, round.rows, bench.count("projects").await), (0, 0, 1));
    bench.world.pass(1);
    let round = purge::round(&bench.app, &Worker { steps: 1, ..worker("w") }).await.unwrap();
    assert_eq!((round.purged, round.due), (0, 1));
    assert_eq!(work(&bench, &worker("w")).await.purged, 1);
    assert_eq!(left(&bench, &[root]).await, [""; 0]);
}

async fn a_purge_that_was_stopped_goes_on(bench: Bench) {
    let owner = bench.user("owner").await;
    let all = tree(&bench, &owner, "root").await;
    bench.delete_root(&owner, all[0]).await;
    bench.world.pass(bench.app.limits.grace);
    let (mut purged, mut rounds) = (0, 0);
    while purged < 10 {
        // Every round is stopped after two transactions, and its worker never comes back.
        let worker = Worker { steps: 2, ..worker(&format!("w-{rounds}")) };
        let round = purge::round(&bench.app, &worker).await.unwrap();
        assert_eq!(round.failed, 0);
        purged += round.purged;
        rounds += 1;
        assert!(rounds < 1000, "it does not go on");
        bench.world.pass(worker.lease);
    }
    assert!(rounds > 50, "{rounds} rounds were no interruption");
    assert_eq!(left(&bench, &all).await, [""; 0]);
    assert_eq!(bench.count("leases").await, 0);
}

async fn a_worker_that_is_killed_anywhere_is_followed_by_another(bench: Bench) {
    let owner = bench.user("owner").await;
    let all = tree(&bench, &owner, "root").await;
    bench.delete_root(&owner, all[0]).await;
    bench.world.pass(bench.app.limits.grace);
    for attempt in 0_u64..200 {
        if bench.count("projects").await == 0 && bench.count("leases").await == 0 {
            break;
        }
        let bench = bench.clone();
        // Dropped at whatever it waits for.
        let life = Duration::from_micros(500 + 700 * (attempt % 40));
        let worker = worker(&format!("w-{attempt}"));
        let _ = tokio::time::timeout(life, purge::round(&bench.app, &worker)).await;
        bench.world.pass(MINUTE);
    }
    work(&bench, &worker("last")).await;
    assert_eq!(left(&bench, &all).await, [""; 0]);
    assert_eq!(bench.count("leases").await, 0);
    for project in all {
        assert_eq!(bench.told("project.purge", Some(project)).await, 1);
    }
}

async fn a_parent_waits_for_its_children(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let middle = bench.sandbox(&owner, root, "middle").await;
    let lowest = bench.sandbox(&owner, middle, "lowest").await;
    bench.delete_sandbox(&owner, middle).await;
    bench.world.pass(bench.app.limits.grace);
    // Another worker has the child, and does not get on.
    let stuck = Worker { steps: 0, ..worker("stuck") };
    let mut tx = bench.app.db.write().await.unwrap();
    let (now, until) = (bench.app.now(), bench.app.now().plus(MINUTE));
    let begun = sandbar_store::purge::begin(&mut tx, (root, lowest), &stuck.name, now, until).await.unwrap();
    tx.commit().await.unwrap();
    assert!(matches!(begun, sandbar_store::purge::Begun::Yes(_)));
    assert_eq!(work(&bench, &worker("w")).await.purged, 0);
    assert_eq!(bench.count("projects").await, 3);
    bench.world.pass(MINUTE);
    assert_eq!(work(&bench, &worker("w")).await.purged, 2);
    assert_eq!(left(&bench, &[middle, lowest]).await, [""; 0]);
    assert_eq!(garbage_noted(&bench.app, root).await, Some(bench.app.now()));
}

async fn garbage_noted(app: &App, root: ProjectId) -> Option<Time> {
    let mut tx = app.db.connection().await.unwrap();
    sandbar_store::tree::garbage_time(&mut tx, root).await.unwrap()
}

async fn what_others_keep_of_it_stays(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let (one, other) = (bench.sandbox(&owner, root, "one").await, bench.sandbox(&owner, root, "other").await);
    merged(&bench, &owner, root, one, root).await;
    merged(&bench, &owner, root, one, other).await;
    bench.delete_sandbox(&owner, one).await;
    bench.world.pass(bench.app.limits.grace);
    assert_eq!(work(&bench, &worker("w")).await.purged, 1);
    // The others' records of it, until they go too.
    assert_eq!((bench.count("merges").await, bench.count("merge_bases").await), (2, 0));
    bench.delete_sandbox(&owner, other).await;
    bench.world.pass(bench.app.limits.grace);
    assert_eq!(work(&bench, &worker("w")).await.purged, 1);
    assert_eq!((bench.count("merges").await, bench.count("merge_resources").await), (1, 5));
}

async fn answers_are_forgotten_after_a_day(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let ask = async |id: &str| {
        let other = bench.user(id).await;
        let request = viewer(root, &other, id.to_owned());
        access::set_member(&bench.app, &owner.says(&request), &request).await.unwrap();
    };
    for number in 0..7 {
        ask(&format!("r{number}")).await;
    }
    bench.world.pass(DAY);
    ask("late").await;
    assert_eq!(work(&bench, &worker("w")).await.answers, 0);
    bench.world.pass(SECOND);
    assert_eq!(work(&bench, &worker("w")).await.answers, 7);
    assert_eq!(bench.count("idempotency").await, 1);
}
