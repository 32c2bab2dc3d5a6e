//! Reading and writing the items of collections: data of one project, in no history, no diff and no merge.
//!
//! Writers of one collection wait for each other at the row of its store, so what is counted there is exact; they don't wait
//! for whoever writes the project's resources, except for the first item.

mod delete;
mod get;
mod list;
mod put;

use sandbar_model::{ItemFilter, ProjectId, ResourceId, Result};
use sandbar_store::{
    Tx, collection,
    item::{self, Head},
};
use uuid::Uuid;

pub use delete::{DeleteItems, DeletedItems, Selection, delete};
pub use get::{GetItem, get};
pub use list::{ListItems, list};
pub use put::{PutItems, PutResult, put};

use crate::{App, repeat::Trace};

/// The most items that one statement of a search brings.
const BATCH: usize = 1000;

/// Where a search stops.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// After so many that fit,
    rows: usize,
    /// or so many bytes of them (but not before the first),
    bytes: i64,
    /// or so many looked at, whether they fit or not: however few fit a pattern, a call has its bounds.
    looked: usize,
}

/// What a search found.
#[derive(Debug, Default)]
struct Search {
    /// Those that fit, by key.
    heads: Vec<Head>,
    /// The key after which the next one goes on; none: there is no more.
    next: Option<String>,
}

/// Looks for items that fit, by key, after one of them (empty: from the first).
async fn search(
    tx: &mut Tx,
    store: Uuid,
    filter: &ItemFilter,
    after: &str,
    bounds: Bounds,
) -> Result<Search> {
    let (first, last) = filter.pattern.range();
    let mut from = if after.is_empty() { first } else { item::after(after) };
    let batch = bounds.rows.saturating_add(1).clamp(64, BATCH);
    let (mut found, mut seen, mut looked, mut bytes) = (Search::default(), String::new(), 0, 0);
    loop {
        let heads = item::scan(tx, store, (&from, &last), batch).await?;
        let ended = heads.len() < batch;
        looked += heads.len();
        for head in heads {
            if filter.fits(&head.key, head.create_time, head.update_time) {
                bytes += head.size;
                let full =
                    found.heads.len() >= bounds.rows || (bytes > bounds.bytes && !found.heads.is_empty());
                if full {
                    found.next = Some(seen);
                    return Ok(found);
                }
                seen.clone_from(&head.key);
                found.heads.push(head);
            } else {
                seen = head.key;
            }
        }
        if ended {
            return Ok(found);
        }
        if looked >= bounds.looked {
            found.next = Some(seen);
            return Ok(found);
        }
        from = item::after(&seen);
    }
}

/// What an auditor is told: how much, never which keys or values.
fn trace((root, project): (ProjectId, ProjectId), id: ResourceId, detail: serde_json::Value) -> Trace {
    Trace { root: Some(root), project: Some(project), subject: Some(("collection", id.0)), detail }
}

/// What the list of a page token is called: it holds for this filter only.
fn seal(list: &str, project: ProjectId, collection: ResourceId, filter: &ItemFilter) -> String {
    format!("{list} {project} {collection} {filter:?}")
}

impl App {
    /// The items that a collection has, for a reader who knows that it is there; none: it never had any.
    async fn items_of(&self, tx: &mut Tx, project: ProjectId, id: ResourceId) -> Result<Option<Uuid>> {
        Ok(collection::get(tx, project, id).await?.map(|store| store.id))
    }
}
