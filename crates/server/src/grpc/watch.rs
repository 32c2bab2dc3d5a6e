//! `WatchService`.

use std::pin::Pin;

use futures::Stream;
use sandbar_app::watch::{self, From, Watch, Watching};
use sandbar_model::Revision;
use tonic::{Request, Status};

use super::{Answer, Grpc, read};
use crate::{
    convert::{Fields, watch::message_to_wire},
    status::from_error,
    wire::{self, watch_service_server::WatchService},
};

type Messages = Pin<Box<dyn Stream<Item = Result<wire::WatchResponse, Status>> + Send + 'static>>;

#[tonic::async_trait]
impl WatchService for Grpc {
    type WatchStream = Messages;

    async fn watch(&self, request: Request<wire::WatchRequest>) -> Answer<Self::WatchStream> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let from = match (m.after_revision, m.cursor) {
            (Some(_), cursor) if !cursor.is_empty() => {
                fields.add("after_revision", "is for a watch that begins; leave it out, or `cursor`");
                From::Now
            }
            (Some(revision), _) => From::Revision(Revision(revision)),
            (None, cursor) if cursor.is_empty() => From::Now,
            (None, cursor) => From::Cursor(cursor),
        };
        let project = fields.id("project_id", &m.project_id);
        let request = Watch { project, tree: m.tree, from, until_now: m.until_now };
        let request = fields.finish(request).map_err(from_error)?;
        let watching = watch::watch(&self.app, call.call.clone(), &request).await;
        call.answer(watching.map(messages))
    }
}

/// Messages as a stream: what comes next is looked for only when what came before has gone out.
fn messages(watching: Watching) -> Messages {
    let messages = futures::stream::unfold(Some(watching), |watching| async move {
        let mut watching = watching?;
        match watching.next().await {
            Ok(None) => None,
            Ok(Some(message)) => Some((Ok(message_to_wire(message)), Some(watching))),
            Err(error) => Some((Err(from_error(error)), None)),
        }
    });
    Box::pin(messages)
}
