//! The step whose output a schedule starts from, where one side chose it and the other removed that step.

use std::collections::BTreeSet;

use sandbar_model::{
    JobId, Result, TriggerId,
    workflow::{Cron, StoredWorkflow, Trigger, TriggerKind},
};
use serde_json::json;

use super::{disputes::undisputed, fields::At, settle::Settling};

impl Settling<'_> {
    /// Asks about each cursor step that one side chose and the other removed: an edge would go with its end, but a schedule
    /// that silently starts from nothing, or from another step, runs on other data.
    pub(super) fn cursors(
        &mut self,
        base: Option<&StoredWorkflow>,
        source: &StoredWorkflow,
        target: &StoredWorkflow,
        triggers: &mut [Trigger],
    ) -> Result<()> {
        let removed = removed(base, source, target);
        for trigger in triggers {
            let at = At::part(self, trigger);
            let TriggerKind::Cron(cron) = &mut trigger.kind else { continue };
            if !cron.cursor_job.is_some_and(|job| removed.contains(&job)) {
                continue;
            }
            let sides = [base, Some(source), Some(target)];
            let [was, ours, theirs] = sides.map(|side| side.and_then(|side| cron_of(side, trigger.id)));
            if both_changed(was, ours, theirs) {
                continue;
            }
            let [was, ours, theirs] = [was, ours, theirs].map(|side| side.and_then(|cron| cron.cursor_job));
            let values = [was, ours, theirs].map(|side| side.map(|job| json!(job)));
            let own = |value: &serde_json::Value| {
                serde_json::from_value(value.clone())
                    .map_err(|problem| format!("the value is not the id of a step, or null: {problem}"))
            };
            let place = at.field("cursor_job", "cursor step");
            cron.cursor_job = self.disputes.field(place, values, (ours, theirs), own)?;
        }
        Ok(())
    }
}

/// The steps that one side removed.
fn removed(
    base: Option<&StoredWorkflow>,
    source: &StoredWorkflow,
    target: &StoredWorkflow,
) -> BTreeSet<JobId> {
    let ids = |side: &StoredWorkflow| -> BTreeSet<JobId> { side.jobs.iter().map(|job| job.id).collect() };
    let (source, target) = (ids(source), ids(target));
    let both = |job: &JobId| source.contains(job) && target.contains(job);
    base.map(ids).unwrap_or_default().into_iter().filter(|job| !both(job)).collect()
}

/// Whether that is a conflict of its own already.
fn both_changed(was: Option<&Cron>, ours: Option<&Cron>, theirs: Option<&Cron>) -> bool {
    let was = was.map(|cron| &cron.cursor_job);
    let both = ours.zip(theirs);
    both.is_some_and(|(ours, theirs)| undisputed(was, &ours.cursor_job, &theirs.cursor_job).is_none())
}

fn cron_of(side: &StoredWorkflow, id: TriggerId) -> Option<&Cron> {
    let trigger = side.triggers.iter().find(|trigger| trigger.id == id)?;
    match &trigger.kind {
        TriggerKind::Cron(cron) => Some(cron),
        TriggerKind::Webhook(_) => None,
    }
}
