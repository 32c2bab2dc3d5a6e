//! Writers of items beside each other, and beside whoever removes their collection or project.

use sandbar_app::{
    items::Selection,
    projects::{self, DeleteProject},
    purge::{self, Worker},
};
use sandbar_model::{Error, Item};

use super::{filter, item};
use crate::harness::{Bench, cases, refused};

cases! {
    puts_of_the_same_keys_at_once_lose_nothing_and_are_counted_exactly
    a_put_beside_the_deletion_of_its_collection_leaves_no_orphan
    items_of_a_project_go_with_it
}

async fn puts_of_the_same_keys_at_once_lose_nothing_and_are_counted_exactly(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id = bench.collection(&owner, root, "c").await;
    let mut writers = Vec::new();
    for writer in 0..8_usize {
        let (bench, owner) = (bench.clone(), owner.clone());
        writers.push(tokio::spawn(async move {
            for round in 0..6_usize {
                let mut items: Vec<_> =
                    (0..20).map(|n| item(&format!("same{n}"), &"x".repeat(writer * 7 + round))).collect();
                items.push(item(&format!("own {writer} {round}"), "x"));
                bench.put_items(&owner, root, id, items).await.unwrap();
                if round == 3 {
                    let some = Selection::Fitting(filter("same1*"), String::new());
                    bench.delete_items(&owner, root, id, some).await.unwrap();
                }
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    bench.assert_counted(&owner, root, id).await;
    let own = bench.all_items(&owner, root, id, "own *").await;
    assert_eq!(own.len(), 48, "every item that only one wrote is there");
    assert_eq!(bench.count("collection_stores").await, 1, "of eight first items one opened the store");
}

async fn a_put_beside_the_deletion_of_its_collection_leaves_no_orphan(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let mut kept = 0;
    for round in 0..12 {
        let id = bench.collection(&owner, root, "c").await;
        if round % 2 == 0 {
            bench.put_items(&owner, root, id, vec![item("first", "x")]).await.unwrap();
        }
        let put = bench.put_items(&owner, root, id, vec![item("beside", "x")]);
        let (put, deleted) = tokio::join!(put, bench.drop_collection(&owner, root, id));
        let (deleted, before) = (deleted.unwrap(), i64::from(round % 2 == 0));
        match put {
            Ok(_) => assert_eq!(deleted.items, before + 1, "what was put is counted with what went"),
            Err(Error::ResourceNotFound { .. }) => assert_eq!(deleted.items, before),
            Err(other) => panic!("{other}"),
        }
        kept += i64::from(deleted.items > 0);
        let gone = bench.put_items(&owner, root, id, vec![item("late", "x")]).await;
        refused!(gone, Error::ResourceNotFound { .. });
    }
    let mut tx = bench.app.db.connection().await.unwrap();
    let live: (i64,) =
        tx.sql("SELECT COUNT(*) FROM collection_stores WHERE detach_time IS NULL").one().await.unwrap();
    drop(tx);
    assert_eq!((live, bench.count("collection_stores").await), ((0,), kept));
    let round = purge::round(&bench.app, &Worker { batch: 3, ..Worker::new("w") }).await.unwrap();
    assert_eq!(round.failed, 0);
    assert_eq!((bench.count("collection_items").await, bench.count("collection_stores").await), (0, 0));
}

async fn items_of_a_project_go_with_it(bench: Bench) {
    let owner = bench.user("owner").await;
    let (root, other) = (bench.root(&owner, "root").await, bench.root(&owner, "other").await);
    let mut ids = Vec::new();
    for project in [root, other] {
        let id = bench.collection(&owner, project, "c").await;
        let items: Vec<Item> = (0..50).map(|n| item(&n.to_string(), "x")).collect();
        bench.put_items(&owner, project, id, items).await.unwrap();
        ids.push(id);
    }
    let request = DeleteProject { project: root, etag: String::new(), request_id: String::new() };
    projects::delete(&bench.app, &owner.call, &request).await.unwrap();
    refused!(
        bench.put_items(&owner, root, ids[0], vec![item("late", "x")]).await,
        Error::ProjectScheduled { .. }
    );
    assert_eq!(bench.all_items(&owner, root, ids[0], "*").await.len(), 50, "it can still be seen");
    bench.world.pass(8 * sandbar_model::time::DAY);
    let worker = Worker { batch: 7, ..Worker::new("w") };
    while purge::round(&bench.app, &worker).await.unwrap().removed() > 0 {}
    assert_eq!((bench.count("collection_items").await, bench.count("collection_stores").await), (50, 1));
    bench.assert_counted(&owner, other, ids[1]).await;
}
