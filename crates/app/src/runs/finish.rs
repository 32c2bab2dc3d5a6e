//! Saying how a run ended.

use std::collections::BTreeSet;

use sandbar_model::{
    Dataclip, DataclipId, Error, JobId, Result, Run, Violations,
    project::RetentionPolicy,
    run::{DataclipKind, Ending, RunState, check_dataclip},
};
use sandbar_store::{Tx, dataclip, run};
use secrecy::{ExposeSecret, SecretString};

use super::{bearer::Bearer, trace};
use crate::{
    App, Call, Request,
    repeat::{conclude, retry},
    workflows::as_workflow,
};

/// The most results of steps that one run has.
pub const MAX_STEP_RESULTS: usize = 100;
/// How large they can be together.
pub const MAX_STEP_BYTES: usize = 8 * 1024 * 1024;

/// Says how a run ended.
#[derive(Clone, Debug)]
pub struct FinishRun {
    /// One of [`RunState::ENDS`] but for lost.
    pub outcome: RunState,
    /// What there is to say of it.
    pub ending: Ending,
    /// What it ended with: a JSON object; none: nothing.
    pub output: Option<SecretString>,
    /// What its steps ended with.
    pub steps: Vec<StepOutput>,
}

/// What a step ended with.
#[derive(Clone, Debug)]
pub struct StepOutput {
    /// Which step.
    pub job: JobId,
    /// A JSON object.
    pub output: SecretString,
}

impl Request for FinishRun {
    const ACTION: &'static str = "run.finish";

    fn request_id(&self) -> &'static str {
        // The token of the run is for one end only.
        ""
    }
}

/// Ends a run, and its token. By that token. The same end again is answered again, without looking at its results.
///
/// # Errors
/// [`Error::InvalidFields`], [`Error::RunLeaseLost`], [`Error::RunFinished`] when it ended differently,
/// [`Error::RunTokenRequired`], [`Error::TokenInvalid`].
pub async fn finish(app: &App, call: &Call, request: &FinishRun) -> Result<Run> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &FinishRun) -> Result<Run> {
    let mut tx = app.db.write().await?;
    let bearer = app.bearer(&mut tx, call).await?;
    let run = &bearer.run;
    if bearer.ended_it() && run.state == request.outcome && run.ending == request.ending {
        return Ok(bearer.run);
    }
    let now = app.now();
    bearer.has_it(now)?;
    violations(app, &mut tx, run, request).await?.into_result()?;
    let output =
        if keeps(&bearer, request.outcome) { results(app, &mut tx, &bearer, request).await? } else { None };
    run::finish(&mut tx, run.id, (request.outcome, now), &request.ending, output).await?;
    if !keeps(&bearer, request.outcome) {
        erase_input(app, &mut tx, run).await?;
    }
    let answer = run::get(&mut tx, run.project, run.id).await?.ok_or(Error::Bug("a finished run is gone"))?;
    let detail = serde_json::json!({
        "outcome": request.outcome, "attempt": run.attempt, "usage": request.ending.usage,
    });
    conclude(app, tx, (call, &bearer.caller), request, trace(&answer, detail), &()).await?;
    Ok(answer)
}

async fn violations(app: &App, tx: &mut Tx, run: &Run, request: &FinishRun) -> Result<Violations> {
    let mut found = request.ending.violations("ending");
    let can = request.outcome.is_over() && request.outcome != RunState::Lost;
    found.require(can, "outcome", "must be success, failed, crashed, exception, cancelled or killed");
    if let Some(output) = &request.output {
        check_dataclip(&mut found, "output", output.expose_secret());
    }
    let size: usize = request.steps.iter().map(|step| step.output.expose_secret().len()).sum();
    let few = request.steps.len() <= MAX_STEP_RESULTS && size <= MAX_STEP_BYTES;
    found.require(
        few,
        "step_results",
        format!("can be {MAX_STEP_RESULTS}, and have {MAX_STEP_BYTES} bytes together"),
    );
    let document = app.contents.document(tx, run.root, run.content).await?;
    let known: BTreeSet<_> = as_workflow(&document)?.jobs.iter().map(|job| job.id).collect();
    for (at, step) in request.steps.iter().enumerate().take(MAX_STEP_RESULTS) {
        let field = |name: &str| format!("step_results[{at}].{name}");
        found.require(known.contains(&step.job), field("job_id"), "is no step of the run's workflow");
        check_dataclip(&mut found, &field("output"), step.output.expose_secret());
    }
    Ok(found)
}

/// Whether the project keeps what such runs begin and end with.
fn keeps(bearer: &Bearer, outcome: RunState) -> bool {
    match bearer.project.profile.settings.retention_policy {
        RetentionPolicy::RetainAll => true,
        RetentionPolicy::RetainWithErrors => outcome != RunState::Success,
        RetentionPolicy::EraseAll => false,
    }
}

/// Stores what the steps and the run ended with; answers the latter.
async fn results(app: &App, tx: &mut Tx, bearer: &Bearer, request: &FinishRun) -> Result<Option<DataclipId>> {
    for step in &request.steps {
        result(app, tx, bearer, (DataclipKind::StepResult, Some(step.job), &step.output)).await?;
    }
    match &request.output {
        Some(output) => result(app, tx, bearer, (DataclipKind::RunResult, None, output)).await.map(Some),
        None => Ok(None),
    }
}

async fn result(
    app: &App,
    tx: &mut Tx,
    bearer: &Bearer,
    (kind, job, body): (DataclipKind, Option<JobId>, &SecretString),
) -> Result<DataclipId> {
    let body = body.expose_secret();
    let clip = Dataclip {
        id: app.new_id().into(),
        project: bearer.run.project,
        kind,
        name: String::new(),
        size: i64::try_from(body.len()).unwrap_or(i64::MAX),
        run: Some(bearer.run.id),
        job,
        create_time: app.now(),
        creator: bearer.caller.id,
        erase_time: None,
    };
    dataclip::insert(tx, &clip, body).await?;
    Ok(clip.id)
}

/// Erases what the run began with, unless a person named it or another run needs it.
async fn erase_input(app: &App, tx: &mut Tx, run: &Run) -> Result<()> {
    let clip = dataclip::touch(tx, run.project, run.dataclip, app.now()).await?;
    let nameless = clip.is_some_and(|clip| clip.name.is_empty());
    if nameless && run::beginning_with(tx, run.dataclip).await?.is_none() {
        dataclip::erase(tx, run.dataclip, app.now()).await?;
    }
    Ok(())
}
