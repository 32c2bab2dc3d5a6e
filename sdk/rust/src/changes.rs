//! What a merge changed.

use futures::stream::{self, StreamExt};
use tonic::Streaming;

use crate::v1::{GetMergeChangesRequest, GetMergeChangesResponse, MergedResource};
use crate::{Client, Error, Items, Merges, error};

impl Merges<'_> {
    /// What a merge changed, resource by resource: field by field, before and after. They are fetched as they are
    /// needed; where a connection breaks, it goes on after the last one that came. There is no deadline.
    pub fn merge_changes(&self, request: GetMergeChangesRequest) -> Items<MergedResource> {
        let reading = Reading { client: self.client.clone(), request, stream: None, came: true };
        Items(stream::try_unfold(reading, Reading::next).boxed())
    }
}

struct Reading {
    client: Client,
    request: GetMergeChangesRequest,
    stream: Option<Streaming<GetMergeChangesResponse>>,
    /// Whether anything came since it was last tried again: else trying leads nowhere.
    came: bool,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(MergedResource, Self)>, Error> {
        loop {
            match self.message().await {
                Ok(Some(message)) => {
                    let resource = message.resource.unwrap_or_default();
                    self.request.after.clone_from(&resource.key);
                    self.came = true;
                    return Ok(Some((resource, self)));
                }
                Ok(None) => return Ok(None),
                Err(status) if self.came && error::is_transient(&status) => {
                    (self.stream, self.came) = (None, false);
                }
                Err(status) => return Err(status.into()),
            }
        }
    }

    async fn message(&mut self) -> Result<Option<GetMergeChangesResponse>, tonic::Status> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let mut raw = Merges::raw(self.client.service());
                none.insert(raw.get_merge_changes(self.request.clone()).await?.into_inner())
            }
        };
        stream.message().await
    }
}
