//! `WebhookAuthMethodsService`.

use sandbar_app::webhooks::{
    self, AuthenticateWebhook, CreateMethod, DeleteMethod, GetMethod, ListMethods, RenameMethod,
};
use tonic::Request;

use super::{Answer, Grpc, change, read};
use crate::{
    convert::{
        Fields,
        webhook_auth::{method_to_wire, shown, target_to_wire},
    },
    status::from_error,
    wire::{self, webhook_auth_methods_service_server::WebhookAuthMethodsService},
};

#[tonic::async_trait]
impl WebhookAuthMethodsService for Grpc {
    async fn create_webhook_auth_method(
        &self,
        request: Request<wire::CreateWebhookAuthMethodRequest>,
    ) -> Answer<wire::CreateWebhookAuthMethodResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let sent = fields.required("method", m.method);
        let request = CreateMethod {
            project: fields.id("project_id", &m.project_id),
            id: fields.optional_id("method.id", &sent.id),
            name: sent.name,
            secret: fields.webhook_secret(m.secret),
            request_id: m.request_id,
            validate_only: m.validate_only,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let made = webhooks::create(&self.app, &call, &request).await;
        call.answer(
            made.map(|one| wire::CreateWebhookAuthMethodResponse { method: Some(method_to_wire(one)) }),
        )
    }

    async fn get_webhook_auth_method(
        &self,
        request: Request<wire::GetWebhookAuthMethodRequest>,
    ) -> Answer<wire::GetWebhookAuthMethodResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = GetMethod {
            project: fields.id("project_id", &m.project_id),
            id: fields.id("method_id", &m.method_id),
        };
        let request = fields.finish(request).map_err(from_error)?;
        let found = webhooks::get(&self.app, &call, &request).await;
        call.answer(found.map(|one| wire::GetWebhookAuthMethodResponse { method: Some(method_to_wire(one)) }))
    }

    async fn list_webhook_auth_methods(
        &self,
        request: Request<wire::ListWebhookAuthMethodsRequest>,
    ) -> Answer<wire::ListWebhookAuthMethodsResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = ListMethods {
            project: fields.id("project_id", &m.project_id),
            page_size: m.page_size,
            page_token: m.page_token,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let page = webhooks::list(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListWebhookAuthMethodsResponse {
            methods: page.rows.into_iter().map(method_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn update_webhook_auth_method(
        &self,
        request: Request<wire::UpdateWebhookAuthMethodRequest>,
    ) -> Answer<wire::UpdateWebhookAuthMethodResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = RenameMethod {
            project: fields.id("project_id", &m.project_id),
            id: fields.id("method_id", &m.method_id),
            name: m.name,
            etag: m.etag,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let renamed = webhooks::rename(&self.app, &call, &request).await;
        call.answer(
            renamed.map(|one| wire::UpdateWebhookAuthMethodResponse { method: Some(method_to_wire(one)) }),
        )
    }

    async fn delete_webhook_auth_method(
        &self,
        request: Request<wire::DeleteWebhookAuthMethodRequest>,
    ) -> Answer<wire::DeleteWebhookAuthMethodResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = DeleteMethod {
            project: fields.id("project_id", &m.project_id),
            id: fields.id("method_id", &m.method_id),
            etag: m.etag,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let deleted = webhooks::delete(&self.app, &call, &request).await;
        call.answer(deleted.map(|()| wire::DeleteWebhookAuthMethodResponse {}))
    }

    async fn authenticate_webhook(
        &self,
        request: Request<wire::AuthenticateWebhookRequest>,
    ) -> Answer<wire::AuthenticateWebhookResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = AuthenticateWebhook {
            project: fields.optional_id("project_id", &m.project_id),
            path: m.path,
            shown: shown(m.basic, m.api_key),
        };
        let request = fields.finish(request).map_err(from_error)?;
        let target = webhooks::authenticate(&self.app, &call, &request).await;
        call.answer(target.map(target_to_wire))
    }
}
