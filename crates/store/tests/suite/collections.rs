//! Items of collections: in the order of their keys' bytes, counted exactly, and gone with their collection.

use sandbar_model::{Collection, Document, Item, Kind, Project, ResourceId, Time};
use sandbar_store::{
    Db, Tx,
    collection::{self, ItemStore, Usage},
    item, project, purge,
    view::Views,
    write::{Write, Writer},
};
use uuid::Uuid;

use crate::{
    engine::cases,
    fixture::{self, NOW, id},
};

cases! {
    items_stand_in_the_order_of_their_bytes
    a_value_is_replaced_and_its_making_is_kept
    items_are_deleted_by_their_keys_only
    whoever_removes_a_collection_its_items_go_and_a_new_one_has_none
    a_writer_of_items_is_waited_for_by_whoever_removes_the_collection
    a_sandbox_has_items_of_its_own_and_a_fork_writes_none
    what_is_detached_goes_in_batches
}

fn item(key: &str, value: &str) -> Item {
    Item { key: key.to_owned(), value: value.to_owned() }
}

async fn open(tx: &mut Tx, project: &Project, number: u128) -> ItemStore {
    let store = Uuid::from_u128(project.id.0.as_u128() << 8 | number);
    collection::open(tx, store, (project.id, id(number))).await.unwrap()
}

async fn keys(tx: &mut Tx, store: ItemStore, (first, last): (&str, &str), limit: usize) -> Vec<String> {
    let heads = item::scan(tx, store.id, (first, last), limit).await.unwrap();
    heads.into_iter().map(|head| head.key).collect()
}

async fn count(tx: &mut Tx, table: &str) -> i64 {
    let (count,): (i64,) = tx.sql(format!("SELECT COUNT(*) FROM {table}").leak()).one().await.unwrap();
    count
}

async fn write(tx: &mut Tx, project: &mut Project, number: u128, name: Option<&str>) {
    let view = Views::default().of(tx, &*project).await.unwrap();
    let document = name.map(|name| Document::Collection(Collection { name: name.to_owned() }));
    let write = Write { kind: Kind::Collection, id: id(number), document };
    let by = project.creator;
    let outcome = Writer { project, view: &view, now: NOW, writer: by }.write(tx, vec![write]).await.unwrap();
    assert_eq!(outcome.written.len(), 1);
    project::set_head_and_counts(tx, project.id, project.head, 0, 0, NOW).await.unwrap();
}

