//! Reading one workflow: the most frequent call of all, so it takes one statement when nothing is new.

use sandbar_model::{Kind, ProjectId, ResourceId, Result, Revision, policy::Action, project::ProjectRef};
use sandbar_store::resource::{self, Found};

use super::{Shown, missing};
use crate::{
    App, Call,
    resources::{Which, at_revision, find},
};

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

/// Shows one workflow, whole. Needs to see the project.
///
/// # Errors
/// [`sandbar_model::Error::ResourceNotFound`], [`sandbar_model::Error::RevisionNotFound`], and the gate's.
pub async fn get<T>(app: &App, call: &Call, request: &GetWorkflow, shown: &Shown<T>) -> Result<T>
where
    T: Clone + Send + Sync + 'static,
{
    // What is rare is on the heap: this future is made and moved for each call, with room for all that it might do.
    let (project, id, found) = match &request.which {
        Which::Name(_) => Box::pin(by_name(app, call, request)).await?,
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

async fn by_name(app: &App, call: &Call, request: &GetWorkflow) -> Result<(ProjectRef, ResourceId, Found)> {
    request.which.allows(Kind::Workflow, request.revision)?;
    let mut tx = app.db.connection().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let (project, which) = (ProjectRef::from(&entry.project), (Kind::Workflow, &request.which));
    let (id, found) = find(app, &mut tx, project, which, None).await?;
    Ok((project, id, found))
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
