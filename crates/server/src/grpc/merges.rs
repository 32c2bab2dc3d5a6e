//! `MergeService`.

use std::{pin::Pin, sync::Arc};

use futures::Stream;
use sandbar_app::{
    App,
    merges::{
        self, ApplyMerge, Changes, GetChanges, ListMerges, PlanView, PreviewMerge, PreviewRevert,
        RevertMerge, Review,
    },
};
use sandbar_model::{MergeId, Result as ModelResult};
use tonic::{Request, Status};

use super::{Answer, Grpc, change, read};
use crate::{
    convert::{
        Fields,
        merge::{change_to_wire, head_to_wire, item_to_wire, merge_to_wire},
        project::restored_to_wire,
    },
    status::from_error,
    wire::{self, merge_service_server::MergeService},
};

type Parts<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send + 'static>>;

#[tonic::async_trait]
impl MergeService for Grpc {
    type PreviewMergeStream = Parts<wire::PreviewMergeResponse>;

    async fn preview_merge(
        &self,
        request: Request<wire::PreviewMergeRequest>,
    ) -> Answer<Self::PreviewMergeStream> {
        use wire::preview_merge_response::Part;
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let (choices, retire) = fields.choices("choices", m.choices);
        let request = PreviewMerge {
            source: fields.id("source_id", &m.source_id),
            target: fields.optional_id("target_id", &m.target_id),
            choices,
            retire,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let plan = merges::preview(&self.app, &call, &request).await;
        call.answer(plan.map(|plan| {
            let wrap = |part: PlanPart| match part {
                PlanPart::Head(head) => Part::Head(*head),
                PlanPart::MoreWarnings(more) => Part::MoreWarnings(more),
                PlanPart::Resource(one) => Part::Resource(*one),
            };
            let wrap = move |part| wire::PreviewMergeResponse { part: Some(wrap(part)) };
            parts(Arc::clone(&self.app), plan, wrap)
        }))
    }

    async fn apply_merge(
        &self,
        request: Request<wire::ApplyMergeRequest>,
    ) -> Answer<wire::ApplyMergeResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let (choices, retire) = fields.choices("choices", m.choices);
        let request = ApplyMerge {
            source: fields.id("source_id", &m.source_id),
            target: fields.optional_id("target_id", &m.target_id),
            choices,
            retire,
            review: Review::parse(m.plan_token, m.allow_unreviewed).map_err(from_error)?,
            request_id: m.request_id,
            validate_only: m.validate_only,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let merged = merges::apply(&self.app, &call, &request).await;
        call.answer(merged.map(|view| wire::ApplyMergeResponse { merge: Some(merge_to_wire(view)) }))
    }

    type PreviewRevertStream = Parts<wire::PreviewRevertResponse>;

    async fn preview_revert(
        &self,
        request: Request<wire::PreviewRevertRequest>,
    ) -> Answer<Self::PreviewRevertStream> {
        use wire::preview_revert_response::Part;
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let (choices, _) = fields.choices("choices", m.choices);
        let request = PreviewRevert { merge: fields.id("merge_id", &m.merge_id), choices };
        let request = fields.finish(request).map_err(from_error)?;
        let plan = merges::preview_revert(&self.app, &call, &request).await;
        call.answer(plan.map(|plan| {
            let wrap = |part: PlanPart| match part {
                PlanPart::Head(head) => Part::Head(*head),
                PlanPart::MoreWarnings(more) => Part::MoreWarnings(more),
                PlanPart::Resource(one) => Part::Resource(*one),
            };
            let wrap = move |part| wire::PreviewRevertResponse { part: Some(wrap(part)) };
            parts(Arc::clone(&self.app), plan, wrap)
        }))
    }

    async fn revert_merge(
        &self,
        request: Request<wire::RevertMergeRequest>,
    ) -> Answer<wire::RevertMergeResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let (choices, _) = fields.choices("choices", m.choices);
        let request = RevertMerge {
            merge: fields.id("merge_id", &m.merge_id),
            choices,
            review: Review::parse(m.plan_token, m.allow_unreviewed).map_err(from_error)?,
            restore_source: m.restore_source,
            request_id: m.request_id,
            validate_only: m.validate_only,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let reverted = merges::revert(&self.app, &call, &request).await;
        call.answer(reverted.map(|reverted| {
            let (restored, triggers_turned_off) = restored_to_wire(reverted.restored);
            let restored = (!restored.is_empty())
                .then_some(wire::RestoreSandboxResponse { restored, triggers_turned_off });
            wire::RevertMergeResponse { merge: Some(merge_to_wire(reverted.merge)), restored }
        }))
    }

    async fn get_merge(&self, request: Request<wire::GetMergeRequest>) -> Answer<wire::GetMergeResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let id: MergeId = fields.id("merge_id", &m.merge_id);
        let id = fields.finish(id).map_err(from_error)?;
        let found = merges::get(&self.app, &call, id).await;
        call.answer(found.map(|view| wire::GetMergeResponse { merge: Some(merge_to_wire(view)) }))
    }

