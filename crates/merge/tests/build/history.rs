//! Real projects, as their owners saved them: see `tests/data/histories/README.md`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use sandbar_merge::State;
use sandbar_model::{
    Collection, ContentHash, CredentialLink, Document,
    workflow::{Condition, Cron, Edge, EdgeSource, Job, StoredWorkflow, Trigger, TriggerKind, Uses, Webhook},
};
use serde_json::Value;

use super::world::Project;

/// The states of a project, oldest first. One of `health-sync` has steps whose credentials it does not link.
pub struct History {
    pub name: &'static str,
    pub states: Vec<Project>,
}

/// `health-sync` and `social-sciences`.
pub static HISTORIES: LazyLock<[History; 2]> = LazyLock::new(|| {
    [("health-sync", 73), ("social-sciences", 13)].map(|(name, count)| {
        let states: Vec<_> = values(name).iter().map(read).collect();
        assert_eq!(states.len(), count);
        History { name, states }
    })
});

/// Every body of every state.
static TEXTS: LazyLock<BTreeMap<ContentHash, Arc<str>>> = LazyLock::new(|| {
    let mut texts = BTreeMap::new();
    for state in ["health-sync", "social-sciences"].into_iter().flat_map(values) {
        for job in parts(&state["workflows"]).flat_map(|workflow| parts(&workflow["jobs"])) {
            let body = text(&job["body"]).expect("a body");
            texts.insert(super::body(&body), Arc::from(body));
        }
    }
    texts
});

pub fn body_text(hash: ContentHash) -> Option<Arc<str>> {
    TEXTS.get(&hash).cloned()
}

fn values(name: &str) -> Vec<Value> {
    let read = |file: PathBuf| serde_json::from_slice(&fs::read(file).expect("a file")).expect("JSON");
    files(name).into_iter().map(read).collect()
}

fn files(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/histories").join(name);
    let entries = fs::read_dir(folder).expect("a folder");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn read(project: &Value) -> Project {
    let links = parts(&project["project_credentials"]).map(|link| {
        let document = CredentialLink {
            credential: None,
            name: text(&link["name"]).expect("as the format says"),
            owner: text(&link["owner"]).expect("as the format says"),
        };
        (link, Document::CredentialLink(document))
    });
    // An older state has no collections, one without any an empty list.
    let collections = parts(&project["collections"]).map(|collection| {
        let name = text(&collection["name"]).expect("as the format says");
        (collection, Document::Collection(Collection { name }))
    });
    let workflows =
        parts(&project["workflows"]).map(|workflow| (workflow, Document::Workflow(workflow_of(workflow))));
    let keyed = |(value, document): (&Value, Document)| {
        (
            (document.kind(), id::<uuid::Uuid>(&value["id"]).expect("as the format says").into()),
            State::of(document).expect("as the format says"),
        )
    };
    links.chain(collections).chain(workflows).map(keyed).collect()
}

fn workflow_of(value: &Value) -> StoredWorkflow {
    let mut workflow = StoredWorkflow {
        jobs: parts(&value["jobs"]).map(job_of).collect(),
        triggers: parts(&value["triggers"]).map(trigger_of).collect(),
        edges: parts(&value["edges"]).map(edge_of).collect(),
        ..super::workflow(&text(&value["name"]).expect("as the format says"))
    };
    workflow.jobs.sort_by_key(|job| job.id);
    workflow.triggers.sort_by_key(|trigger| trigger.id);
    workflow.edges.sort_by_key(|edge| edge.id);
    workflow
}

fn job_of(value: &Value) -> Job<ContentHash> {
    Job {
        id: id(&value["id"]).expect("as the format says"),
        name: text(&value["name"]).expect("as the format says"),
        adaptor: text(&value["adaptor"]).expect("as the format says"),
        body: super::body(&text(&value["body"]).expect("as the format says")),
        uses: id(&value["project_credential_id"]).map(Uses::CredentialLink),
    }
}

fn trigger_of(value: &Value) -> Trigger {
    let kind = match text(&value["type"]).expect("as the format says").as_str() {
        "cron" => TriggerKind::Cron(Cron {
            expression: text(&value["cron_expression"]).expect("as the format says"),
            cursor_job: None,
        }),
        _ => TriggerKind::Webhook(Webhook::default()),
    };
    Trigger { id: id(&value["id"]).expect("as the format says"), kind }
}

fn edge_of(value: &Value) -> Edge {
    let trigger = id(&value["source_trigger_id"]).map(EdgeSource::Trigger);
    Edge {
        id: id(&value["id"]).expect("as the format says"),
        source: trigger
            .or_else(|| id(&value["source_job_id"]).map(EdgeSource::Job))
            .expect("as the format says"),
        target: id(&value["target_job_id"]).expect("as the format says"),
        condition: match text(&value["condition_type"]).expect("as the format says").as_str() {
            "always" => Condition::Always,
            "on_job_success" => Condition::OnJobSuccess,
            "on_job_failure" => Condition::OnJobFailure,
            _ => Condition::JsExpression,
        },
        label: text(&value["condition_label"]),
        expression: text(&value["condition_expression"]),
        enabled: value["enabled"].as_bool().unwrap_or(true),
    }
}

fn parts(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_object().into_iter().flat_map(|parts| parts.values())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn id<T: std::str::FromStr>(value: &Value) -> Option<T> {
    value.as_str().and_then(|id| id.parse().ok())
}
