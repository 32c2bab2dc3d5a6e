//! Deleting items: some by their keys, or all that fit.

use sandbar_model::{Error, ItemFilter, ProjectId, ResourceId, Result, item::MAX_ITEMS, policy::Action};
use sandbar_store::{
    Tx,
    collection::{self, ItemStore, Usage},
    item::{self, Head},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Bounds, Search, seal, search, trace};
use crate::{
    App, Call, Request,
    collections::Which,
    repeat::{conclude, repeated, retry},
};

/// How many items one call looks at. Of a million that fit, it deletes no more in its one transaction.
const LOOKED: usize = 50_000;

/// Asks for items to go.
#[derive(Clone, Debug)]
pub struct DeleteItems {
    /// Where.
    pub project: ProjectId,
    /// In which collection.
    pub which: Which,
    /// Which of them.
    pub selection: Selection,
    /// See [`Request::request_id`].
    pub request_id: String,
    /// Say what would go, and change nothing.
    pub validate_only: bool,
}

/// Which items shall go.
#[derive(Clone, Debug)]
pub enum Selection {
    /// Those of these keys, 1 to 10,000. Keys that there are not don't matter.
    Keys(Vec<String>),
    /// All that fit, and where to go on; empty: from the first.
    Fitting(ItemFilter, String),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedItems {
    /// How many went.
    pub deleted: i64,
    /// Where to go on; empty: all that fit are gone.
    pub next_page_token: String,
}

impl Request for DeleteItems {
    const ACTION: &'static str = "item.delete";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Deletes items, in one transaction. Of a filter it looks at 50,000 at most and says where to go on. Needs editor.
///
/// # Errors
/// [`Error::InvalidFields`], [`Error::ResourceNotFound`] for a collection that is not there, [`Error::InvalidPageToken`],
/// [`Error::ProjectScheduled`], and the gate's.
pub async fn delete(app: &App, call: &Call, request: &DeleteItems) -> Result<DeletedItems> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &DeleteItems) -> Result<DeletedItems> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::WriteItems).await?;
    let by = (call, &entry.caller);
    if let Some(done) = repeated(app, &mut tx, by, request).await? {
        return Ok(done);
    }
    let (id, _) = app.collection(&mut tx, &entry.project, &request.which).await?;
    let store = collection::lock(&mut tx, request.project, id).await?;
    let (heads, next_page_token) = selected(app, &mut tx, request, id, store).await?;
    if let Some(store) = store {
        remove(&mut tx, store, &heads).await?;
    }
    let deleted = i64::try_from(heads.len()).unwrap_or(i64::MAX);
    let done = DeletedItems { deleted, next_page_token };
    if !request.validate_only {
        let detail = json!({ "deleted": deleted });
        let trace = trace((entry.project.root, entry.project.id), id, detail);
        conclude(app, tx, by, request, trace, &done).await?;
    }
    Ok(done)
}

/// What is to go, by key, and where to go on.
async fn selected(
    app: &App,
    tx: &mut Tx,
    request: &DeleteItems,
    id: ResourceId,
    store: Option<ItemStore>,
) -> Result<(Vec<Head>, String)> {
    match &request.selection {
        Selection::Keys(keys) => {
            if keys.len() > MAX_ITEMS {
                let problem = format!("must be at most {MAX_ITEMS}; they are {}", keys.len());
                return Err(Error::invalid("keys", problem));
            }
            // A database can't even be asked for one with a NUL.
            let askable = keys.iter().filter(|key| !key.chars().any(char::is_control));
            let keys: Vec<_> = askable.map(String::as_str).collect();
            let Some(store) = store else { return Ok((Vec::new(), String::new())) };
            let mut heads: Vec<_> = item::heads(tx, store.id, &keys).await?.into_values().collect();
            heads.sort_unstable_by(|one, other| one.key.cmp(&other.key));
            Ok((heads, String::new()))
        }
        Selection::Fitting(filter, token) => {
            let seal = seal("delete items", request.project, id, filter);
            let after = app.sealer.cursor(&seal, token)?;
            let bounds = Bounds { rows: LOOKED, bytes: i64::MAX, looked: LOOKED };
            let Search { heads, next } = match store {
                Some(store) => search(tx, store.id, filter, &after, bounds).await?,
                None => Search::default(),
            };
            Ok((heads, next.map(|next| app.sealer.page(&seal, &next)).unwrap_or_default()))
        }
    }
}

async fn remove(tx: &mut Tx, store: ItemStore, heads: &[Head]) -> Result<()> {
    if heads.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = heads.iter().map(|head| head.key.as_str()).collect();
    item::delete(tx, store.id, &keys).await?;
    let usage = Usage {
        items: store.usage.items - i64::try_from(heads.len()).unwrap_or(i64::MAX),
        bytes: store.usage.bytes - heads.iter().map(|head| head.size).sum::<i64>(),
    };
    collection::set_usage(tx, store.id, usage).await
}
