//! Starting a run: what it runs is pinned, and it is queued.

use sandbar_model::{
    Dataclip, DataclipId, Error, JobId, Kind, ProjectId, ResourceId, Result, Run, RunId, TriggerId,
    Violations,
    policy::Action,
    run::{Cause, Ending, MAX_WORK_BYTES, RunState, check_dataclip},
    workflow::{StoredWorkflow, TriggerKind},
};
use sandbar_store::{Tx, dataclip, resource, run, trigger};
use secrecy::{ExposeSecret, SecretString};

use super::{Work, claim, trace};
use crate::{
    App, Call, Request,
    credentials::ready,
    gate::Entry,
    repeat::{conclude, repeated, retry},
    resources::missing,
    workflows::as_workflow,
};

/// Asks for a run.
#[derive(Clone, Debug)]
pub struct StartRun {
    /// Where.
    pub project: ProjectId,
    /// Of which workflow.
    pub workflow: ResourceId,
    /// By which trigger; none: by hand.
    pub trigger: Option<TriggerId>,
    /// The step to begin with; only by hand.
    pub job: Option<JobId>,
    /// What to begin with.
    pub input: Input,
    /// Give it to the caller at once.
    pub claim: bool,
    /// See [`Request::request_id`].
    pub request_id: String,
}

/// What a run begins with.
#[derive(Clone, Debug)]
pub enum Input {
    /// `{}`.
    Nothing,
    /// A dataclip of the project.
    Dataclip(DataclipId),
    /// A JSON object, which becomes one.
    Body(SecretString),
}

impl Request for StartRun {
    const ACTION: &'static str = "run.start";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// A run that was started.
#[derive(Debug)]
pub struct Started {
    /// The run.
    pub run: Run,
    /// For the worker that asked to have it at once.
    pub work: Option<Work>,
}

/// Starts a run of a workflow as it is now. Needs editor; to have it at once, a worker.
///
/// # Errors
/// In this order: the gate's, [`Error::WorkerRequired`], [`Error::ResourceNotFound`] for the workflow,
/// [`Error::TriggerNotFound`], [`Error::TriggerDisabled`], [`Error::InvalidFields`], [`Error::CredentialsMissing`],
/// [`Error::DataclipNotFound`], [`Error::DataclipErased`], [`Error::TooLarge`].
pub async fn start(app: &App, call: &Call, request: &StartRun) -> Result<Started> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &StartRun) -> Result<Started> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::StartRuns).await?;
    if request.claim {
        app.enter_to_work(&mut tx, call, request.project).await?;
    }
    let by = (call, &entry.caller);
    if let Some(id) = repeated::<_, RunId>(app, &mut tx, by, request).await? {
        return again(app, tx, &entry, (id, request.claim)).await;
    }
    let run = pinned(app, &mut tx, &entry, request).await?;
    run::queue::add(&mut tx, run.project, run.root, run.create_time).await?;
    run::insert(&mut tx, &run).await?;
    let (mut started, mut taken) = (Started { run, work: None }, None);
    if request.claim && claim::has_room(&mut tx, &entry.project, &started.run).await? {
        taken = claim::take(app, &mut tx, &entry.caller, &started.run).await?;
    }
    if let Some(run) = taken {
        started.run = run.clone();
        started.work = Some(app.hand_out(&mut tx, run).await?);
    }
    let Run { id, workflow, revision, cause, trigger, dataclip, state, .. } = &started.run;
    let detail = serde_json::json!({
        "workflow": workflow, "revision": revision, "cause": cause, "trigger": trigger, "dataclip": dataclip,
        "environment": entry.project.profile.environment, "state": state,
    });
    conclude(app, tx, by, request, trace(&started.run, detail), id).await?;
    Ok(started)
}

/// The run that was started before; for its worker again with all that it needs, as that is kept for no repeat.
async fn again(app: &App, mut tx: Tx, entry: &Entry, (id, claim): (RunId, bool)) -> Result<Started> {
    let run = super::of_project(&mut tx, entry, id).await?;
    let work = if claim { claim::again(app, &mut tx, &entry.caller, id).await? } else { None };
    tx.commit().await?;
    Ok(Started { run, work })
}

