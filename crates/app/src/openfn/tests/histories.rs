//! Real projects survive reading and writing.

use serde_json::{Map, Value};

use super::{Piece, histories, in_order, read_all, write_all};
use crate::openfn::{Silent, WorkflowPiece};

/// What a server keeps for itself.
const SERVERS: [&str; 5] = ["inserted_at", "updated_at", "lock_version", "deleted_at", "scheduled_deletion"];
/// Objects whose keys are slugs.
const KEYED: [&str; 6] = ["project_credentials", "collections", "workflows", "jobs", "triggers", "edges"];

#[test]
fn real_projects_come_back_as_the_same_pieces() {
    for (file, text) in histories() {
        let (head, pieces) = read_all(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(head.sections.workflows && !pieces.is_empty(), "{file}");
        let (head_again, pieces_again) = read_all(&write_all(&head, &pieces)).unwrap();
        assert!(in_order(&pieces).into_iter().map(spoken).eq(pieces_again.iter().map(spoken)), "{file}");
        assert_eq!((&head.id, &head.name), (&head_again.id, &head_again.name), "{file}");
        assert_eq!(head.history_retention_days, head_again.history_retention_days, "{file}");
    }
}

/// What a piece says, whatever it is silent of: the default is not written.
fn spoken(piece: &Piece) -> Piece {
    match piece {
        Piece::Workflow(piece) => {
            Piece::Workflow(WorkflowPiece { silent: Silent::default(), ..piece.clone() })
        }
        other => other.clone(),
    }
}

#[test]
fn real_projects_come_back_as_the_same_json() {
    for (file, text) in histories() {
        let before = serde_json::from_slice(&text).unwrap();
        let (head, pieces) = read_all(&text).unwrap();
        let mut after: Value = serde_json::from_slice(&write_all(&head, &pieces)).unwrap();
        // These files are older than the setting.
        assert_eq!(after.as_object_mut().unwrap().remove("allow_support_access"), Some(Value::Bool(false)));
        assert!(content(&before) == content(&after), "{file}");
    }
}

#[test]
fn lists_are_read_like_objects() {
    for (file, text) in histories() {
        let mut lists = serde_json::from_slice(&text).unwrap();
        as_lists(&mut lists);
        let as_read = read_all(lists.to_string().as_bytes()).unwrap();
        assert!(as_read == read_all(&text).unwrap(), "{file}");
    }
}

#[test]
fn the_text_is_laid_out_like_the_files() {
    let relaid = |text: &[u8]| {
        let mut out = Vec::new();
        let format = serde_json::ser::PrettyFormatter::with_indent(b" ");
        let value: Value = serde_json::from_slice(text).unwrap();
        serde::Serialize::serialize(&value, &mut serde_json::Serializer::with_formatter(&mut out, format))
            .unwrap();
        out.push(b'\n');
        out
    };
    for (file, text) in histories() {
        assert!(relaid(&text) == text, "{file} has another layout than this test thinks");
        let (head, pieces) = read_all(&text).unwrap();
        let written = write_all(&head, &pieces);
        assert!(relaid(&written) == written, "{file}");
    }
}

#[test]
fn the_keys_are_those_of_the_files() {
    for (file, text) in histories() {
        let before: Value = serde_json::from_slice(&text).unwrap();
        let (head, pieces) = read_all(&text).unwrap();
        let after: Value = serde_json::from_slice(&write_all(&head, &pieces)).unwrap();
        assert_eq!(slugs(&before), slugs(&after), "{file}");
    }
}

/// Every key that is a slug, sorted.
fn slugs(value: &Value) -> Vec<String> {
    let mut slugs = Vec::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        if KEYED.contains(&key.as_str()) {
            for (slug, entry) in value.as_object().into_iter().flatten() {
                slugs.push(format!("{key} {slug}"));
                slugs.extend(self::slugs(entry));
            }
        }
    }
    slugs.sort();
    slugs
}

/// What is left without what a server keeps, nulls, empty sections, slugs and order.
fn content(value: &Value) -> Value {
    let Value::Object(object) = value else { return value.clone() };
    let mut content = Map::new();
    for (key, value) in object {
        if KEYED.contains(&key.as_str()) {
            let entries = value.as_object().into_iter().flatten();
            let by_id: Map<_, _> = entries
                .map(|(_, entry)| (entry["id"].as_str().unwrap().to_owned(), self::content(entry)))
                .collect();
            if !by_id.is_empty() {
                content.insert(key.clone(), by_id.into());
            }
        } else if !SERVERS.contains(&key.as_str()) && !value.is_null() {
            content.insert(key.clone(), self::content(value));
        }
    }
    content.into()
}

fn as_lists(value: &mut Value) {
    let Value::Object(object) = value else { return };
    for (key, value) in object {
        let Value::Object(entries) = value else { continue };
        entries.values_mut().for_each(as_lists);
        if KEYED.contains(&key.as_str()) {
            *value = entries.values().cloned().collect();
        }
    }
}
