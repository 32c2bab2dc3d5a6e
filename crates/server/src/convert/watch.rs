//! Changes as watchers get them.

use sandbar_app::watch::{ChangeKind, ChangeView, Message};

use super::{common::key_to_wire, time};
use crate::wire;

/// What comes of a watch.
pub fn message_to_wire(message: Message) -> wire::WatchResponse {
    wire::WatchResponse { cursor: message.cursor, change: message.change.map(change_to_wire) }
}

fn change_to_wire(change: ChangeView) -> wire::ProjectChange {
    let actor =
        change.actor.map(|(id, name)| wire::Actor { principal_id: id.to_string(), name: (*name).to_owned() });
    let resource = change.resource;
    wire::ProjectChange {
        project_id: change.project.to_string(),
        kind: kind_to_wire(change.kind).into(),
        time: Some(time::to_wire(change.time)),
        actor,
        resource: resource.as_ref().map(|resource| key_to_wire(resource.kind, resource.id)),
        revision: resource.as_ref().map_or(0, |resource| resource.revision.0),
        etag: resource
            .as_ref()
            .and_then(|resource| resource.hash)
            .map(|hash| hash.to_string())
            .unwrap_or_default(),
        name: resource.map(|resource| resource.name).unwrap_or_default(),
        subject_id: change.subject.map(|id| id.to_string()).unwrap_or_default(),
    }
}

fn kind_to_wire(kind: ChangeKind) -> wire::ChangeKind {
    use ChangeKind as K;
    match kind {
        K::ResourcePut => wire::ChangeKind::ResourcePut,
        K::ResourceDeleted => wire::ChangeKind::ResourceDeleted,
        K::TriggerSet => wire::ChangeKind::TriggerSet,
        K::ProjectCreated => wire::ChangeKind::ProjectCreated,
        K::ProjectUpdated => wire::ChangeKind::ProjectUpdated,
        K::ProjectScheduled => wire::ChangeKind::ProjectScheduled,
        K::ProjectRestored => wire::ChangeKind::ProjectRestored,
        K::ProjectMoved => wire::ChangeKind::ProjectMoved,
        K::Imported => wire::ChangeKind::Imported,
        K::Merged => wire::ChangeKind::Merged,
        K::Reverted => wire::ChangeKind::Reverted,
        K::MemberSet => wire::ChangeKind::MemberSet,
        K::MemberRemoved => wire::ChangeKind::MemberRemoved,
        K::SubscriptionUpdated => wire::ChangeKind::SubscriptionUpdated,
    }
}
