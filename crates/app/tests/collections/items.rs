//! Writing and listing items: limits, pages and bounds.

use sandbar_app::{Limits, items::Selection};
use sandbar_model::{Error, ItemFilter};

use super::{deleting, filter, item, putting};
use crate::harness::{Bench, cases, fields, refused};

cases! {
    a_full_collection_takes_nothing_that_makes_it_larger
    a_page_has_its_bytes_and_looks_at_so_many_items_at_most
    a_deletion_looks_at_so_many_items_at_most_and_says_where_to_go_on
    dates_pick_items
    a_check_changes_nothing_and_a_repeat_has_one_effect
    a_put_says_everything_that_is_wrong
}

async fn a_full_collection_takes_nothing_that_makes_it_larger(bench: Bench) {
    let small = bench.limited(Limits { collection_bytes: 100, ..Limits::default() });
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id = bench.collection(&owner, root, "c").await;
    small
        .put_items(&owner, root, id, vec![item("a", &"x".repeat(59)), item("b", &"x".repeat(39))])
        .await
        .unwrap();
    let more = small.put_items(&owner, root, id, vec![item("a", ""), item("c", &"x".repeat(60))]).await;
    refused!(more, Error::CollectionFull { used: 100, needed: 102, limit: 100, .. });
    small.put_items(&owner, root, id, vec![item("a", ""), item("c", &"x".repeat(58))]).await.unwrap();
    // Under a lower limit what is there may be mended, but must not grow.
    let less = bench.limited(Limits { collection_bytes: 10, ..Limits::default() });
    refused!(less.put_items(&owner, root, id, vec![item("d", "")]).await, Error::CollectionFull { .. });
    less.put_items(&owner, root, id, vec![item("c", &"y".repeat(58))]).await.unwrap();
    less.put_items(&owner, root, id, vec![item("c", "")]).await.unwrap();
    less.assert_counted(&owner, root, id).await;
    // Another collection of the project has room of its own.
    let other = bench.collection(&owner, root, "other").await;
    small.put_items(&owner, root, other, vec![item("a", &"x".repeat(99))]).await.unwrap();
}

