//! Reading one workflow: the most frequent call of all, so it takes one statement when nothing is new.

use sandbar_model::{Error, Kind, ProjectId, ResourceId, Result, Revision, claim::Claim, policy::Action};
use sandbar_store::{
    Tx, claim, gate, prune,
    resource::{self, Found},
};

use super::missing;
use crate::{App, Call, gate::Entry, view::WorkflowView};

/// Asks for one workflow.
#[derive(Clone, Debug)]
pub struct GetWorkflow {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub which: Which,
    /// As it was then; none: as it is now. Only with an id.
    pub revision: Option<Revision>,
}

/// Names a workflow.
#[derive(Clone, Debug)]
pub enum Which {
    /// By its id.
    Id(ResourceId),
    /// By its name.
    Name(String),
}

/// Answers one workflow, whole. Needs to see the project.
///
/// # Errors
/// [`Error::ResourceNotFound`], [`Error::RevisionNotFound`], and the gate's.
pub async fn get(app: &App, call: &Call, request: &GetWorkflow) -> Result<WorkflowView> {
    let mut tx = app.db.connection().await?;
    let Which::Id(id) = request.which else { return by_name(app, call, &mut tx, request).await };
    let found =
        gate::enter_with_head(&mut tx, call.credentials.token()?, request.project, Kind::Workflow, id)
            .await?;
    let (entry, own) = found.map_or((None, None), |(entry, head)| (Some(entry), head));
    let entry = app.admitted(&mut tx, call, entry, request.project).await?;
    entry.may(Action::See)?;
    if let Some(revision) = request.revision {
        return at_revision(app, &mut tx, &entry, id, revision).await;
    }
    let found = match own {
        Some(head) => head,
        None => inherited(app, &mut tx, &entry, id).await?.ok_or_else(|| missing(&id))?,
    };
    app.workflow_view(&mut tx, &entry, id, found).await
}

async fn by_name(app: &App, call: &Call, tx: &mut Tx, request: &GetWorkflow) -> Result<WorkflowView> {
    let Which::Name(name) = &request.which else {
        return Err(Error::Bug("a workflow is named by id or name"));
    };
    if request.revision.is_some() {
        return Err(Error::invalid("revision", "can only be asked for by workflow id"));
    }
    let entry = app.enter(tx, call, request.project, Action::See).await?;
    let view = app.views.of(tx, &entry.project).await?;
    let claim = Claim::Name(Kind::Workflow, name.clone());
    let id =
        claim::holders(tx, &view, vec![claim]).await?.into_values().next().ok_or_else(|| missing(name))?;
    let found = resource::resolve(tx, &view, Kind::Workflow, id).await?.ok_or_else(|| missing(name))?;
    app.workflow_view(tx, &entry, id, found).await
}

/// What the project sees of its ancestors.
async fn inherited(app: &App, tx: &mut Tx, entry: &Entry, id: ResourceId) -> Result<Option<Found>> {
    let view = app.views.of(tx, &entry.project).await?;
    resource::resolve_through(tx, view.inherited(), 1, Kind::Workflow, id).await
}

async fn at_revision(
    app: &App,
    tx: &mut Tx,
    entry: &Entry,
    id: ResourceId,
    revision: Revision,
) -> Result<WorkflowView> {
    let view = app.views.of(tx, &entry.project).await?.at(revision);
    let gone = || Error::RevisionNotFound { kind: Kind::Workflow, id, revision };
    if revision > entry.project.head || revision.0 < 0 {
        return Err(gone());
    }
    let found = resource::resolve(tx, &view, Kind::Workflow, id).await?;
    // What shows through where a version was pruned is not what the project had then.
    if !prune::is_true(tx, entry.project.id, (Kind::Workflow, id), revision, found).await? {
        return Err(gone());
    }
    let found = found.filter(|found| found.hash.is_some()).ok_or_else(gone)?;
    app.workflow_view(tx, entry, id, found).await
}
