//! Watching, across broken connections and servers that end.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures::stream::{self, StreamExt};
use tonic::Streaming;

use crate::v1::{WatchRequest, WatchResponse};
use crate::{Client, Error, Items, Watches, error};

impl Watches<'_> {
    /// What is done in a project or a tree, as it happens. Where a connection breaks or the server ends, it goes on at the
    /// next one after the last message that came, so nothing is lost or repeated; it gives up when none can be reached for
    /// about a minute. There is no deadline. It ends with an error that says why, or, with `until_now`, by itself.
    ///
    /// Messages without a change are signs of life, whose cursor is worth keeping.
    pub fn watch(&self, request: WatchRequest) -> Items<WatchResponse> {
        let watching = Watching { client: self.client.clone(), request, stream: None, pauses: pauses() };
        Items(stream::try_unfold(watching, Watching::next).boxed())
    }
}

struct Watching {
    client: Client,
    request: WatchRequest,
    stream: Option<Streaming<WatchResponse>>,
    /// Before it is tried again.
    pauses: ExponentialBackoff,
}

fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(10))
        .with_max_times(12)
        .with_jitter()
        .build()
}

impl Watching {
    async fn next(mut self) -> Result<Option<(WatchResponse, Self)>, Error> {
        loop {
            match self.message().await {
                Ok(Some(message)) => {
                    self.request.cursor.clone_from(&message.cursor);
                    self.request.after_revision = None;
                    self.pauses = pauses();
                    return Ok(Some((message, self)));
                }
                Ok(None) => return Ok(None),
                Err(status) => {
                    let pause = self.pauses.next().filter(|_| error::is_transient(&status));
                    let Some(pause) = pause else { return Err(status.into()) };
                    self.stream = None;
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    async fn message(&mut self) -> Result<Option<WatchResponse>, tonic::Status> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let mut raw = Watches::raw(self.client.service());
                none.insert(raw.watch(self.request.clone()).await?.into_inner())
            }
        };
        stream.message().await
    }
}
