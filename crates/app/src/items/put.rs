//! Making items or replacing their values, many at once.

use std::collections::BTreeSet;

use sandbar_model::{
    Error, Item, Kind, ProjectId, ResourceId, Result, Violations, item::MAX_ITEMS, policy::Action,
};
use sandbar_store::{
    Tx,
    collection::{self, ItemStore, Usage},
    item, resource,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::trace;
use crate::{
    App, Call, Request,
    changing::Changing,
    collections::{Which, missing},
    gate::Caller,
    repeat::{conclude, repeated, retry},
};

/// Asks for items to be as given.
#[derive(Clone, Debug)]
pub struct PutItems {
    /// Where.
    pub project: ProjectId,
    /// In which collection.
    pub which: Which,
    /// 1 to 10,000, no key twice.
    pub items: Vec<Item>,
    /// See [`Request::request_id`].
    pub request_id: String,
    /// Check everything and change nothing.
    pub validate_only: bool,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutResult {
    /// How many were made or replaced: all that were given.
    pub upserted: i64,
    /// How many of them are new.
    pub created: i64,
}

impl Request for PutItems {
    const ACTION: &'static str = "item.put";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Puts items, all of them or none. Needs editor.
///
/// # Errors
/// [`Error::InvalidFields`], [`Error::ResourceNotFound`] for a collection that is not there, [`Error::CollectionFull`],
/// [`Error::ProjectScheduled`], and the gate's.
pub async fn put(app: &App, call: &Call, request: &PutItems) -> Result<PutResult> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &PutItems) -> Result<PutResult> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::WriteItems).await?;
    let by = (call, &entry.caller);
    if let Some(done) = repeated(app, &mut tx, by, request).await? {
        return Ok(done);
    }
    check(&request.items)?;
    let id = app.collection_id(&mut tx, &entry.project, &request.which).await?;
    let store = locked(app, &mut tx, &entry.caller, (request.project, id)).await?;
    let keys: Vec<_> = request.items.iter().map(|item| item.key.as_str()).collect();
    let there = item::heads(&mut tx, store.id, &keys).await?;
    let (upserted, replaced) = (count(keys.len()), count(there.len()));
    let bytes =
        request.items.iter().map(Item::size).sum::<i64>() - there.values().map(|head| head.size).sum::<i64>();
    let usage = Usage { items: store.usage.items + upserted - replaced, bytes: store.usage.bytes + bytes };
    // What makes it no larger is always let in: else a lower limit would keep people from mending what they have.
    if bytes > 0 && usage.bytes > app.limits.collection_bytes {
        let (used, limit) = (store.usage.bytes, app.limits.collection_bytes);
        return Err(Error::CollectionFull { collection: id, used, needed: usage.bytes, limit });
    }
    item::put(&mut tx, store.id, &request.items, app.now()).await?;
    collection::set_usage(&mut tx, store.id, usage).await?;
    let done = PutResult { upserted, created: upserted - replaced };
    if !request.validate_only {
        let detail = json!({ "upserted": done.upserted, "created": done.created, "bytes": usage.bytes });
        let trace = trace((entry.project.root, entry.project.id), id, detail);
        conclude(app, tx, by, request, trace, &done).await?;
    }
    Ok(done)
}

/// The most broken rules that are worth listing.
const MOST_VIOLATIONS: usize = 100;

fn check(items: &[Item]) -> Result<()> {
    if items.is_empty() || items.len() > MAX_ITEMS {
        return Err(Error::invalid("items", format!("must be 1 to {MAX_ITEMS}; they are {}", items.len())));
    }
    let (mut found, mut keys) = (Violations::default(), BTreeSet::new());
    for (at, item) in items.iter().enumerate() {
        let field = format!("items[{at}]");
        found.append(item.violations(&field));
        found.require(keys.insert(&item.key), format!("{field}.key"), "is given twice; give each key once");
        if found.0.len() >= MOST_VIOLATIONS {
            break;
        }
    }
    found.into_result()
}

/// The collection's store, locked; a new one for the first items.
async fn locked(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    (project, id): (ProjectId, ResourceId),
) -> Result<ItemStore> {
    if let Some(store) = collection::lock(tx, project, id).await? {
        return Ok(store);
    }
    // Under the project's lock nobody removes the collection, or opens a store, between looking and opening one.
    let change = Changing::begin(app, tx, caller, project).await?;
    if let Some(store) = collection::lock(tx, project, id).await? {
        return Ok(store);
    }
    let there = resource::resolve(tx, &change.view, Kind::Collection, id).await?;
    there.and_then(|found| found.hash).ok_or_else(|| missing(&id))?;
    collection::open(tx, app.new_id(), (project, id)).await
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
