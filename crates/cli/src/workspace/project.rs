//! The project file, `.projects/<alias>@<hostname>.yaml`: a project as it was when it was synchronised last, in OpenFn's
//! format (schema version 4.0).

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::edge::Edge;
use super::slug::{Ids, slug};
use super::spec::{ResponseConfig, Step, Workflow};
use super::state::{Links, entries, openfn, rest, some, text};

/// What `schema_version` says.
const SCHEMA_VERSION: &str = "4.0";

/// A project file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Project {
    /// The slug of the name.
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    schema_version: String,
    #[serde(default, skip_serializing_if = "Cli::is_empty")]
    cli: Cli,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default)]
    pub(crate) collections: Vec<Collection>,
    #[serde(default)]
    credentials: Vec<Credential>,
    #[serde(default)]
    pub(crate) openfn: OpenFn,
    /// Everything else that a state says of the project. Sandbar's own sections, configs and keychains, are not in it:
    /// files neither show nor change them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    options: Map<String, Value>,
    #[serde(default)]
    pub(crate) workflows: Vec<Workflow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sandbox: Option<Sandbox>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Cli {
    /// By workflow, the version that files were made of.
    #[serde(default)]
    forked_from: BTreeMap<String, String>,
}

impl Cli {
    fn is_empty(&self) -> bool {
        self.forked_from.is_empty()
    }
}

/// A collection's name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Collection {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uuid: Option<String>,
    pub(crate) name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Credential {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uuid: Option<String>,
    name: String,
    owner: String,
}

/// Where the project is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenFn {
    #[serde(default)]
    pub(crate) uuid: String,
    /// The server's URL.
    #[serde(default)]
    pub(crate) endpoint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) inserted_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sandbox {
    parent_id: String,
}

impl Project {
    /// What an export of the server at this URL is as a project file.
    pub(crate) fn of(state: &Value, endpoint: &str) -> Self {
        let name = text(state, "name").to_owned();
        let workflows = workflows(state);
        let heads = workflows.iter().filter_map(|one| Some((one.id.clone(), one.head()?.clone())));
        Self {
            id: slug(&name),
            name,
            schema_version: SCHEMA_VERSION.to_owned(),
            cli: Cli { forked_from: heads.collect() },
            description: some(state, "description"),
            collections: collections(state),
            credentials: credentials(state),
            openfn: OpenFn {
                uuid: text(state, "id").to_owned(),
                endpoint: endpoint.to_owned(),
                inserted_at: some(state, "inserted_at"),
                updated_at: some(state, "updated_at"),
            },
            options: rest(state, &SPOKEN_OF),
            workflows,
            sandbox: some(state, "parent_id").map(|parent_id| Sandbox { parent_id }),
        }
    }

    /// Whether it is a sandbox.
    pub(crate) fn is_sandbox(&self) -> bool {
        self.sandbox.is_some()
    }

    /// By workflow, the version that files are made of.
    pub(crate) fn forked_from(&self) -> &BTreeMap<String, String> {
        &self.cli.forked_from
    }

    /// Its workflows by their id.
    pub(crate) fn by_id(&self) -> HashMap<&str, &Workflow> {
        self.workflows.iter().map(|workflow| (workflow.id.as_str(), workflow)).collect()
    }

    /// Its workflows by the server's id.
    pub(crate) fn by_uuid(&self) -> HashMap<&str, &Workflow> {
        self.workflows.iter().filter_map(|workflow| Some((workflow.uuid()?, workflow))).collect()
    }

    /// Says everything that is left out where that has a meaning: others write project files, too.
    pub(crate) fn tidy(&mut self) {
        self.workflows.iter_mut().flat_map(|workflow| &mut workflow.steps).for_each(Step::tidy);
    }
}

/// Keys of a state that have a place of their own in a project file, or none.
const SPOKEN_OF: [&str; 11] = [
    "id",
    "name",
    "description",
    "inserted_at",
    "updated_at",
    "parent_id",
    "project_credentials",
    "collections",
    "workflows",
    "configs",
    "keychains",
];

fn collections(state: &Value) -> Vec<Collection> {
    let made = |entry: &Value| Collection { uuid: some(entry, "id"), name: text(entry, "name").to_owned() };
    let mut collections: Vec<_> = entries(state, "collections").into_iter().map(made).collect();
    collections.sort_by(|a, b| a.name.cmp(&b.name));
    collections
}

fn credentials(state: &Value) -> Vec<Credential> {
    let made = |entry: &Value| Credential {
        uuid: some(entry, "id"),
        name: text(entry, "name").to_owned(),
        owner: text(entry, "owner").to_owned(),
    };
    let mut credentials: Vec<_> = entries(state, "project_credentials").into_iter().map(made).collect();
    credentials.sort_by(|a, b| (&a.owner, &a.name, &a.uuid).cmp(&(&b.owner, &b.name, &b.uuid)));
    credentials
}

