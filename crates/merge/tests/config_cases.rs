//! Runs `config_cases/*.yaml`: one rule of combining two configs each, for people to read and for other implementations to
//! check themselves.
//!
//! A case has a `rule` and four values: `base`, `source`, `target` and the expected `result`. A version that is to have
//! another name, kind or references than the rest says so under `heads`, by version. Without a `base` each side made the
//! config by itself.
//!
//! `settle` settles conflicts: `source`, `target` or `{value: …}`. `conflicts` are those left open: `at` and, as far as the
//! case says them, what `base`, `source` and `target` have there (`null`: nothing) and that it is `removed` on one side.
//! `broken` are words of the rules that the result would break. Absent: there are none.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what can't be fails the test"
)]

use std::{collections::BTreeMap, fs, path::Path};

use sandbar_merge::{
    combine::{Conflict, ConflictKind, Resolution},
    config::{CombinedConfig, ConfigVersions, combine_configs},
};
use sandbar_model::{Config, Kind, ResourceId, config::Reference};
use serde_json::{Value, json};
use uuid::Uuid;

#[test]
fn every_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config_cases");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut failures = Vec::new();
    for file in &files {
        let case: Value = serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).expect("YAML");
        match std::panic::catch_unwind(|| check(&case)) {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => failures.push(format!("{}: {failure}", file.display())),
            Err(_) => failures.push(format!("{}: can't be read", file.display())),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(files.len() >= 30, "only {} cases", files.len());
}

fn check(case: &Value) -> Result<(), String> {
    for key in case.as_object().unwrap().keys() {
        let known = ["rule", "heads", "base", "source", "target", "result", "settle", "conflicts", "broken"];
        assert!(known.contains(&key.as_str()), "{key} is nothing that a case has");
    }
    let [source, target, result] = ["source", "target", "result"].map(|side| config(case, side).unwrap());
    let base = config(case, "base");
    let versions = ConfigVersions { base: base.as_ref(), source: &source, target: &target };
    let settled = case["settle"].as_object().into_iter().flatten();
    let resolutions: BTreeMap<_, _> = settled.map(|(path, how)| (path.clone(), resolution(how))).collect();
    let combined = combine_configs(versions, &resolutions).map_err(|error| error.to_string())?;
    same("the result", &combined.config, &result)?;
    conflicts(&combined, case)
}

fn config(case: &Value, side: &str) -> Option<Config> {
    let value = case.get(side)?.clone();
    let head = &case["heads"][side];
    let word = |field: &str, default: &str| head[field].as_str().unwrap_or(default).to_owned();
    let references = head["references"].as_array().into_iter().flatten().map(|id| Reference {
        kind: Kind::Workflow,
        id: ResourceId(Uuid::from_u128(id.as_u64().unwrap().into())),
    });
    let (kind, name) = (word("kind", "journey"), word("name", "Solar"));
    Some(Config { kind, name, references: references.collect(), value }.tidy())
}

fn resolution(how: &Value) -> Resolution {
    match how {
        Value::String(side) if side == "source" => Resolution::Source,
        Value::String(side) if side == "target" => Resolution::Target,
        how => Resolution::Value(how["value"].clone()),
    }
}

fn conflicts(combined: &CombinedConfig, case: &Value) -> Result<(), String> {
    let (broken, open): (Vec<_>, Vec<_>) =
        combined.open().partition(|conflict| matches!(conflict.kind, ConflictKind::InvalidResult(_)));
    let words: Vec<_> = case["broken"].as_array().into_iter().flatten().collect();
    same("broken rules", &broken.len(), &words.len())?;
    for (conflict, word) in broken.iter().zip(words) {
        let says = format!("{:?}", conflict.kind).contains(word.as_str().unwrap());
        same("a broken rule", &says, &true).map_err(|error| format!("{error}: {conflict:?}"))?;
    }
    let expected: Vec<_> = case["conflicts"].as_array().into_iter().flatten().collect();
    let places = |conflicts: &[&Conflict]| conflicts.iter().map(|c| c.path.clone()).collect::<Vec<_>>();
    let wanted: Vec<_> = expected.iter().map(|one| one["at"].as_str().unwrap().to_owned()).collect();
    same("open conflicts", &places(&open), &wanted)?;
    for (conflict, expected) in open.iter().zip(expected) {
        let removed = conflict.kind == ConflictKind::Removed;
        same("removed", &removed, &expected.get("removed").is_some_and(|said| *said == json!(true)))?;
        for (side, value) in
            [("base", &conflict.base), ("source", &conflict.source), ("target", &conflict.target)]
        {
            if let Some(wanted) = expected.get(side) {
                same(side, &value.clone().unwrap_or_default(), wanted)?;
            }
        }
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, wanted: &T) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("{what} is {found:#?} instead of {wanted:#?}")) }
}