/// The run that is asked for, with its dataclip stored.
async fn pinned(app: &App, tx: &mut Tx, entry: &Entry, request: &StartRun) -> Result<Run> {
    let project = &entry.project;
    let view = app.views.of(tx, project).await?;
    let found = resource::resolve(tx, &view, Kind::Workflow, request.workflow).await?;
    let found = found.ok_or_else(|| missing(Kind::Workflow, &request.workflow))?;
    let content = found.hash.ok_or_else(|| missing(Kind::Workflow, &request.workflow))?;
    let document = app.contents.document(tx, project.root, content).await?;
    let workflow = as_workflow(&document)?;
    let cause = cause(tx, request, workflow).await?;
    checked(request, workflow)?;
    ready(app, tx, project, (request.workflow, workflow)).await?;
    let run = Run {
        id: app.new_id().into(),
        root: project.root,
        project: project.id,
        workflow: request.workflow,
        workflow_name: workflow.name.clone(),
        revision: found.revision,
        content,
        cause,
        trigger: request.trigger,
        job: request.job,
        dataclip: DataclipId(uuid::Uuid::nil()),
        concurrency: workflow.concurrency,
        state: RunState::Queued,
        attempt: 0,
        creator: entry.caller.id,
        create_time: app.now(),
        worker: None,
        claim_time: None,
        lease_time: None,
        deadline: None,
        cancel_time: None,
        finish_time: None,
        ending: Ending::default(),
        output: None,
    };
    let (dataclip, size) = input(app, tx, &run, &request.input).await?;
    fits(app, tx, project.root, (workflow, size)).await?;
    Ok(Run { dataclip, ..run })
}

/// Why it runs: the trigger's kind. The trigger must be on.
async fn cause(tx: &mut Tx, request: &StartRun, workflow: &StoredWorkflow) -> Result<Cause> {
    let Some(id) = request.trigger else { return Ok(Cause::Manual) };
    let found = workflow.triggers.iter().find(|trigger| trigger.id == id);
    let found = found.ok_or(Error::TriggerNotFound { id })?;
    if trigger::states(tx, request.project, &[id]).await?.get(&id) != Some(&true) {
        return Err(Error::TriggerDisabled { trigger: id });
    }
    Ok(match found.kind {
        TriggerKind::Webhook(_) => Cause::Webhook,
        TriggerKind::Cron(_) => Cause::Cron,
    })
}

fn checked(request: &StartRun, workflow: &StoredWorkflow) -> Result<()> {
    let mut found = Violations::default();
    if let Some(job) = request.job {
        found.require(request.trigger.is_none(), "job_id", "is only possible without a trigger");
        let known = workflow.jobs.iter().any(|one| one.id == job);
        found.require(known, "job_id", "is no step of the workflow; get it to see what it has");
    }
    if let Input::Body(body) = &request.input {
        check_dataclip(&mut found, "body", body.expose_secret());
    }
    found.into_result()
}

/// The dataclip that the run begins with, and its size.
async fn input(app: &App, tx: &mut Tx, run: &Run, input: &Input) -> Result<(DataclipId, usize)> {
    let body = match input {
        Input::Dataclip(id) => {
            let found = dataclip::touch(tx, run.project, *id, run.create_time).await?;
            let found = found.ok_or(Error::DataclipNotFound { id: *id })?;
            if found.erase_time.is_some() {
                return Err(Error::DataclipErased { id: *id });
            }
            return Ok((*id, usize::try_from(found.size).unwrap_or(usize::MAX)));
        }
        Input::Body(body) => body.expose_secret(),
        Input::Nothing => "{}",
    };
    let clip = Dataclip {
        id: app.new_id().into(),
        project: run.project,
        kind: run.cause.input(),
        name: String::new(),
        size: i64::try_from(body.len()).unwrap_or(i64::MAX),
        run: None,
        job: None,
        create_time: run.create_time,
        creator: run.creator,
        erase_time: None,
    };
    dataclip::insert(tx, &clip, body).await?;
    Ok((clip.id, body.len()))
}

/// Refuses what no worker could be given in one message.
async fn fits(
    app: &App,
    tx: &mut Tx,
    root: ProjectId,
    (workflow, clip): (&StoredWorkflow, usize),
) -> Result<()> {
    let hashes = workflow.jobs.iter().map(|job| job.body).collect();
    let bodies = app.contents.bodies(tx, root, hashes).await?;
    let steps = workflow.jobs.iter().filter_map(|job| bodies.get(&job.body)).map(|body| body.len());
    if steps.sum::<usize>().saturating_add(clip) > MAX_WORK_BYTES {
        let what = "the workflow, with what the run begins with,".to_owned();
        return Err(Error::TooLarge { what, limit_bytes: MAX_WORK_BYTES as u64 });
    }
    Ok(())
}
