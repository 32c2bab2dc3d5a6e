//! `KeychainsService`.

use sandbar_app::{
    Etag,
    keychains::{self, DeleteKeychain, GetKeychain, ListKeychains, PreviewKeychain, PutKeychain, Which},
};
use sandbar_model::Revision;
use tonic::Request;

use super::{Answer, Grpc, change, read};
use crate::{
    convert::{
        Fields,
        keychain::{keychain_to_wire, pick_to_wire},
    },
    status::from_error,
    wire::{self, get_keychain_request, keychains_service_server::KeychainsService},
};

#[tonic::async_trait]
impl KeychainsService for Grpc {
    async fn list_keychains(
        &self,
        request: Request<wire::ListKeychainsRequest>,
    ) -> Answer<wire::ListKeychainsResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = ListKeychains {
            project: fields.id("project_id", &m.project_id),
            page_size: m.page_size,
            page_token: m.page_token,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let page = keychains::list(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListKeychainsResponse {
            keychains: page.rows.into_iter().map(keychain_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn get_keychain(
        &self,
        request: Request<wire::GetKeychainRequest>,
    ) -> Answer<wire::GetKeychainResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let which = match m.keychain {
            Some(get_keychain_request::Keychain::KeychainId(id)) => Which::Id(fields.id("keychain_id", &id)),
            Some(get_keychain_request::Keychain::KeychainName(name)) => Which::Name(name),
            None => Which::Id(fields.id("keychain_id", "")),
        };
        let request = GetKeychain {
            project: fields.id("project_id", &m.project_id),
            which,
            revision: (m.revision != 0).then_some(Revision(m.revision)),
        };
        let request = fields.finish(request).map_err(from_error)?;
        let found = keychains::get(&self.app, &call, &request).await;
        call.answer(found.map(|view| wire::GetKeychainResponse { keychain: Some(keychain_to_wire(view)) }))
    }

    async fn put_keychain(
        &self,
        request: Request<wire::PutKeychainRequest>,
    ) -> Answer<wire::PutKeychainResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let sent = fields.required("keychain", m.keychain);
        let (id, keychain) = fields.keychain("keychain", sent, || self.app.new_id());
        let request = PutKeychain {
            project: fields.id("project_id", &m.project_id),
            id,
            keychain,
            etag: Etag::parse(&m.etag),
            request_id: m.request_id,
            validate_only: m.validate_only,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let put = keychains::put(&self.app, &call, &request).await;
        call.answer(put.map(|view| wire::PutKeychainResponse { keychain: Some(keychain_to_wire(view)) }))
    }

    async fn delete_keychain(
        &self,
        request: Request<wire::DeleteKeychainRequest>,
    ) -> Answer<wire::DeleteKeychainResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = DeleteKeychain {
            project: fields.id("project_id", &m.project_id),
            id: fields.id("keychain_id", &m.keychain_id),
            etag: Etag::parse(&m.etag),
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let deleted = keychains::delete(&self.app, &call, &request).await;
        call.answer(deleted.map(|revision| wire::DeleteKeychainResponse { revision: revision.0 }))
    }

    async fn preview_keychain(
        &self,
        request: Request<wire::PreviewKeychainRequest>,
    ) -> Answer<wire::PreviewKeychainResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = PreviewKeychain {
            project: fields.id("project_id", &m.project_id),
            keychain: fields.id("keychain_id", &m.keychain_id),
            dataclip: m.dataclip,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let picked = keychains::preview(&self.app, &call, &request).await;
        call.answer(picked.map(pick_to_wire))
    }
}
