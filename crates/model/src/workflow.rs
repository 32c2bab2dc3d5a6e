//! A workflow: steps, triggers, the edges between them, and the rules of 1-domain §3.

mod cron;
mod graph;
mod rules;
mod tidy;

pub use rules::{MAX_AUTH_METHODS, MAX_JOB_NAME, MAX_NAME, MAX_TEXT, REFUSED_WORDS};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{EdgeId, JobId, ProjectId, ResourceId, TriggerId, WebhookAuthMethodId, document::ContentHash};

/// The adaptor of a job that names none.
pub const DEFAULT_ADAPTOR: &str = "@openfn/language-common@latest";
/// The schedule of a cron trigger that names none.
pub const DEFAULT_CRON: &str = "0 0 * * *";
/// The largest body of a job, in bytes.
pub const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// A workflow's content. `B` is what stands for a step's body: its text, or the hash under which the text is kept.
///
/// Its own id is not part of it: that names the workflow in a project, beside its kind.
/// Parts are kept sorted by id, so that equal workflows are equal values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workflow<B = String> {
    /// 1–255 characters, NFC, no control characters, unique in the project.
    pub name: String,
    /// At least 1; none: no limit of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Whether its jobs' logs are kept. Default: true.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub enable_job_logs: bool,
    /// Where an editor draws each job and trigger.
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    pub positions: BTreeMap<Uuid, Position>,
    /// The steps.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<Job<B>>,
    /// What starts it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<Trigger>,
    /// From a trigger or job to a job.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<Edge>,
}

/// A workflow as it is kept and compared: with its bodies by hash.
pub type StoredWorkflow = Workflow<ContentHash>;

/// A point on an editor's canvas. Finite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job<B = String> {
    /// The same in every sandbox of the tree.
    pub id: JobId,
    /// 1–100 characters, trimmed, unique in the workflow.
    pub name: String,
    /// 1–255 characters.
    #[serde(default = "default_adaptor", skip_serializing_if = "is_default_adaptor")]
    pub adaptor: String,
    /// Source text of up to [`MAX_BODY_BYTES`], or its hash.
    pub body: B,
    /// What its adaptor signs in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<Uses>,
}

/// A job's way to a credential: at most one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uses {
    /// A credential link of the project.
    CredentialLink(ResourceId),
    /// A keychain of the project.
    Keychain(ResourceId),
}

/// What starts a workflow. Whether it is on is not content: it is state of (project, trigger).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// The same in every sandbox of the tree.
    pub id: TriggerId,
    /// Webhook or cron.
    #[serde(flatten)]
    pub kind: TriggerKind,
}

/// How a trigger fires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TriggerKind {
    /// By an HTTP call.
    Webhook(Webhook),
    /// By the clock.
    Cron(Cron),
}

/// See [`TriggerKind::Webhook`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// `[a-z0-9_-]{1,255}`, not a UUID, unique in the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_path: Option<String>,
    /// When the caller is answered.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reply: WebhookReply,
    /// HTTP code of a good answer, 100–599.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_code: Option<u16>,
    /// HTTP code of a bad one, 100–599.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<u16>,
    /// The root's webhook auth methods that guard it, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub auth_methods: Vec<Uuid>,
}

/// When a webhook call is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookReply {
    /// As soon as the run is queued.
    #[default]
    BeforeStart,
    /// With the run's result.
    AfterCompletion,
}

/// See [`TriggerKind::Cron`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cron {
    /// Five fields.
    #[serde(default = "default_cron", skip_serializing_if = "is_default_cron")]
    pub expression: String,
    /// A job of the same workflow whose last output the next run starts with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor_job: Option<JobId>,
}

/// A way from a trigger or a job to another job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// The same in every sandbox of the tree.
    pub id: EdgeId,
    /// Where it starts.
    pub source: EdgeSource,
    /// The job it leads to.
    pub target: JobId,
    /// When it is followed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub condition: Condition,
    /// What a person calls the condition, at most 255 characters; required with [`Condition::JsExpression`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// At most 255 characters; required with [`Condition::JsExpression`] and kept, unused, with the others, as real
    /// projects do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Whether it is followed at all. Default: true.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub enabled: bool,
}

/// Where an edge starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeSource {
    /// After a job.
    Job(JobId),
    /// When a trigger fires. Then only always and `js_expression` are possible.
    Trigger(TriggerId),
}

/// When an edge is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// In any case.
    #[default]
    Always,
    /// When the job before it succeeded.
    OnJobSuccess,
    /// When the job before it failed.
    OnJobFailure,
    /// When its expression is true.
    JsExpression,
}

impl<B> Workflow<B> {
    /// The same workflow with each body replaced, in the order of its jobs.
    pub fn map_bodies<C>(self, mut change: impl FnMut(B) -> C) -> Workflow<C> {
        let jobs = self
            .jobs
            .into_iter()
            .map(|job| Job {
                id: job.id,
                name: job.name,
                adaptor: job.adaptor,
                body: change(job.body),
                uses: job.uses,
            })
            .collect();
        Workflow {
            name: self.name,
            concurrency: self.concurrency,
            enable_job_logs: self.enable_job_logs,
            positions: self.positions,
            jobs,
            triggers: self.triggers,
            edges: self.edges,
        }
    }

    /// The custom path of each webhook trigger that has one.
    pub fn custom_paths(&self) -> impl Iterator<Item = &str> {
        self.triggers.iter().filter_map(|trigger| match &trigger.kind {
            TriggerKind::Webhook(webhook) => webhook.custom_path.as_deref(),
            TriggerKind::Cron(_) => None,
        })
    }
}

/// The webhook auth methods that guard triggers of a workflow, each with the trigger.
pub fn guards<B>(workflow: &Workflow<B>) -> impl Iterator<Item = (TriggerId, WebhookAuthMethodId)> {
    workflow.triggers.iter().flat_map(|trigger| {
        let methods = match &trigger.kind {
            TriggerKind::Webhook(webhook) => webhook.auth_methods.as_slice(),
            TriggerKind::Cron(_) => &[],
        };
        methods.iter().map(|method| (trigger.id, WebhookAuthMethodId(*method)))
    })
}

/// The last part of a webhook's URL where it has no custom path: the trigger's own id in a root, one derived from project
/// and trigger in a sandbox; so each sandbox has its own, and none is ever stored (1-domain §3).
pub fn path_id(project: ProjectId, in_root: bool, trigger: TriggerId) -> Uuid {
    if in_root { trigger.0 } else { Uuid::new_v5(&project.0, trigger.0.as_bytes()) }
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_true(value: &bool) -> bool {
    *value
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn default_adaptor() -> String {
    DEFAULT_ADAPTOR.to_owned()
}

fn is_default_adaptor(adaptor: &str) -> bool {
    adaptor == DEFAULT_ADAPTOR
}

fn default_cron() -> String {
    DEFAULT_CRON.to_owned()
}

fn is_default_cron(expression: &str) -> bool {
    expression == DEFAULT_CRON
}
