//! The fields of each thing that is compared field by field, under their names in `workflow.proto`, with defaults
//! spelled out. The patterns name every field, so that a new one can't be forgotten here.

use std::collections::BTreeMap;

use sandbar_model::{
    Collection, ContentHash, CredentialLink, JobId, Keychain, TriggerId,
    workflow::{Cron, Edge, EdgeSource, Job, StoredWorkflow, Trigger, TriggerKind, Uses, Webhook, Workflow},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A field with what a person calls it. None: it is not set.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) value: Option<Value>,
}

/// A part of a workflow.
pub(crate) trait Part {
    /// The first step of its path.
    const SEGMENT: &'static str;
    /// Its id, as of any part.
    fn uuid(&self) -> Uuid;
    /// What a person calls it.
    fn title(&self, names: &Names) -> String;
    /// All but id and body.
    fn fields(&self) -> Vec<Field>;
    /// Of a step.
    fn body(&self) -> Option<ContentHash> {
        None
    }
}

/// What a person calls the nodes of a workflow.
#[derive(Debug, Default)]
pub(crate) struct Names {
    jobs: BTreeMap<JobId, String>,
    triggers: BTreeMap<TriggerId, &'static str>,
}

impl Names {
    /// As the last of these versions calls them, or one before it.
    pub(crate) fn of<'w>(versions: impl Iterator<Item = &'w StoredWorkflow>) -> Self {
        let mut names = Self::default();
        for workflow in versions {
            names.jobs.extend(workflow.jobs.iter().map(|job| (job.id, job.name.clone())));
            names.triggers.extend(workflow.triggers.iter().map(|trigger| (trigger.id, word(trigger))));
        }
        names
    }

    /// For the node with this id, a job's or a trigger's.
    pub(crate) fn node(&self, job: JobId, trigger: TriggerId) -> String {
        match (self.jobs.get(&job), self.triggers.get(&trigger)) {
            (Some(name), _) => format!("step {name:?}"),
            (None, Some(word)) => format!("{word} trigger"),
            (None, None) => format!("node {}", job.0),
        }
    }

    fn job(&self, id: JobId) -> String {
        self.node(id, TriggerId(id.0))
    }
}

pub(crate) fn workflow_fields(workflow: &StoredWorkflow) -> Vec<Field> {
    let Workflow { name, concurrency, enable_job_logs, positions: _, jobs: _, triggers: _, edges: _ } =
        workflow;
    vec![
        field("name", "name", json!(name)),
        optional("concurrency", "concurrency", concurrency.map(|runs| json!(runs))),
        field("enable_job_logs", "job logs", json!(enable_job_logs)),
    ]
}

pub(crate) fn collection_fields(collection: &Collection) -> Vec<Field> {
    let Collection { name } = collection;
    vec![field("name", "name", json!(name))]
}

pub(crate) fn link_fields(link: &CredentialLink) -> Vec<Field> {
    let CredentialLink { credential, name, owner } = link;
    vec![
        field("name", "name", json!(name)),
        field("owner", "owner", json!(owner)),
        optional("credential_id", "credential", credential.map(|id| json!(id))),
    ]
}

pub(crate) fn keychain_fields(keychain: &Keychain) -> Vec<Field> {
    let Keychain { name, json_path, default_link } = keychain;
    vec![
        field("name", "name", json!(name)),
        field("json_path", "path", json!(json_path)),
        optional("default_link_id", "default credential", default_link.map(|id| json!(id))),
    ]
}

impl Part for Job<ContentHash> {
    const SEGMENT: &'static str = "jobs";

    fn uuid(&self) -> Uuid {
        self.id.0
    }

    fn title(&self, _: &Names) -> String {
        format!("step {:?}", self.name)
    }

    fn fields(&self) -> Vec<Field> {
        let Self { id: _, name, adaptor, body: _, uses } = self;
        let (link, keychain) = match uses {
            Some(Uses::CredentialLink(id)) => (Some(json!(id)), None),
            Some(Uses::Keychain(id)) => (None, Some(json!(id))),
            None => (None, None),
        };
        vec![
            field("name", "name", json!(name)),
            field("adaptor", "adaptor", json!(adaptor)),
            optional("credential_link_id", "credential", link),
            optional("keychain_id", "keychain", keychain),
        ]
    }

    fn body(&self) -> Option<ContentHash> {
        Some(self.body)
    }
}

impl Part for Trigger {
    const SEGMENT: &'static str = "triggers";

    fn uuid(&self) -> Uuid {
        self.id.0
    }

    fn title(&self, _: &Names) -> String {
        format!("{} trigger", word(self))
    }

    fn fields(&self) -> Vec<Field> {
        let mut fields = vec![field("type", "type", json!(word(self)))];
        fields.extend(match &self.kind {
            TriggerKind::Webhook(webhook) => webhook_fields(webhook),
            TriggerKind::Cron(cron) => cron_fields(cron),
        });
        fields
    }
}

impl Part for Edge {
    const SEGMENT: &'static str = "edges";

    fn uuid(&self) -> Uuid {
        self.id.0
    }

    fn title(&self, names: &Names) -> String {
        let from = match self.source {
            EdgeSource::Job(id) => names.job(id),
            EdgeSource::Trigger(id) => names.node(JobId(id.0), id),
        };
        format!("path from {from} to {}", names.job(self.target))
    }

    fn fields(&self) -> Vec<Field> {
        let Self { id: _, source, target, condition, label, expression, enabled } = self;
        let (job, trigger) = match source {
            EdgeSource::Job(id) => (Some(json!(id)), None),
            EdgeSource::Trigger(id) => (None, Some(json!(id))),
        };
        vec![
            optional("source_job_id", "start", job),
            optional("source_trigger_id", "starting trigger", trigger),
            field("target_job_id", "end", json!(target)),
            field("condition", "condition", json!(condition)),
            optional("label", "label", label.as_ref().map(|label| json!(label))),
            optional("expression", "expression", expression.as_ref().map(|expression| json!(expression))),
            field("enabled", "enabled", json!(enabled)),
        ]
    }
}

fn webhook_fields(webhook: &Webhook) -> Vec<Field> {
    let Webhook { custom_path, reply, success_code, error_code, auth_methods } = webhook;
    let methods = (!auth_methods.is_empty()).then(|| json!(auth_methods));
    vec![
        optional("custom_path", "custom path", custom_path.as_ref().map(|path| json!(path))),
        field("reply", "reply", json!(reply)),
        optional("success_code", "success code", success_code.map(|code| json!(code))),
        optional("error_code", "error code", error_code.map(|code| json!(code))),
        optional("auth_method_ids", "auth methods", methods),
    ]
}

fn cron_fields(cron: &Cron) -> Vec<Field> {
    let Cron { expression, cursor_job } = cron;
    vec![
        field("expression", "schedule", json!(expression)),
        optional("cursor_job_id", "cursor step", cursor_job.map(|job| json!(job))),
    ]
}

fn word(trigger: &Trigger) -> &'static str {
    match trigger.kind {
        TriggerKind::Webhook(_) => "webhook",
        TriggerKind::Cron(_) => "cron",
    }
}

fn field(name: &'static str, title: &'static str, value: Value) -> Field {
    optional(name, title, Some(value))
}

fn optional(name: &'static str, title: &'static str, value: Option<Value>) -> Field {
    Field { name, title, value }
}
