//! Plans: what a merge, or undoing one, would do.

use tonic::{Response, Status, Streaming};

use crate::v1::preview_merge_response::Part;
use crate::v1::{self, PlanHead, PlanResource, preview_revert_response};
use crate::{Error, Merges};

/// What a preview says: the head, whose `plan_token` binds an apply to exactly this, and every resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Where from and where to, counts, all warnings, what would be retired, and the token.
    pub head: PlanHead,
    /// What happened to each resource and what an apply would do with it.
    pub resources: Vec<PlanResource>,
}

impl Merges<'_> {
    /// Says what a merge would do. Nothing changes. Needs admin on the source and editor on the target.
    ///
    /// # Errors
    ///
    /// What the server refuses, and [`Error::Incomplete`] when the answer has no head.
    pub async fn preview_merge(&self, request: v1::PreviewMergeRequest) -> Result<Plan, Error> {
        let call = async |service, request| {
            let stream = Self::raw(service).preview_merge(request).await;
            collect(stream, |message: v1::PreviewMergeResponse| message.part).await
        };
        self.client.run(request, true, call).await?.whole()
    }

    /// Says what undoing a merge would do. Nothing changes. Needs editor on the merge's target.
    ///
    /// # Errors
    ///
    /// What the server refuses, and [`Error::Incomplete`] when the answer has no head.
    pub async fn preview_revert(&self, request: v1::PreviewRevertRequest) -> Result<Plan, Error> {
        let part = |message: v1::PreviewRevertResponse| {
            message.part.map(|part| match part {
                preview_revert_response::Part::Head(head) => Part::Head(head),
                preview_revert_response::Part::MoreWarnings(more) => Part::MoreWarnings(more),
                preview_revert_response::Part::Resource(resource) => Part::Resource(resource),
            })
        };
        let call = async |service, request| {
            let stream = Self::raw(service).preview_revert(request).await;
            collect(stream, part).await
        };
        self.client.run(request, true, call).await?.whole()
    }
}

/// What has come of a plan.
#[derive(Default)]
struct Received {
    head: Option<PlanHead>,
    resources: Vec<PlanResource>,
}

impl Received {
    fn whole(self) -> Result<Plan, Error> {
        let head = self.head.ok_or(Error::Incomplete("the plan has no head"))?;
        Ok(Plan { head, resources: self.resources })
    }
}

async fn collect<M>(
    stream: Result<Response<Streaming<M>>, Status>,
    part: impl Fn(M) -> Option<Part>,
) -> Result<Received, Status> {
    let mut stream = stream?.into_inner();
    let mut received = Received::default();
    while let Some(message) = stream.message().await? {
        match part(message) {
            Some(Part::Head(head)) => received.head = Some(head),
            Some(Part::MoreWarnings(more)) => {
                // They come after the head that they belong to.
                received.head.get_or_insert_default().warnings.extend(more.warnings);
            }
            Some(Part::Resource(resource)) => received.resources.push(resource),
            // A kind of part that a newer server sends and this client does not know.
            None => {}
        }
    }
    Ok(received)
}