async fn items_stand_in_the_order_of_their_bytes(db: Db) {
    let [root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    let store = open(&mut tx, &root, 1).await;
    let mut all = ["a", "A", "a b", "a*", "a%", "a_", "ab", "é", "\u{ffff}", "\u{10000}", "100", "99"];
    let items: Vec<_> = all.iter().map(|key| item(key, "x")).collect();
    item::put(&mut tx, store.id, &items, NOW).await.unwrap();
    all.sort_unstable();
    let end = char::MAX.to_string();
    assert_eq!(keys(&mut tx, store, ("", &end), 100).await, all);
    // One after the other, as pages go.
    let (mut from, mut seen) = (String::new(), Vec::new());
    while let [key] = keys(&mut tx, store, (&from, &end), 1).await.as_slice() {
        from = item::after(key);
        seen.push(key.clone());
    }
    assert_eq!(seen, all);
    let prefix = format!("a{}", char::MAX);
    assert_eq!(keys(&mut tx, store, ("a", &prefix), 100).await, ["a", "a b", "a%", "a*", "a_", "ab"]);
    assert_eq!(keys(&mut tx, store, ("a*", "a*"), 100).await, ["a*"]);
}

async fn a_value_is_replaced_and_its_making_is_kept(db: Db) {
    let [root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    let store = open(&mut tx, &root, 1).await;
    // More than fit into one statement, and a value of the greatest length.
    let long = "é".repeat(1_000_000);
    let mut items: Vec<_> = (0..1100).map(|n| item(&format!("k{n:04}"), "x")).collect();
    items.push(item("long", &long));
    item::put(&mut tx, store.id, &items, NOW).await.unwrap();
    item::put(&mut tx, store.id, &[item("k0007", "another")], NOW.plus(5)).await.unwrap();
    let wanted: Vec<_> = items.iter().map(|item| item.key.as_str()).chain(["no"]).collect();
    let heads = item::heads(&mut tx, store.id, &wanted).await.unwrap();
    assert_eq!(heads.len(), 1101);
    let told = |key: &str| (heads[key].size, heads[key].create_time, heads[key].update_time);
    assert_eq!(told("k0007"), (12, NOW, NOW.plus(5)));
    assert_eq!(told("k0008"), (6, NOW, NOW));
    assert_eq!(told("long").0, 2_000_004);
    let values = item::values(&mut tx, store.id, &["k0007", "long", "no"]).await.unwrap();
    assert_eq!((values.len(), values["k0007"].as_str(), &values["long"]), (2, "another", &long));
}

async fn items_are_deleted_by_their_keys_only(db: Db) {
    let [root, one, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    let (store, other) = (open(&mut tx, &root, 1).await, open(&mut tx, &one, 1).await);
    let items: Vec<_> = (0..1200).map(|n| item(&format!("{n:04}"), "x")).collect();
    for store in [store, other] {
        item::put(&mut tx, store.id, &items, NOW).await.unwrap();
    }
    let odd: Vec<_> = items
        .iter()
        .map(|item| item.key.as_str())
        .filter(|key| key.ends_with(['1', '3', '5', '7', '9']))
        .collect();
    item::delete(&mut tx, store.id, &odd).await.unwrap();
    let left = keys(&mut tx, store, ("", "9"), 2000).await;
    assert_eq!(left.len(), 600);
    assert!(left.iter().all(|key| !odd.contains(&key.as_str())));
    assert_eq!(keys(&mut tx, other, ("", "9"), 2000).await.len(), 1200);
}

async fn whoever_removes_a_collection_its_items_go_and_a_new_one_has_none(db: Db) {
    let [mut root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    for number in [1, 2] {
        write(&mut tx, &mut root, number, Some(&format!("c{number}"))).await;
        let store = open(&mut tx, &root, number).await;
        item::put(&mut tx, store.id, &[item("k", "x")], NOW).await.unwrap();
        collection::set_usage(&mut tx, store.id, Usage { items: 1, bytes: 2 }).await.unwrap();
    }
    write(&mut tx, &mut root, 1, Some("renamed")).await;
    let both: [ResourceId; 2] = [id(1), id(2)];
    let usages = collection::usages(&mut tx, root.id, &both).await.unwrap();
    assert_eq!(usages.get(&id(1)), Some(&Usage { items: 1, bytes: 2 }), "a new name leaves the items");
    write(&mut tx, &mut root, 1, None).await;
    assert_eq!(collection::get(&mut tx, root.id, id(1)).await.unwrap(), None);
    assert_eq!(collection::lock(&mut tx, root.id, id(1)).await.unwrap(), None);
    let usages = collection::usages(&mut tx, root.id, &both).await.unwrap();
    assert_eq!(usages.keys().collect::<Vec<_>>(), [&id(2)]);
    // Made again, it begins anew.
    write(&mut tx, &mut root, 1, Some("c1")).await;
    let again = collection::open(&mut tx, Uuid::from_u128(77), (root.id, id(1))).await.unwrap();
    assert_eq!(keys(&mut tx, again, ("", "z"), 10).await, [""; 0]);
    assert_eq!(purge::detached_stores(&mut tx, 10).await.unwrap().len(), 1);
}

async fn a_writer_of_items_is_waited_for_by_whoever_removes_the_collection(db: Db) {
    let [mut root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    write(&mut tx, &mut root, 1, Some("c")).await;
    open(&mut tx, &root, 1).await;
    tx.commit().await.unwrap();

    let mut writer = db.write().await.unwrap();
    let store = collection::lock(&mut writer, root.id, id(1)).await.unwrap().unwrap();
    let remover = {
        let (db, mut root) = (db.clone(), root.clone());
        tokio::spawn(async move {
            let mut tx = db.write().await.unwrap();
            write(&mut tx, &mut root, 1, None).await;
            tx.commit().await.unwrap();
        })
    };
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(!remover.is_finished());
    item::put(&mut writer, store.id, &[item("k", "x")], NOW).await.unwrap();
    writer.commit().await.unwrap();
    remover.await.unwrap();
    let mut tx = db.write().await.unwrap();
    assert_eq!(collection::lock(&mut tx, root.id, id(1)).await.unwrap(), None);
    assert_eq!(purge::detached_stores(&mut tx, 10).await.unwrap(), [store.id]);
}

async fn a_sandbox_has_items_of_its_own_and_a_fork_writes_none(db: Db) {
    let [mut root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    write(&mut tx, &mut root, 1, Some("c")).await;
    let store = open(&mut tx, &root, 1).await;
    item::put(&mut tx, store.id, &[item("k", "x")], NOW).await.unwrap();
    let mut sandbox = fixture::add_sandbox(&mut tx, 50, &root).await;
    assert_eq!(collection::get(&mut tx, sandbox.id, id(1)).await.unwrap(), None);
    let own = open(&mut tx, &sandbox, 1).await;
    item::put(&mut tx, own.id, &[item("own", "x")], NOW).await.unwrap();
    // Gone in the sandbox, it is still there in the parent.
    write(&mut tx, &mut sandbox, 1, None).await;
    assert_eq!(collection::get(&mut tx, sandbox.id, id(1)).await.unwrap(), None);
    assert_eq!(keys(&mut tx, store, ("", "z"), 10).await, ["k"]);
    assert_eq!(purge::detached_stores(&mut tx, 10).await.unwrap(), [own.id]);
}

async fn what_is_detached_goes_in_batches(db: Db) {
    let [mut root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    let mut stores = Vec::new();
    for number in [1, 2] {
        write(&mut tx, &mut root, number, Some(&format!("c{number}"))).await;
        let store = open(&mut tx, &root, number).await;
        let items: Vec<_> = (0..25).map(|n| item(&format!("{n}"), "x")).collect();
        item::put(&mut tx, store.id, &items, Time(1)).await.unwrap();
        stores.push(store.id);
    }
    // A live one is nobody's to purge, but for its items, which only a detached store is asked for.
    write(&mut tx, &mut root, 1, None).await;
    assert_eq!(purge::detached_stores(&mut tx, 10).await.unwrap(), stores[..1]);
    let mut batches = Vec::new();
    loop {
        match purge::delete_items(&mut tx, stores[0], 10).await.unwrap() {
            0 => break,
            rows => batches.push(rows),
        }
    }
    assert_eq!(batches, [10, 10, 5, 1]);
    assert!(purge::detached_stores(&mut tx, 10).await.unwrap().is_empty());
    assert_eq!(
        (count(&mut tx, "collection_items").await, count(&mut tx, "collection_stores").await),
        (25, 1)
    );
}
