//! `ProjectsService`.

use std::pin::Pin;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use prost::Message;
use sandbar_app::{
    projects::{
        self, CreateProject, DeleteProject, GetProject, GetSubscription, ListProjects, RestoreProject,
        Subscription, UpdateProject, UpdateSubscription,
    },
    transfer::{self, ImportProject, Spooled},
    usage::{self, GetUsage, RecordUsage},
};
use sandbar_model::{ContentHash, Error, ProjectId, Result as ModelResult, Revision, usage::Allowances};
use tonic::{Request, Status, Streaming};

use super::{Answer, Grpc, change, opened, read};
use crate::{
    convert::{
        Fields,
        mask::Updated,
        project::{restored_to_wire, view_to_wire},
        usage::{usage_to_wire, usage_view_to_wire},
    },
    status::from_error,
    wire::{self, projects_service_server::ProjectsService},
};

#[tonic::async_trait]
impl ProjectsService for Grpc {
    async fn create_project(
        &self,
        request: Request<wire::CreateProjectRequest>,
    ) -> Answer<wire::CreateProjectResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let project = fields.required("project", m.project);
        let request = CreateProject {
            profile: fields.profile("project", project),
            id: fields.optional_id("project_id", &m.project_id),
            request_id: m.request_id,
            validate_only: m.validate_only,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let made = projects::create(&self.app, &call, &request).await;
        call.answer(made.map(|view| wire::CreateProjectResponse { project: Some(view_to_wire(view)) }))
    }

