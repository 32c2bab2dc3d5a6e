//! Reading what a step of a run signs in with. The one place where values leave the service.

use sandbar_model::{
    Credential, CredentialId, Error, JobId, Kind, Project, Result, Run,
    credential::Values,
    workflow::{Job, StoredWorkflow, Uses},
};
use sandbar_store::{Tx, credential, resource};

use super::bearer::Bearer;
use crate::{
    App, Call, Request,
    credentials::{links::as_link, ready},
    gate::active,
    repeat::{Trace, conclude, retry},
    workflows::as_workflow,
};

/// Asks for the values of the credential that a step uses.
#[derive(Clone, Copy, Debug)]
pub struct ResolveCredential {
    /// Which step.
    pub job: JobId,
}

impl Request for ResolveCredential {
    const ACTION: &'static str = "run.resolve_credential";

    fn request_id(&self) -> &'static str {
        // Values are remembered for no repeat.
        ""
    }
}

/// What a step signs in with.
#[derive(Debug)]
pub struct Resolved {
    /// The credential.
    pub credential: Credential,
    /// The label whose values these are: that of the project.
    pub environment: String,
    /// The values, which no `Debug` shows.
    pub values: Values,
}

/// Answers the values for the project's environment of the credential that a step of the run uses. By run token. They are
/// answered only after the event that tells of it is stored.
///
/// # Errors
/// [`Error::RunLeaseLost`], [`Error::RunFinished`], [`Error::ProjectScheduled`], [`Error::CredentialNotUsed`],
/// [`Error::CredentialsMissing`] also where the link was taken away since, [`Error::CredentialDamaged`],
/// [`Error::RunTokenRequired`], [`Error::TokenInvalid`].
pub async fn resolve(app: &App, call: &Call, request: &ResolveCredential) -> Result<Resolved> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &ResolveCredential) -> Result<Resolved> {
    let mut tx = app.db.write().await?;
    let Bearer { caller, project, run, .. } = &admitted(app, &mut tx, call).await?;
    let document = app.contents.document(&mut tx, run.root, run.content).await?;
    let workflow = as_workflow(&document)?;
    let job = workflow.jobs.iter().find(|job| job.id == request.job);
    let job = job.ok_or(Error::CredentialNotUsed { job: request.job })?;
    let id = credential_of(app, &mut tx, project, (run, workflow, job)).await?;
    let gone = || Error::CredentialNotFound { id };
    // Its writers wait, so that the values and the key that opens them are of one moment.
    let credential = credential::lock(&mut tx, id).await?.ok_or_else(gone)?;
    let environment = project.profile.environment.clone();
    let values = app.open_values(&mut tx, id, &environment).await?.ok_or(Error::Contention)?;
    let detail = serde_json::json!({ "run": run.id, "step": job.id, "environment": environment });
    let subject = Some(("credential", id.0));
    let trace = Trace { root: Some(run.root), project: Some(run.project), subject, detail };
    conclude(app, tx, (call, caller), request, trace, &()).await?;
    Ok(Resolved { credential, environment, values })
}

async fn admitted(app: &App, tx: &mut Tx, call: &Call) -> Result<Bearer> {
    let bearer = app.bearer(tx, call).await?;
    bearer.has_it(app.now())?;
    active(&bearer.project)?;
    Ok(bearer)
}

/// The credential that a step of a run uses, as the project links it now. It has values for the project's environment.
async fn credential_of(
    app: &App,
    tx: &mut Tx,
    project: &Project,
    (run, workflow, job): (&Run, &StoredWorkflow, &Job<sandbar_model::ContentHash>),
) -> Result<CredentialId> {
    let link = match job.uses {
        None => return Err(Error::CredentialNotUsed { job: job.id }),
        Some(Uses::CredentialLink(link)) => link,
        // Here a keychain picks one of the project's links by the run's dataclip. No workflow can use one without there
        // being one in its project.
        Some(Uses::Keychain(keychain)) => {
            return Err(Error::KeychainNotFound { job: job.name.clone(), keychain });
        }
    };
    let alone = StoredWorkflow { jobs: vec![job.clone()], ..workflow.clone() };
    ready(app, tx, project, (run.workflow, &alone)).await?;
    let view = app.views.of(tx, project).await?;
    let found = resource::resolve(tx, &view, Kind::CredentialLink, link).await?;
    // It was there a moment ago: whoever tries again hears what is missing.
    let hash = found.and_then(|found| found.hash).ok_or(Error::Contention)?;
    let document = app.contents.document(tx, project.root, hash).await?;
    as_link(&document)?.credential.ok_or(Error::Contention)
}
