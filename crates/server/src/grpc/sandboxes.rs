//! `SandboxesService`.

use sandbar_app::sandboxes::{
    self, CreateSandbox, DeleteSandbox, Deleted, GetSandbox, GetSandboxTree, ListSandboxes, RestoreSandbox,
    UpdateSandbox,
};
use tonic::Request;

use super::{Answer, Grpc, change, read};
use crate::{
    convert::{
        Fields,
        common::key_to_wire,
        mask::Updated,
        project::{restored_to_wire, view_to_wire},
    },
    status::from_error,
    wire::{self, sandboxes_service_server::SandboxesService},
};

#[tonic::async_trait]
impl SandboxesService for Grpc {
    async fn create_sandbox(
        &self,
        request: Request<wire::CreateSandboxRequest>,
    ) -> Answer<wire::CreateSandboxResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = CreateSandbox {
            parent: fields.id("parent_id", &m.parent_id),
            id: fields.optional_id("sandbox_id", &m.sandbox_id),
            name: m.name,
            description: m.description,
            color: m.color,
            environment: m.environment,
            ttl: fields.optional_micros("ttl", m.ttl.as_ref()),
            dataclips: fields.ids("dataclip_ids", &m.dataclip_ids),
            request_id: m.request_id,
            validate_only: m.validate_only,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let made = sandboxes::create(&self.app, &call, &request).await;
        call.answer(made.map(|view| wire::CreateSandboxResponse { sandbox: Some(view_to_wire(view)) }))
    }

    async fn get_sandbox(
        &self,
        request: Request<wire::GetSandboxRequest>,
    ) -> Answer<wire::GetSandboxResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = GetSandbox { sandbox: fields.id("sandbox_id", &m.sandbox_id) };
        let request = fields.finish(request).map_err(from_error)?;
        let found = sandboxes::get(&self.app, &call, &request).await;
        call.answer(found.map(|found| wire::GetSandboxResponse {
            sandbox: Some(view_to_wire(found.sandbox)),
            unmerged_count: found.unmerged_count,
        }))
    }

    async fn list_sandboxes(
        &self,
        request: Request<wire::ListSandboxesRequest>,
    ) -> Answer<wire::ListSandboxesResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = ListSandboxes {
            parent: fields.id("parent_id", &m.parent_id),
            page_size: m.page_size,
            page_token: m.page_token,
            show_scheduled: m.show_scheduled,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let page = sandboxes::list(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListSandboxesResponse {
            sandboxes: page.rows.into_iter().map(view_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn get_sandbox_tree(
        &self,
        request: Request<wire::GetSandboxTreeRequest>,
    ) -> Answer<wire::GetSandboxTreeResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let project = fields.id("project_id", &m.project_id);
        let request = GetSandboxTree { project, show_scheduled: m.show_scheduled };
        let request = fields.finish(request).map_err(from_error)?;
        let tree = sandboxes::tree(&self.app, &call, &request).await;
        call.answer(tree.map(|tree| wire::GetSandboxTreeResponse {
            projects: tree.into_iter().map(view_to_wire).collect(),
        }))
    }

    async fn update_sandbox(
        &self,
        request: Request<wire::UpdateSandboxRequest>,
    ) -> Answer<wire::UpdateSandboxResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let (patch, expire_time) =
            fields.profile_patch("sandbox", m.sandbox, m.update_mask, Updated::Sandbox);
        let sandbox = fields.id("sandbox_id", &m.sandbox_id);
        let request = UpdateSandbox { sandbox, patch, expire_time, etag: m.etag, request_id: m.request_id };
        let request = fields.finish(request).map_err(from_error)?;
        let updated = sandboxes::update(&self.app, &call, &request).await;
        call.answer(updated.map(|view| wire::UpdateSandboxResponse { sandbox: Some(view_to_wire(view)) }))
    }

    async fn delete_sandbox(
        &self,
        request: Request<wire::DeleteSandboxRequest>,
    ) -> Answer<wire::DeleteSandboxResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = DeleteSandbox {
            sandbox: fields.id("sandbox_id", &m.sandbox_id),
            keep_children: m.keep_children,
            etag: m.etag,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let deleted = sandboxes::delete(&self.app, &call, &request).await;
        call.answer(deleted.map(deleted_to_wire))
    }

    async fn restore_sandbox(
        &self,
        request: Request<wire::RestoreSandboxRequest>,
    ) -> Answer<wire::RestoreSandboxResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let sandbox = fields.id("sandbox_id", &m.sandbox_id);
        let request = RestoreSandbox { sandbox, name: m.name, request_id: m.request_id };
        let request = fields.finish(request).map_err(from_error)?;
        let restored = sandboxes::restore(&self.app, &call, &request).await;
        call.answer(restored.map(|restored| {
            let (restored, triggers_turned_off) = restored_to_wire(restored);
            wire::RestoreSandboxResponse { restored, triggers_turned_off }
        }))
    }
}

fn deleted_to_wire(deleted: Deleted) -> wire::DeleteSandboxResponse {
    let unmerged = deleted.unmerged.into_iter().map(|resource| wire::UnmergedResource {
        project_id: resource.project.to_string(),
        resource: Some(key_to_wire(resource.kind, resource.id)),
        name: resource.name,
    });
    wire::DeleteSandboxResponse {
        scheduled: deleted.scheduled.into_iter().map(view_to_wire).collect(),
        moved: deleted.moved.into_iter().map(view_to_wire).collect(),
        unmerged: unmerged.collect(),
    }
}
