//! Small projects for tests, made by hand, and two of them with what they agreed on.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "what can't be fails the test")]

pub mod edits;
pub mod generate;
pub mod history;
pub mod world;

use std::collections::BTreeMap;

use sandbar_merge::{
    Choices, Decision, Item, Label, Plan, Selector, State,
    combine::{Conflict, ConflictKind, Resolution},
    plan,
};
use sandbar_model::{
    Collection, ContentHash, CredentialLink, Document, EdgeId, JobId, Keychain, Kind, ResourceId, TriggerId,
    workflow::{
        Condition, Cron, DEFAULT_ADAPTOR, DEFAULT_CRON, Edge, EdgeSource, Job, StoredWorkflow, Trigger,
        TriggerKind, Uses, Webhook,
    },
};
use uuid::Uuid;
use world::World;

pub fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub fn id(n: u128) -> ResourceId {
    ResourceId(uuid(n))
}

pub fn body(text: &str) -> ContentHash {
    ContentHash::of(text.as_bytes())
}

pub fn state(document: Document) -> State {
    State::of(document).expect("positions are finite")
}

pub fn workflow(name: &str) -> StoredWorkflow {
    StoredWorkflow {
        name: name.to_owned(),
        concurrency: None,
        enable_job_logs: true,
        positions: BTreeMap::new(),
        jobs: Vec::new(),
        triggers: Vec::new(),
        edges: Vec::new(),
    }
}

pub fn job(n: u128, name: &str, text: &str) -> Job<ContentHash> {
    Job {
        id: JobId(uuid(n)),
        name: name.to_owned(),
        adaptor: DEFAULT_ADAPTOR.to_owned(),
        body: body(text),
        uses: None,
    }
}

pub fn using(n: u128, name: &str, link: u128) -> Job<ContentHash> {
    Job { uses: Some(Uses::CredentialLink(id(link))), ..job(n, name, "body") }
}

pub fn webhook(n: u128, custom_path: Option<&str>, auth_methods: &[u128]) -> Trigger {
    let auth_methods = auth_methods.iter().map(|n| uuid(*n)).collect();
    let custom_path = custom_path.map(str::to_owned);
    let kind = TriggerKind::Webhook(Webhook { custom_path, auth_methods, ..Webhook::default() });
    Trigger { id: TriggerId(uuid(n)), kind }
}

pub fn cron(n: u128, expression: &str) -> Trigger {
    let kind = TriggerKind::Cron(Cron { expression: expression.to_owned(), cursor_job: None });
    Trigger { id: TriggerId(uuid(n)), kind }
}

pub fn daily(n: u128) -> Trigger {
    cron(n, DEFAULT_CRON)
}

pub fn edge(n: u128, source: EdgeSource, target: JobId) -> Edge {
    Edge {
        id: EdgeId(uuid(n)),
        source,
        target,
        condition: Condition::Always,
        label: None,
        expression: None,
        enabled: true,
    }
}

/// One job with this body behind a webhook trigger; ids count up from `n`.
pub fn simple(n: u128, name: &str, text: &str) -> StoredWorkflow {
    let (step, hook) = (job(n + 1, "Fetch", text), webhook(n + 2, None, &[]));
    let path = edge(n + 3, EdgeSource::Trigger(hook.id), step.id);
    StoredWorkflow { jobs: vec![step], triggers: vec![hook], edges: vec![path], ..workflow(name) }
}

pub fn collection(name: &str) -> Document {
    Document::Collection(Collection { name: name.to_owned() })
}

pub fn keychain(name: &str, path: &str, default_link: Option<ResourceId>) -> Document {
    Document::Keychain(Keychain { name: name.to_owned(), json_path: path.to_owned(), default_link })
}

pub fn link(name: &str) -> Document {
    let owner = "amy@example.org".to_owned();
    Document::CredentialLink(CredentialLink { credential: None, name: name.to_owned(), owner })
}