    type GetMergeChangesStream = Parts<wire::GetMergeChangesResponse>;

    async fn get_merge_changes(
        &self,
        request: Request<wire::GetMergeChangesRequest>,
    ) -> Answer<Self::GetMergeChangesStream> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = GetChanges {
            merge: fields.id("merge_id", &m.merge_id),
            resource: m.resource.map(|key| fields.key("resource", Some(key))),
            after: m.after.map(|key| fields.key("after", Some(key))),
        };
        let request = fields.finish(request).map_err(from_error)?;
        let changes = merges::changes(&self.app, &call, &request).await;
        call.answer(changes.map(|changes| changed(Arc::clone(&self.app), changes)))
    }

    async fn list_merges(
        &self,
        request: Request<wire::ListMergesRequest>,
    ) -> Answer<wire::ListMergesResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let project = fields.id("project_id", &m.project_id);
        let filter = fields.merge_filter(&m);
        let request = ListMerges { project, filter, page_size: m.page_size, page_token: m.page_token };
        let request = fields.finish(request).map_err(from_error)?;
        let page = merges::list(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListMergesResponse {
            merges: page.rows.into_iter().map(merge_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }
}

/// One message of a plan.
enum PlanPart {
    Head(Box<wire::PlanHead>),
    MoreWarnings(wire::MoreWarnings),
    Resource(Box<wire::PlanResource>),
}

/// A plan as a stream: its head with all warnings, then one resource after the other, each with its bodies loaded and compared only when
/// the one before has gone out.
fn parts<T: Send + 'static>(
    app: Arc<App>,
    plan: PlanView,
    wrap: impl Fn(PlanPart) -> T + Send + Sync + 'static,
) -> Parts<T> {
    let (head, more) = head_to_wire(&plan);
    let more = more.into_iter().map(PlanPart::MoreWarnings);
    let head: Vec<_> =
        std::iter::once(PlanPart::Head(Box::new(head))).chain(more).map(&wrap).map(Ok).collect();
    let state = Arc::new((app, plan, wrap));
    let items = state.1.plan.items.len();
    let resources = futures::stream::unfold((state, 0), move |(state, at)| async move {
        if at >= items {
            return None;
        }
        let described = describe(&state.0, &state.1, at).await;
        let part =
            described.map(|resource| (state.2)(PlanPart::Resource(Box::new(resource)))).map_err(from_error);
        let next = if part.is_err() { items } else { at + 1 };
        Some((part, (state, next)))
    });
    Box::pin(futures::StreamExt::chain(futures::stream::iter(head), resources))
}

/// What a merge changed as a stream: each resource is read and compared only when the one before has gone out.
fn changed(app: Arc<App>, changes: Changes) -> Parts<wire::GetMergeChangesResponse> {
    let parts = futures::stream::unfold(Some((app, changes)), |state| async move {
        let (app, mut changes) = state?;
        match changes.next(&app).await {
            Ok(None) => None,
            Ok(Some(view)) => {
                let part = wire::GetMergeChangesResponse { resource: Some(change_to_wire(view)) };
                Some((Ok(part), Some((app, changes))))
            }
            Err(error) => Some((Err(from_error(error)), None)),
        }
    });
    Box::pin(parts)
}

async fn describe(app: &App, plan: &PlanView, at: usize) -> ModelResult<wire::PlanResource> {
    let item = plan.plan.items.get(at).ok_or(sandbar_model::Error::Bug("a plan got shorter"))?;
    let described = merges::describe(app, plan, item).await?;
    Ok(item_to_wire(described, plan.stamps.get(&(item.kind, item.id))))
}
