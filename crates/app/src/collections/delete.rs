//! Deleting a collection with its items. Its name is in the history; its items are nowhere.

use sandbar_model::{Kind, ProjectId, ResourceId, Result, Revision, policy::Action};
use sandbar_store::{change::What, collection, write::Write};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Which;
use crate::{
    App, Call, Etag, Request,
    changing::Changing,
    repeat::{Trace, conclude, repeated, retry},
};

/// Asks for a collection to go, with its items.
#[derive(Clone, Debug)]
pub struct DeleteCollection {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub id: ResourceId,
    /// What it must be now.
    pub etag: Etag,
    /// See [`Request::request_id`].
    pub request_id: String,
    /// Say what would go, and change nothing.
    pub validate_only: bool,
}

/// What went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// The revision that deleted the collection.
    pub revision: Revision,
    /// How many items went with it.
    pub items: i64,
    /// Their bytes.
    pub bytes: i64,
}

impl Request for DeleteCollection {
    const ACTION: &'static str = "collection.delete";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Deletes a collection with its items in this project; those of its sandboxes stay. Nobody sees the items from then on; the
/// purge worker removes them. Needs admin.
///
/// # Errors
/// [`sandbar_model::Error::ResourceNotFound`], [`sandbar_model::Error::EtagMismatch`], and the gate's.
pub async fn delete(app: &App, call: &Call, request: &DeleteCollection) -> Result<Deleted> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &DeleteCollection) -> Result<Deleted> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::ManageCollections).await?;
    let by = (call, &entry.caller);
    if let Some(deleted) = repeated(app, &mut tx, by, request).await? {
        return Ok(deleted);
    }
    let mut change = Changing::begin(app, &mut tx, &entry.caller, request.project).await?;
    let (id, there) = app.collection(&mut tx, &change.project, &Which::Id(request.id)).await?;
    request.etag.check(there.hash)?;
    // Until the end nobody adds one that would not be counted.
    let store = collection::lock(&mut tx, request.project, id).await?;
    let usage = store.map(|store| store.usage).unwrap_or_default();
    let written = change.write_one(&mut tx, Write { kind: Kind::Collection, id, document: None }).await?;
    change.end(&mut tx, What::Write).await?;
    let deleted = Deleted { revision: change.project.head, items: usage.items, bytes: usage.bytes };
    if !request.validate_only {
        let trace = change.trace((Kind::Collection, id), written.as_ref());
        let detail = json!({
            "revision": deleted.revision, "before": there.hash,
            "items": usage.items, "bytes": usage.bytes,
        });
        conclude(app, tx, by, request, Trace { detail, ..trace }, &deleted).await?;
    }
    Ok(deleted)
}
