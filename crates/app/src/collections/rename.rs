//! Giving a collection another name. Its items stay.

use sandbar_model::{Collection, Document, Kind, ProjectId, ResourceId, Result, policy::Action};
use sandbar_store::{change::What, write::Write};
use serde::{Deserialize, Serialize};

use super::Which;
use crate::{
    App, Call, Etag, Request,
    changing::Changing,
    repeat::{conclude, repeated, retry},
    view::CollectionView,
};

/// Asks for a collection to have another name.
#[derive(Clone, Debug)]
pub struct RenameCollection {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub id: ResourceId,
    /// What it shall be called.
    pub name: String,
    /// What it must be now.
    pub etag: Etag,
    /// See [`Request::request_id`].
    pub request_id: String,
    /// Check everything and change nothing.
    pub validate_only: bool,
}

impl Request for RenameCollection {
    const ACTION: &'static str = "collection.update";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// What is remembered of the answer.
#[derive(Serialize, Deserialize)]
struct Done {
    id: ResourceId,
}

/// Renames a collection; the name it has takes no revision. Needs admin.
///
/// # Errors
/// [`sandbar_model::Error::ResourceNotFound`], [`sandbar_model::Error::InvalidFields`],
/// [`sandbar_model::Error::NameTaken`], [`sandbar_model::Error::EtagMismatch`], and the gate's.
pub async fn rename(app: &App, call: &Call, request: &RenameCollection) -> Result<CollectionView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &RenameCollection) -> Result<CollectionView> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::ManageCollections).await?;
    let by = (call, &entry.caller);
    let before: Option<Done> = repeated(app, &mut tx, by, request).await?;
    if let Some(done) = before {
        return app.collection_now(&mut tx, &entry.project, done.id).await;
    }
    let collection = Collection { name: request.name.clone() };
    collection.violations("").into_result()?;
    let mut change = Changing::begin(app, &mut tx, &entry.caller, request.project).await?;
    let (id, there) = app.collection(&mut tx, &change.project, &Which::Id(request.id)).await?;
    request.etag.check(there.hash)?;
    let document = Some(Document::Collection(collection.tidy()));
    let written = change.write_one(&mut tx, Write { kind: Kind::Collection, id, document }).await?;
    change.end(&mut tx, What::Write).await?;
    let answer = app.collection_now(&mut tx, &change.project, id).await?;
    if !request.validate_only {
        let trace = change.trace((Kind::Collection, id), written.as_ref());
        conclude(app, tx, by, request, trace, &Done { id }).await?;
    }
    Ok(answer)
}
