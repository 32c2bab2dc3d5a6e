//! Merges between the saved states of a real project: base a, target b, source c.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what can't be fails the test"
)]

mod build;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use build::{
    fields,
    world::{Project, World, faults},
};
use sandbar_merge::{
    Choices, Context, Label, Purpose, State, Write,
    combine::{ConflictKind, Versions, combine},
    plan,
};
use sandbar_model::{
    ContentHash, CredentialLink, Document,
    workflow::{Condition, Cron, Edge, EdgeSource, Job, StoredWorkflow, Trigger, TriggerKind, Uses, Webhook},
};
use serde_json::Value;

/// The states of `health-sync`, oldest first. One of them has steps whose credentials it does not link.
fn states() -> Vec<Project> {
    let states: Vec<_> =
        files().iter().map(|file| read(&serde_json::from_slice(&fs::read(file).unwrap()).unwrap())).collect();
    assert_eq!(states.len(), 73);
    states
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/histories/health-sync");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn read(project: &Value) -> Project {
    let links = parts(&project["project_credentials"]).map(|link| {
        let document =
            CredentialLink { name: text(&link["name"]).unwrap(), owner: text(&link["owner"]).unwrap() };
        (link, Document::CredentialLink(document))
    });
    let workflows =
        parts(&project["workflows"]).map(|workflow| (workflow, Document::Workflow(workflow_of(workflow))));
    let keyed = |(value, document): (&Value, Document)| {
        ((document.kind(), id::<uuid::Uuid>(&value["id"]).unwrap().into()), State::of(document).unwrap())
    };
    links.chain(workflows).map(keyed).collect()
}

fn workflow_of(value: &Value) -> StoredWorkflow {
    let mut workflow = StoredWorkflow {
        jobs: parts(&value["jobs"]).map(job_of).collect(),
        triggers: parts(&value["triggers"]).map(trigger_of).collect(),
        edges: parts(&value["edges"]).map(edge_of).collect(),
        ..build::workflow(&text(&value["name"]).unwrap())
    };
    workflow.jobs.sort_by_key(|job| job.id);
    workflow.triggers.sort_by_key(|trigger| trigger.id);
    workflow.edges.sort_by_key(|edge| edge.id);
    workflow
}

fn job_of(value: &Value) -> Job<ContentHash> {
    Job {
        id: id(&value["id"]).unwrap(),
        name: text(&value["name"]).unwrap(),
        adaptor: text(&value["adaptor"]).unwrap(),
        body: build::body(&text(&value["body"]).unwrap()),
        uses: id(&value["project_credential_id"]).map(Uses::CredentialLink),
    }
}

fn trigger_of(value: &Value) -> Trigger {
    let kind = match text(&value["type"]).unwrap().as_str() {
        "cron" => {
            TriggerKind::Cron(Cron { expression: text(&value["cron_expression"]).unwrap(), cursor_job: None })
        }
        _ => TriggerKind::Webhook(Webhook::default()),
    };
    Trigger { id: id(&value["id"]).unwrap(), kind }
}