/// Sorted by id. Names that become the same id are told apart by a number, the same ones every time.
fn workflows(state: &Value) -> Vec<Workflow> {
    let links = Links::of(state);
    let mut entries = entries(state, "workflows");
    entries.sort_by_key(|entry| text(entry, "id"));
    let mut ids = Ids::default();
    let made = |entry| Workflow { id: ids.take(text(entry, "name"), "workflow"), ..workflow(entry, &links) };
    let mut workflows: Vec<_> = entries.into_iter().map(made).collect();
    workflows.sort_by(|a, b| a.id.cmp(&b.id));
    workflows
}

/// A workflow of a state, without an id.
fn workflow(entry: &Value, links: &Links) -> Workflow {
    let (ids, mut steps) = steps(entry, links);
    let mut edges = entries(entry, "edges");
    edges.sort_by_key(|edge| text(edge, "id"));
    for edge in edges {
        let source = some(edge, "source_trigger_id").or_else(|| some(edge, "source_job_id"));
        let source = source.and_then(|source| ids.get(source.as_str()));
        let (Some(source), Some(target)) = (source, ids.get(text(edge, "target_job_id"))) else { continue };
        if let Some(step) = steps.iter_mut().find(|step| step.id == *source) {
            // Of several edges between two steps files have the first; a push leaves the others as they are.
            step.next.entry(target.clone()).or_insert_with(|| self::edge(edge));
        }
    }
    let start = steps.iter().find(|step| step.is_trigger()).map(|step| step.id.clone());
    steps.iter_mut().for_each(Step::tidy);
    steps.sort_by(|a, b| a.id.cmp(&b.id));
    let history = entries_of_text(entry, "version_history");
    let openfn = openfn(entry, &["name", "jobs", "triggers", "edges", "version_history"]);
    Workflow { id: String::new(), name: some(entry, "name"), start, history, openfn, steps }
}

fn entries_of_text(value: &Value, key: &str) -> Vec<String> {
    entries(value, key).into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The steps of a workflow, triggers first, and by UUID the id of each.
fn steps<'a>(workflow: &'a Value, links: &Links) -> (BTreeMap<&'a str, String>, Vec<Step>) {
    let (mut taken, mut ids) = (Ids::default(), BTreeMap::new());
    let mut triggers = entries(workflow, "triggers");
    triggers.sort_by_key(|trigger| (text(trigger, "type"), text(trigger, "id")));
    let mut jobs = entries(workflow, "jobs");
    jobs.sort_by_key(|job| text(job, "id"));
    let mut steps = Vec::new();
    for entry in triggers {
        let id = taken.take(text(entry, "type"), "trigger");
        ids.insert(text(entry, "id"), id.clone());
        steps.push(Step { id, ..trigger(entry) });
    }
    for entry in jobs {
        let id = taken.take(text(entry, "name"), "step");
        ids.insert(text(entry, "id"), id.clone());
        steps.push(Step { id, ..job(entry, links) });
    }
    (ids, steps)
}

/// Keys of a trigger that files have.
const TRIGGER: [&str; 7] = [
    "type",
    "enabled",
    "custom_path",
    "cron_expression",
    "cron_cursor_job_id",
    "webhook_reply",
    "webhook_response_config",
];

fn trigger(entry: &Value) -> Step {
    let codes = entry.get("webhook_response_config");
    Step {
        kind: some(entry, "type"),
        enabled: entry.get("enabled").and_then(Value::as_bool),
        custom_path: some(entry, "custom_path"),
        cron_expression: some(entry, "cron_expression"),
        cron_cursor_job_id: some(entry, "cron_cursor_job_id"),
        webhook_reply: some(entry, "webhook_reply"),
        webhook_response_config: codes.and_then(|codes| ResponseConfig::deserialize(codes).ok()),
        openfn: openfn(entry, &TRIGGER),
        ..Step::default()
    }
}

fn job(entry: &Value, links: &Links) -> Step {
    Step {
        name: some(entry, "name"),
        adaptor: some(entry, "adaptor"),
        configuration: some(entry, "project_credential_id").map(|id| links.title(&id)),
        expression: some(entry, "body"),
        openfn: openfn(entry, &["name", "adaptor", "project_credential_id", "body"]),
        ..Step::default()
    }
}

fn edge(entry: &Value) -> Edge {
    let condition = match text(entry, "condition_type") {
        "js_expression" => some(entry, "condition_expression"),
        word => Some(word.to_owned()),
    };
    let mut openfn = Map::new();
    openfn.insert("uuid".to_owned(), text(entry, "id").into());
    Edge {
        disabled: entry.get("enabled").and_then(Value::as_bool) == Some(false),
        condition,
        label: some(entry, "condition_label"),
        openfn,
    }
}
