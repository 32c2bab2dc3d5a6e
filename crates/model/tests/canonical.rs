//! The canonical form and its hashes, against vectors that a program of its own made from `CANONICAL.md`.
//!
//! What these files say is in databases: a vector may be added, but never changed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests; clippy knows the attribute, not their helpers")]

use std::{collections::BTreeMap, fs, path::Path};

use sandbar_model::{ContentHash, Document};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Vector {
    Document { about: String, given: serde_json::Value, canonical: String, hash: ContentHash },
    Body { about: String, body: String, hash: ContentHash },
}

fn vectors() -> BTreeMap<String, Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/canonical");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|ending| ending == "json"))
        .map(|file| {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            let vector = serde_json::from_str(&fs::read_to_string(&file).unwrap());
            (name.clone(), vector.unwrap_or_else(|error| panic!("{name}: {error}")))
        })
        .collect()
}

#[test]
fn vectors_hold() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 29, "a vector was added or lost");
    for (name, vector) in vectors {
        match vector {
            Vector::Document { about, given, canonical, hash } => {
                let given: Document =
                    serde_json::from_value(given).unwrap_or_else(|error| panic!("{name}: {error}"));
                let tidy = given.tidy();
                let bytes = tidy.canonical().unwrap();
                assert_eq!(String::from_utf8_lossy(&bytes), canonical, "{name}: {about}");
                assert_eq!(ContentHash::of(&bytes), hash, "{name}: {about}");
                let read: Document = serde_json::from_str(&canonical).unwrap();
                assert_eq!(read, tidy, "{name}: what is kept reads back");
            }
            Vector::Body { about, body, hash } => {
                assert_eq!(ContentHash::of(body.as_bytes()), hash, "{name}: {about}");
            }
        }
    }
}

#[test]
fn said_defaults_make_no_difference() {
    let vectors = vectors();
    let hash = |name: &str| match &vectors[name] {
        Vector::Document { hash, .. } | Vector::Body { hash, .. } => *hash,
    };
    assert_eq!(hash("workflow-least"), hash("workflow-defaults-said"));
    assert_ne!(hash("workflow-least"), hash("workflow-no-defaults"));
}

#[test]
fn a_hash_reads_back_and_nothing_else_does() {
    let text = "0123456789abcdef".repeat(4);
    assert_eq!(text.parse::<ContentHash>().unwrap().to_string(), text);
    assert_eq!(text.to_uppercase().parse::<ContentHash>().unwrap().to_string(), text);
    for wrong in
        ["", &text[1..], &format!("{text}0"), &"+1".repeat(32), &"é".repeat(32), &text.replace('f', "g")]
    {
        assert!(wrong.parse::<ContentHash>().is_err(), "{wrong}");
    }
}
