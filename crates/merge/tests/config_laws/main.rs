//! The laws of 3-merge §7 for combining two versions of a config, over generated values and scripts of edits.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what can't be fails the test"
)]

#[path = "../build/mod.rs"]
mod build;
mod edits;

use std::collections::{BTreeMap, BTreeSet};

use build::world::World;
use edits::versions;
use proptest::prelude::*;
use sandbar_merge::{
    Choices, Decision, Label, Selector,
    combine::{Conflict, ConflictKind, Resolution},
    config::{CombinedConfig, ConfigVersions, combine_configs},
};
use sandbar_model::{Config, Document, json};
use serde_json::Value;

fn config(value: &Value) -> Config {
    Config { kind: "journey".into(), name: "Solar".into(), references: Vec::new(), value: value.clone() }
        .tidy()
}

fn combined(base: Option<&Value>, source: &Value, target: &Value) -> CombinedConfig {
    settled(base, source, target, &BTreeMap::new())
}

fn settled(
    base: Option<&Value>,
    source: &Value,
    target: &Value,
    resolutions: &BTreeMap<String, Resolution>,
) -> CombinedConfig {
    let (base, source, target) = (base.map(config), config(source), config(target));
    let versions = ConfigVersions { base: base.as_ref(), source: &source, target: &target };
    combine_configs(versions, resolutions).unwrap()
}

/// Settles everything in one way.
fn all(conflicts: &[Conflict], resolution: &Resolution) -> BTreeMap<String, Resolution> {
    conflicts.iter().map(|conflict| (conflict.path.clone(), resolution.clone())).collect()
}

/// Every scalar and every list of scalars of a value, under the path of a conflict there. Written for itself, so that it
/// does not repeat a mistake: here every list of objects has ids.
fn leaves(value: &Value) -> BTreeMap<String, Value> {
    fn walk(at: &str, value: &Value, found: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(key, member)| walk(&format!("{at}/{key}"), member, found));
            }
            Value::Array(items) if items.iter().all(Value::is_object) => {
                for item in items {
                    walk(&format!("{at}/id:{}", item["id"].as_str().unwrap()), item, found);
                }
            }
            leaf => drop(found.insert(at.to_owned(), leaf.clone())),
        }
    }
    let mut found = BTreeMap::new();
    walk("value", value, &mut found);
    found
}

fn covered(path: &str, conflicts: &[Conflict]) -> bool {
    conflicts.iter().any(|conflict| {
        path.strip_prefix(&conflict.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// The value with lists of objects sorted by id, as the order of what both add in one place is a matter of taste.
fn unordered(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(key, member)| (key.clone(), unordered(member))).collect()
        }
        Value::Array(items) => {
            let mut items: Vec<_> = items.iter().map(unordered).collect();
            items.sort_by_key(|item| item["id"].as_str().map(str::to_owned));
            Value::Array(items)
        }
        leaf => leaf.clone(),
    }
}

/// The same value with the keys of its objects the other way round.
fn turned(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: Vec<_> = members.iter().map(|(key, member)| (key.clone(), turned(member))).collect();
            Value::Object(members.into_iter().rev().collect())
        }
        Value::Array(items) => items.iter().map(turned).collect(),
        leaf => leaf.clone(),
    }
}

/// A conflict as text, with the sides in this order.
fn said(conflict: &Conflict, swapped: bool) -> String {
    let Conflict { path, kind, base, source, target, .. } = conflict;
    let (one, other) = if swapped { (target, source) } else { (source, target) };
    let text = |value: &Option<Value>| value.as_ref().map(json::canonical);
    format!("{path} {kind:?} {:?} {:?} {:?}", text(base), text(one), text(other))
}

