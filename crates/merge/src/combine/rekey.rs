//! A version of a workflow under the ids of another.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use sandbar_model::workflow::{Cron, Edge, Job, StoredWorkflow, Trigger, TriggerKind};
use uuid::Uuid;

use super::pairing::Pairing;

/// The source's version with each part that the target has too under the target's id (3-merge §3.1), whatever a client
/// that made the parts anew has called them: what refers to the target's parts from elsewhere still finds them. With a
/// base, a part is what it was when the two last agreed; without, what it looks like.
pub(crate) fn under_the_targets_ids<'s>(
    base: Option<&StoredWorkflow>,
    source: &'s StoredWorkflow,
    target: &StoredWorkflow,
) -> Cow<'s, StoredWorkflow> {
    if has_only_parts_of(source, target) {
        return Cow::Borrowed(source);
    }
    let Some(base) = base else {
        return Cow::Owned(rekey(source, &Pairing::of(source, target)));
    };
    let as_agreed = rekey(source, &Pairing::of(source, base));
    let base_to_target = Pairing::of(base, target);
    let (known, base) = (rekey(&as_agreed, &base_to_target), rekey(base, &base_to_target));
    let additions = Pairing::of_additions(&known, target, &base);
    Cow::Owned(rekey(&known, &additions))
}

/// Nearly always, and then there is nothing to pair.
fn has_only_parts_of(one: &StoredWorkflow, other: &StoredWorkflow) -> bool {
    let known: BTreeSet<_> = ids(other).collect();
    ids(one).all(|id| known.contains(&id))
}

fn ids(workflow: &StoredWorkflow) -> impl Iterator<Item = Uuid> + '_ {
    let jobs = workflow.jobs.iter().map(|job| job.id.0);
    let triggers = workflow.triggers.iter().map(|trigger| trigger.id.0);
    jobs.chain(triggers).chain(workflow.edges.iter().map(|edge| edge.id.0))
}

/// The workflow with each paired part under its partner's id. The others keep their own; so does one whose partner's id
/// another part of the workflow has already.
pub(super) fn rekey(workflow: &StoredWorkflow, pairing: &Pairing) -> StoredWorkflow {
    let pairing = &Pairing {
        jobs: without_collisions(&pairing.jobs, workflow.jobs.iter().map(|job| job.id)),
        triggers: without_collisions(&pairing.triggers, workflow.triggers.iter().map(|trigger| trigger.id)),
        edges: without_collisions(&pairing.edges, workflow.edges.iter().map(|edge| edge.id)),
    };
    let job = |id| pairing.jobs.get(&id).copied().unwrap_or(id);
    let trigger = |id| pairing.triggers.get(&id).copied().unwrap_or(id);
    let node = |id: Uuid| match (pairing.jobs.get(&id.into()), pairing.triggers.get(&id.into())) {
        (Some(job), _) => job.0,
        (None, Some(trigger)) => trigger.0,
        (None, None) => id,
    };
    let kind = |kind: &TriggerKind| match kind {
        TriggerKind::Webhook(_) => kind.clone(),
        TriggerKind::Cron(cron) => {
            TriggerKind::Cron(Cron { cursor_job: cron.cursor_job.map(job), ..cron.clone() })
        }
    };
    let triggers = workflow.triggers.iter();
    let edges = workflow.edges.iter().map(|edge| Edge {
        id: pairing.edges.get(&edge.id).copied().unwrap_or(edge.id),
        source: pairing.source(edge.source).unwrap_or(edge.source),
        target: job(edge.target),
        ..edge.clone()
    });
    let rekeyed = StoredWorkflow {
        jobs: workflow.jobs.iter().map(|own| Job { id: job(own.id), ..own.clone() }).collect(),
        triggers: triggers.map(|own| Trigger { id: trigger(own.id), kind: kind(&own.kind) }).collect(),
        edges: edges.collect(),
        positions: workflow.positions.iter().map(|(id, at)| (node(*id), *at)).collect(),
        ..workflow.clone()
    };
    rekeyed.tidy()
}

/// The pairs of these parts that leave no two of them under one id.
fn without_collisions<I: Ord + Copy>(
    pairs: &BTreeMap<I, I>,
    parts: impl Iterator<Item = I>,
) -> BTreeMap<I, I> {
    let (mut pairs, mut unpaired) = (pairs.clone(), Vec::new());
    let parts: BTreeSet<I> = parts.collect();
    unpaired.extend(parts.iter().filter(|id| !pairs.contains_key(id)).copied());
    let mut by_partner: BTreeMap<I, I> =
        pairs.iter().filter(|(own, _)| parts.contains(own)).map(|(own, partner)| (*partner, *own)).collect();
    // A part that keeps its own id may be in the way of another, which then keeps its own as well.
    while let Some(taken) = unpaired.pop() {
        if let Some(own) = by_partner.remove(&taken) {
            pairs.remove(&own);
            unpaired.push(own);
        }
    }
    pairs
}
