//! Reading one item.

use sandbar_model::{Error, Item, ProjectId, Result, policy::Action};
use sandbar_store::item;

use crate::{App, Call, collections::Which, view::ItemView};

/// Asks for one item.
#[derive(Clone, Debug)]
pub struct GetItem {
    /// Where.
    pub project: ProjectId,
    /// In which collection.
    pub which: Which,
    /// Its key; `*` is no wildcard here.
    pub key: String,
}

/// Shows one item. Needs to see the project.
///
/// # Errors
/// [`Error::ItemNotFound`], [`Error::ResourceNotFound`] for a collection that is not there, and the gate's.
pub async fn get(app: &App, call: &Call, request: &GetItem) -> Result<ItemView> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let (id, _) = app.collection(&mut tx, &entry.project, &request.which).await?;
    let missing = || Error::ItemNotFound { collection: id, key: request.key.clone() };
    // A database can't even be asked for one with a NUL.
    let askable = !request.key.chars().any(char::is_control);
    let store = app.items_of(&mut tx, request.project, id).await?.filter(|_| askable).ok_or_else(missing)?;
    let key = request.key.as_str();
    let head = item::heads(&mut tx, store, &[key]).await?.remove(key).ok_or_else(missing)?;
    let value = item::values(&mut tx, store, &[key]).await?.remove(key).ok_or_else(missing)?;
    let item = Item { key: head.key, value };
    Ok(ItemView { item, created: head.create_time, updated: head.update_time })
}
