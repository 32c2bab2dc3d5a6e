//! What the laws of combining are about: versions of workflows, and how they combine.

use std::collections::BTreeMap;

use sandbar_merge::combine::{Combined, Conflict, ConflictKind, Resolution, Versions, combine};
use sandbar_model::{
    Document,
    workflow::{StoredWorkflow, Trigger, TriggerKind},
};
use uuid::Uuid;

use crate::build::world::{Project, World};

pub(super) fn combined(
    world: &World,
    base: Option<&StoredWorkflow>,
    source: &StoredWorkflow,
    target: &StoredWorkflow,
) -> Combined {
    settled(world, base, source, target, &BTreeMap::new())
}

pub(super) fn settled(
    world: &World,
    base: Option<&StoredWorkflow>,
    source: &StoredWorkflow,
    target: &StoredWorkflow,
    resolutions: &BTreeMap<String, Resolution>,
) -> Combined {
    let combined = combine(Versions { base, source, target }, &|hash| world.text(hash), resolutions).unwrap();
    assert!(combined.wanted.is_empty());
    combined
}

/// The versions of each workflow that all three have.
pub(super) fn versions(world: &World) -> Vec<[StoredWorkflow; 3]> {
    let in_all = world.base.keys().filter_map(|key| {
        let of = |project: &Project| match project.get(key).map(|state| &*state.document) {
            Some(Document::Workflow(workflow)) => Some(unguarded(workflow.clone().tidy())),
            _ => None,
        };
        Some([of(&world.base)?, of(&world.source)?, of(&world.target)?])
    });
    in_all.collect()
}

/// Auth methods never cross onto a webhook that the target has.
fn unguarded(mut workflow: StoredWorkflow) -> StoredWorkflow {
    for trigger in &mut workflow.triggers {
        if let TriggerKind::Webhook(webhook) = &mut trigger.kind {
            webhook.auth_methods.clear();
        }
    }
    workflow
}

/// Whether ids of this side can't be expected in the result: a trigger that went while another of its type came keeps
/// its own, a step or path that was made again in its place, and so does everything in a workflow of which no id is left.
pub(super) fn takes_ids_over(base: &StoredWorkflow, side: &StoredWorkflow) -> bool {
    let only = |one: &StoredWorkflow, other: &StoredWorkflow| {
        one.triggers.iter().any(|own| other.triggers.iter().all(|their| their.id != own.id))
    };
    let remade =
        side.jobs.iter().any(|own| base.jobs.iter().any(|job| job.id != own.id && job.name == own.name));
    let led_again = side.edges.iter().any(|own| {
        let new = base.edges.iter().all(|edge| edge.id != own.id);
        new && base.edges.iter().any(|edge| (edge.source, edge.target) == (own.source, own.target))
    });
    (only(base, side) && only(side, base)) || remade || led_again || !shares(base, side)
}

/// Whether both sides added what is one thing under two ids, of which the result has the target's.
pub(super) fn added_alike(base: &StoredWorkflow, source: &StoredWorkflow, target: &StoredWorkflow) -> bool {
    let steps = |side: &StoredWorkflow| -> BTreeMap<_, _> {
        let new = side.jobs.iter().filter(|own| base.jobs.iter().all(|job| job.id != own.id));
        new.map(|own| (own.name.clone(), own.id.0)).collect()
    };
    let triggers = |side: &StoredWorkflow| -> BTreeMap<_, _> {
        let new = side.triggers.iter().filter(|own| base.triggers.iter().all(|trigger| trigger.id != own.id));
        let mark = |own: &Trigger| match &own.kind {
            TriggerKind::Webhook(webhook) => format!("webhook {:?}", webhook.custom_path),
            TriggerKind::Cron(cron) => format!("cron {}", cron.expression),
        };
        new.map(|own| (mark(own), own.id.0)).collect()
    };
    let edges = |side: &StoredWorkflow| -> BTreeMap<_, _> {
        let new = side.edges.iter().filter(|own| base.edges.iter().all(|edge| edge.id != own.id));
        new.map(|own| (format!("{:?} {}", own.source, own.target), own.id.0)).collect()
    };
    let alike = |one: BTreeMap<String, Uuid>, other: BTreeMap<String, Uuid>| {
        one.iter().any(|(what, id)| other.get(what).is_some_and(|theirs| theirs != id))
    };
    alike(steps(source), steps(target))
        || alike(triggers(source), triggers(target))
        || alike(edges(source), edges(target))
}

/// Whether it was not rebuilt.
pub(super) fn shares(base: &StoredWorkflow, side: &StoredWorkflow) -> bool {
    base.jobs.iter().any(|job| side.jobs.iter().any(|own| own.id == job.id))
        || base.triggers.iter().any(|trigger| side.triggers.iter().any(|own| own.id == trigger.id))
}

pub(super) fn sides(
    conflict: &Conflict,
) -> (&str, &ConflictKind, [&Option<serde_json::Value>; 3], Vec<[&str; 3]>) {
    let clashes = conflict.clashes.iter().map(|clash| [&*clash.base, &*clash.source, &*clash.target]);
    let Conflict { path, kind, base, source, target, .. } = conflict;
    (path, kind, [base, source, target], clashes.collect())
}
