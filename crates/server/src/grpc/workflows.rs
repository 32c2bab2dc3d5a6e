//! `WorkflowsService`.

use bytes::Bytes;
use prost::Message;
use sandbar_app::{
    Etag,
    view::{Stamp, WorkflowSummary, WorkflowView},
    workflows::{
        self, DeleteWorkflow, GetWorkflow, ListRevisions, ListWorkflows, PutWorkflow, RestoreRevision,
        RevisionView, SetTrigger, Which,
    },
};
use sandbar_model::{ProjectId, Revision};
use tonic::Request;

use super::{Answer, Grpc, change, read};
use crate::{
    convert::{
        Fields,
        common::stamp_to_wire,
        workflow::{Heading, Place, summary_to_wire, trigger_to_wire, workflow_to_wire},
    },
    status::from_error,
    wire::{self, workflows_service_server::WorkflowsService},
};

#[tonic::async_trait]
impl WorkflowsService for Grpc {
    async fn list_workflows(
        &self,
        request: Request<wire::ListWorkflowsRequest>,
    ) -> Answer<wire::ListWorkflowsResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let project = fields.id("project_id", &m.project_id);
        let request = ListWorkflows { project, page_size: m.page_size, page_token: m.page_token };
        let request = fields.finish(request).map_err(from_error)?;
        let page = workflows::list(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListWorkflowsResponse {
            workflows: page.rows.into_iter().map(|row| summary(project, row)).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn get_workflow(
        &self,
        request: Request<wire::GetWorkflowRequest>,
    ) -> Answer<wire::GetWorkflowResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let which = match m.workflow {
            Some(wire::get_workflow_request::Workflow::WorkflowId(id)) => {
                Which::Id(fields.id("workflow_id", &id))
            }
            Some(wire::get_workflow_request::Workflow::WorkflowName(name)) => Which::Name(name),
            None => Which::Id(fields.id("workflow_id", "")),
        };
        let project = fields.id("project_id", &m.project_id);
        let request =
            GetWorkflow { project, which, revision: (m.revision != 0).then_some(Revision(m.revision)) };
        let request = fields.finish(request).map_err(from_error)?;
        let found = workflows::get(&self.app, &call, &request, &self.shown).await;
        call.answer(found.map(|workflow| wire::GetWorkflowResponse { workflow }))
    }

    async fn put_workflow(
        &self,
        request: Request<wire::PutWorkflowRequest>,
    ) -> Answer<wire::PutWorkflowResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let sent = fields.required("workflow", m.workflow);
        let mut new_id = || self.app.new_id();
        let (id, sent) = fields.workflow("workflow", sent, &mut new_id).map_err(from_error)?;
        let request = PutWorkflow {
            project: fields.id("project_id", &m.project_id),
            id,
            workflow: sent,
            etag: Etag::parse(&m.etag),
            request_id: m.request_id,
            validate_only: m.validate_only,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let put = workflows::put(&self.app, &call, &request).await;
        call.answer(put.map(|view| wire::PutWorkflowResponse { workflow: Some(workflow(view)) }))
    }

    async fn delete_workflow(
        &self,
        request: Request<wire::DeleteWorkflowRequest>,
    ) -> Answer<wire::DeleteWorkflowResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = DeleteWorkflow {
            project: fields.id("project_id", &m.project_id),
            id: fields.id("workflow_id", &m.workflow_id),
            etag: Etag::parse(&m.etag),
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let deleted = workflows::delete(&self.app, &call, &request).await;
        call.answer(deleted.map(|revision| wire::DeleteWorkflowResponse { revision: revision.0 }))
    }

    async fn set_trigger_enabled(
        &self,
        request: Request<wire::SetTriggerEnabledRequest>,
    ) -> Answer<wire::SetTriggerEnabledResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = SetTrigger {
            project: fields.id("project_id", &m.project_id),
            workflow: fields.id("workflow_id", &m.workflow_id),
            trigger: fields.id("trigger_id", &m.trigger_id),
            enabled: m.enabled,
            etag: m.etag,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let set = workflows::set_trigger(&self.app, &call, &request).await;
        call.answer(set.map(|view| {
            let place = Place { project: view.project, in_root: view.in_root };
            let trigger = trigger_to_wire(place, view.trigger, view.enabled);
            wire::SetTriggerEnabledResponse { trigger: Some(trigger) }
        }))
    }

    async fn list_workflow_revisions(
        &self,
        request: Request<wire::ListWorkflowRevisionsRequest>,
    ) -> Answer<wire::ListWorkflowRevisionsResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = ListRevisions {
            project: fields.id("project_id", &m.project_id),
            id: fields.id("workflow_id", &m.workflow_id),
            page_size: m.page_size,
            page_token: m.page_token,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let page = workflows::revisions(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListWorkflowRevisionsResponse {
            revisions: page.rows.into_iter().map(revision).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn restore_workflow_revision(
        &self,
        request: Request<wire::RestoreWorkflowRevisionRequest>,
    ) -> Answer<wire::RestoreWorkflowRevisionResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = RestoreRevision {
            project: fields.id("project_id", &m.project_id),
            id: fields.id("workflow_id", &m.workflow_id),
            revision: Revision(m.revision),
            written_in: fields.optional_id("revision_project_id", &m.revision_project_id),
            etag: Etag::parse(&m.etag),
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let restored = workflows::restore(&self.app, &call, &request).await;
        call.answer(
            restored.map(|view| wire::RestoreWorkflowRevisionResponse { workflow: Some(workflow(view)) }),
        )
    }
}

/// A workflow on its way to many callers: see `build.rs` for why an answer can hold it like this.
pub(super) fn encoded(view: WorkflowView) -> Bytes {
    workflow(view).encode_to_vec().into()
}

fn workflow(view: WorkflowView) -> wire::Workflow {
    let heading =
        Heading { id: view.id, revision: view.revision, hash: view.hash, updated: stamp(&view.updated) };
    let place = Place { project: view.project, in_root: view.in_root };
    let content = view.workflow.map_bodies(|body| body.to_string());
    workflow_to_wire(heading, place, content, &view.enabled)
}

fn summary(project: ProjectId, row: WorkflowSummary) -> wire::WorkflowSummary {
    let heading =
        Heading { id: row.id, revision: row.revision, hash: row.hash, updated: stamp(&row.updated) };
    let place = Place { project, in_root: row.in_root };
    summary_to_wire(heading, place, row.name, row.jobs, row.triggers, &row.enabled)
}

fn revision(view: RevisionView) -> wire::WorkflowRevision {
    wire::WorkflowRevision {
        project_id: view.version.project.to_string(),
        revision: view.version.revision.0,
        name: view.version.name,
        etag: view.version.hash.map(|hash| hash.to_string()).unwrap_or_default(),
        written: Some(stamp(&view.written)),
    }
}

/// A stamp as the wire has it.
fn stamp(stamp: &Stamp) -> wire::Stamp {
    stamp_to_wire(stamp.time, stamp.actor.id, &stamp.actor.name)
}
