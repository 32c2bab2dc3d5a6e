//! Generated values, and what people do to them.

use proptest::{prelude::*, sample::Index};
use serde_json::{Map, Value, json};

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

pub(crate) fn versions() -> impl Strategy<Value = [Value; 3]> {
    (value(), edits(), edits())
        .prop_map(|(base, ours, theirs)| [edited(&base, &ours), edited(&base, &theirs), base])
        .prop_map(|[source, target, base]| [base, source, target])
}
