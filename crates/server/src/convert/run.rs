//! Runs and dataclips from the wire and to it.

use sandbar_app::{
    dataclips::{self, DataclipView},
    runs::{Heartbeat, Input, Resolved, Started, StepOutput, Work},
};
use sandbar_model::{
    Dataclip, Run, Time,
    run::{Cause, DataclipKind, Ending, RunState, Usage},
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    Fields, time,
    workflow::{Heading, Place, workflow_to_wire},
};
use crate::wire;

impl Fields {
    /// A run's state, or none where it is unspecified.
    pub fn run_state(&mut self, field: &str, number: i32) -> Option<RunState> {
        self.optional_enum(field, number, |state: wire::RunState| RunState::from_number(state as i64))
    }

    /// Why a run was started, or none where it is unspecified.
    pub fn cause(&mut self, field: &str, number: i32) -> Option<Cause> {
        self.optional_enum(field, number, |cause: wire::RunCause| Cause::from_number(cause as i64))
    }

    /// Where a dataclip is from, which must be said.
    pub fn dataclip_kind(&mut self, field: &str, number: i32) -> DataclipKind {
        let known = |kind: wire::DataclipKind| DataclipKind::from_number(kind as i64);
        self.required_enum(field, number, known, DataclipKind::Global)
    }

    /// What a run begins with.
    pub fn input(&mut self, input: Option<wire::start_run_request::Input>) -> Input {
        use wire::start_run_request::Input as Sent;
        match input {
            None => Input::Nothing,
            Some(Sent::DataclipId(id)) => Input::Dataclip(self.id("dataclip_id", &id)),
            // From here on it is wiped when dropped.
            Some(Sent::Body(body)) => Input::Body(SecretString::from(body)),
        }
    }

    /// How a run ended.
    pub fn ending(&mut self, ending: Option<wire::RunEnding>) -> Ending {
        let ending = ending.unwrap_or_default();
        let usage = ending.usage.unwrap_or_default();
        let duration = self.optional_micros("ending.usage.duration", usage.duration.as_ref());
        Ending {
            message: ending.message,
            log_summary: ending.log_summary,
            usage: Usage {
                steps: usage.steps,
                duration: duration.unwrap_or_default(),
                ai_tokens: usage.ai_tokens,
            },
        }
    }

    /// What a run's steps ended with.
    pub fn step_results(&mut self, steps: Vec<wire::StepResult>) -> Vec<StepOutput> {
        let read = |(at, step): (usize, wire::StepResult)| StepOutput {
            job: self.id(&format!("step_results[{at}].job_id"), &step.job_id),
            output: SecretString::from(step.output),
        };
        steps.into_iter().enumerate().map(read).collect()
    }
}

/// A run.
pub fn run_to_wire(run: Run) -> wire::Run {
    let text = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let when = |time: Option<Time>| time.map(time::to_wire);
    wire::Run {
        id: run.id.to_string(),
        project_id: run.project.to_string(),
        workflow_id: run.workflow.to_string(),
        workflow_name: run.workflow_name,
        revision: run.revision.0,
        workflow_etag: run.content.to_string(),
        cause: run.cause as i32,
        trigger_id: text(run.trigger.map(|id| id.0)),
        job_id: text(run.job.map(|id| id.0)),
        dataclip_id: run.dataclip.to_string(),
        state: run.state as i32,
        attempt: run.attempt,
        creator_id: run.creator.to_string(),
        create_time: Some(time::to_wire(run.create_time)),
        worker_id: text(run.worker.map(|id| id.0)),
        claim_time: when(run.claim_time),
        cancel_time: when(run.cancel_time),
        finish_time: when(run.finish_time),
        ending: run.state.is_over().then(|| ending_to_wire(run.ending)),
        output_dataclip_id: text(run.output.map(|id| id.0)),
    }
}

fn ending_to_wire(ending: Ending) -> wire::RunEnding {
    let usage = wire::RunUsage {
        steps: ending.usage.steps,
        duration: Some(time::duration(ending.usage.duration)),
        ai_tokens: ending.usage.ai_tokens,
    };
    wire::RunEnding { message: ending.message, log_summary: ending.log_summary, usage: Some(usage) }
}

/// A run that was started, for its worker with all that it needs.
pub fn started_to_wire(started: Started) -> wire::StartRunResponse {
    wire::StartRunResponse { run: Some(run_to_wire(started.run)), work: started.work.map(work_to_wire) }
}

