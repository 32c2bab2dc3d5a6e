//! Giving queued runs to workers.

use sandbar_model::{Error, Project, ProjectId, Result, Run, RunId, access::PrincipalKind, run::RunState};
use sandbar_store::{
    Tx,
    run::{self, Holder, queue},
};

use super::{Work, settle, trace};
use crate::{
    App, Call, Request,
    gate::Caller,
    repeat::{conclude_in, repeated, retry},
};

/// The most runs that one call gives.
pub const MAX_CLAIM: i32 = 20;
/// The most projects that one call looks at.
const PROJECTS: i64 = 20;
/// When what was given out has so many bytes, that is enough for one answer.
const ENOUGH_BYTES: usize = 1024 * 1024;

/// Asks for something to do.
#[derive(Clone, Debug)]
pub struct ClaimRuns {
    /// Only of this project; none: of every one that the caller works for.
    pub project: Option<ProjectId>,
    /// At most so many, 1 to [`MAX_CLAIM`]; 0: 1.
    pub limit: i32,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for ClaimRuns {
    const ACTION: &'static str = "run.claim";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Gives queued runs of one project to a worker: of that whose turn is longest ago. Runs whose workers went away are seen
/// to first. None: there is nothing to do.
///
/// # Errors
/// [`Error::InvalidFields`], [`Error::WorkerRequired`], and the gate's.
pub async fn claim(app: &App, call: &Call, request: &ClaimRuns) -> Result<Vec<Work>> {
    let (caller, before) = retry(|| known(app, call, request)).await?;
    if let Some(before) = before {
        return Ok(before);
    }
    settle(app).await?;
    let mut tx = app.db.connection().await?;
    let projects = queue::waiting(&mut tx, caller.id, request.project, PROJECTS).await?;
    drop(tx);
    for project in projects {
        let work = match retry(|| from(app, call, request, project)).await {
            // It was deleted, or is not the caller's any more, since it was looked at; or its token does not reach it.
            Err(
                Error::ProjectScheduled { .. }
                | Error::ProjectNotFound { .. }
                | Error::MfaRequired { .. }
                | Error::WorkerRequired,
            ) => {
                continue;
            }
            other => other?,
        };
        if !work.is_empty() {
            return Ok(work);
        }
    }
    if request.request_id.is_empty() {
        return Ok(Vec::new());
    }
    // The same request may have been faster on another way here, and taken what this one waited for.
    let (_, meanwhile) = retry(|| known(app, call, request)).await?;
    Ok(meanwhile.unwrap_or_default())
}

/// Who asks, and what a claim with this request id was given before.
async fn known(app: &App, call: &Call, request: &ClaimRuns) -> Result<(Caller, Option<Vec<Work>>)> {
    let mut tx = app.db.write().await?;
    let caller = match request.project {
        Some(project) => app.enter_to_work(&mut tx, call, project).await?.caller,
        None => app.caller(&mut tx, call).await?,
    };
    if caller.kind != PrincipalKind::ServiceAccount {
        return Err(Error::WorkerRequired);
    }
    let runs: Option<Vec<RunId>> = repeated(app, &mut tx, (call, &caller), request).await?;
    if !(0..=MAX_CLAIM).contains(&request.limit) {
        return Err(Error::invalid("limit", format!("must be 0 to {MAX_CLAIM}")));
    }
    // A new request id is not taken yet: that is only what comes with runs.
    let Some(runs) = runs else { return Ok((caller, None)) };
    let mut work = Vec::with_capacity(runs.len());
    for run in runs {
        work.extend(again(app, &mut tx, &caller, run).await?);
    }
    tx.commit().await?;
    Ok((caller, Some(work)))
}

/// Takes what a project's queue has, under its lock.
async fn from(app: &App, call: &Call, request: &ClaimRuns, project: ProjectId) -> Result<Vec<Work>> {
    let mut tx = app.db.write().await?;
    let entry = app.enter_to_work(&mut tx, call, project).await?;
    queue::serve(&mut tx, project, app.now()).await?;
    let limit = i64::from(request.limit.max(1));
    let found = queue::next(&mut tx, project, limit).await?;
    let by = (call, &entry.caller);
    let (mut work, mut traces, mut size) = (Vec::new(), Vec::new(), 0);
    for run in found {
        if size >= ENOUGH_BYTES || !has_room(&mut tx, &entry.project, &run).await? {
            continue;
        }
        let Some(run) = take(app, &mut tx, &entry.caller, &run).await? else { continue };
        traces.push(trace(&run, serde_json::json!({ "attempt": run.attempt, "deadline": run.deadline })));
        let given = app.hand_out(&mut tx, run).await?;
        size += given.size;
        work.push(given);
    }
    if work.is_empty() {
        // It is the next project's turn all the same.
        tx.commit().await?;
        return Ok(work);
    }
    if repeated::<_, Vec<RunId>>(app, &mut tx, by, request).await?.is_some() {
        // The same request was faster on another way here: what was done in this transaction is undone.
        return Err(Error::Contention);
    }
    let ids: Vec<_> = work.iter().map(|work| work.run.id).collect();
    conclude_in(app, tx, by, request, traces, &ids).await?;
    Ok(work)
}

/// Whether another run may go on in the project, and of the workflow. Under the queue's lock.
pub(super) async fn has_room(tx: &mut Tx, project: &Project, run: &Run) -> Result<bool> {
    let limits = [(project.profile.settings.concurrency, None), (run.concurrency, Some(run.workflow))];
    for (limit, workflow) in limits {
        if let Some(limit) = limit
            && queue::running(tx, project.id, workflow).await? >= i64::from(limit)
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes a run out of the queue for a worker. None: it is not queued any more. Under the queue's lock.
pub(super) async fn take(app: &App, tx: &mut Tx, caller: &Caller, run: &Run) -> Result<Option<Run>> {
    let (now, limits) = (app.now(), app.limits.runs);
    let deadline = now.plus(limits.timeout);
    let lease = now.plus(limits.lease).min(deadline);
    let holder = Holder { worker: caller.id, token: caller.token, now, lease, deadline };
    let taken = run::take(tx, run.id, holder).await?;
    if taken.is_some() {
        queue::count(tx, run.project, -1).await?;
    }
    Ok(taken)
}

/// A run again for the worker that has it. None: it has not, any more.
pub(super) async fn again(app: &App, tx: &mut Tx, caller: &Caller, id: RunId) -> Result<Option<Work>> {
    let run = run::lock(tx, id).await?.filter(|run| {
        let lasts = run.lease_time.is_some_and(|lease| lease > app.now());
        run.state == RunState::Running && run.worker == Some(caller.id) && lasts
    });
    match run {
        Some(run) => app.hand_out(tx, run).await.map(Some),
        None => Ok(None),
    }
}
