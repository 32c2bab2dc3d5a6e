//! `ConfigsService`.

use sandbar_app::{
    Etag,
    configs::{self, DeleteConfig, GetConfig, ListConfigs, PutConfig, Which},
};
use sandbar_model::Revision;
use tonic::Request;

use super::{Answer, Grpc, change, read};
use crate::{
    convert::{
        Fields,
        config::{config_summary_to_wire, config_to_wire},
    },
    status::from_error,
    wire::{self, configs_service_server::ConfigsService, get_config_request},
};

#[tonic::async_trait]
impl ConfigsService for Grpc {
    async fn list_configs(
        &self,
        request: Request<wire::ListConfigsRequest>,
    ) -> Answer<wire::ListConfigsResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = ListConfigs {
            project: fields.id("project_id", &m.project_id),
            kind: m.kind,
            page_size: m.page_size,
            page_token: m.page_token,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let page = configs::list(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListConfigsResponse {
            configs: page.rows.into_iter().map(config_summary_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn get_config(&self, request: Request<wire::GetConfigRequest>) -> Answer<wire::GetConfigResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let which = match m.config {
            Some(get_config_request::Config::ConfigId(id)) => Which::Id(fields.id("config_id", &id)),
            Some(get_config_request::Config::ConfigName(name)) => Which::Name(name),
            None => Which::Id(fields.id("config_id", "")),
        };
        let request = GetConfig {
            project: fields.id("project_id", &m.project_id),
            which,
            revision: (m.revision != 0).then_some(Revision(m.revision)),
        };
        let request = fields.finish(request).map_err(from_error)?;
        let found = configs::get(&self.app, &call, &request).await;
        call.answer(found.map(|view| wire::GetConfigResponse { config: Some(config_to_wire(view)) }))
    }

    async fn put_config(&self, request: Request<wire::PutConfigRequest>) -> Answer<wire::PutConfigResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let sent = fields.required("config", m.config);
        let (id, config) = fields.config("config", sent, || self.app.new_id());
        let request = PutConfig {
            project: fields.id("project_id", &m.project_id),
            id,
            config,
            etag: Etag::parse(&m.etag),
            request_id: m.request_id,
            validate_only: m.validate_only,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let put = configs::put(&self.app, &call, &request).await;
        call.answer(put.map(|view| wire::PutConfigResponse { config: Some(config_to_wire(view)) }))
    }

    async fn delete_config(
        &self,
        request: Request<wire::DeleteConfigRequest>,
    ) -> Answer<wire::DeleteConfigResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = DeleteConfig {
            project: fields.id("project_id", &m.project_id),
            id: fields.id("config_id", &m.config_id),
            etag: Etag::parse(&m.etag),
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let deleted = configs::delete(&self.app, &call, &request).await;
        call.answer(deleted.map(|revision| wire::DeleteConfigResponse { revision: revision.0 }))
    }
}
