//! Runs `cases/*.yaml`: one rule of merging each, for people to read and for other implementations to check themselves.
//! `cases/README.md` says how a case is written.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "what can't be fails the test"
)]

mod build;
mod case;

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

#[test]
fn every_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let mut failures = Vec::new();
    let mut rules = BTreeMap::new();
    for file in &files {
        let name = file.file_stem().unwrap().to_string_lossy();
        let case: Value = serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).expect("YAML");
        let rule = case["rule"].as_str().expect("a rule").to_owned();
        if let Some(other) = rules.insert(rule, name.to_string()) {
            failures.push(format!("{name}: has the rule of {other}"));
        }
        match std::panic::catch_unwind(|| check(&case)) {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => failures.push(format!("{name}: {failure}")),
            Err(_) => failures.push(format!("{name}: can't be read")),
        }
    }
    assert!(failures.is_empty(), "{} of {} fail\n{}", failures.len(), files.len(), failures.join("\n"));
    assert!(files.len() >= 130, "only {} cases", files.len());
}

/// A case about whole projects says what the plan lists, or that there is none.
fn check(case: &Value) -> case::Outcome {
    let is_project = ["plan", "refused"].iter().any(|key| case.get(key).is_some());
    if is_project { case::project::check(case) } else { case::combining::check(case) }
}