/// A run for its worker.
pub fn work_to_wire(work: Work) -> wire::RunWork {
    let run = &work.run;
    let place = Place { project: run.project, in_root: work.in_root };
    let heading = Heading {
        id: run.workflow,
        revision: run.revision,
        hash: run.content,
        updated: wire::Stamp::default(),
    };
    let workflow =
        workflow_to_wire(heading, place, work.workflow.map_bodies(|body| body.to_string()), &work.enabled);
    wire::RunWork {
        workflow: Some(wire::Workflow { updated: None, ..workflow }),
        dataclip: work.dataclip.expose_secret().to_owned(),
        environment: work.environment,
        run_token: work.secret.expose().to_owned(),
        lease_time: run.lease_time.map(time::to_wire),
        deadline: run.deadline.map(time::to_wire),
        run: Some(run_to_wire(work.run)),
    }
}

/// What a worker is told that still has its run.
pub fn heartbeat_to_wire(told: Heartbeat) -> wire::HeartbeatRunResponse {
    wire::HeartbeatRunResponse { lease_time: Some(time::to_wire(told.lease_time)), cancel: told.cancel }
}

/// The values that a step signs in with.
pub fn resolved_to_wire(resolved: Resolved) -> wire::ResolveCredentialResponse {
    wire::ResolveCredentialResponse {
        credential_id: resolved.credential.id.to_string(),
        name: resolved.credential.name,
        schema: resolved.credential.schema,
        environment: resolved.environment,
        values: resolved.values.expose().to_owned(),
    }
}

/// A dataclip without its body.
pub fn dataclip_to_wire(clip: Dataclip) -> wire::Dataclip {
    wire::Dataclip {
        etag: dataclips::etag(&clip),
        id: clip.id.to_string(),
        kind: clip.kind as i32,
        name: clip.name,
        size: clip.size,
        run_id: clip.run.map(|id| id.to_string()).unwrap_or_default(),
        job_id: clip.job.map(|id| id.to_string()).unwrap_or_default(),
        create_time: Some(time::to_wire(clip.create_time)),
        creator_id: clip.creator.to_string(),
        erase_time: clip.erase_time.map(time::to_wire),
    }
}

/// A dataclip, whole.
pub fn dataclip_view_to_wire(view: DataclipView) -> wire::GetDataclipResponse {
    let body = view.body.expose_secret().to_owned();
    wire::GetDataclipResponse { dataclip: Some(dataclip_to_wire(view.clip)), body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_wire_are_those_of_the_model() {
        let mut fields = Fields::default();
        for number in 1..=9 {
            let word = wire::RunState::try_from(number).unwrap().as_str_name();
            let state = fields.run_state("state", number).unwrap();
            assert_eq!(word, format!("RUN_STATE_{}", state.word().to_uppercase()));
        }
        for number in 1..=3 {
            let word = wire::RunCause::try_from(number).unwrap().as_str_name();
            let cause = format!("{:?}", fields.cause("cause", number).unwrap());
            assert_eq!(word, format!("RUN_CAUSE_{}", cause.to_uppercase()));
        }
        for number in 1..=5 {
            let word = wire::DataclipKind::try_from(number).unwrap().as_str_name().replace('_', "");
            let kind = format!("{:?}", fields.dataclip_kind("kind", number));
            assert_eq!(word, format!("DATACLIPKIND{}", kind.to_uppercase()));
        }
        fields.finish(()).unwrap();
        let mut fields = Fields::default();
        fields.run_state("state", 99);
        fields.dataclip_kind("kind", 0);
        assert!(fields.finish(()).is_err());
    }

    #[test]
    fn no_message_with_a_body_shows_it() {
        let body = || "hunter2".to_owned();
        let work = wire::RunWork { dataclip: body(), run_token: body(), ..wire::RunWork::default() };
        let all = [
            format!(
                "{:?}",
                wire::StartRunRequest {
                    input: Some(wire::start_run_request::Input::Body(body())),
                    ..wire::StartRunRequest::default()
                }
            ),
            format!("{work:?} {:?}", wire::ClaimRunsResponse { work: vec![work.clone()] }),
            format!(
                "{:?}",
                wire::ResolveCredentialResponse {
                    values: body(),
                    ..wire::ResolveCredentialResponse::default()
                }
            ),
            format!("{:?}", wire::FinishRunRequest { output: body(), ..wire::FinishRunRequest::default() }),
            format!(
                "{:?}",
                wire::CreateDataclipRequest { body: body(), ..wire::CreateDataclipRequest::default() }
            ),
            format!(
                "{:?}",
                wire::GetDataclipResponse { body: body(), ..wire::GetDataclipResponse::default() }
            ),
        ];
        for text in all {
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
