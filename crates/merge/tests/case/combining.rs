//! Cases about one workflow that both sides edited.

use sandbar_merge::combine::{Clash, Combined, Conflict, ConflictKind, Versions, combine};
use serde_json::{Value, json};

use super::{
    Outcome, list, only,
    read::{Reader, path_of, resolutions},
    same, words,
};

const KEYS: [&str; 9] =
    ["rule", "base", "source", "target", "result", "settle", "conflicts", "broken", "dropped"];

/// What the parts' ids are made from, and the workflow's name where it has no other.
const PLACE: &str = "workflows/Intake";

pub fn check(case: &Value) -> Outcome {
    only(case, &KEYS);
    let read = Reader::default();
    let [source, target, result] =
        ["source", "target", "result"].map(|version| read.workflow(&case[version], PLACE));
    // Without a base each side made it by itself.
    let base = (!case["base"].is_null()).then(|| read.workflow(&case["base"], PLACE));
    let versions = Versions { base: base.as_ref(), source: &source, target: &target };
    let settled = resolutions(&case["settle"], PLACE);
    let combined = combine(versions, &|hash| read.text(hash), &settled).map_err(|error| error.to_string())?;
    same("result", &combined.workflow, &result)?;
    same("asked for", &combined.wanted.len(), &0)?;
    let known = |text: &String| read.text(crate::build::body(text)).is_some();
    same("bodies", &combined.bodies.values().all(known), &true)?;
    same("dropped edges", &json!(combined.dropped_edges), &list(&case["dropped"]))?;
    broken(&combined, &case["broken"])?;
    let open: Vec<_> = combined.open().filter(|conflict| rule(conflict).is_none()).collect();
    conflicts(&open, &case["conflicts"], PLACE)
}

fn rule(conflict: &Conflict) -> Option<&str> {
    match &conflict.kind {
        ConflictKind::InvalidResult(rule) => Some(rule),
        ConflictKind::Field | ConflictKind::Body | ConflictKind::Removed => None,
    }
}

fn broken(combined: &Combined, expected: &Value) -> Outcome {
    let rules: Vec<_> = combined.open().filter_map(rule).collect();
    for word in words(expected) {
        same("a broken rule", &rules.iter().any(|rule| rule.contains(word)), &true)?;
    }
    same("broken rules", &rules.is_empty(), &(words(expected).count() == 0))
}

/// The open ones, in order, each with as much as the case says of it.
pub fn conflicts(open: &[&Conflict], expected: &Value, place: &str) -> Outcome {
    let expected = list(expected);
    let expected = expected.as_array().expect("a list of conflicts");
    same("open conflicts", &open.len(), &expected.len()).map_err(|error| format!("{error}: {open:?}"))?;
    for (conflict, expected) in open.iter().zip(expected) {
        only(expected, &["at", "base", "source", "target", "clashes"]);
        same("the place", &conflict.path, &path_of(expected["at"].as_str().unwrap(), place))?;
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
