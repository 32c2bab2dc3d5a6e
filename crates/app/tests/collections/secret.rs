//! Where values are: with the items, and nowhere else in the database.

use sandbar_app::items::{self, Selection};

use super::{deleting, item, putting};
use crate::harness::{Bench, cases, catalog};

cases! { values_are_with_the_items_only }

const CANARY: &str = "canary-5d21c";

async fn values_are_with_the_items_only(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id = bench.collection(&owner, root, "c").await;
    let mut request = putting(root, id, vec![item("k", CANARY), item(&format!("key {CANARY}"), "x")]);
    "put".clone_into(&mut request.request_id);
    items::put(&bench.app, &owner.says(&request.items), &request).await.unwrap();
    let mut gone = deleting(root, id, Selection::Keys(vec![format!("key {CANARY}")]));
    "delete".clone_into(&mut gone.request_id);
    items::delete(&bench.app, &owner.call, &gone).await.unwrap();
    let dump = catalog::dump(&bench.app.db).await;
    let found = dump
        .into_iter()
        .filter(|(_, value)| value.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()));
    assert_eq!(found.map(|(place, _)| place).collect::<Vec<_>>(), ["collection_items.value"]);
}
