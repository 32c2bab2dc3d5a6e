//! Workflows as their readers see them.

use std::collections::HashSet;

use sandbar_model::{
    ContentHash, ProjectId, ResourceId, Revision, TriggerId, Workflow,
    workflow::{Condition, Edge, EdgeSource, Job, Trigger, TriggerKind, Uses, WebhookReply, path_id},
};

use crate::wire;

/// Where a workflow is read: decides the webhooks' path ids.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// In this project.
    pub project: ProjectId,
    /// Which is a root.
    pub in_root: bool,
}

/// What is told of a workflow beside its content.
#[derive(Clone, Debug)]
pub struct Heading {
    /// Which one.
    pub id: ResourceId,
    /// The revision that wrote it.
    pub revision: Revision,
    /// The hash of its content, which is its etag.
    pub hash: ContentHash,
    /// When and by whom; see [`crate::convert::common::stamp_to_wire`].
    pub updated: wire::Stamp,
}

/// A workflow, whole. `enabled` are its triggers that are on in this project; others in it do not matter.
pub fn workflow_to_wire<B: Into<String>>(
    heading: Heading,
    place: Place,
    workflow: Workflow<B>,
    enabled: &[TriggerId],
) -> wire::Workflow {
    let positions = workflow.positions.into_iter();
    wire::Workflow {
        id: heading.id.to_string(),
        name: workflow.name,
        concurrency: workflow.concurrency,
        enable_job_logs: Some(workflow.enable_job_logs),
        positions: positions.map(|(id, at)| (id.to_string(), wire::Position { x: at.x, y: at.y })).collect(),
        jobs: workflow.jobs.into_iter().map(job).collect(),
        triggers: triggers(place, workflow.triggers, enabled),
        edges: workflow.edges.into_iter().map(edge).collect(),
        revision: heading.revision.0,
        etag: heading.hash.to_string(),
        updated: Some(heading.updated),
    }
}

/// A workflow in a list, without its steps.
pub fn summary_to_wire(
    heading: Heading,
    place: Place,
    name: String,
    jobs: usize,
    parts: Vec<Trigger>,
    enabled: &[TriggerId],
) -> wire::WorkflowSummary {
    wire::WorkflowSummary {
        id: heading.id.to_string(),
        name,
        revision: heading.revision.0,
        etag: heading.hash.to_string(),
        updated: Some(heading.updated),
        job_count: i32::try_from(jobs).unwrap_or(i32::MAX),
        triggers: triggers(place, parts, enabled),
    }
}

/// A trigger in a project.
pub fn trigger_to_wire(place: Place, trigger: Trigger, enabled: bool) -> wire::Trigger {
    let mut path = String::new();
    let kind = match trigger.kind {
        TriggerKind::Webhook(webhook) => {
            path = path_id(place.project, place.in_root, trigger.id).to_string();
            let reply = match webhook.reply {
                WebhookReply::BeforeStart => wire::WebhookReply::BeforeStart,
                WebhookReply::AfterCompletion => wire::WebhookReply::AfterCompletion,
            };
            wire::trigger::Type::Webhook(wire::WebhookTrigger {
                custom_path: webhook.custom_path.unwrap_or_default(),
                reply: reply.into(),
                success_code: webhook.success_code.map(u32::from),
                error_code: webhook.error_code.map(u32::from),
                auth_method_ids: webhook.auth_methods.iter().map(ToString::to_string).collect(),
            })
        }
        TriggerKind::Cron(cron) => wire::trigger::Type::Cron(wire::CronTrigger {
            expression: cron.expression,
            cursor_job_id: cron.cursor_job.map(|job| job.to_string()).unwrap_or_default(),
        }),
    };
    wire::Trigger { id: trigger.id.to_string(), r#type: Some(kind), enabled, path_id: path }
}

fn triggers(place: Place, triggers: Vec<Trigger>, enabled: &[TriggerId]) -> Vec<wire::Trigger> {
    let enabled: HashSet<_> = enabled.iter().collect();
    triggers
        .into_iter()
        .map(|trigger| {
            let on = enabled.contains(&trigger.id);
            trigger_to_wire(place, trigger, on)
        })
        .collect()
}

fn job<B: Into<String>>(job: Job<B>) -> wire::Job {
    let uses = job.uses.map(|uses| match uses {
        Uses::CredentialLink(id) => wire::job::Uses::CredentialLinkId(id.to_string()),
        Uses::Keychain(id) => wire::job::Uses::KeychainId(id.to_string()),
    });
    wire::Job { id: job.id.to_string(), name: job.name, adaptor: job.adaptor, body: job.body.into(), uses }
}

fn edge(edge: Edge) -> wire::Edge {
    let source = match edge.source {
        EdgeSource::Job(id) => wire::edge::Source::SourceJobId(id.to_string()),
        EdgeSource::Trigger(id) => wire::edge::Source::SourceTriggerId(id.to_string()),
    };
    let condition = match edge.condition {
        Condition::Always => wire::EdgeCondition::Always,
        Condition::OnJobSuccess => wire::EdgeCondition::OnJobSuccess,
        Condition::OnJobFailure => wire::EdgeCondition::OnJobFailure,
        Condition::JsExpression => wire::EdgeCondition::JsExpression,
    };
    wire::Edge {
        id: edge.id.to_string(),
        source: Some(source),
        target_job_id: edge.target.to_string(),
        condition: condition.into(),
        label: edge.label.unwrap_or_default(),
        expression: edge.expression.unwrap_or_default(),
        enabled: Some(edge.enabled),
    }
}
