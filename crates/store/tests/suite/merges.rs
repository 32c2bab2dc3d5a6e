//! The records of merges, and what projects last agreed on.

use std::collections::HashMap;

use sandbar_model::{ContentHash, Error, Kind, MergeId, ProjectId, ResourceId, Revision};
use sandbar_store::{
    Db, Tx, merge_base,
    merge_record::{self, Direction, Filter, MergeKind, MergeRecord, MergedResource},
};

use crate::{
    engine::cases,
    fixture::{NOW, family, id},
};

cases! {
    record_comes_back_as_it_went
    id_is_unique
    resources_come_in_pages
    pages_of_a_project_are_newest_first
    a_list_of_merges_is_narrowed
    bases_do_not_mind_the_order_of_a_pair
    many_bases_are_kept_replaced_and_forgotten
}

/// A merge of project `source` into project `target`.
pub(crate) fn record(number: u128, source: u128, target: u128, resources: i64) -> MergeRecord {
    MergeRecord {
        id: id(number),
        root: id(10),
        source: id(source),
        target: id(target),
        what: MergeKind::Merge,
        time: NOW,
        principal: id(1),
        target_revision: Revision(7),
        retired_source: false,
        unreviewed: false,
        reverts: None,
        reverted_by: None,
        resource_count: resources,
        choices: "{}".to_owned(),
    }
}

/// As many merged resources.
pub(crate) fn merged(count: u128) -> Vec<MergedResource> {
    let one = |number: u128| MergedResource {
        kind: if number.is_multiple_of(2) { Kind::Workflow } else { Kind::Collection },
        id: id(5000 + number),
        source_id: id(9000 + number),
        label: "changed".to_owned(),
        decision: "take".to_owned(),
        before: (!number.is_multiple_of(3)).then_some(hash(1)),
        after: (!number.is_multiple_of(5)).then_some(hash(2)),
        before_name: format!("before-{number}"),
        after_name: format!("after-{number}"),
        revision: Revision(number.try_into().unwrap()),
        base_before: (!number.is_multiple_of(7)).then_some(hash(3)),
        base_after: (!number.is_multiple_of(11)).then_some(hash(4)),
    };
    (0..count).map(one).collect()
}

fn hash(number: u8) -> ContentHash {
    ContentHash([number; 32])
}

async fn record_comes_back_as_it_went(db: Db) {
    let mut tx = db.write().await.unwrap();
    let full = MergeRecord {
        what: MergeKind::Revert,
        retired_source: true,
        unreviewed: true,
        reverts: Some(id(100)),
        reverted_by: Some(id(103)),
        ..record(102, 20, 10, 0)
    };
    for record in
        [record(100, 20, 10, 0), MergeRecord { what: MergeKind::Sync, ..record(101, 10, 20, 0) }, full]
    {
        merge_record::insert(&mut tx, &record, &[]).await.unwrap();
        assert_eq!(merge_record::get(&mut tx, record.id).await.unwrap(), Some(record));
    }
    assert_eq!(merge_record::get(&mut tx, id(109)).await.unwrap(), None);
    assert!(merge_record::set_reverted_by(&mut tx, id(100), id(102)).await.unwrap());
    assert!(!merge_record::set_reverted_by(&mut tx, id(109), id(102)).await.unwrap());
    let undone = MergeRecord { reverted_by: Some(id(102)), ..record(100, 20, 10, 0) };
    assert_eq!(merge_record::get(&mut tx, id(100)).await.unwrap(), Some(undone));
}

async fn id_is_unique(db: Db) {
    let mut tx = db.write().await.unwrap();
    merge_record::insert(&mut tx, &record(100, 20, 10, 0), &[]).await.unwrap();
    let refused = merge_record::insert(&mut tx, &record(100, 21, 10, 0), &[]).await.unwrap_err();
    assert!(matches!(&refused, Error::IdTaken { .. }), "{refused:?}");
}

