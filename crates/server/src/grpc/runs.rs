//! `RunsService`.

use sandbar_app::{
    dataclips::{self, CreateDataclip, DeleteDataclip, GetDataclip, ListDataclips, NameDataclip},
    runs::{self, CancelRun, ClaimRuns, Filter, FinishRun, GetRun, ListRuns, ResolveCredential, StartRun},
};
use sandbar_model::run::RunState;
use secrecy::SecretString;
use tonic::Request;

use super::{Answer, Grpc, change, read};
use crate::{
    convert::{
        Fields,
        run::{
            dataclip_to_wire, dataclip_view_to_wire, heartbeat_to_wire, resolved_to_wire, run_to_wire,
            started_to_wire, work_to_wire,
        },
    },
    status::from_error,
    wire::{self, runs_service_server::RunsService},
};

#[tonic::async_trait]
impl RunsService for Grpc {
    async fn start_run(&self, request: Request<wire::StartRunRequest>) -> Answer<wire::StartRunResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = StartRun {
            project: fields.id("project_id", &m.project_id),
            workflow: fields.id("workflow_id", &m.workflow_id),
            trigger: fields.optional_id("trigger_id", &m.trigger_id),
            job: fields.optional_id("job_id", &m.job_id),
            input: fields.input(m.input),
            claim: m.claim,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let started = runs::start(&self.app, &call, &request).await;
        call.answer(started.map(started_to_wire))
    }

    async fn get_run(&self, request: Request<wire::GetRunRequest>) -> Answer<wire::GetRunResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request =
            GetRun { project: fields.id("project_id", &m.project_id), id: fields.id("run_id", &m.run_id) };
        let request = fields.finish(request).map_err(from_error)?;
        let found = runs::get(&self.app, &call, &request).await;
        call.answer(found.map(|run| wire::GetRunResponse { run: Some(run_to_wire(run)) }))
    }

    async fn list_runs(&self, request: Request<wire::ListRunsRequest>) -> Answer<wire::ListRunsResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let filter = Filter {
            workflow: fields.optional_id("workflow_id", &m.workflow_id),
            state: fields.run_state("state", m.state),
            cause: fields.cause("cause", m.cause),
            since: fields.optional_time("since", m.since.as_ref()),
            until: fields.optional_time("until", m.until.as_ref()),
        };
        let project = fields.id("project_id", &m.project_id);
        let request = ListRuns { project, filter, page_size: m.page_size, page_token: m.page_token };
        let request = fields.finish(request).map_err(from_error)?;
        let page = runs::list(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListRunsResponse {
            runs: page.rows.into_iter().map(run_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn cancel_run(&self, request: Request<wire::CancelRunRequest>) -> Answer<wire::CancelRunResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = CancelRun {
            project: fields.id("project_id", &m.project_id),
            id: fields.id("run_id", &m.run_id),
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let run = runs::cancel(&self.app, &call, &request).await;
        call.answer(run.map(|run| wire::CancelRunResponse { run: Some(run_to_wire(run)) }))
    }

    async fn claim_runs(&self, request: Request<wire::ClaimRunsRequest>) -> Answer<wire::ClaimRunsResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let project = fields.optional_id("project_id", &m.project_id);
        let request = ClaimRuns { project, limit: m.limit, request_id: m.request_id };
        let request = fields.finish(request).map_err(from_error)?;
        let work = runs::claim(&self.app, &call, &request).await;
        call.answer(
            work.map(|work| wire::ClaimRunsResponse { work: work.into_iter().map(work_to_wire).collect() }),
        )
    }

    async fn heartbeat_run(
        &self,
        request: Request<wire::HeartbeatRunRequest>,
    ) -> Answer<wire::HeartbeatRunResponse> {
        let (call, _) = change(request)?;
        let told = runs::heartbeat(&self.app, &call).await;
        call.answer(told.map(heartbeat_to_wire))
    }

    async fn resolve_credential(
        &self,
        request: Request<wire::ResolveCredentialRequest>,
    ) -> Answer<wire::ResolveCredentialResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = ResolveCredential { job: fields.id("job_id", &m.job_id) };
        let request = fields.finish(request).map_err(from_error)?;
        let resolved = runs::resolve(&self.app, &call, &request).await;
        call.answer(resolved.map(resolved_to_wire))
    }

    async fn finish_run(&self, request: Request<wire::FinishRunRequest>) -> Answer<wire::FinishRunResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = FinishRun {
            // What was not said is no end, which the operation refuses.
            outcome: fields.run_state("outcome", m.outcome).unwrap_or(RunState::Running),
            ending: fields.ending(m.ending),
            output: (!m.output.is_empty()).then(|| SecretString::from(m.output)),
            steps: fields.step_results(m.step_results),
        };
        let request = fields.finish(request).map_err(from_error)?;
        let run = runs::finish(&self.app, &call, &request).await;
        call.answer(run.map(|run| wire::FinishRunResponse { run: Some(run_to_wire(run)) }))
    }

    async fn create_dataclip(
        &self,
        request: Request<wire::CreateDataclipRequest>,
    ) -> Answer<wire::CreateDataclipResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = CreateDataclip {
            project: fields.id("project_id", &m.project_id),
            kind: fields.dataclip_kind("kind", m.kind),
            name: m.name,
            body: SecretString::from(m.body),
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let clip = dataclips::create(&self.app, &call, &request).await;
        call.answer(clip.map(|clip| wire::CreateDataclipResponse { dataclip: Some(dataclip_to_wire(clip)) }))
    }

    async fn get_dataclip(
        &self,
        request: Request<wire::GetDataclipRequest>,
    ) -> Answer<wire::GetDataclipResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let project = fields.id("project_id", &m.project_id);
        let request = GetDataclip { project, id: fields.id("dataclip_id", &m.dataclip_id) };
        let request = fields.finish(request).map_err(from_error)?;
        let found = dataclips::get(&self.app, &call, &request).await;
        call.answer(found.map(dataclip_view_to_wire))
    }

    async fn list_dataclips(
        &self,
        request: Request<wire::ListDataclipsRequest>,
    ) -> Answer<wire::ListDataclipsResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = ListDataclips {
            project: fields.id("project_id", &m.project_id),
            named: m.named,
            run: fields.optional_id("run_id", &m.run_id),
            page_size: m.page_size,
            page_token: m.page_token,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let page = dataclips::list(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListDataclipsResponse {
            dataclips: page.rows.into_iter().map(dataclip_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn name_dataclip(
        &self,
        request: Request<wire::NameDataclipRequest>,
    ) -> Answer<wire::NameDataclipResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = NameDataclip {
            project: fields.id("project_id", &m.project_id),
            id: fields.id("dataclip_id", &m.dataclip_id),
            name: m.name,
            etag: m.etag,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let clip = dataclips::name(&self.app, &call, &request).await;
        call.answer(clip.map(|clip| wire::NameDataclipResponse { dataclip: Some(dataclip_to_wire(clip)) }))
    }

    async fn delete_dataclip(
        &self,
        request: Request<wire::DeleteDataclipRequest>,
    ) -> Answer<wire::DeleteDataclipResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = DeleteDataclip {
            project: fields.id("project_id", &m.project_id),
            id: fields.id("dataclip_id", &m.dataclip_id),
            etag: m.etag,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let deleted = dataclips::delete(&self.app, &call, &request).await;
        call.answer(deleted.map(|()| wire::DeleteDataclipResponse {}))
    }
}
