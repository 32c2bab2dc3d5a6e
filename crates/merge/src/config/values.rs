//! Three versions of a JSON value.

use std::collections::BTreeSet;

use sandbar_model::Result;
use serde_json::{Map, Value};

use super::{Settling, lists::Listed, place::Place};

/// What the base, the source and the target have at one place.
type Sides<'v> = [Option<&'v Value>; 3];

impl Settling<'_> {
    /// What holds at one place. None: nothing is there, on any side or any more. The place is only worked out where both
    /// sides changed something: a long key has a long path, and may have many values below it.
    pub(super) fn node(&mut self, sides: Sides<'_>, at: impl FnOnce() -> Place) -> Result<Option<Value>> {
        let [base, source, target] = sides;
        if source == target || base == source || self.is_full() {
            return Ok(target.cloned());
        }
        if base == target {
            return Ok(source.cloned());
        }
        self.disputed(&at(), sides)
    }

    fn disputed(&mut self, at: &Place, sides: Sides<'_>) -> Result<Option<Value>> {
        let values = || sides.map(Option::<&Value>::cloned);
        let [base, source, target] = sides;
        match (base, source, target) {
            // What was something else before, or a list that can't be paired, was replaced as a whole on both sides.
            (None | Some(Value::Object(_)), Some(Value::Object(source)), Some(Value::Object(target))) => {
                self.object(at, base.and_then(Value::as_object), source, target).map(Some)
            }
            (None | Some(Value::Array(_)), Some(Value::Array(source)), Some(Value::Array(target))) => {
                match Listed::of([base.and_then(Value::as_array), Some(source), Some(target)]) {
                    Some(listed) => self.list(at, &listed).map(Some),
                    None => self.settle(at, values()),
                }
            }
            (_, Some(_), Some(_)) => self.settle(at, values()),
            _ => self.settle_removal(at, values()),
        }
    }

    fn object(
        &mut self,
        at: &Place,
        base: Option<&Map<String, Value>>,
        source: &Map<String, Value>,
        target: &Map<String, Value>,
    ) -> Result<Value> {
        let keys: BTreeSet<&String> = source.keys().chain(target.keys()).collect();
        let mut members = Map::new();
        for key in keys {
            let sides = [base.and_then(|base| base.get(key)), source.get(key), target.get(key)];
            if let Some(member) = self.node(sides, || at.key(key))? {
                members.insert(key.clone(), member);
            }
        }
        Ok(Value::Object(members))
    }
}