/// Every field of a workflow by its path, as a person would list them.
pub fn fields(workflow: &StoredWorkflow) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let mut add = |path: String, value: &dyn std::fmt::Debug| fields.insert(path, format!("{value:?}"));
    add("name".to_owned(), &workflow.name);
    add("concurrency".to_owned(), &workflow.concurrency);
    add("enable_job_logs".to_owned(), &workflow.enable_job_logs);
    for job in &workflow.jobs {
        let at = |field| format!("jobs/{}/{field}", job.id);
        add(at("name"), &job.name);
        add(at("adaptor"), &job.adaptor);
        add(at("uses"), &job.uses);
        add(at("body"), &job.body);
    }
    for trigger in &workflow.triggers {
        let at = |field| format!("triggers/{}/{field}", trigger.id);
        match &trigger.kind {
            TriggerKind::Webhook(webhook) => {
                add(at("custom_path"), &webhook.custom_path);
                add(at("reply"), &webhook.reply);
                add(at("success_code"), &webhook.success_code);
                add(at("error_code"), &webhook.error_code);
                add(at("auth_methods"), &webhook.auth_methods);
            }
            TriggerKind::Cron(cron) => {
                add(at("expression"), &cron.expression);
                add(at("cursor_job"), &cron.cursor_job);
            }
        }
    }
    for edge in &workflow.edges {
        let at = |field| format!("edges/{}/{field}", edge.id);
        add(at("source"), &edge.source);
        add(at("target"), &edge.target);
        add(at("condition"), &edge.condition);
        add(at("label"), &edge.label);
        add(at("expression"), &edge.expression);
        add(at("enabled"), &edge.enabled);
    }
    fields
}

/// Every field of a workflow as [`fields`] gives them, but for what stays behind in a merge (uses, auth methods), with names
/// in the place of ids: the same for one that was built anew.
pub fn shape(workflow: &StoredWorkflow) -> Vec<String> {
    let mut names: Vec<(Uuid, String)> =
        workflow.jobs.iter().map(|job| (job.id.0, job.name.clone())).collect();
    names.extend(workflow.triggers.iter().map(|trigger| match trigger.kind {
        TriggerKind::Webhook(_) => (trigger.id.0, "webhook".to_owned()),
        TriggerKind::Cron(_) => (trigger.id.0, "cron".to_owned()),
    }));
    names.extend(workflow.edges.iter().map(|edge| (edge.id.0, String::new())));
    let spelled =
        |text: String| names.iter().fold(text, |text, (id, name)| text.replace(&id.to_string(), name));
    let kept = fields(workflow).into_iter().filter(|(path, _)| {
        let field = path.rsplit('/').next();
        field != Some("uses") && field != Some("auth_methods")
    });
    let mut shape: Vec<_> = kept.map(|(path, value)| spelled(format!("{path}: {value}"))).collect();
    shape.sort();
    shape
}

/// The ids of all parts.
pub fn part_ids(workflow: &StoredWorkflow) -> Vec<Uuid> {
    let jobs = workflow.jobs.iter().map(|job| job.id.0);
    let triggers = workflow.triggers.iter().map(|trigger| trigger.id.0);
    jobs.chain(triggers).chain(workflow.edges.iter().map(|edge| edge.id.0)).collect()
}

/// With every body that it asks for.
pub fn planned(world: &World, choices: &Choices) -> Plan {
    let mut context = world.context();
    loop {
        let plan = plan(world.candidates(), &context, choices).expect("the choices can be made");
        if plan.wanted.is_empty() {
            return plan;
        }
        let found = plan.wanted.iter().map(|hash| (*hash, world.text(*hash).expect("the text is known")));
        context.bodies.extend(found);
    }
}

/// Combines all that can be, and settles every conflict in this way, or none.
pub fn combine_all(world: &World, settle: Option<&Resolution>) -> Choices {
    let can = |item: &&Item| {
        let both = item.source.is_some() && item.target.is_some();
        item.label == Label::Diverged && item.kind == Kind::Workflow && both
    };
    let key = |item: &Item| Selector::Key(item.kind, item.id);
    let listed = world.defaults();
    let choices = listed.items.iter().filter(can).map(|item| (key(item), Decision::Combine)).collect();
    let open = Choices { choices, ..Choices::defaults() };
    let Some(resolution) = settle else { return open };
    let shown = planned(world, &open);
    let settled = shown.items.iter().map(|item| (key(item), all(&item.conflicts, resolution)));
    Choices { resolutions: settled.filter(|(_, settled)| !settled.is_empty()).collect(), ..open }
}

/// Every conflict that can be settled, settled in this way.
pub fn all(conflicts: &[Conflict], resolution: &Resolution) -> BTreeMap<String, Resolution> {
    let can = |conflict: &&Conflict| !matches!(conflict.kind, ConflictKind::InvalidResult(_));
    conflicts.iter().filter(can).map(|conflict| (conflict.path.clone(), resolution.clone())).collect()
}