async fn resources_come_in_pages(db: Db) {
    let mut tx = db.write().await.unwrap();
    let mut wanted = merged(1300);
    merge_record::insert(&mut tx, &record(100, 20, 10, 1300), &wanted).await.unwrap();
    merge_record::insert(&mut tx, &record(101, 20, 10, 5), &merged(5)).await.unwrap();
    wanted.sort_by_key(|resource| (resource.kind, resource.id));
    let mut found: Vec<MergedResource> = Vec::new();
    loop {
        let after = found.last().map(|resource| (resource.kind, resource.id));
        let page = merge_record::resources(&mut tx, id(100), after, 500).await.unwrap();
        assert!(page.len() <= 500);
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    assert_eq!(found, wanted);
    let one = &wanted[700];
    let alone = merge_record::resource(&mut tx, id(100), one.kind, one.id).await.unwrap();
    assert_eq!(alone.as_ref(), Some(one));
    assert_eq!(merge_record::resource(&mut tx, id(101), one.kind, one.id).await.unwrap(), None);
}

async fn pages_of_a_project_are_newest_first(db: Db) {
    let mut tx = db.write().await.unwrap();
    let ends = [(20, 10), (10, 20), (21, 10), (21, 20), (20, 21), (20, 20), (20, 10)];
    for (number, (source, target)) in (100..).zip(ends) {
        merge_record::insert(&mut tx, &record(number, source, target, 0), &[]).await.unwrap();
    }
    let mut found: Vec<MergeId> = Vec::new();
    loop {
        let all = Filter::default();
        let last = found.last().copied();
        let page = merge_record::page_of_project(&mut tx, id(20), &all, last, 2).await.unwrap();
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        found.extend(page.iter().map(|record| record.id));
    }
    // All but 21 → 10; what a project merged into itself comes once.
    assert_eq!(found, [106, 105, 104, 103, 101, 100].map(id));
    let nobodys = merge_record::page_of_project(&mut tx, id(30), &Filter::default(), None, 9).await.unwrap();
    assert!(nobodys.is_empty());
}

async fn a_list_of_merges_is_narrowed(db: Db) {
    let mut tx = db.write().await.unwrap();
    for (number, (source, target)) in (100..).zip([(20, 10), (10, 20), (21, 20), (20, 21), (20, 10)]) {
        let what = if number == 101 { MergeKind::Sync } else { MergeKind::Merge };
        let record = MergeRecord { what, ..record(number, source, target, 0) };
        let count = if number == 104 { 3 } else { 1 };
        merge_record::insert(&mut tx, &record, &merged(count)).await.unwrap();
    }
    let (into, out_of) = (Some(Direction::Into), Some(Direction::OutOf));
    let last = (merged(3)[2].kind, merged(3)[2].id);
    let none = Filter::default();
    let cases = [
        (none, vec![104, 103, 102, 101, 100]),
        (Filter { direction: into, ..none }, vec![102, 101]),
        (Filter { direction: out_of, ..none }, vec![104, 103, 100]),
        (Filter { what: Some(MergeKind::Sync), ..none }, vec![101]),
        (Filter { other: Some(id(21)), ..none }, vec![103, 102]),
        (Filter { other: Some(id(21)), direction: into, ..none }, vec![102]),
        (Filter { resource: Some(last), ..none }, vec![104]),
        (Filter { resource: Some(last), direction: into, ..none }, vec![]),
    ];
    for (filter, expected) in cases {
        let found = merge_record::page_of_project(&mut tx, id(20), &filter, None, 9).await.unwrap();
        let found: Vec<_> = found.iter().map(|record| record.id).collect();
        assert_eq!(found, expected.into_iter().map(id).collect::<Vec<_>>(), "{filter:?}");
    }
}

async fn bases_do_not_mind_the_order_of_a_pair(db: Db) {
    let [_, one, other, _] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    let key = (Kind::Workflow, id(500));
    let absent = (Kind::Collection, id(500));
    let unknown = (Kind::Workflow, id(501));
    let bases = [(key.0, key.1, Some(hash(1))), (absent.0, absent.1, None)];
    merge_base::put_many(&mut tx, other.id, one.id, &bases).await.unwrap();
    let wanted: HashMap<_, _> = [(key, Some(hash(1))), (absent, None)].into();
    for (a, b) in [(one.id, other.id), (other.id, one.id)] {
        assert_eq!(merge_base::get_many(&mut tx, a, b, &[key, absent, unknown]).await.unwrap(), wanted);
        assert_eq!(merge_base::of_pair(&mut tx, a, b).await.unwrap(), wanted);
    }
    assert!(merge_base::of_pair(&mut tx, one.id, id(30)).await.unwrap().is_empty());
}

async fn put(tx: &mut Tx, one: u128, other: u128, count: u128, hash: ContentHash) -> Vec<(Kind, ResourceId)> {
    let bases: Vec<_> = (0..count).map(|number| (Kind::Workflow, id(500 + number), Some(hash))).collect();
    merge_base::put_many(tx, id(one), id(other), &bases).await.unwrap();
    bases.into_iter().map(|(kind, id, _)| (kind, id)).collect()
}

async fn many_bases_are_kept_replaced_and_forgotten(db: Db) {
    let mut tx = db.write().await.unwrap();
    let keys = put(&mut tx, 20, 21, 1500, hash(1)).await;
    put(&mut tx, 20, 21, 1000, hash(2)).await;
    let (one, other): (ProjectId, ProjectId) = (id(20), id(21));
    let found = merge_base::get_many(&mut tx, one, other, &keys).await.unwrap();
    assert_eq!(found.len(), 1500);
    assert_eq!(found.values().filter(|base| **base == Some(hash(2))).count(), 1000);
    merge_base::forget(&mut tx, other, one, &keys[..600]).await.unwrap();
    let found = merge_base::of_pair(&mut tx, one, other).await.unwrap();
    assert_eq!(found.len(), 900);
    assert!(keys[..600].iter().all(|key| !found.contains_key(key)));
    put(&mut tx, 19, 20, 3, hash(1)).await;
    put(&mut tx, 19, 21, 3, hash(1)).await;
    assert_eq!(merge_base::delete_of(&mut tx, one).await.unwrap(), 903);
    assert!(merge_base::of_pair(&mut tx, one, other).await.unwrap().is_empty());
    assert_eq!(merge_base::of_pair(&mut tx, id(19), other).await.unwrap().len(), 3);
}
