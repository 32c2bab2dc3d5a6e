//! What the operations on collections and their items promise, on both engines, beyond what scenarios show from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is tests, also what clippy does not take for one"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod items;
mod merge;
mod race;
mod secret;

use sandbar_app::{
    Etag,
    collections::{self, CreateCollection, DeleteCollection, Deleted, GetCollection, Which},
    items::{DeleteItems, DeletedItems, ListItems, PutItems, PutResult, Selection, delete, list, put},
    view::{ItemView, Page},
};
use sandbar_model::{Collection, Item, ItemFilter, KeyPattern, ProjectId, ResourceId, Result};
use sandbar_store::collection::Usage;

use harness::{Bench, Person};

fn item(key: &str, value: &str) -> Item {
    Item { key: key.to_owned(), value: value.to_owned() }
}

fn filter(pattern: &str) -> ItemFilter {
    ItemFilter {
        pattern: KeyPattern::parse(pattern).unwrap(),
        created_before: None,
        created_after: None,
        updated_before: None,
        updated_after: None,
    }
}

fn putting(project: ProjectId, id: ResourceId, items: Vec<Item>) -> PutItems {
    PutItems { project, which: Which::Id(id), items, request_id: String::new(), validate_only: false }
}

fn deleting(project: ProjectId, id: ResourceId, selection: Selection) -> DeleteItems {
    DeleteItems { project, which: Which::Id(id), selection, request_id: String::new(), validate_only: false }
}

impl Bench {
    async fn collection(&self, by: &Person, project: ProjectId, name: &str) -> ResourceId {
        let request = CreateCollection {
            project,
            id: self.app.new_id().into(),
            collection: Collection { name: name.to_owned() },
            request_id: String::new(),
            validate_only: false,
        };
        collections::create(&self.app, &by.call, &request).await.unwrap().id
    }

    async fn drop_collection(&self, by: &Person, project: ProjectId, id: ResourceId) -> Result<Deleted> {
        let (etag, request_id) = (Etag::Any, String::new());
        let request = DeleteCollection { project, id, etag, request_id, validate_only: false };
        collections::delete(&self.app, &by.call, &request).await
    }

    async fn put_items(
        &self,
        by: &Person,
        project: ProjectId,
        id: ResourceId,
        items: Vec<Item>,
    ) -> Result<PutResult> {
        put(&self.app, &by.call, &putting(project, id, items)).await
    }

    async fn delete_items(
        &self,
        by: &Person,
        project: ProjectId,
        id: ResourceId,
        selection: Selection,
    ) -> Result<DeletedItems> {
        delete(&self.app, &by.call, &deleting(project, id, selection)).await
    }

    async fn page_of_items(
        &self,
        by: &Person,
        project: ProjectId,
        id: ResourceId,
        pattern: &str,
        (page_size, page_token): (i32, String),
    ) -> Page<ItemView> {
        let (which, filter) = (Which::Id(id), filter(pattern));
        let request = ListItems { project, which, filter, page_size, page_token };
        list(&self.app, &by.call, &request).await.unwrap()
    }

    /// Every item that fits, page after page.
    async fn all_items(&self, by: &Person, project: ProjectId, id: ResourceId, pattern: &str) -> Vec<Item> {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let page = self.page_of_items(by, project, id, pattern, (500, token)).await;
            all.extend(page.rows.into_iter().map(|row| row.item));
            token = page.next_page_token;
            if token.is_empty() {
                return all;
            }
        }
    }

    async fn usage(&self, by: &Person, project: ProjectId, id: ResourceId) -> Usage {
        let request = GetCollection { project, which: Which::Id(id) };
        collections::get(&self.app, &by.call, &request).await.unwrap().usage
    }

    /// Asserts that what is counted is what is there.
    async fn assert_counted(&self, by: &Person, project: ProjectId, id: ResourceId) {
        let items = self.all_items(by, project, id, "*").await;
        let usage = self.usage(by, project, id).await;
        let bytes: i64 = items.iter().map(Item::size).sum();
        assert_eq!((usage.items.unsigned_abs(), usage.bytes), (items.len() as u64, bytes));
    }
}