    async fn get_project(
        &self,
        request: Request<wire::GetProjectRequest>,
    ) -> Answer<wire::GetProjectResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = GetProject { project: fields.id("project_id", &m.project_id) };
        let request = fields.finish(request).map_err(from_error)?;
        let found = projects::get(&self.app, &call, &request).await;
        call.answer(found.map(|view| wire::GetProjectResponse { project: Some(view_to_wire(view)) }))
    }

    async fn list_projects(
        &self,
        request: Request<wire::ListProjectsRequest>,
    ) -> Answer<wire::ListProjectsResponse> {
        let (call, m) = read(request)?;
        let request = ListProjects {
            page_size: m.page_size,
            page_token: m.page_token,
            roots_only: m.roots_only,
            show_scheduled: m.show_scheduled,
        };
        let page = projects::list(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListProjectsResponse {
            projects: page.rows.into_iter().map(view_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn update_project(
        &self,
        request: Request<wire::UpdateProjectRequest>,
    ) -> Answer<wire::UpdateProjectResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let (patch, _) = fields.profile_patch("project", m.project, m.update_mask, Updated::Root);
        let project = fields.id("project_id", &m.project_id);
        let request = UpdateProject { project, patch, etag: m.etag, request_id: m.request_id };
        let request = fields.finish(request).map_err(from_error)?;
        let updated = projects::update(&self.app, &call, &request).await;
        call.answer(updated.map(|view| wire::UpdateProjectResponse { project: Some(view_to_wire(view)) }))
    }

    async fn delete_project(
        &self,
        request: Request<wire::DeleteProjectRequest>,
    ) -> Answer<wire::DeleteProjectResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let project = fields.id("project_id", &m.project_id);
        let request = DeleteProject { project, etag: m.etag, request_id: m.request_id };
        let request = fields.finish(request).map_err(from_error)?;
        let scheduled = projects::delete(&self.app, &call, &request).await;
        call.answer(scheduled.map(|views| wire::DeleteProjectResponse {
            scheduled: views.into_iter().map(view_to_wire).collect(),
        }))
    }

    async fn restore_project(
        &self,
        request: Request<wire::RestoreProjectRequest>,
    ) -> Answer<wire::RestoreProjectResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request =
            RestoreProject { project: fields.id("project_id", &m.project_id), request_id: m.request_id };
        let request = fields.finish(request).map_err(from_error)?;
        let restored = projects::restore(&self.app, &call, &request).await;
        call.answer(restored.map(|restored| {
            let (restored, triggers_turned_off) = restored_to_wire(restored);
            wire::RestoreProjectResponse { restored, triggers_turned_off }
        }))
    }

    async fn get_subscription(
        &self,
        request: Request<wire::GetSubscriptionRequest>,
    ) -> Answer<wire::GetSubscriptionResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = GetSubscription { project: fields.id("project_id", &m.project_id) };
        let request = fields.finish(request).map_err(from_error)?;
        let found = projects::subscription(&self.app, &call, &request).await;
        call.answer(
            found.map(|found| wire::GetSubscriptionResponse { subscription: Some(subscription(&found)) }),
        )
    }

    async fn update_subscription(
        &self,
        request: Request<wire::UpdateSubscriptionRequest>,
    ) -> Answer<wire::UpdateSubscriptionResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = UpdateSubscription {
            project: fields.id("project_id", &m.project_id),
            max_active_sandboxes: m.max_active_sandboxes,
            allowances: Allowances { max_runs: m.max_runs, max_ai_tokens: m.max_ai_tokens },
            etag: m.etag,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let updated = projects::update_subscription(&self.app, &call, &request).await;
        call.answer(
            updated
                .map(|found| wire::UpdateSubscriptionResponse { subscription: Some(subscription(&found)) }),
        )
    }

    async fn get_usage(&self, request: Request<wire::GetUsageRequest>) -> Answer<wire::GetUsageResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = GetUsage {
            project: fields.id("project_id", &m.project_id),
            time: fields.optional_time("time", m.time.as_ref()),
        };
        let request = fields.finish(request).map_err(from_error)?;
        let found = usage::get(&self.app, &call, &request).await;
        call.answer(found.map(usage_view_to_wire))
    }

    async fn record_usage(
        &self,
        request: Request<wire::RecordUsageRequest>,
    ) -> Answer<wire::RecordUsageResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = RecordUsage {
            project: fields.id("project_id", &m.project_id),
            ai_tokens: m.ai_tokens,
            spent: m.spent,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let recorded = usage::record(&self.app, &call, &request).await;
        call.answer(recorded.map(|usage| wire::RecordUsageResponse { usage: Some(usage_to_wire(&usage)) }))
    }

    async fn import_project(
        &self,
        request: Request<Streaming<wire::ImportProjectRequest>>,
    ) -> Answer<wire::ImportProjectResponse> {
        let (_, extensions, mut parts) = request.into_parts();
        let mut call = opened(&extensions, ContentHash([0; 32])).map_err(from_error)?;
        let first = parts.message().await?.and_then(|message| message.part);
        let Some(wire::import_project_request::Part::Header(header)) = first else {
            return Err(from_error(Error::invalid("header", "must come in the first message")));
        };
        // The operation adds the document's.
        call.call.digest = ContentHash::of(&header.encode_to_vec());
        let mut fields = Fields::default();
        let request = ImportProject {
            project: fields.optional_id("header.project_id", &header.project_id),
            request_id: header.request_id,
            validate_only: header.validate_only,
            head: header.head_revision.map(Revision),
        };
        let request = fields.finish(request).map_err(from_error)?;
        transfer::admit(&self.app, &call, &request).await.map_err(from_error)?;
        let mut broken = None;
        let chunks = parts.map(|part| chunk(part, &mut broken));
        let taken = Spooled::take(Box::pin(chunks), self.document_bytes).await;
        if let Some(status) = broken {
            return Err(status);
        }
        let imported = match taken {
            Ok(document) => transfer::import(&self.app, &call, &request, &document).await,
            Err(error) => Err(error),
        };
        call.answer(imported.map(|imported| wire::ImportProjectResponse {
            project: Some(view_to_wire(imported.project)),
            created: count(imported.created),
            updated: count(imported.updated),
            deleted: count(imported.deleted),
            unchanged: count(imported.unchanged),
            document_bytes: count(imported.bytes),
        }))
    }

    type ExportProjectStream =
        Pin<Box<dyn Stream<Item = Result<wire::ExportProjectResponse, Status>> + Send + 'static>>;

    async fn export_project(
        &self,
        request: Request<wire::ExportProjectRequest>,
    ) -> Answer<Self::ExportProjectStream> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let project: ProjectId = fields.id("project_id", &m.project_id);
        let project = fields.finish(project).map_err(from_error)?;
        let exported = transfer::export(&self.app, &call, project, transfer::Form::default()).await;
        call.answer(exported.map(|exported| {
            let stream: Self::ExportProjectStream =
                Box::pin(exported.document.chunks().map(|chunk| {
                    chunk.map(|chunk| wire::ExportProjectResponse { chunk }).map_err(from_error)
                }));
            stream
        }))
    }
}

/// The bytes of one message of an import. A stream that breaks off keeps its own status for the answer.
fn chunk(
    part: Result<wire::ImportProjectRequest, Status>,
    broken: &mut Option<Status>,
) -> ModelResult<Bytes> {
    match part.map(|message| message.part) {
        Ok(Some(wire::import_project_request::Part::Chunk(chunk))) => Ok(chunk),
        Ok(Some(wire::import_project_request::Part::Header(_))) => {
            Err(Error::invalid("header", "must come once, in the first message"))
        }
        Ok(None) => Err(Error::invalid("part", "must be a chunk")),
        Err(status) => {
            *broken = Some(status);
            Err(Error::Bug("replaced by the stream's own status"))
        }
    }
}

fn subscription(found: &Subscription) -> wire::Subscription {
    wire::Subscription {
        root_id: found.root.to_string(),
        max_active_sandboxes: found.max_active_sandboxes,
        active_sandboxes: found.active_sandboxes,
        max_runs: found.allowances.max_runs,
        max_ai_tokens: found.allowances.max_ai_tokens,
        etag: found.etag(),
    }
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
