//! Making a workflow or replacing it.

use std::collections::BTreeMap;

use sandbar_model::{
    Document, Error, Kind, ProjectId, ResourceId, Result, Workflow,
    policy::Action,
    workflow::{StoredWorkflow, Uses},
};
use sandbar_store::{
    Tx,
    change::What,
    content::{self, NewContent},
    resource,
    view::View,
    write::Write,
};
use serde::{Deserialize, Serialize};

use super::missing;
use crate::{
    App, Call, Etag, Request,
    changing::Changing,
    gate::Entry,
    repeat::{conclude, repeated, retry},
    view::WorkflowView,
};

/// Asks for a workflow to be as given.
#[derive(Clone, Debug)]
pub struct PutWorkflow {
    /// Where.
    pub project: ProjectId,
    /// Which; a new one when there is none of that id.
    pub id: ResourceId,
    /// What it shall be.
    pub workflow: Workflow<String>,
    /// What it must be now.
    pub etag: Etag,
    /// See [`Request::request_id`].
    pub request_id: String,
    /// Check everything and change nothing.
    pub validate_only: bool,
}

impl Request for PutWorkflow {
    const ACTION: &'static str = "workflow.put";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// What is remembered of the answer. The workflow itself is in the history.
#[derive(Serialize, Deserialize)]
struct Done {
    id: ResourceId,
}

/// Makes a workflow or replaces it, as one revision; saving it unchanged takes none. Needs editor.
///
/// # Errors
/// [`Error::InvalidFields`] with every broken rule, [`Error::NameTaken`] and [`Error::IdTaken`],
/// [`Error::CredentialNotLinked`], [`Error::KeychainNotFound`], [`Error::EtagMismatch`], [`Error::ProjectScheduled`], and the gate's.
pub async fn put(app: &App, call: &Call, request: &PutWorkflow) -> Result<WorkflowView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &PutWorkflow) -> Result<WorkflowView> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::Write).await?;
    let by = (call, &entry.caller);
    let before: Option<Done> = repeated(app, &mut tx, by, request).await?;
    if let Some(done) = before {
        return now(app, &mut tx, &entry, done.id).await;
    }
    let (workflow, bodies) = checked(&request.workflow, "workflow")?;
    let mut change = Changing::begin(app, &mut tx, &entry.caller, request.project).await?;
    let there = resource::resolve(&mut tx, &change.view, Kind::Workflow, request.id).await?;
    request.etag.check(there.and_then(|found| found.hash))?;
    check_links(&mut tx, &change.view, &workflow).await?;
    content::put(&mut tx, entry.project.root, bodies, app.now()).await?;
    let write = Write { kind: Kind::Workflow, id: request.id, document: Some(Document::Workflow(workflow)) };
    let written = change.write_one(&mut tx, write).await?;
    change.end(&mut tx, What::Write).await?;
    let answer =
        now(app, &mut tx, &Entry { project: change.project.clone(), ..entry.clone() }, request.id).await?;
    if !request.validate_only {
        let trace = change.trace((Kind::Workflow, request.id), written.as_ref());
        conclude(app, tx, by, request, trace, &Done { id: request.id }).await?;
    }
    Ok(answer)
}

/// Puts a workflow in order and checks every rule that it can break by itself.
pub(crate) fn checked(workflow: &Workflow<String>, field: &str) -> Result<(StoredWorkflow, Vec<NewContent>)> {
    // Before it is put in order, so that the paths are those that the caller sent.
    let mut violations = workflow.violations(field);
    violations.append(workflow.body_violations(field));
    violations.into_result()?;
    let workflow = workflow.clone().tidy();
    let mut bodies = Vec::with_capacity(workflow.jobs.len());
    let stored = workflow.map_bodies(|body| {
        let body = NewContent::of(body.into_bytes());
        let hash = body.hash;
        bodies.push(body);
        hash
    });
    Ok((stored, bodies))
}

/// Checks that what the jobs sign in with is there.
pub(crate) async fn check_links(tx: &mut Tx, view: &View, workflow: &StoredWorkflow) -> Result<()> {
    let used = workflow.jobs.iter().filter_map(|job| Some((job.uses?, job.name.as_str())));
    check_used(tx, view, used.rev().collect()).await
}

/// Checks that credential links and keychains are there. Each comes with the name of a step that uses it.
pub(crate) async fn check_used(tx: &mut Tx, view: &View, used: BTreeMap<Uses, &str>) -> Result<()> {
    let (mut links, mut keychains) = (Vec::new(), Vec::new());
    for uses in used.keys() {
        match uses {
            Uses::CredentialLink(link) => links.push(*link),
            Uses::Keychain(keychain) => keychains.push(*keychain),
        }
    }
    let links = resource::resolve_many(tx, view, Kind::CredentialLink, links).await?;
    let keychains = resource::resolve_many(tx, view, Kind::Keychain, keychains).await?;
    for (uses, job) in used {
        let job = || job.to_owned();
        match uses {
            Uses::CredentialLink(link) if links.get(&link).and_then(|found| found.hash).is_none() => {
                return Err(Error::CredentialNotLinked { job: job(), link });
            }
            Uses::Keychain(keychain) if keychains.get(&keychain).and_then(|found| found.hash).is_none() => {
                return Err(Error::KeychainNotFound { job: job(), keychain });
            }
            Uses::CredentialLink(_) | Uses::Keychain(_) => {}
        }
    }
    Ok(())
}

async fn now(app: &App, tx: &mut Tx, entry: &Entry, id: ResourceId) -> Result<WorkflowView> {
    let view = app.views.of(tx, &entry.project).await?;
    let found = resource::resolve(tx, &view, Kind::Workflow, id).await?.ok_or_else(|| missing(&id))?;
    app.workflow_view(tx, &entry.project, id, found).await
}
