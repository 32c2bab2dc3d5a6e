//! The laws of 3-merge §7 for combining two versions of a config, over generated values and scripts of edits.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what can't be fails the test"
)]

mod build;

use std::collections::{BTreeMap, BTreeSet};

use build::world::World;
use proptest::{prelude::*, sample::Index};
use sandbar_merge::{
    Choices, Decision, Label, Selector,
    combine::{Conflict, ConflictKind, Resolution},
    config::{CombinedConfig, ConfigVersions, combine_configs},
};
use sandbar_model::{Config, Document, json};
use serde_json::{Map, Value, json};

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

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0..4_i64).prop_map(Value::from),
        prop::sample::select(vec!["red", "blue"]).prop_map(Value::from),
        Just(Value::Null),
        Just(Value::from(u64::MAX - 1)),
        Just(json!([1, 2])),
        Just(json!([2])),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned)
}

fn object(member: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::btree_map(key(), member, 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// A list of objects with ids of `e0` to `e5`, in any order.
fn list(entry: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let with_id = |(id, entry): (u8, Value)| {
        let mut members = entry.as_object().cloned().unwrap_or_default();
        members.insert("id".into(), json!(format!("e{id}")));
        Value::Object(members)
    };
    let entries = prop::collection::btree_map(0..6_u8, entry, 1..5)
        .prop_map(move |entries| entries.into_iter().map(with_id).collect::<Vec<_>>());
    entries.prop_shuffle().prop_map(Value::Array)
}

fn value() -> impl Strategy<Value = Value> {
    let any = leaf().prop_recursive(
        3,
        24,
        4,
        |inner| prop_oneof![2 => object(inner.clone()), 3 => list(object(inner))],
    );
    object(any)
}

/// What somebody does to a value, somewhere in it.
#[derive(Clone, Debug)]
enum Edit {
    Set(Index, String, Value),
    Remove(Index, Index),
    Add(Index, Index, u8),
    Drop(Index, Index),
    Move(Index, Index, Index),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let at = any::<Index>;
    let edit = prop_oneof![
        4 => (at(), key(), leaf()).prop_map(|(at, key, value)| Edit::Set(at, key, value)),
        1 => (at(), key(), list(object(leaf()))).prop_map(|(at, key, value)| Edit::Set(at, key, value)),
        2 => (at(), at()).prop_map(|(at, key)| Edit::Remove(at, key)),
        2 => (at(), at(), 0..6_u8).prop_map(|(at, place, id)| Edit::Add(at, place, id)),
        2 => (at(), at()).prop_map(|(at, entry)| Edit::Drop(at, entry)),
        2 => (at(), at(), at()).prop_map(|(at, from, to)| Edit::Move(at, from, to)),
    ];
    prop::collection::vec(edit, 0..5)
}

/// Every object and every list of objects in a value.
fn containers(value: &Value, lists: bool, found: &mut Vec<*const Value>) {
    let here: *const Value = value;
    match value {
        Value::Object(members) => {
            if !lists {
                found.push(here);
            }
            members.values().for_each(|member| containers(member, lists, found));
        }
        Value::Array(items) if items.iter().all(Value::is_object) => {
            if lists {
                found.push(here);
            }
            for item in items {
                containers(item, lists, found);
            }
        }
        _ => {}
    }
}

/// Changes the container that the index names, if there is one.
fn within(value: &mut Value, lists: bool, at: &Index, change: &mut dyn FnMut(&mut Value)) {
    let mut found = Vec::new();
    containers(value, lists, &mut found);
    if !found.is_empty() {
        visit(value, *at.get(&found), change);
    }
}

fn visit(value: &mut Value, wanted: *const Value, change: &mut dyn FnMut(&mut Value)) {
    if std::ptr::eq(value, wanted) {
        return change(value);
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| visit(member, wanted, change)),
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, wanted, change)),
        _ => {}
    }
}

fn edited(value: &Value, edits: &[Edit]) -> Value {
    let mut value = value.clone();
    for edit in edits {
        match edit {
            Edit::Set(at, key, new) => within(&mut value, false, at, &mut |object| {
                object[key.as_str()] = new.clone();
            }),
            Edit::Remove(at, key) => within(&mut value, false, at, &mut |object| {
                let members: &mut Map<String, Value> = object.as_object_mut().unwrap();
                let keys: Vec<_> = members.keys().filter(|key| *key != "id").cloned().collect();
                if !keys.is_empty() {
                    members.remove(key.get(&keys));
                }
            }),
            Edit::Add(at, place, id) => within(&mut value, true, at, &mut |list| {
                let (items, id) = (list.as_array_mut().unwrap(), format!("e{id}"));
                if items.iter().all(|item| item["id"] != id.as_str()) {
                    items.insert(place.index(items.len() + 1), json!({ "id": id, "a": 9 }));
                }
            }),
            Edit::Drop(at, entry) => within(&mut value, true, at, &mut |list| {
                let items = list.as_array_mut().unwrap();
                if !items.is_empty() {
                    items.remove(entry.index(items.len()));
                }
            }),
            Edit::Move(at, from, to) => within(&mut value, true, at, &mut |list| {
                let items = list.as_array_mut().unwrap();
                if !items.is_empty() {
                    let item = items.remove(from.index(items.len()));
                    items.insert(to.index(items.len() + 1), item);
                }
            }),
        }
    }
    value
}

fn versions() -> impl Strategy<Value = [Value; 3]> {
    (value(), edits(), edits())
        .prop_map(|(base, ours, theirs)| [edited(&base, &ours), edited(&base, &theirs), base])
        .prop_map(|[source, target, base]| [base, source, target])
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