async fn a_page_has_its_bytes_and_looks_at_so_many_items_at_most(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id = bench.collection(&owner, root, "c").await;
    let narrow = bench.limited(Limits { page_bytes: 100, ..Limits::default() });
    let large: Vec<_> = ["a", "b", "c"].iter().map(|key| item(key, &"x".repeat(60))).collect();
    bench.put_items(&owner, root, id, large).await.unwrap();
    bench.put_items(&owner, root, id, vec![item("b", &"y".repeat(500))]).await.unwrap();
    let mut pages = Vec::new();
    let mut token = String::new();
    loop {
        let page = narrow.page_of_items(&owner, root, id, "", (50, token)).await;
        pages.push(page.rows.into_iter().map(|row| row.item.key).collect::<Vec<_>>());
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(pages, [["a"], ["b"], ["c"]], "one that is too large stands alone");

    let many: Vec<_> = (0..10_000).map(|n| item(&format!("m{n:05}"), "")).collect();
    let more: Vec<_> = (10_000..20_500).map(|n| item(&format!("m{n:05}"), "")).collect();
    for part in [many, more[..10_000].to_vec(), more[10_000..].to_vec()] {
        bench.put_items(&owner, root, id, part).await.unwrap();
    }
    let page = bench.page_of_items(&owner, root, id, "m*20499", (50, String::new())).await;
    assert!(page.rows.is_empty() && !page.next_page_token.is_empty(), "it did not look through all of them");
    let found = bench.all_items(&owner, root, id, "m*20499").await;
    assert_eq!(found.iter().map(|item| item.key.as_str()).collect::<Vec<_>>(), ["m20499"]);
    // What stands before the first star is looked up, not looked through.
    let page = bench.page_of_items(&owner, root, id, "m2049*", (50, String::new())).await;
    assert_eq!((page.rows.len(), page.next_page_token.as_str()), (10, ""));
    assert_eq!(bench.all_items(&owner, root, id, "*").await.len(), 20_503);
}

async fn a_deletion_looks_at_so_many_items_at_most_and_says_where_to_go_on(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id = bench.collection(&owner, root, "c").await;
    for start in (0..51_000).step_by(10_000) {
        let end = (start + 10_000).min(51_000);
        let items = (start..end).map(|n| item(&format!("{n:05}"), "x")).collect();
        bench.put_items(&owner, root, id, items).await.unwrap();
    }
    let some =
        bench.delete_items(&owner, root, id, Selection::Fitting(filter("*9"), String::new())).await.unwrap();
    assert_eq!(some.deleted, 5_000);
    let token = some.next_page_token;
    let last =
        bench.delete_items(&owner, root, id, Selection::Fitting(filter("*9"), token.clone())).await.unwrap();
    assert_eq!((last.deleted, last.next_page_token.as_str()), (100, ""));
    refused!(
        bench.delete_items(&owner, root, id, Selection::Fitting(filter("*8"), token)).await,
        Error::InvalidPageToken
    );
    assert_eq!(bench.usage(&owner, root, id).await.items, 45_900);
    bench.assert_counted(&owner, root, id).await;
    let keys = ["00000", "00009", "nothing", "00000", "a\0"].map(str::to_owned).to_vec();
    let gone = bench.delete_items(&owner, root, id, Selection::Keys(keys)).await.unwrap();
    assert_eq!(gone.deleted, 1);
    bench.assert_counted(&owner, root, id).await;
}

async fn dates_pick_items(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id = bench.collection(&owner, root, "c").await;
    bench.put_items(&owner, root, id, vec![item("old", "1"), item("both", "1")]).await.unwrap();
    let between = bench.app.now().plus(500_000);
    bench.world.pass(1_000_000);
    bench.put_items(&owner, root, id, vec![item("new", "1"), item("both", "2")]).await.unwrap();
    let old = ItemFilter { updated_before: Some(between), ..filter("*") };
    let old = bench.delete_items(&owner, root, id, Selection::Fitting(old, String::new())).await.unwrap();
    assert_eq!(old.deleted, 1);
    let made = ItemFilter { created_before: Some(between), ..filter("*") };
    let made = bench.delete_items(&owner, root, id, Selection::Fitting(made, String::new())).await.unwrap();
    assert_eq!(made.deleted, 1, "its value is new, but not the item");
    assert_eq!(bench.all_items(&owner, root, id, "").await, [item("new", "1")]);
}

async fn a_check_changes_nothing_and_a_repeat_has_one_effect(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id = bench.collection(&owner, root, "c").await;
    let before = bench.count("audit_events").await;
    let mut request = putting(root, id, vec![item("a", "1"), item("b", "1")]);
    request.validate_only = true;
    let checked = sandbar_app::items::put(&bench.app, &owner.call, &request).await.unwrap();
    assert_eq!((checked.upserted, checked.created), (2, 2));
    assert_eq!(bench.usage(&owner, root, id).await.items, 0);
    assert_eq!(bench.count("collection_stores").await, 0);
    request.validate_only = false;
    "once".clone_into(&mut request.request_id);
    for _ in 0..2 {
        let done = sandbar_app::items::put(&bench.app, &owner.call, &request).await.unwrap();
        assert_eq!((done.upserted, done.created), (2, 2));
    }
    let mut request = deleting(root, id, Selection::Keys(vec!["a".to_owned()]));
    request.validate_only = true;
    assert_eq!(sandbar_app::items::delete(&bench.app, &owner.call, &request).await.unwrap().deleted, 1);
    assert_eq!(bench.usage(&owner, root, id).await.items, 2);
    request.validate_only = false;
    "twice".clone_into(&mut request.request_id);
    for _ in 0..2 {
        assert_eq!(sandbar_app::items::delete(&bench.app, &owner.call, &request).await.unwrap().deleted, 1);
    }
    assert_eq!(bench.count("audit_events").await - before, 2);
}

async fn a_put_says_everything_that_is_wrong(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id = bench.collection(&owner, root, "c").await;
    let items = vec![item("", "x"), item("a", "x"), item("a", "a\0b"), item("b", "x")];
    let said = fields(bench.put_items(&owner, root, id, items).await);
    assert_eq!(said, ["items[0].key", "items[2].value", "items[2].key"]);
    assert_eq!(fields(bench.put_items(&owner, root, id, vec![]).await), ["items"]);
    let many: Vec<_> = (0..10_001).map(|n| item(&n.to_string(), "")).collect();
    assert_eq!(fields(bench.put_items(&owner, root, id, many.clone()).await), ["items"]);
    assert_eq!(fields(bench.put_items(&owner, root, id, vec![item("", ""); 500]).await).len(), 101);
    let keys = many.into_iter().map(|item| item.key).collect();
    assert_eq!(fields(bench.delete_items(&owner, root, id, Selection::Keys(keys)).await), ["keys"]);
    assert_eq!(bench.count("collection_stores").await, 0);
}
