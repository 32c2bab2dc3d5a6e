//! Many who write at once, at several servers, and watchers who are cut off again and again.

use std::collections::BTreeMap;

use sandbar_app::watch::Watch;
use sandbar_model::{ProjectId, ResourceId, Revision, Role};
use tokio::task::JoinSet;

use super::{change, going_on, new_watch, next, tree_watch};
use crate::harness::{Bench, Person, cases};

cases! {
    every_write_comes_once_and_in_order_whoever_writes_where
}

const WRITERS: usize = 6;
const WRITES: usize = 25;

async fn every_write_comes_once_and_in_order_whoever_writes_where(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let sandbox = bench.sandbox(&owner, root, "fix").await;
    let servers = [bench.clone(), bench.limited(bench.app.limits)];
    let keeping: Vec<_> = servers.iter().map(Bench::keep_watch).collect();
    let whole = tokio::spawn(steady(bench.clone(), owner.clone(), tree_watch(root)));
    let cut = tokio::spawn(often_cut(servers.clone(), owner.clone(), tree_watch(root)));
    let of_one = tokio::spawn(often_cut(servers.clone(), owner.clone(), new_watch(sandbox)));
    // They have begun when their first message has come, which is before they are spawned here: a write to begin with.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let (server, owner) = (servers[number % 2].clone(), owner.clone());
        let project = if number % 3 == 0 { sandbox } else { root };
        writers.spawn(async move {
            for write in 0..WRITES {
                server.workflow(&owner, project, &format!("w-{number}-{write}")).await;
                if write % 10 == 9 {
                    let guest = server.user(&format!("guest-{number}-{write}")).await;
                    server.set_member(&owner, project, &guest, Role::Viewer).await;
                }
            }
        });
    }
    writers.join_all().await;
    for project in [root, sandbox] {
        bench.workflow(&owner, project, "last").await;
    }
    let (whole, cut, of_one) = (whole.await.unwrap(), cut.await.unwrap(), of_one.await.unwrap());
    assert_eq!(whole, cut);
    let written: BTreeMap<_, _> = [(root, 100), (sandbox, 50)].into();
    for (project, count) in written {
        let revisions: Vec<_> = whole.iter().filter(|row| row.0 == project).map(|row| row.1.0).collect();
        assert_eq!(revisions, (1..=count + 1).collect::<Vec<i64>>());
    }
    assert_eq!(of_one, whole.into_iter().filter(|row| row.0 == sandbox).collect::<Vec<_>>());
    keeping.iter().for_each(tokio::task::JoinHandle::abort);
}

type Row = (ProjectId, Revision, ResourceId, String);

/// Whether everything has come: the last write of each project that is watched.
fn is_whole(rows: &[Row], watch: &Watch) -> bool {
    rows.iter().filter(|row| row.3 == "last").count() == if watch.tree { 2 } else { 1 }
}

async fn steady(bench: Bench, owner: Person, watch: Watch) -> Vec<Row> {
    let mut watching = bench.watch(&owner, &watch).await.unwrap();
    let mut rows = Vec::new();
    while !is_whole(&rows, &watch) {
        let change = change(&mut watching).await;
        rows.extend(change.resource.map(|of| (change.project, of.revision, of.id, of.name)));
    }
    rows
}

/// Takes a few messages at one server, and goes on at the other.
async fn often_cut(servers: [Bench; 2], owner: Person, watch: Watch) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut request = watch.clone();
    for round in 0.. {
        let mut watching = servers[round % 2].watch(&owner, &request).await.unwrap();
        for _ in 0..round % 7 + 2 {
            let message = next(&mut watching).await.unwrap().unwrap();
            request = Watch { until_now: false, ..going_on(&watch, &message.cursor) };
            if let Some(change) = message.change {
                rows.extend(change.resource.map(|of| (change.project, of.revision, of.id, of.name)));
            }
            if is_whole(&rows, &watch) {
                return rows;
            }
        }
    }
    rows
}