proptest! {
    #[test]
    fn no_change_is_no_change([base, source, _] in versions()) {
        for combined in [
            combined(Some(&base), &base, &source),
            combined(Some(&base), &source, &base),
            combined(Some(&base), &source, &source),
            combined(None, &source, &source),
        ] {
            prop_assert_eq!(&combined.conflicts, &[]);
            prop_assert_eq!(&combined.config, &config(&source));
        }
    }

    #[test]
    fn every_edit_is_kept_or_in_a_conflict_and_none_is_invented([base, source, target] in versions()) {
        let combined = combined(Some(&base), &source, &target);
        let [base, source, target, result] = [&base, &source, &target, &combined.config.value].map(leaves);
        let paths: BTreeSet<_> = [&base, &source, &target, &result].into_iter().flat_map(BTreeMap::keys).collect();
        for path in paths {
            let [base, source, target, result] = [&base, &source, &target, &result].map(|side| side.get(path));
            prop_assert!(result == source || result == target, "{path} is nobody's");
            for side in [source, target] {
                if side != base && side != result {
                    prop_assert!(covered(path, &combined.conflicts), "{path} is lost: {:?}", combined.conflicts);
                }
            }
        }
    }

    #[test]
    fn a_conflict_is_where_both_sides_changed_something([base, source, target] in versions()) {
        for conflict in combined(Some(&base), &source, &target).conflicts {
            prop_assert!(conflict.source != conflict.target && conflict.base != conflict.source);
            prop_assert!(conflict.base != conflict.target);
            let removed = conflict.source.is_none() || conflict.target.is_none();
            prop_assert_eq!(conflict.kind == ConflictKind::Removed, removed);
        }
    }

    #[test]
    fn conflicts_are_the_same_from_the_other_side([base, source, target] in versions()) {
        let one = combined(Some(&base), &source, &target).conflicts;
        let other = combined(Some(&base), &target, &source).conflicts;
        let one: BTreeSet<_> = one.iter().map(|conflict| said(conflict, false)).collect();
        let other: BTreeSet<_> = other.iter().map(|conflict| said(conflict, true)).collect();
        prop_assert_eq!(one, other);
    }

    #[test]
    fn settled_for_one_side_is_the_same_from_both_sides([base, source, target] in versions()) {
        let conflicts = combined(Some(&base), &source, &target).conflicts;
        let here = settled(Some(&base), &source, &target, &all(&conflicts, &Resolution::Source));
        let there = settled(Some(&base), &target, &source, &all(&conflicts, &Resolution::Target));
        prop_assert_eq!(here.open().count() + there.open().count(), 0);
        prop_assert_eq!(unordered(&here.config.value), unordered(&there.config.value));
        prop_assert!(here.config.violations("").is_empty());
    }

    #[test]
    fn the_order_of_keys_is_irrelevant([base, source, target] in versions()) {
        let one = combined(Some(&base), &source, &target);
        let other = combined(Some(&turned(&base)), &turned(&source), &target);
        prop_assert_eq!(json::canonical(&one.config.value), json::canonical(&other.config.value));
        let said = |combined: &CombinedConfig| combined.conflicts.iter().map(|c| said(c, false)).collect::<Vec<_>>();
        prop_assert_eq!(said(&one), said(&other));
    }

    #[test]
    fn entries_are_neither_lost_nor_doubled_and_stay_in_order([base, source, target] in versions()) {
        let combined = combined(Some(&base), &source, &target);
        if combined.conflicts.is_empty() && source.get("a").is_some_and(Value::is_array) {
            let ids = |value: &Value| -> Vec<String> {
                let items = value["a"].as_array().cloned().unwrap_or_default();
                items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect()
            };
            let [base, source, target, result] = [&base, &source, &target, &combined.config.value].map(ids);
            let unique: BTreeSet<_> = result.iter().collect();
            prop_assert_eq!(unique.len(), result.len());
            let among = |of: &[String], these: &[String]| -> Vec<String> {
                of.iter().filter(|id| these.contains(id)).cloned().collect()
            };
            // Where one side did not move anything, what both have is in the other's order.
            if among(&source, &base) == among(&base, &source) {
                let shared = among(&among(&result, &source), &target);
                prop_assert_eq!(shared, among(&among(&target, &source), &result));
            }
        }
    }

    #[test]
    fn what_was_combined_is_not_offered_again_and_the_plan_says_what_it_does([base, source, target] in versions()) {
        let world = |value: &Value| [(1, Document::Config(config(value)))];
        let mut world = World::of(world(&base), world(&source), world(&target));
        let listed = world.defaults();
        let Some(item) = listed.items.first() else { return Ok(()) };
        let fields = item.fields();
        let paths: BTreeSet<_> = fields.iter().map(|field| &field.path).collect();
        prop_assert_eq!(paths.len(), fields.len(), "a path is there twice");
        prop_assert_eq!(fields.is_empty(), item.after == item.target && item.label != Label::TargetOnly);
        if item.label == Label::Diverged {
            let key = Selector::Key(item.kind, item.id);
            let mut choices = Choices { choices: vec![(key.clone(), Decision::Combine)], ..Choices::default() };
            let open = world.plan(&choices);
            if !open.items[0].conflicts.is_empty() {
                choices.resolutions.push((key, all(&open.items[0].conflicts, &Resolution::Source)));
            }
            let plan = world.plan(&choices);
            world.apply(&plan);
            let again = world.defaults();
            prop_assert!(again.items.iter().all(|item| item.label == Label::TargetOnly), "{:?}", again.items);
        }
    }
}