fn edge_of(value: &Value) -> Edge {
    let trigger = id(&value["source_trigger_id"]).map(EdgeSource::Trigger);
    Edge {
        id: id(&value["id"]).unwrap(),
        source: trigger.or_else(|| id(&value["source_job_id"]).map(EdgeSource::Job)).unwrap(),
        target: id(&value["target_job_id"]).unwrap(),
        condition: match text(&value["condition_type"]).unwrap().as_str() {
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

#[test]
fn real_states_merge_forward_back_and_undone() {
    let states = states();
    let (mut merges, mut blocked) = (0, 0);
    let mut labels = BTreeMap::new();
    for a in (0..states.len()).step_by(6) {
        for b in (a..states.len()).step_by(5) {
            for c in (b..states.len()).step_by(5) {
                let world =
                    World { base: states[a].clone(), target: states[b].clone(), source: states[c].clone() };
                let valid = faults(&world.source).is_empty() && faults(&world.target).is_empty();
                let plan = world.everything();
                for (label, count) in plan.counts() {
                    *labels.entry(label).or_insert(0) += count;
                }
                merges += 1;
                if plan.blocked().is_some() {
                    blocked += 1;
                } else {
                    check_applied(world, &plan, valid);
                }
            }
        }
    }
    assert!(merges > 500 && blocked * 20 < merges, "{merges} {blocked} {labels:?}");
    for label in [Label::New, Label::Changed, Label::Diverged] {
        assert!(labels.contains_key(&label), "{labels:?}");
    }
}

fn check_applied(mut world: World, plan: &sandbar_merge::Plan, valid: bool) {
    let before = world.target.clone();
    let writes: Vec<Write> = plan.writes().collect();
    world.apply(plan);
    if valid {
        assert_eq!(faults(&world.target), Vec::<String>::new());
    }
    assert!(world.defaults().items.iter().all(|item| item.label == Label::TargetOnly));
    for item in plan.selected().filter(|_| valid) {
        let source = world.source.get(&(item.kind, item.id)).map(|state| by_name(state, &world.source));
        let target =
            world.target.get(&(item.kind, item.target_id)).map(|state| by_name(state, &world.target));
        assert_eq!(source, target, "{}", item.name);
        assert!(item.warnings.iter().all(|warning| warning.kind == sandbar_merge::WarningKind::TriggerOff));
    }
    // A credential that the state before did not link can't come back.
    if faults(&before).is_empty() {
        assert_eq!(undone(&writes, &before, &world.target), before);
    }
}

/// The document with each step's credential by name: the history holds a link that was made again under its name.
fn by_name(state: &State, project: &Project) -> (Document, Vec<Option<String>>) {
    let Document::Workflow(mut workflow) = (*state.document).clone() else {
        return ((*state.document).clone(), Vec::new());
    };
    let name = |uses: Uses| match uses {
        Uses::CredentialLink(id) => project[&(sandbar_model::Kind::CredentialLink, id)].document.name(),
        Uses::Keychain(id) => id.to_string(),
    };
    let names = workflow.jobs.iter_mut().map(|job| job.uses.take().map(name)).collect();
    (Document::Workflow(workflow), names)
}

fn undone(writes: &[Write], before: &Project, now: &Project) -> Project {
    let mut revert = World::revert(writes, before, now);
    let whole = World { target: now.clone(), ..World::default() };
    let context = Context { purpose: Purpose::Revert, ..whole.context() };
    let undo = plan(revert.all(), &context, &Choices::defaults()).unwrap();
    revert.apply(&undo);
    let mut result: Project = now
        .iter()
        .filter(|(key, _)| !writes.iter().any(|write| (write.kind, write.id) == **key))
        .map(|(k, s)| (*k, s.clone()))
        .collect();
    result.extend(revert.target);
    result
}

#[test]
fn a_chain_of_syncs_through_the_whole_history_stays_exact() {
    let states = states();
    let mut world = World::fork(states[0].clone());
    let mut steps = 0;
    for state in &states {
        world.source = state.clone();
        let plan = world.everything();
        assert!(plan.items.iter().all(|item| item.label != Label::Diverged), "nobody else writes");
        if plan.blocked().is_none() {
            world.apply(&plan);
            steps += 1;
            assert_eq!(world.everything().items, []);
        }
    }
    assert!(steps > 60, "{steps}");
}

/// What a person changed in one state stays in the next, so most of what two states differ in from a third combines.
#[test]
fn real_edits_combine_and_every_conflict_is_one() {
    let (states, texts) = (states(), texts());
    let text = |hash: ContentHash| texts.get(&hash).cloned();
    let (mut combinations, mut conflicts, mut broken) = (0, 0, 0);
    for a in (0..states.len()).step_by(4) {
        for b in (a + 1..states.len()).step_by(5) {
            for c in (b + 1..states.len()).step_by(5) {
                for [base, target, source] in in_all([&states[a], &states[b], &states[c]]) {
                    let versions = Versions { base: Some(&base), source: &source, target: &target };
                    let combined = combine(versions, &text, &BTreeMap::new()).unwrap();
                    assert!(combined.wanted.is_empty());
                    combinations += 1;
                    for conflict in combined.open() {
                        conflicts += 1;
                        broken += usize::from(matches!(conflict.kind, ConflictKind::InvalidResult(_)));
                        assert_real(&conflict.path, [&base, &source, &target]);
                    }
                    if combined.open().next().is_none() {
                        assert_eq!(combined.workflow.violations("").0, vec![]);
                        assert_kept([&base, &source, &target, &combined.workflow], &combined.dropped_edges);
                    }
                }
            }
        }
    }
    assert!(combinations > 200 && conflicts > 0 && broken == 0, "{combinations} {conflicts} {broken}");
}

/// The versions that differ of each workflow that all have.
fn in_all(projects: [&Project; 3]) -> Vec<[StoredWorkflow; 3]> {
    let versions = projects[0].keys().filter_map(|key| {
        let [a, b, c] = projects.map(|project| match project.get(key).map(|state| &*state.document) {
            Some(Document::Workflow(workflow)) => Some(workflow.clone().tidy()),
            _ => None,
        });
        Some([a?, b?, c?])
    });
    versions.filter(|[a, b, c]| a != b && a != c && b != c).collect()
}

fn assert_real(path: &str, [base, source, target]: [&StoredWorkflow; 3]) {
    let [base, source, target] = [base, source, target].map(fields);
    // Of a whole part, one of its fields; of one side that removed it, none.
    let at = |side: &BTreeMap<String, String>| -> Vec<String> {
        let of = side.range(path.to_owned()..).take_while(|(field, _)| field.starts_with(path));
        of.map(|(_, value)| value.clone()).collect()
    };
    let [base, source, target] = [at(&base), at(&source), at(&target)];
    assert!(source != base && target != base && source != target, "{path}: {base:?} {source:?} {target:?}");
}

/// What only one side changed is in the result.
fn assert_kept(versions: [&StoredWorkflow; 4], dropped: &[String]) {
    let [base, source, target, result] = versions.map(fields);
    let paths: BTreeSet<_> = [&base, &source, &target].into_iter().flat_map(BTreeMap::keys).collect();
    for path in paths.into_iter().filter(|path| dropped.is_empty() || !path.starts_with("edges")) {
        let [b, s, t, r] = [&base, &source, &target, &result].map(|side| side.get(path));
        if s == b || t == b {
            assert_eq!(r, if s == b { t } else { s }, "{path}");
        }
    }
}

/// Every body of every state.
fn texts() -> BTreeMap<ContentHash, Arc<str>> {
    let states = files()
        .into_iter()
        .map(|file| -> Value { serde_json::from_slice(&fs::read(file).unwrap()).unwrap() });
    let mut texts = BTreeMap::new();
    for state in states {
        for job in parts(&state["workflows"]).flat_map(|workflow| parts(&workflow["jobs"])) {
            let body = text(&job["body"]).unwrap();
            texts.insert(build::body(&body), Arc::from(body));
        }
    }
    texts
}
