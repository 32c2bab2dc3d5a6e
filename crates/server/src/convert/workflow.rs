//! Workflows: from the wire here, to the wire in `answer`.

mod answer;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, btree_map::Entry};

use sandbar_model::{
    Error, JobId, ResourceId, Result, TriggerId, Workflow,
    workflow::{
        Condition, Cron, DEFAULT_ADAPTOR, DEFAULT_CRON, Edge, EdgeSource, Job, Position, Trigger,
        TriggerKind, Uses, Webhook, WebhookReply,
    },
};
use uuid::Uuid;

pub use answer::{Heading, Place, summary_to_wire, trigger_to_wire, workflow_to_wire};

use super::Fields;
use crate::wire;

/// Makes the ids of what comes without one.
pub type NewId<'a> = &'a mut dyn FnMut() -> Uuid;

impl Fields {
    /// A workflow that is to be written, with its id. `prefix` is the path of the message. Parts keep the order in which
    /// they came, so that what the model's rules say of `jobs[2]` is about the caller's third. Output-only fields are
    /// ignored.
    ///
    /// # Errors
    /// [`Error::KafkaUnsupported`] at once, as its reason is not that of a field.
    pub fn workflow(
        &mut self,
        prefix: &str,
        workflow: wire::Workflow,
        new_id: NewId<'_>,
    ) -> Result<(ResourceId, Workflow)> {
        let id = self.part_id(&format!("{prefix}.id"), &workflow.id, new_id);
        let positions = self.positions(prefix, workflow.positions);
        let mut jobs = Vec::with_capacity(workflow.jobs.len());
        for (at, job) in workflow.jobs.into_iter().enumerate() {
            jobs.push(self.job(&format!("{prefix}.jobs[{at}]"), job, new_id));
        }
        let mut triggers = Vec::with_capacity(workflow.triggers.len());
        for (at, trigger) in workflow.triggers.into_iter().enumerate() {
            triggers.push(self.trigger(&format!("{prefix}.triggers[{at}]"), trigger, new_id)?);
        }
        let mut edges = Vec::with_capacity(workflow.edges.len());
        for (at, edge) in workflow.edges.into_iter().enumerate() {
            edges.push(self.edge(&format!("{prefix}.edges[{at}]"), edge, new_id));
        }
        let enable_job_logs = workflow.enable_job_logs.unwrap_or(true);
        let (name, concurrency) = (workflow.name, workflow.concurrency);
        Ok((id, Workflow { name, concurrency, enable_job_logs, positions, jobs, triggers, edges }))
    }

    fn part_id<T: From<Uuid>>(&mut self, field: &str, text: &str, new_id: NewId<'_>) -> T {
        if text.is_empty() { new_id().into() } else { self.id(field, text) }
    }

    fn positions(
        &mut self,
        prefix: &str,
        positions: BTreeMap<String, wire::Position>,
    ) -> BTreeMap<Uuid, Position> {
        let mut read = BTreeMap::new();
        for (id, position) in positions {
            let field = format!("{prefix}.positions[{id:?}]");
            // Two spellings of one id would be two keys on the wire.
            match read.entry(self.id(&field, &id)) {
                Entry::Vacant(place) => drop(place.insert(Position { x: position.x, y: position.y })),
                Entry::Occupied(_) => self.add(field, "is there twice, in upper and lower case"),
            }
        }
        read
    }

    fn job(&mut self, prefix: &str, job: wire::Job, new_id: NewId<'_>) -> Job {
        let uses = job.uses.map(|uses| match uses {
            wire::job::Uses::CredentialLinkId(id) => {
                Uses::CredentialLink(self.id(&format!("{prefix}.credential_link_id"), &id))
            }
            wire::job::Uses::KeychainId(id) => Uses::Keychain(self.id(&format!("{prefix}.keychain_id"), &id)),
        });
        Job {
            id: self.part_id(&format!("{prefix}.id"), &job.id, new_id),
            name: job.name,
            adaptor: or_default(job.adaptor, DEFAULT_ADAPTOR),
            body: job.body,
            uses,
        }
    }

