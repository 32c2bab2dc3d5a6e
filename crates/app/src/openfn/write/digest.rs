//! What `OpenFn`'s clients know a workflow's state by.

use std::{cmp::Ordering, collections::HashMap, sync::LazyLock};

use icu_collator::{Collator, CollatorBorrowed, CollatorPreferences, options::CollatorOptions};
use sandbar_model::{
    ResourceId, TriggerId,
    workflow::{Condition, Workflow},
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    Shape, Stamps,
    entry::{self, Edge},
};

/// As JavaScript's `localeCompare` orders names in most languages: by the root collation of Unicode.
static COLLATOR: LazyLock<Option<CollatorBorrowed<'static>>> =
    LazyLock::new(|| Collator::try_new(CollatorPreferences::default(), CollatorOptions::default()).ok());

/// The digest of a workflow as the clients of `OpenFn` (`@openfn/project` 0.20.2) compute it from what they are answered, so
/// that what they keep of it and what the server says of it agree: the first 12 hexadecimal digits of SHA-256. `title` is what
/// a credential link is called: `owner|name`.
///
/// Ids, positions, concurrency and times don't count; whether triggers are on does.
pub fn digest(
    workflow: &Workflow<String>,
    enabled: &dyn Fn(TriggerId) -> bool,
    title: &dyn Fn(ResourceId) -> Option<String>,
) -> String {
    of_answer(&as_answered(workflow, enabled), title)
}

fn as_answered<'a>(
    workflow: &'a Workflow<String>,
    enabled: &dyn Fn(TriggerId) -> bool,
) -> entry::Workflow<'a> {
    entry::Workflow::new(ResourceId(Uuid::nil()), workflow, enabled, Stamps::default(), Shape::Listed)
}

fn of_answer(shown: &entry::Workflow<'_>, title: &dyn Fn(ResourceId) -> Option<String>) -> String {
    let mut sum = Sum::default();
    sum.text(shown.name);
    triggers(&mut sum, shown);
    jobs(&mut sum, shown, title);
    edges(&mut sum, shown);
    let mut digits = hex::encode(sum.0.finalize());
    digits.truncate(12);
    digits
}

/// The values, one after the other, with nothing between them.
#[derive(Default)]
struct Sum(Sha256);

impl Sum {
    fn text(&mut self, text: &str) {
        self.0.update(text);
    }

    /// Nothing for what is not there.
    fn maybe(&mut self, text: Option<&str>) {
        self.text(text.unwrap_or_default());
    }

    /// A word, or an object as compact JSON.
    fn json(&mut self, value: &impl Serialize) {
        let text = serde_json::to_string(value).unwrap_or_default();
        self.text(text.trim_matches('"'));
    }
}

fn triggers(sum: &mut Sum, shown: &entry::Workflow<'_>) {
    for trigger in shown.triggers.values() {
        sum.maybe(trigger.cron_cursor_job_id.map(|id| id.to_string()).as_deref());
        sum.maybe(trigger.cron_expression);
        sum.maybe(trigger.custom_path);
        sum.json(&trigger.enabled);
        sum.text(trigger.kind);
        if let Some(reply) = &trigger.webhook_reply {
            sum.json(reply);
        }
        if let Some(config) = &trigger.webhook_response_config {
            sum.json(config);
        }
    }
}

fn jobs(sum: &mut Sum, shown: &entry::Workflow<'_>, title: &dyn Fn(ResourceId) -> Option<String>) {
    let mut jobs: Vec<_> = shown.jobs.values().map(|job| (job.name.to_lowercase(), job)).collect();
    jobs.sort_by(|(one, _), (other, _)| collate(one, other));
    for (_, job) in jobs {
        sum.text(job.adaptor);
        sum.text(job.body);
        sum.maybe(job.keychain_credential_id.map(|id| id.to_string()).as_deref());
        sum.text(job.name);
        let credential = job.project_credential_id.map(|id| title(id).unwrap_or_else(|| id.to_string()));
        sum.maybe(credential.as_deref());
    }
}

fn edges(sum: &mut Sum, shown: &entry::Workflow<'_>) {
    let mut names: HashMap<Uuid, &str> = shown.jobs.values().map(|job| (job.id, job.name)).collect();
    names.extend(shown.triggers.values().map(|trigger| (trigger.id, trigger.kind)));
    let name_of = |id: Option<Uuid>| id.and_then(|id| names.get(&id).copied()).unwrap_or_default();
    let name = |edge: &Edge<'_>| {
        let source = edge.source_job_id.or(edge.source_trigger_id);
        format!("{}-{}", name_of(source), name_of(Some(edge.target_job_id)))
    };
    let mut edges: Vec<_> = shown.edges.values().map(|edge| (name(edge), edge)).collect();
    edges.sort_by(|(one, _), (other, _)| collate(one, other));
    for (name, edge) in edges {
        if edge.condition_type == Condition::JsExpression {
            sum.maybe(edge.condition_expression);
        }
        sum.maybe(edge.condition_label);
        sum.json(&edge.condition_type);
        sum.json(&edge.enabled);
        sum.text(&name);
    }
}

/// What `localeCompare` says.
pub(in crate::openfn) fn collate(one: &str, other: &str) -> Ordering {
    COLLATOR.as_ref().map_or_else(|| one.cmp(other), |collator| collator.compare(one, other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openfn::tests::{digest::vector, read_workflow};

    /// The two vectors of what is never answered here, where triggers are sorted by type and none is kafka's.
    #[test]
    fn triggers_count_in_the_order_and_of_the_type_that_they_come_in() {
        let (input, expected) = vector("v4_two_triggers_ab");
        let piece = read_workflow(&input["workflows"][0].to_string()).unwrap();
        let mut shown = as_answered(&piece.workflow, &|_| true);
        shown.triggers.entries.reverse();
        assert_eq!(of_answer(&shown, &|_| None), expected);

        let (input, expected) = vector("v12_kafka");
        let input = input["workflows"][0].to_string().replace("\"kafka\"", "\"webhook\"");
        let piece = read_workflow(&input).unwrap();
        let mut shown = as_answered(&piece.workflow, &|_| true);
        shown.triggers.entries[0].1.kind = "kafka";
        assert_eq!(of_answer(&shown, &|_| None), expected);
    }
}
