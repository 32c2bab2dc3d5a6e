//! Saying beforehand which credentials a project's steps lack.

use sandbar_model::{
    Error, Kind, Project, ProjectId, ResourceId, Result, policy::Action, workflow::StoredWorkflow,
};
use sandbar_store::{Tx, resource, view::View};

use super::missing::{MissingCredential, Needs, Planned};
use crate::{App, Call, resources::missing, workflows::as_workflow};

/// How many workflows are looked at at a time.
const PAGE: usize = 500;

/// Asks what is missing.
#[derive(Clone, Copy, Debug)]
pub struct Preflight {
    /// Where.
    pub project: ProjectId,
    /// Only what the steps of this workflow use; none: of every workflow.
    pub workflow: Option<ResourceId>,
}

/// What is missing, all of it at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreflightView {
    /// The project's environment. There is no fallback to another.
    pub environment: String,
    /// By link; none: every step has what it needs.
    pub missing: Vec<MissingCredential>,
}

/// Lists every credential that a project's steps use, or may get through a keychain, and that has no values for the project's
/// environment. Of a keychain these are its default and every linked credential with an external id. Changes nothing.
/// Needs to see the project. Costs what the project's workflows hold, without their bodies.
///
/// # Errors
/// [`Error::ResourceNotFound`] for a workflow that is not there, [`Error::ProjectScheduled`], and the gate's.
pub async fn preflight(app: &App, call: &Call, request: &Preflight) -> Result<PreflightView> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    entry.active()?;
    let view = app.views.of(&mut tx, &entry.project).await?;
    let needs = match request.workflow {
        Some(id) => of_one(app, &mut tx, &view, id).await?,
        None => of_all(app, &mut tx, &view).await?,
    };
    let environment = entry.project.profile.environment;
    let missing = needs.missing(app, &mut tx, (&view, &environment), Planned::default()).await?;
    Ok(PreflightView { environment, missing })
}

/// Refuses when a credential that these steps use has no values for the project's environment.
///
/// # Errors
/// [`Error::CredentialsMissing`] with the first of them, and how many they are.
pub(crate) async fn ready(
    app: &App,
    tx: &mut Tx,
    project: &Project,
    (id, workflow): (ResourceId, &StoredWorkflow),
) -> Result<()> {
    let mut needs = Needs::default();
    needs.add(id, workflow);
    let view = app.views.of(tx, project).await?;
    let missing = needs.missing(app, tx, (&view, &project.profile.environment), Planned::default()).await?;
    let Some(first) = missing.first() else { return Ok(()) };
    Err(Error::CredentialsMissing {
        problem: first.say(),
        credential: first.name.clone(),
        environment: first.environment.clone(),
        labels: first.labels.clone(),
        count: missing.len(),
    })
}

async fn of_one(app: &App, tx: &mut Tx, view: &View, id: ResourceId) -> Result<Needs> {
    let found = resource::resolve(tx, view, Kind::Workflow, id).await?;
    let hash = found.and_then(|found| found.hash).ok_or_else(|| missing(Kind::Workflow, &id))?;
    let mut needs = Needs::default();
    needs.add(id, as_workflow(&*app.contents.document(tx, view.root, hash).await?)?);
    Ok(needs)
}

async fn of_all(app: &App, tx: &mut Tx, view: &View) -> Result<Needs> {
    let mut needs = Needs::default();
    let mut after = Some(String::new());
    while let Some(cursor) = after {
        let page = resource::page(tx, view, Kind::Workflow, &cursor, PAGE).await?;
        let ids: Vec<_> = page.rows.iter().map(|row| row.id).collect();
        let found = resource::resolve_many(tx, view, Kind::Workflow, ids.clone()).await?;
        let hashes = found.values().filter_map(|found| found.hash).collect();
        let documents = app.contents.documents(tx, view.root, hashes).await?;
        for id in ids {
            let hash = found.get(&id).and_then(|found| found.hash);
            let document = hash.and_then(|hash| documents.get(&hash));
            needs.add(id, as_workflow(document.ok_or(Error::Bug("a listed workflow is not there"))?)?);
        }
        after = page.next;
    }
    Ok(needs)
}
