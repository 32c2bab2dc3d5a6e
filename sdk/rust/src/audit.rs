//! Taking the audit trail elsewhere, and checking all of it.

use futures::stream::{self, StreamExt};
use tonic::Streaming;

use crate::v1::{
    AuditEvent, ExportAuditEventsRequest, ExportAuditEventsResponse, VerifyAuditChainRequest,
    VerifyAuditChainResponse,
};
use crate::{Audit, Client, Error, Items, error};

impl Audit<'_> {
    /// Events, oldest first, up to the newest one when the call began. They are fetched as they are needed; where a
    /// connection breaks, it goes on after the last one that came. There is no deadline.
    pub fn export_audit_events(&self, request: ExportAuditEventsRequest) -> Items<AuditEvent> {
        let reading = Reading { client: self.client.clone(), request, stream: None, came: true };
        Items(stream::try_unfold(reading, Reading::next).boxed())
    }

    /// Checks a chain of events to its end, in as many calls as it takes. `checked` counts those of all of them.
    pub async fn verify_all(
        &self,
        request: VerifyAuditChainRequest,
    ) -> Result<VerifyAuditChainResponse, Error> {
        let (mut request, mut checked) = (request, 0);
        loop {
            let mut part = self.verify_audit_chain(request.clone()).await?;
            checked += part.checked;
            if part.complete || part.broken.is_some() {
                part.checked = checked;
                return Ok(part);
            }
            request.after = part.head;
        }
    }
}

struct Reading {
    client: Client,
    request: ExportAuditEventsRequest,
    stream: Option<Streaming<ExportAuditEventsResponse>>,
    /// Whether anything came since it was last tried again: else trying leads nowhere.
    came: bool,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(AuditEvent, Self)>, Error> {
        loop {
            match self.message().await {
                Ok(Some(message)) => {
                    let event = message.event.unwrap_or_default();
                    self.request.after_position = event.position;
                    self.came = true;
                    return Ok(Some((event, self)));
                }
                Ok(None) => return Ok(None),
                Err(status) if self.came && error::is_transient(&status) => {
                    (self.stream, self.came) = (None, false);
                }
                Err(status) => return Err(status.into()),
            }
        }
    }

    async fn message(&mut self) -> Result<Option<ExportAuditEventsResponse>, tonic::Status> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let mut raw = Audit::raw(self.client.service());
                none.insert(raw.export_audit_events(self.request.clone()).await?.into_inner())
            }
        };
        stream.message().await
    }
}
