//! Every workflow of every saved state of the real projects keeps the rules: what people have must be importable.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests; clippy knows the attribute, not their helpers"
)]

use std::{fs, path::Path};

use sandbar_model::{
    Collection, ContentHash, CredentialLink, Document, Workflow,
    workflow::{Condition, Cron, Edge, EdgeSource, Job, Trigger, TriggerKind, Uses, Webhook},
};
use serde_json::{Map, Value};

#[test]
fn real_projects_keep_the_rules() {
    let mut states = 0;
    let mut steps = 0;
    for project in ["health-sync", "social-sciences", "large-bodies"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/histories").join(project);
        for file in fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            let state: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            states += 1;
            for workflow in parts(&state, "workflows").map(workflow) {
                steps += workflow.jobs.len();
                check_workflow(&workflow, &file);
            }
            for document in others(&state) {
                assert!(
                    document.violations("").is_empty(),
                    "{}: {:?}",
                    file.display(),
                    document.violations("")
                );
            }
        }
    }
    assert_eq!((states, steps), (91, 1235), "all files were read");
}

fn check_workflow(workflow: &Workflow, file: &Path) {
    let mut found = workflow.violations("workflow");
    found.append(workflow.body_violations("workflow"));
    assert!(found.is_empty(), "{}: {found:?}", file.display());
    let tidy = workflow.clone().tidy();
    assert_eq!(tidy.clone().tidy(), tidy);
    let stored = Document::Workflow(tidy.map_bodies(|body| ContentHash::of(body.as_bytes())));
    let canonical = stored.canonical().unwrap();
    let read: Document = serde_json::from_slice(&canonical).unwrap();
    assert_eq!(read, stored, "what is kept reads back as it was");
}

/// A small reader of project state files, version 1, for this test only.
fn workflow(given: &Value) -> Workflow {
    Workflow {
        name: text(given, "name").unwrap(),
        concurrency: given["concurrency"].as_u64().map(|number| number.try_into().unwrap()),
        enable_job_logs: true,
        positions: [].into(),
        jobs: parts(given, "jobs").map(job).collect(),
        triggers: parts(given, "triggers").map(trigger).collect(),
        edges: parts(given, "edges").map(edge).collect(),
    }
}

fn job(given: &Value) -> Job {
    Job {
        id: id(given, "id").unwrap(),
        name: text(given, "name").unwrap(),
        adaptor: text(given, "adaptor").unwrap(),
        body: text(given, "body").unwrap(),
        uses: id(given, "project_credential_id").map(Uses::CredentialLink),
    }
}

fn trigger(given: &Value) -> Trigger {
    let kind = match given["type"].as_str() {
        Some("webhook") => TriggerKind::Webhook(Webhook::default()),
        Some("cron") => {
            TriggerKind::Cron(Cron { expression: text(given, "cron_expression").unwrap(), cursor_job: None })
        }
        other => panic!("a trigger of type {other:?}"),
    };
    Trigger { id: id(given, "id").unwrap(), kind }
}

fn edge(given: &Value) -> Edge {
    let job = id(given, "source_job_id").map(EdgeSource::Job);
    Edge {
        id: id(given, "id").unwrap(),
        source: job.or_else(|| id(given, "source_trigger_id").map(EdgeSource::Trigger)).unwrap(),
        target: id(given, "target_job_id").unwrap(),
        condition: serde_json::from_value::<Condition>(given["condition_type"].clone()).unwrap(),
        label: text(given, "condition_label"),
        expression: text(given, "condition_expression"),
        enabled: given["enabled"].as_bool().unwrap(),
    }
}

fn others(state: &Value) -> impl Iterator<Item = Document> {
    let name = |given: &Value| text(given, "name").unwrap();
    let collections =
        parts(state, "collections").map(move |given| Document::Collection(Collection { name: name(given) }));
    let links = parts(state, "project_credentials").map(move |given| {
        Document::CredentialLink(CredentialLink {
            credential: None,
            name: name(given),
            owner: text(given, "owner").unwrap(),
        })
    });
    collections.chain(links)
}

fn parts<'a>(given: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    given[list].as_object().into_iter().flat_map(Map::values)
}

fn text(given: &Value, field: &str) -> Option<String> {
    given[field].as_str().map(str::to_owned)
}

fn id<T: From<uuid::Uuid>>(given: &Value, field: &str) -> Option<T> {
    given[field].as_str().map(|text| text.parse::<uuid::Uuid>().unwrap().into())
}
