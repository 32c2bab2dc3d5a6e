//! Three versions of a JSON value.

use std::collections::BTreeSet;

use sandbar_model::Result;
use serde_json::{Map, Value};

use super::{Settling, lists::Listed, place::Place};

impl Settling<'_> {
    /// What holds at one place. None: nothing is there, on any side or any more.
    pub(super) fn node(
        &mut self,
        at: &Place,
        base: Option<&Value>,
        source: Option<&Value>,
        target: Option<&Value>,
    ) -> Result<Option<Value>> {
        if source == target || base == source {
            return Ok(target.cloned());
        }
        if base == target {
            return Ok(source.cloned());
        }
        let values = || [base, source, target].map(Option::<&Value>::cloned);
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
            let base = base.and_then(|base| base.get(key));
            if let Some(member) = self.node(&at.key(key), base, source.get(key), target.get(key))? {
                members.insert(key.clone(), member);
            }
        }
        Ok(Value::Object(members))
    }
}
