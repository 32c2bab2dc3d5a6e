//! `CredentialsService`.

use sandbar_app::{
    Etag,
    credentials::{
        self, CreateCredential, DeleteCredential, GetCredential, LinkCredential, ListCredentials, ListLinks,
        Preflight, RemoveValues, SetValues, TransferCredential, UnlinkCredential, UpdateCredential,
    },
};
use tonic::Request;

use super::{Answer, Grpc, change, read};
use crate::{
    convert::{
        Fields,
        credential::{credential_to_wire, link_to_wire, missing_to_wire, uses_to_wire},
    },
    status::from_error,
    wire::{self, credentials_service_server::CredentialsService},
};

#[tonic::async_trait]
impl CredentialsService for Grpc {
    async fn create_credential(
        &self,
        request: Request<wire::CreateCredentialRequest>,
    ) -> Answer<wire::CreateCredentialResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let sent = fields.required("credential", m.credential);
        let request = CreateCredential {
            id: fields.optional_id("credential.id", &sent.id),
            name: sent.name,
            schema: sent.schema,
            external_id: sent.external_id,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let made = credentials::create(&self.app, &call, &request).await;
        call.answer(
            made.map(|view| wire::CreateCredentialResponse { credential: Some(credential_to_wire(view)) }),
        )
    }

    async fn get_credential(
        &self,
        request: Request<wire::GetCredentialRequest>,
    ) -> Answer<wire::GetCredentialResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = GetCredential { id: fields.id("credential_id", &m.credential_id) };
        let request = fields.finish(request).map_err(from_error)?;
        let found = credentials::get(&self.app, &call, &request).await;
        call.answer(found.map(|(view, uses)| {
            let (uses, use_count) = uses_to_wire(uses);
            wire::GetCredentialResponse { credential: Some(credential_to_wire(view)), uses, use_count }
        }))
    }

    async fn list_credentials(
        &self,
        request: Request<wire::ListCredentialsRequest>,
    ) -> Answer<wire::ListCredentialsResponse> {
        let (call, m) = read(request)?;
        let request = ListCredentials { all: m.all, page_size: m.page_size, page_token: m.page_token };
        let page = credentials::list(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListCredentialsResponse {
            credentials: page.rows.into_iter().map(credential_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn update_credential(
        &self,
        request: Request<wire::UpdateCredentialRequest>,
    ) -> Answer<wire::UpdateCredentialResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let sent = fields.required("credential", m.credential);
        let request = UpdateCredential {
            id: fields.id("credential.id", &sent.id),
            patch: fields.credential_patch(&sent, m.update_mask),
            etag: m.etag,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let updated = credentials::update(&self.app, &call, &request).await;
        call.answer(
            updated.map(|view| wire::UpdateCredentialResponse { credential: Some(credential_to_wire(view)) }),
        )
    }

    async fn transfer_credential(
        &self,
        request: Request<wire::TransferCredentialRequest>,
    ) -> Answer<wire::TransferCredentialResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = TransferCredential {
            id: fields.id("credential_id", &m.credential_id),
            to: fields.id("owner_id", &m.owner_id),
            etag: m.etag,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let given = credentials::transfer(&self.app, &call, &request).await;
        call.answer(
            given.map(|view| wire::TransferCredentialResponse { credential: Some(credential_to_wire(view)) }),
        )
    }

    async fn delete_credential(
        &self,
        request: Request<wire::DeleteCredentialRequest>,
    ) -> Answer<wire::DeleteCredentialResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = DeleteCredential {
            id: fields.id("credential_id", &m.credential_id),
            etag: m.etag,
            force: m.force,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let deleted = credentials::delete(&self.app, &call, &request).await;
        call.answer(deleted.map(|()| wire::DeleteCredentialResponse {}))
    }

    async fn set_credential_values(
        &self,
        request: Request<wire::SetCredentialValuesRequest>,
    ) -> Answer<wire::SetCredentialValuesResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let id = fields.id("credential_id", &m.credential_id);
        let values = fields.values("values", m.values);
        let values = fields.finish(values).map_err(from_error)?;
        // Without values there was a violation.
        let Some(values) = values else { return call.answer(Err(sandbar_model::Error::Bug("no values"))) };
        let request =
            SetValues { id, environment: m.environment, values, etag: m.etag, request_id: m.request_id };
        let set = credentials::set_values(&self.app, &call, &request).await;
        call.answer(
            set.map(|view| wire::SetCredentialValuesResponse { credential: Some(credential_to_wire(view)) }),
        )
    }

    async fn remove_credential_values(
        &self,
        request: Request<wire::RemoveCredentialValuesRequest>,
    ) -> Answer<wire::RemoveCredentialValuesResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = RemoveValues {
            id: fields.id("credential_id", &m.credential_id),
            environment: m.environment,
            etag: m.etag,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let removed = credentials::remove_values(&self.app, &call, &request).await;
        call.answer(
            removed.map(|view| wire::RemoveCredentialValuesResponse {
                credential: Some(credential_to_wire(view)),
            }),
        )
    }

    async fn list_credential_links(
        &self,
        request: Request<wire::ListCredentialLinksRequest>,
    ) -> Answer<wire::ListCredentialLinksResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = ListLinks {
            project: fields.id("project_id", &m.project_id),
            page_size: m.page_size,
            page_token: m.page_token,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let page = credentials::list_links(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListCredentialLinksResponse {
            credential_links: page.rows.into_iter().map(link_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn link_credential(
        &self,
        request: Request<wire::LinkCredentialRequest>,
    ) -> Answer<wire::LinkCredentialResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = LinkCredential {
            project: fields.id("project_id", &m.project_id),
            credential: fields.id("credential_id", &m.credential_id),
            link: fields.optional_id("credential_link_id", &m.credential_link_id),
            etag: Etag::parse(&m.etag),
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let linked = credentials::link(&self.app, &call, &request).await;
        call.answer(
            linked.map(|view| wire::LinkCredentialResponse { credential_link: Some(link_to_wire(view)) }),
        )
    }

    async fn unlink_credential(
        &self,
        request: Request<wire::UnlinkCredentialRequest>,
    ) -> Answer<wire::UnlinkCredentialResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = UnlinkCredential {
            project: fields.id("project_id", &m.project_id),
            link: fields.id("credential_link_id", &m.credential_link_id),
            etag: Etag::parse(&m.etag),
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let unlinked = credentials::unlink(&self.app, &call, &request).await;
        call.answer(unlinked.map(|revision| wire::UnlinkCredentialResponse { revision: revision.0 }))
    }

    async fn preflight_credentials(
        &self,
        request: Request<wire::PreflightCredentialsRequest>,
    ) -> Answer<wire::PreflightCredentialsResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = Preflight {
            project: fields.id("project_id", &m.project_id),
            workflow: fields.optional_id("workflow_id", &m.workflow_id),
        };
        let request = fields.finish(request).map_err(from_error)?;
        let told = credentials::preflight(&self.app, &call, &request).await;
        call.answer(told.map(|told| wire::PreflightCredentialsResponse {
            environment: told.environment,
            missing: told.missing.into_iter().map(missing_to_wire).collect(),
        }))
    }
}
