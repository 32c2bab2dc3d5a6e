//! The real histories, and what a project must hold after a state of one was imported.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Map, Value};

/// What a server keeps for itself.
const SERVERS: [&str; 6] =
    ["inserted_at", "updated_at", "lock_version", "version_history", "deleted_at", "scheduled_deletion"];
/// Objects whose keys are slugs.
const KEYED: [&str; 6] = ["project_credentials", "collections", "workflows", "jobs", "triggers", "edges"];
/// What holds the resources of a project.
const SECTIONS: [&str; 3] = ["project_credentials", "collections", "workflows"];
/// What an export always says, and an older document need not.
const ADDED: [&str; 4] = ["env", "allow_support_access", "color", "parent_id"];

/// One saved state of a real project.
#[derive(Debug)]
pub(crate) struct State {
    /// Its file, for messages.
    pub(crate) file: String,
    /// The file's bytes.
    pub(crate) text: Vec<u8>,
    /// What they say.
    pub(crate) document: Value,
}

/// Every state of a history, oldest first.
pub(crate) fn states(history: &str) -> Vec<State> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/histories").join(history);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 5, "{} is not complete", folder.display());
    let state = |path: &std::path::PathBuf| {
        let text = std::fs::read(path).unwrap();
        let file = format!("{history}/{}", path.file_name().unwrap().to_string_lossy());
        State { file, document: serde_json::from_slice(&text).unwrap(), text }
    };
    files.iter().map(state).collect()
}

/// The document of a project that was as `before` says when `state` was imported: what the state does not speak of stays.
pub(crate) fn settled(before: Option<&Value>, state: &Value) -> Value {
    let mut settled = before.map_or_else(Map::new, |before| before.as_object().unwrap().clone());
    for (key, value) in state.as_object().unwrap() {
        if !(SECTIONS.contains(&key.as_str()) && value.is_null()) {
            settled.insert(key.clone(), value.clone());
        }
    }
    settled.into()
}

/// Checks that an export says what it must, whatever servers keep for themselves and whatever order and slugs it has.
pub(crate) fn assert_exported(export: &Value, expected: &Value, what: &str) {
    let (mut export, expected) = (content(export), content(expected));
    for key in ADDED {
        if expected.get(key).is_none() {
            export.as_object_mut().unwrap().remove(key);
        }
    }
    if export != expected {
        let (export, expected) = (pretty(&export), pretty(&expected));
        let line = export.lines().zip(expected.lines()).position(|(one, other)| one != other).unwrap_or(0);
        let around =
            |text: &str| text.lines().skip(line.saturating_sub(4)).take(9).collect::<Vec<_>>().join("\n");
        panic!("{what}: the export says\n{:.2000}\nand not\n{:.2000}", around(&export), around(&expected));
    }
}

/// What is left of a document without the project's own place, what a server keeps, nulls, empty sections, slugs and
/// order.
pub(crate) fn content(document: &Value) -> Value {
    let mut content = entry(document);
    let object = content.as_object_mut().unwrap();
    object.remove("id");
    object.remove("name");
    content
}

/// The resources of a document by section and id. Whether a trigger is on is no content.
pub(crate) fn resources(document: &Value) -> BTreeMap<(&'static str, String), Value> {
    let mut resources = BTreeMap::new();
    for section in SECTIONS {
        for value in document[section].as_object().into_iter().flatten().map(|(_, value)| value) {
            let mut resource = entry(value);
            for trigger in
                resource["triggers"].as_object_mut().into_iter().flatten().map(|(_, trigger)| trigger)
            {
                trigger.as_object_mut().unwrap().remove("enabled");
            }
            resources.insert((section, value["id"].as_str().unwrap().to_owned()), resource);
        }
    }
    resources
}

/// How many resources an import must say were created, updated, deleted and unchanged.
pub(crate) fn counts(before: Option<&Value>, state: &Value) -> [i64; 4] {
    let empty = Value::Object(Map::new());
    let before = resources(before.unwrap_or(&empty));
    let after = resources(state);
    let spoken = |section: &str| !state[section].is_null();
    let (mut created, mut updated, mut unchanged) = (0, 0, 0);
    for (key, value) in &after {
        match before.get(key) {
            None => created += 1,
            Some(there) if there == value => unchanged += 1,
            Some(_) => updated += 1,
        }
    }
    let gone = before.keys().filter(|key| spoken(key.0) && !after.contains_key(key)).count();
    [created, updated, i64::try_from(gone).unwrap(), unchanged]
}

fn entry(value: &Value) -> Value {
    let Value::Object(object) = value else { return value.clone() };
    let mut content = Map::new();
    for (key, value) in object {
        if KEYED.contains(&key.as_str()) {
            let entries = value.as_object().into_iter().flatten();
            let by_id: BTreeMap<_, _> =
                entries.map(|(_, value)| (value["id"].as_str().unwrap().to_owned(), entry(value))).collect();
            if !by_id.is_empty() {
                content.insert(key.clone(), Value::Object(by_id.into_iter().collect()));
            }
        } else if !SERVERS.contains(&key.as_str()) && !value.is_null() && value != "" {
            content.insert(key.clone(), entry(value));
        }
    }
    content.into()
}

fn pretty(value: &Value) -> String {
    let Value::Object(object) = value else { return value.to_string() };
    let sorted: BTreeMap<_, _> = object.iter().collect();
    serde_json::to_string_pretty(&sorted).unwrap()
}
