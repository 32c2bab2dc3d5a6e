//! `AuditService`.

use std::{pin::Pin, sync::Arc};

use futures::Stream;
use sandbar_app::{
    App,
    audit::{self, Export, ExportEvents, ListEvents, VerifyChain},
};
use tonic::{Request, Status};

use super::{Answer, Grpc, read};
use crate::{
    convert::{
        Fields,
        audit::{event_to_wire, walk_to_wire},
    },
    status::from_error,
    wire::{self, audit_service_server::AuditService},
};

type Events = Pin<Box<dyn Stream<Item = Result<wire::ExportAuditEventsResponse, Status>> + Send + 'static>>;

#[tonic::async_trait]
impl AuditService for Grpc {
    async fn list_audit_events(
        &self,
        request: Request<wire::ListAuditEventsRequest>,
    ) -> Answer<wire::ListAuditEventsResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = ListEvents {
            trail: fields.trail("trail", m.trail.as_ref()),
            filter: fields.audit_filter("filter", m.filter),
            page_size: m.page_size,
            page_token: m.page_token,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let page = audit::list(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListAuditEventsResponse {
            events: page.rows.into_iter().map(event_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    type ExportAuditEventsStream = Events;

    async fn export_audit_events(
        &self,
        request: Request<wire::ExportAuditEventsRequest>,
    ) -> Answer<Self::ExportAuditEventsStream> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = ExportEvents {
            trail: fields.trail("trail", m.trail.as_ref()),
            filter: fields.audit_filter("filter", m.filter),
            after: m.after_position,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let export = audit::export(&self.app, &call, &request).await;
        call.answer(export.map(|export| events(Arc::clone(&self.app), export)))
    }

    async fn verify_audit_chain(
        &self,
        request: Request<wire::VerifyAuditChainRequest>,
    ) -> Answer<wire::VerifyAuditChainResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = VerifyChain {
            project: fields.optional_id("project_id", &m.project_id),
            after: fields.audit_head("after", m.after.as_ref()),
        };
        let request = fields.finish(request).map_err(from_error)?;
        let walk = audit::verify(&self.app, &call, &request).await;
        call.answer(walk.map(|walk| walk_to_wire(&walk)))
    }
}

/// Events as a stream: more are read only when those before have gone out.
fn events(app: Arc<App>, export: Export) -> Events {
    let events = futures::stream::unfold(Some((app, export)), |state| async move {
        let (app, mut export) = state?;
        match export.next(&app).await {
            Ok(None) => None,
            Ok(Some(view)) => {
                let event = wire::ExportAuditEventsResponse { event: Some(event_to_wire(view)) };
                Some((Ok(event), Some((app, export))))
            }
            Err(error) => Some((Err(from_error(error)), None)),
        }
    });
    Box::pin(events)
}
