//! Every difference between two configs, for a person to read.

use std::collections::BTreeSet;

use sandbar_model::Config;
use serde_json::{Value, json};

use super::{lists::Listed, place::Place};

/// What may be a difference: its path, the same for a person, and what base, target and source have.
pub(crate) type Change = (String, String, [Option<Value>; 3]);

/// What a list of differences may take in paths and titles, in bytes. A value that differs in more places than have room
/// is shown as one.
const PLACES_BYTES: usize = 1024 * 1024;

/// What may differ between target and source: the fields, then, of the value, the places that do.
pub(crate) fn changes(sides: [Option<&Config>; 3]) -> Vec<Change> {
    let field = |name: &str, of: &dyn Fn(&Config) -> Value| {
        (name.to_owned(), name.to_owned(), sides.map(|side| side.map(of)))
    };
    let mut found = vec![
        field("kind", &|config| json!(config.kind)),
        field("name", &|config| json!(config.name)),
        field("references", &|config| json!(config.references)),
    ];
    let values = sides.map(|side| side.map(|config| &config.value));
    found.extend(value_changes(values));
    found
}

fn value_changes(values: [Option<&Value>; 3]) -> Vec<Change> {
    let at = Place::field("value");
    let mut found = Found { changes: Vec::new(), room: PLACES_BYTES };
    let [_, target, source] = values;
    if target.is_none() || source.is_none() || !found.child(values, || at.clone()) {
        let whole = (at.path, at.title, values.map(Option::<&Value>::cloned));
        return vec![whole];
    }
    found.changes
}

struct Found {
    changes: Vec<Change>,
    room: usize,
}

impl Found {
    /// False: there is no more room.
    fn node(&mut self, at: &Place, values: [Option<&Value>; 3]) -> bool {
        let [base, target, source] = values;
        if let (Some(Value::Object(target)), Some(Value::Object(source))) = (target, source) {
            let base = base.and_then(Value::as_object);
            let keys: BTreeSet<&String> = target.keys().chain(source.keys()).collect();
            return keys.into_iter().all(|key| {
                let base = base.and_then(|base| base.get(key));
                self.child([base, target.get(key), source.get(key)], || at.key(key))
            });
        }
        if let (Some(Value::Array(target)), Some(Value::Array(source))) = (target, source)
            && let Some(listed) = Listed::of([base.and_then(Value::as_array), Some(source), Some(target)])
        {
            return self.list(at, &listed);
        }
        self.note(at, values.map(Option::<&Value>::cloned))
    }

    /// A place is only worked out where something differs: a long key has a long path, and may have many values below it.
    fn child(&mut self, values: [Option<&Value>; 3], at: impl FnOnce() -> Place) -> bool {
        let [_, target, source] = values;
        target == source || self.node(&at(), values)
    }

    fn list(&mut self, at: &Place, listed: &Listed<'_>) -> bool {
        let entries = listed.entries().all(|(id, [base, source, target])| {
            self.child([base, target, source], || at.entry(listed.by, id))
        });
        let [base, source, target] = listed.shared_orders().map(|order| order.map(|order| json!(order)));
        entries && (source == target || self.note(&at.order(), [base, target, source]))
    }

    fn note(&mut self, at: &Place, values: [Option<Value>; 3]) -> bool {
        match self.room.checked_sub(at.path.len() + at.title.len()) {
            Some(left) => {
                self.room = left;
                self.changes.push((at.path.clone(), at.title.clone(), values));
                true
            }
            None => false,
        }
    }
}
