//! Listing items by key.

use sandbar_model::{Item, ItemFilter, ProjectId, Result, policy::Action};
use sandbar_store::item;

use super::{Bounds, seal, search};
use crate::{
    App, Call,
    collections::Which,
    view::{ItemView, Page},
};

/// How many items one page looks at. Of a million that don't fit, a page looks at no more.
const LOOKED: usize = 10_000;

/// Asks for a page of items.
#[derive(Clone, Debug)]
pub struct ListItems {
    /// Where.
    pub project: ProjectId,
    /// In which collection.
    pub which: Which,
    /// Which of them.
    pub filter: ItemFilter,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// Lists items by key, byte by byte. A page may have fewer than asked for, even none, and yet not be the last: it has at most
/// [`crate::Limits::page_bytes`], and looks at 10,000 items at most. Needs to see the project.
///
/// # Errors
/// [`sandbar_model::Error::ResourceNotFound`], [`sandbar_model::Error::InvalidPageToken`], and the gate's.
pub async fn list(app: &App, call: &Call, request: &ListItems) -> Result<Page<ItemView>> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let (id, _) = app.collection(&mut tx, &entry.project, &request.which).await?;
    let seal = seal("items", request.project, id, &request.filter);
    let (after, rows) = (app.sealer.cursor(&seal, &request.page_token)?, app.page_size(request.page_size)?);
    let Some(store) = app.items_of(&mut tx, request.project, id).await? else {
        return Ok(Page { rows: Vec::new(), next_page_token: String::new() });
    };
    let bounds = Bounds { rows, bytes: app.limits.page_bytes, looked: LOOKED };
    let found = search(&mut tx, store, &request.filter, &after, bounds).await?;
    let keys: Vec<_> = found.heads.iter().map(|head| head.key.as_str()).collect();
    let mut values = item::values(&mut tx, store, &keys).await?;
    let next_page_token = found.next.map(|next| app.sealer.page(&seal, &next)).unwrap_or_default();
    let rows = found.heads.into_iter().filter_map(|head| {
        let item = Item { value: values.remove(&head.key)?, key: head.key };
        Some(ItemView { item, created: head.create_time, updated: head.update_time })
    });
    Ok(Page { rows: rows.collect(), next_page_token })
}
