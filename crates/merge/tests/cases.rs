//! Runs `cases/*.yaml`: one rule of combining each, for people to read and for other implementations to check themselves.
//!
//! A case has a `rule` and four workflows: `base`, `source`, `target` and the expected `result`. A workflow has `steps`
//! (a body, or `body`, `name`, `adaptor`), `triggers` (`webhook <custom path>` or `cron <schedule>`), `edges`
//! (`from>to <condition> <off>`, led elsewhere under its old id: `from>to=other>to`), `positions`, `name`, `concurrency` and
//! `enable_job_logs`. What has the same key is the same thing: its name unless it says another, its body likewise. With
//! `ids: anew` all ids differ from those of the other workflows, where they are to be called `new-<key>`.
//!
//! `settle` settles conflicts: `source`, `target`, `{value: …}` or, of a body, `{clashes: [source, target, both, {text: …}]}`.
//! `conflicts` are those left open, with as much as the case says of them (`null`: nothing was there); `broken` are words of the rules that the result would
//! break; `dropped` are the edges that went with one of their ends. Absent: there are none.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what can't be fails the test"
)]

mod build;

use std::{cell::RefCell, collections::BTreeMap, fs, path::Path, sync::Arc};

use build::body;
use sandbar_merge::combine::{Clash, Combined, Conflict, ConflictKind, Resolution, Versions, combine};
use sandbar_model::{
    ContentHash, JobId, TriggerId,
    workflow::{
        Condition, Cron, DEFAULT_ADAPTOR, Edge, EdgeSource, Job, Position, StoredWorkflow, Trigger,
        TriggerKind, Webhook,
    },
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

#[test]
fn every_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut failures = Vec::new();
    for file in &files {
        let case: Value = serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).expect("YAML");
        let checked = std::panic::catch_unwind(|| check(&case));
        match checked {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => failures.push(format!("{}: {failure}", file.display())),
            Err(_) => failures.push(format!("{}: can't be read", file.display())),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(files.len() >= 70, "only {} cases", files.len());
}

fn check(case: &Value) -> Result<(), String> {
    for key in case.as_object().unwrap().keys() {
        let known =
            ["rule", "base", "source", "target", "result", "settle", "conflicts", "broken", "dropped"];
        assert!(known.contains(&key.as_str()), "{key} is nothing that a case has");
    }
    let read = Reader::default();
    let [base, source, target, result] =
        ["base", "source", "target", "result"].map(|version| read.workflow(&case[version]));
    let versions = Versions { base: Some(&base), source: &source, target: &target };
    let resolutions = entries(&case["settle"]).map(|(path, how)| (read.path_of(path), resolution(how)));
    let text = |hash: ContentHash| read.texts.borrow().get(&hash).map(|text| Arc::from(text.as_str()));
    let combined = combine(versions, &text, &resolutions.collect()).map_err(|error| error.to_string())?;
    same("result", &combined.workflow, &result)?;
    same("asked for", &combined.wanted.len(), &0)?;
    same(
        "bodies",
        &combined.bodies.values().all(|made| read.texts.borrow().contains_key(&body(made))),
        &true,
    )?;
    same("dropped edges", &json!(combined.dropped_edges), &list(&case["dropped"]))?;
    conflicts(&read, &combined, case)
}

fn conflicts(read: &Reader, combined: &Combined, case: &Value) -> Result<(), String> {
    let (broken, open): (Vec<_>, Vec<_>) =
        combined.open().partition(|conflict| matches!(conflict.kind, ConflictKind::InvalidResult(_)));
    let words = list(&case["broken"]);
    for word in words.as_array().unwrap() {
        let says = |conflict: &&Conflict| format!("{:?}", conflict.kind).contains(word.as_str().unwrap());
        same("a broken rule", &broken.iter().any(says), &true)?;
    }
    same("broken rules", &broken.is_empty(), &words.as_array().unwrap().is_empty())?;
    let expected = list(&case["conflicts"]);
    let expected = expected.as_array().unwrap();
    same("open conflicts", &open.len(), &expected.len()).map_err(|error| format!("{error}: {open:?}"))?;
    for (conflict, expected) in open.iter().zip(expected) {
        same("the place", &conflict.path, &read.path_of(expected["at"].as_str().unwrap()))?;
        for (side, value) in
            [("base", &conflict.base), ("source", &conflict.source), ("target", &conflict.target)]
        {
            match expected.get(side) {
                None => {}
                // A part made of several fields is checked in those that the case names.
                Some(Value::Object(fields)) => {
                    for (field, wanted) in fields {
                        same(side, &value.clone().unwrap_or_default()[field], wanted)?;
                    }
                }
                Some(wanted) => same(side, &value.clone().unwrap_or_default(), wanted)?,
            }
        }
        if let Some(clashes) = expected["clashes"].as_array() {
            same("clashes", &conflict.clashes.iter().map(shown).collect::<Vec<_>>(), clashes)?;
        }
    }
    Ok(())
}

fn shown(clash: &Clash) -> Value {
    json!({ "line": clash.line, "base": clash.base, "source": clash.source, "target": clash.target })
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, wanted: &T) -> Result<(), String> {
    if got == wanted { Ok(()) } else { Err(format!("{what}:\n  got    {got:?}\n  wanted {wanted:?}")) }
}

fn resolution(how: &Value) -> Resolution {
    serde_json::from_value(how.clone()).expect("a way to settle a conflict")
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn list(value: &Value) -> Value {
    if value.is_null() { json!([]) } else { value.clone() }
}

/// Turns what cases say into workflows, and keeps their texts.
#[derive(Default)]
struct Reader {
    texts: RefCell<BTreeMap<ContentHash, String>>,
}

impl Reader {
    fn workflow(&self, value: &Value) -> StoredWorkflow {
        let anew = value["ids"] == "anew";
        let id = |key: &str| if anew { id(&format!("new-{key}")) } else { id(key) };
        let name = value["name"].as_str().unwrap_or("Intake");
        let positions = entries(&value["positions"])
            .map(|(key, at)| (id(key), Position { x: at[0].as_f64().unwrap(), y: at[1].as_f64().unwrap() }));
        StoredWorkflow {
            concurrency: value["concurrency"].as_u64().map(|runs| u32::try_from(runs).unwrap()),
            enable_job_logs: value["enable_job_logs"].as_bool().unwrap_or(true),
            positions: positions.collect(),
            jobs: entries(&value["steps"]).map(|(key, step)| self.job(id(key), key, step)).collect(),
            triggers: entries(&value["triggers"]).map(|(key, kind)| trigger(id(key), kind)).collect(),
            edges: value["edges"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|text| edge(text.as_str().unwrap(), &value["triggers"], &id))
                .collect(),
            ..build::workflow(name)
        }
        .tidy()
    }

    fn job(&self, id: Uuid, key: &str, step: &Value) -> Job<ContentHash> {
        let long =
            step.as_object().cloned().unwrap_or_else(|| Map::from_iter([("body".into(), step.clone())]));
        let text = long["body"].as_str().unwrap_or_else(|| panic!("step {key} has no body: {step}"));
        self.texts.borrow_mut().insert(body(text), text.to_owned());
        let word = |field: &str, default: &str| {
            long.get(field).map_or(default, |value| value.as_str().expect("a word")).to_owned()
        };
        Job {
            id: JobId(id),
            name: word("name", key),
            adaptor: word("adaptor", DEFAULT_ADAPTOR),
            body: body(text),
            uses: None,
        }
    }

    /// `jobs/fetch/adaptor` → `jobs/<id>/adaptor`.
    #[expect(clippy::unused_self, reason = "reads what a case says, like the others")]
    fn path_of(&self, path: &str) -> String {
        let mut parts: Vec<_> = path.split('/').map(str::to_owned).collect();
        if let Some(key) = parts.get_mut(1) {
            *key = id(key).to_string();
        }
        parts.join("/")
    }
}

fn id(key: &str) -> Uuid {
    Uuid::new_v5(&Uuid::nil(), key.as_bytes())
}

fn trigger(id: Uuid, kind: &Value) -> Trigger {
    let (word, rest) = kind.as_str().unwrap().split_once(' ').unwrap_or((kind.as_str().unwrap(), ""));
    let kind = match word {
        "webhook" => TriggerKind::Webhook(Webhook {
            custom_path: (!rest.is_empty()).then(|| rest.to_owned()),
            ..Webhook::default()
        }),
        "cron" => TriggerKind::Cron(Cron { expression: rest.to_owned(), cursor_job: None }),
        _ => panic!("{word} is no trigger"),
    };
    Trigger { id: TriggerId(id), kind }
}

fn edge(text: &str, triggers: &Value, id: &dyn Fn(&str) -> Uuid) -> Edge {
    let mut words = text.split(' ');
    let ends = words.next().unwrap();
    let (key, ends) = ends.split_once('=').unwrap_or((ends, ends));
    let (from, to) = ends.split_once('>').unwrap();
    let source = match triggers.get(from) {
        Some(_) => EdgeSource::Trigger(TriggerId(id(from))),
        None => EdgeSource::Job(JobId(id(from))),
    };
    let mut edge = Edge { id: id(key).into(), ..build::edge(0, source, JobId(id(to))) };
    for word in words {
        match word {
            "off" => edge.enabled = false,
            condition => edge.condition = serde_json::from_value::<Condition>(json!(condition)).unwrap(),
        }
    }
    edge
}
