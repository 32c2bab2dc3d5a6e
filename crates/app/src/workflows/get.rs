//! Reading one workflow: the most frequent call of all, so it takes one statement when nothing is new.

use sandbar_model::{
    Error, Kind, ProjectId, ResourceId, Result, Revision, claim::Claim, policy::Action, project::ProjectRef,
};
use sandbar_store::{
    claim,
    resource::{self, Found},
};

use super::{Shown, missing};
use crate::{App, Call, resources::at_revision};

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

/// Shows one workflow, whole. Needs to see the project.
///
/// # Errors
/// [`Error::ResourceNotFound`], [`Error::RevisionNotFound`], and the gate's.
pub async fn get<T>(app: &App, call: &Call, request: &GetWorkflow, shown: &Shown<T>) -> Result<T>
where
    T: Clone + Send + Sync + 'static,
{
    // What is rare is on the heap: this future is made and moved for each call, with room for all that it might do.
    let (project, id, found) = match &request.which {
        Which::Name(name) => Box::pin(by_name(app, call, request, name)).await?,
        Which::Id(id) => by_id(app, call, request, *id).await?,
    };
    shown.workflow(app, project, id, found).await
}

async fn by_id(
    app: &App,
    call: &Call,
    request: &GetWorkflow,
    id: ResourceId,
) -> Result<(ProjectRef, ResourceId, Found)> {
    let (project, own) = app.enter_to_read(call, request.project, (Kind::Workflow, id)).await?;
    let found = match (request.revision, own) {
        (Some(revision), _) => Box::pin(then(app, project, id, revision)).await?,
        (None, Some(head)) => head,
        (None, None) => Box::pin(inherited(app, project, id)).await?.ok_or_else(|| missing(&id))?,
    };
    Ok((project, id, found))
}

async fn by_name(
    app: &App,
    call: &Call,
    request: &GetWorkflow,
    name: &str,
) -> Result<(ProjectRef, ResourceId, Found)> {
    if request.revision.is_some() {
        return Err(Error::invalid("revision", "can only be asked for by workflow id"));
    }
    let mut tx = app.db.connection().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let view = app.views.of(&mut tx, &entry.project).await?;
    let claim = Claim::Name(Kind::Workflow, name.to_owned());
    let holders = claim::holders(&mut tx, &view, vec![claim]).await?;
    let id = holders.into_values().next().ok_or_else(|| missing(&name))?;
    let found = resource::resolve(&mut tx, &view, Kind::Workflow, id).await?.ok_or_else(|| missing(&name))?;
    Ok(((&entry.project).into(), id, found))
}

/// What the project saw at an earlier revision.
async fn then(app: &App, project: ProjectRef, id: ResourceId, revision: Revision) -> Result<Found> {
    let mut tx = app.db.connection().await?;
    at_revision(app, &mut tx, project, (Kind::Workflow, id), revision).await
}

/// What the project sees of its ancestors.
async fn inherited(app: &App, project: ProjectRef, id: ResourceId) -> Result<Option<Found>> {
    let mut tx = app.db.connection().await?;
    let view = app.views.of(&mut tx, project).await?;
    resource::resolve_through(&mut tx, view.inherited(), 1, Kind::Workflow, id).await
}
