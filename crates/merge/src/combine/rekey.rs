//! A version of a workflow under the ids of another.

use sandbar_model::workflow::{Cron, Edge, Job, StoredWorkflow, Trigger, TriggerKind};
use uuid::Uuid;

use super::pairing::Pairing;

/// The workflow with each paired part under its partner's id. The others keep their own.
pub(super) fn rekey(workflow: &StoredWorkflow, pairing: &Pairing) -> StoredWorkflow {
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
