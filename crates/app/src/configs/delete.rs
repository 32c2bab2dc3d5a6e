//! Deleting a config. Its history stays: reading it at a revision and writing it again brings it back.

use sandbar_model::{Kind, ProjectId, ResourceId, Result, Revision, policy::Action};
use sandbar_store::{change::What, resource, write::Write};

use super::missing;
use crate::{
    App, Call, Request,
    changing::Changing,
    repeat::{conclude, repeated, retry},
    workflows::Etag,
};

/// Asks for a config to go.
#[derive(Clone, Debug)]
pub struct DeleteConfig {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub id: ResourceId,
    /// What it must be now.
    pub etag: Etag,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for DeleteConfig {
    const ACTION: &'static str = "config.delete";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Deletes a config; answers the revision that did. Needs editor.
///
/// # Errors
/// [`sandbar_model::Error::ResourceNotFound`], [`sandbar_model::Error::EtagMismatch`], and the gate's.
pub async fn delete(app: &App, call: &Call, request: &DeleteConfig) -> Result<Revision> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &DeleteConfig) -> Result<Revision> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::Write).await?;
    let by = (call, &entry.caller);
    if let Some(revision) = repeated(app, &mut tx, by, request).await? {
        return Ok(revision);
    }
    let mut change = Changing::begin(app, &mut tx, &entry.caller, request.project).await?;
    let there = resource::resolve(&mut tx, &change.view, Kind::Config, request.id).await?;
    let hash = there.and_then(|found| found.hash).ok_or_else(|| missing(&request.id))?;
    request.etag.check(Some(hash))?;
    let write = Write { kind: Kind::Config, id: request.id, document: None };
    let written = change.write_one(&mut tx, write).await?;
    change.end(&mut tx, What::Write).await?;
    let (revision, trace) = (change.project.head, change.trace(written.as_ref()));
    conclude(app, tx, by, request, trace, &revision).await?;
    Ok(revision)
}
