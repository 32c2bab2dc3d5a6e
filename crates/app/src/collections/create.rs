//! Making a collection.

use sandbar_model::{Collection, Document, Error, Kind, ProjectId, ResourceId, Result, policy::Action};
use sandbar_store::{change::What, resource, write::Write};
use serde::{Deserialize, Serialize};

use crate::{
    App, Call, Request,
    changing::Changing,
    repeat::{conclude, repeated, retry},
    view::CollectionView,
};

/// Asks for a new collection.
#[derive(Clone, Debug)]
pub struct CreateCollection {
    /// Where.
    pub project: ProjectId,
    /// Its id.
    pub id: ResourceId,
    /// What it shall be.
    pub collection: Collection,
    /// See [`Request::request_id`].
    pub request_id: String,
    /// Check everything and change nothing.
    pub validate_only: bool,
}

impl Request for CreateCollection {
    const ACTION: &'static str = "collection.create";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// What is remembered of the answer.
#[derive(Serialize, Deserialize)]
struct Done {
    id: ResourceId,
}

/// Makes a collection, without items. Needs admin.
///
/// # Errors
/// [`Error::InvalidFields`], [`Error::NameTaken`], [`Error::IdTaken`], [`Error::ProjectScheduled`], and the gate's.
pub async fn create(app: &App, call: &Call, request: &CreateCollection) -> Result<CollectionView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &CreateCollection) -> Result<CollectionView> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::ManageCollections).await?;
    let by = (call, &entry.caller);
    let before: Option<Done> = repeated(app, &mut tx, by, request).await?;
    if let Some(done) = before {
        return app.collection_now(&mut tx, &entry.project, done.id).await;
    }
    request.collection.violations("collection").into_result()?;
    let collection = request.collection.clone().tidy();
    let mut change = Changing::begin(app, &mut tx, &entry.caller, request.project).await?;
    let there = resource::resolve(&mut tx, &change.view, Kind::Collection, request.id).await?;
    if there.is_some_and(|found| found.hash.is_some()) {
        let place = "by another collection of the project";
        return Err(Error::IdTaken { id: request.id.to_string(), place });
    }
    let document = Some(Document::Collection(collection));
    let write = Write { kind: Kind::Collection, id: request.id, document };
    let written = change.write_one(&mut tx, write).await?;
    change.end(&mut tx, What::Write).await?;
    let answer = app.collection_now(&mut tx, &change.project, request.id).await?;
    if !request.validate_only {
        let trace = change.trace((Kind::Collection, request.id), written.as_ref());
        conclude(app, tx, by, request, trace, &Done { id: request.id }).await?;
    }
    Ok(answer)
}