    fn trigger(&mut self, prefix: &str, trigger: wire::Trigger, new_id: NewId<'_>) -> Result<Trigger> {
        let kind = match trigger.r#type {
            Some(wire::trigger::Type::Webhook(webhook)) => {
                TriggerKind::Webhook(self.webhook(&format!("{prefix}.webhook"), webhook))
            }
            Some(wire::trigger::Type::Cron(cron)) => TriggerKind::Cron(Cron {
                expression: or_default(cron.expression, DEFAULT_CRON),
                cursor_job: self.optional_id(&format!("{prefix}.cron.cursor_job_id"), &cron.cursor_job_id),
            }),
            Some(wire::trigger::Type::Kafka(_)) => {
                let name = if trigger.id.is_empty() { prefix.to_owned() } else { trigger.id };
                return Err(Error::KafkaUnsupported { trigger: name });
            }
            None => {
                self.add(format!("{prefix}.type"), "is required: webhook or cron");
                TriggerKind::Webhook(Webhook::default())
            }
        };
        Ok(Trigger { id: self.part_id(&format!("{prefix}.id"), &trigger.id, new_id), kind })
    }

    fn webhook(&mut self, prefix: &str, webhook: wire::WebhookTrigger) -> Webhook {
        let reply = self.optional_enum(&format!("{prefix}.reply"), webhook.reply, reply);
        let auth_methods = webhook
            .auth_method_ids
            .iter()
            .enumerate()
            .map(|(at, id)| self.id(&format!("{prefix}.auth_method_ids[{at}]"), id))
            .collect();
        Webhook {
            custom_path: some(webhook.custom_path),
            reply: reply.unwrap_or_default(),
            success_code: self.http_code(&format!("{prefix}.success_code"), webhook.success_code),
            error_code: self.http_code(&format!("{prefix}.error_code"), webhook.error_code),
            auth_methods,
        }
    }

    /// Whether it is a code of HTTP is for the model to say; here it must only fit.
    fn http_code(&mut self, field: &str, code: Option<u32>) -> Option<u16> {
        let code = code?;
        let fits = u16::try_from(code).ok();
        if fits.is_none() {
            self.add(field, format!("must be an HTTP code, 100 to 599, and not {code}"));
        }
        fits
    }

    fn edge(&mut self, prefix: &str, edge: wire::Edge, new_id: NewId<'_>) -> Edge {
        let source = match edge.source {
            Some(wire::edge::Source::SourceJobId(id)) => {
                EdgeSource::Job(self.id(&format!("{prefix}.source_job_id"), &id))
            }
            Some(wire::edge::Source::SourceTriggerId(id)) => {
                EdgeSource::Trigger(self.id(&format!("{prefix}.source_trigger_id"), &id))
            }
            None => {
                self.add(
                    format!("{prefix}.source"),
                    "is required: the job or the trigger that the edge starts at",
                );
                EdgeSource::Trigger(TriggerId(Uuid::nil()))
            }
        };
        let condition = self.optional_enum(&format!("{prefix}.condition"), edge.condition, condition);
        let target: JobId = self.id(&format!("{prefix}.target_job_id"), &edge.target_job_id);
        Edge {
            id: self.part_id(&format!("{prefix}.id"), &edge.id, new_id),
            source,
            target,
            condition: condition.unwrap_or_default(),
            label: some(edge.label),
            expression: some(edge.expression),
            enabled: edge.enabled.unwrap_or(true),
        }
    }
}

fn reply(reply: wire::WebhookReply) -> Option<WebhookReply> {
    match reply {
        wire::WebhookReply::Unspecified => None,
        wire::WebhookReply::BeforeStart => Some(WebhookReply::BeforeStart),
        wire::WebhookReply::AfterCompletion => Some(WebhookReply::AfterCompletion),
    }
}

fn condition(condition: wire::EdgeCondition) -> Option<Condition> {
    match condition {
        wire::EdgeCondition::Unspecified => None,
        wire::EdgeCondition::Always => Some(Condition::Always),
        wire::EdgeCondition::OnJobSuccess => Some(Condition::OnJobSuccess),
        wire::EdgeCondition::OnJobFailure => Some(Condition::OnJobFailure),
        wire::EdgeCondition::JsExpression => Some(Condition::JsExpression),
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn or_default(text: String, default: &str) -> String {
    some(text).unwrap_or_else(|| default.to_owned())
}
