//! Writing an old revision of a workflow again, as its newest.

use std::sync::Arc;

use sandbar_model::{Document, Error, Kind, ProjectId, ResourceId, Result, Revision, policy::Action};
use sandbar_store::{Tx, change::What, resource, write::Write};
use serde::{Deserialize, Serialize};

use super::{as_workflow, missing, put::check_links};
use crate::{
    App, Call, Etag, Request,
    changing::Changing,
    gate::Entry,
    repeat::{conclude, repeated, retry},
    view::WorkflowView,
};

/// Asks for an old revision.
#[derive(Clone, Debug)]
pub struct RestoreRevision {
    /// Where.
    pub project: ProjectId,
    /// Which workflow; it may be deleted.
    pub id: ResourceId,
    /// Which revision.
    pub revision: Revision,
    /// Whose revision: the project's own, or that of an ancestor that it was cloned from. None: its own.
    pub written_in: Option<ProjectId>,
    /// What it must be now.
    pub etag: Etag,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for RestoreRevision {
    const ACTION: &'static str = "workflow.restore";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

#[derive(Serialize, Deserialize)]
struct Done {
    id: ResourceId,
}

/// Writes a workflow as it was; brings a deleted one back. Needs editor.
///
/// # Errors
/// [`Error::RevisionNotFound`] (also for revisions of an ancestor that the project does not see),
/// [`Error::EtagMismatch`], [`Error::NameTaken`] when another workflow has the name now, [`Error::CredentialNotLinked`], and the gate's.
pub async fn restore(app: &App, call: &Call, request: &RestoreRevision) -> Result<WorkflowView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &RestoreRevision) -> Result<WorkflowView> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::Write).await?;
    let by = (call, &entry.caller);
    if let Some(Done { id }) = repeated(app, &mut tx, by, request).await? {
        return newest(app, &mut tx, &entry, id).await;
    }
    let mut change = Changing::begin(app, &mut tx, &entry.caller, request.project).await?;
    let there = resource::resolve(&mut tx, &change.view, Kind::Workflow, request.id).await?;
    request.etag.check(there.and_then(|found| found.hash))?;
    let document = wanted(app, &mut tx, &change, request).await?;
    check_links(&mut tx, &change.view, as_workflow(&document)?).await?;
    let write = Write { kind: Kind::Workflow, id: request.id, document: Some((*document).clone()) };
    let written = change.write_one(&mut tx, write).await?;
    change.end(&mut tx, What::Restore).await?;
    let entry = Entry { project: change.project.clone(), ..entry.clone() };
    let answer = newest(app, &mut tx, &entry, request.id).await?;
    let trace = change.trace((Kind::Workflow, request.id), written.as_ref());
    conclude(app, tx, by, request, trace, &Done { id: request.id }).await?;
    Ok(answer)
}

/// The content of the revision that is asked for, if the project can see it.
async fn wanted(
    app: &App,
    tx: &mut Tx,
    change: &Changing<'_>,
    request: &RestoreRevision,
) -> Result<Arc<Document>> {
    let gone =
        || Error::RevisionNotFound { kind: Kind::Workflow, id: request.id, revision: request.revision };
    let (_, level) = change.view.level_of(request.written_in.unwrap_or(request.project)).ok_or_else(gone)?;
    if request.revision > level.cap {
        return Err(gone());
    }
    let version = resource::version(tx, level.project, Kind::Workflow, request.id, request.revision)
        .await?
        .ok_or_else(gone)?;
    app.stored_workflow(tx, change.view.root, version.hash.ok_or_else(gone)?).await
}

async fn newest(app: &App, tx: &mut Tx, entry: &Entry, id: ResourceId) -> Result<WorkflowView> {
    let view = app.views.of(tx, &entry.project).await?;
    let found = resource::resolve(tx, &view, Kind::Workflow, id).await?.ok_or_else(|| missing(&id))?;
    app.workflow_view(tx, &entry.project, id, found).await
}
