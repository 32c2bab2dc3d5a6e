//! The one form in which a workflow is kept, so that equal workflows are equal values with equal hashes.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Position, Trigger, TriggerKind, Workflow};
use crate::text;

impl<B> Workflow<B> {
    /// The form in which it is kept: names in NFC (jobs' trimmed too), parts sorted by id, auth methods sorted and
    /// listed once, no positions of parts that don't exist, no empty labels or expressions. Idempotent.
    ///
    /// Where a path is empty it stays: that is for [`Self::violations`] to tell.
    #[must_use]
    pub fn tidy(mut self) -> Self {
        self.name = text::nfc(&self.name);
        for job in &mut self.jobs {
            job.name = tidy_job_name(&job.name);
        }
        self.triggers.iter_mut().for_each(tidy_trigger);
        for edge in &mut self.edges {
            edge.label.take_if(|label| label.is_empty());
            edge.expression.take_if(|expression| expression.is_empty());
        }
        let drawn: HashSet<Uuid> = self.drawn_parts().collect();
        self.positions.retain(|part, _| drawn.contains(part));
        self.positions.values_mut().for_each(tidy_position);
        self.jobs.sort_by_key(|job| job.id);
        self.triggers.sort_by_key(|trigger| trigger.id);
        self.edges.sort_by_key(|edge| edge.id);
        self
    }

    /// The ids of the parts that have a position: jobs and triggers.
    fn drawn_parts(&self) -> impl Iterator<Item = Uuid> {
        let jobs = self.jobs.iter().map(|job| job.id.0);
        jobs.chain(self.triggers.iter().map(|trigger| trigger.id.0))
    }
}

/// A job's name as it is kept, and compared with its siblings'.
pub(super) fn tidy_job_name(name: &str) -> String {
    text::nfc(name.trim())
}

fn tidy_trigger(trigger: &mut Trigger) {
    if let TriggerKind::Webhook(webhook) = &mut trigger.kind {
        webhook.auth_methods.sort_unstable();
        webhook.auth_methods.dedup();
    }
}

/// JSON in its canonical form knows no negative zero.
fn tidy_position(position: &mut Position) {
    position.x += 0.0;
    position.y += 0.0;
}
