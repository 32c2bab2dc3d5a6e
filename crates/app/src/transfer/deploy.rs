//! Taking in what a client of `OpenFn` deploys (the command line `openfn`, or what uses `@openfn/project`).
//!
//! Such a client sends a whole project, of which it may know a part only. So, unlike an import, a deployment leaves what the
//! document does not name: workflows, collections, credential links, configs, keychains, settings. Of a workflow that it names,
//! the jobs, triggers and edges are all that there shall be, and `"delete": true` deletes.

use sandbar_model::{ContentHash, Error, ProjectId, Result, policy::Action};

use super::{
    import::{How, Imported, once},
    spool::Spooled,
};
use crate::{App, Call, Request, openfn, projects::allowed, retry};

/// Asks for a document to be deployed. Into which project, the document says.
#[derive(Clone, Debug)]
pub struct DeployProject {
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for DeployProject {
    const ACTION: &'static str = "project.deploy";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Refuses a caller who can't be let in anyway, before their document is taken in.
///
/// # Errors
/// The gate's.
pub async fn admit_deploy(app: &App, call: &Call) -> Result<()> {
    app.caller(&mut app.db.connection().await?, call).await.map(|_| ())
}

/// Deploys a document, in one atomic change that touches only what differs; into a new root of its id when the caller sees
/// none. Needs editor; collections and the project's name and description that differ need admin. Triggers of a sandbox stay as
/// they are: what is deployed there may be production's.
///
/// # Errors
/// Those of [`super::import()`], but for keychains and configs; [`Error::WorkflowMoved`] for a workflow that differs and
/// whose `lock_version` is not what it was; [`Error::InvalidFields`] for a new credential link without a credential of the
/// caller's own. Nothing is changed then.
pub async fn deploy(app: &App, call: &Call, request: &DeployProject, document: &Spooled) -> Result<Imported> {
    let project = target(app, call, document).await?;
    // A repeat must come with the same document.
    let call = Call { digest: ContentHash::of(&[call.digest.0, document.hash.0].concat()), ..call.clone() };
    let how = How { project: Some(project), is_deploy: true, validate_only: false, head: None };
    retry(|| once(app, &call, request, how, document)).await
}

/// Which project it is for. The document is read to its end for that, so that what is wrong with its form is said before
/// anything is locked.
async fn target(app: &App, call: &Call, document: &Spooled) -> Result<ProjectId> {
    let (reader, world) = (document.reader(), app.world.clone());
    let read = tokio::task::spawn_blocking(move || openfn::read(reader, || world.new_id(), |_| Ok(())));
    let head = read.await.map_err(|_| Error::Bug("reading a document panicked"))??;
    let project = head.id.ok_or_else(|| Error::invalid("id", "must be the id of the project, a UUID"))?;
    let mut tx = app.db.connection().await?;
    match app.enter(&mut tx, call, project, Action::Write).await {
        Err(Error::ProjectNotFound { .. }) => allowed(&app.caller(&mut tx, call).await?)?,
        entry => drop(entry?),
    }
    Ok(project)
}
