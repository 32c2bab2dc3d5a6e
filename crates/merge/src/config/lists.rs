//! Lists of objects that have ids: entries are paired by them, wherever they stand.

use std::collections::{HashMap, HashSet};

use sandbar_model::Result;
use serde_json::{Value, json};

use super::{Settling, place::Place};

/// What entries may be paired by, the first that all of them have.
const KEYS: [&str; 2] = ["id", "key"];

/// Up to three versions of a list: base, source, target.
pub(super) struct Listed<'v> {
    /// `id` or `key`.
    pub(super) by: &'static str,
    /// None: there is no list.
    sides: [Option<Entries<'v>>; 3],
}

/// A list's entries by id, and the ids in their order.
struct Entries<'v> {
    order: Vec<String>,
    by_id: HashMap<String, &'v Value>,
}

impl<'v> Entries<'v> {
    /// None: an entry is no object, has no id, or one that another has too.
    fn of(list: &'v [Value], by: &str) -> Option<Self> {
        let order = list.iter().map(|entry| id(entry, by)).collect::<Option<Vec<_>>>()?;
        let by_id: HashMap<_, _> = order.iter().cloned().zip(list).collect();
        (by_id.len() == list.len()).then_some(Self { order, by_id })
    }
}

/// An id is a text or a number; `5` and `"5"` are one.
fn id(entry: &Value, by: &str) -> Option<String> {
    match entry.as_object()?.get(by)? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

impl<'v> Listed<'v> {
    /// None: not all entries of all versions have an id.
    pub(super) fn of(sides: [Option<&'v Vec<Value>>; 3]) -> Option<Self> {
        KEYS.into_iter().find_map(|by| {
            let read = sides.map(|side| side.map(|list| Entries::of(list, by)));
            let unpaired = read.iter().any(|side| matches!(side, Some(None)));
            (!unpaired).then(|| Self { by, sides: read.map(Option::flatten) })
        })
    }

    /// Every id of the target and the source, in their order, with what each side has under it.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, [Option<&'v Value>; 3])> {
        let [_, source, target] = &self.sides;
        let in_target = |id: &str| target.as_ref().is_some_and(|target| target.by_id.contains_key(id));
        let ids = target.iter().flat_map(|side| &side.order).map(String::as_str);
        let more = source.iter().flat_map(|side| &side.order).map(String::as_str);
        ids.chain(more.filter(move |id| !in_target(id))).map(|id| (id, self.at(id)))
    }

    fn at(&self, id: &str) -> [Option<&'v Value>; 3] {
        self.sides.each_ref().map(|side| side.as_ref().and_then(|side| side.by_id.get(id).copied()))
    }

    /// The orders of what both source and target have, on each side as far as it has it. None: there is no list.
    pub(super) fn shared_orders(&self) -> [Option<Vec<&str>>; 3] {
        let [_, source, target] = &self.sides;
        let has = |side: &Option<Entries<'v>>, id: &str| {
            side.as_ref().is_some_and(|side| side.by_id.contains_key(id))
        };
        self.sides.each_ref().map(|side| {
            let order = side.as_ref()?.order.iter().map(String::as_str);
            Some(order.filter(|id| has(source, id) && has(target, id)).collect())
        })
    }
}

impl Settling<'_> {
    /// The entries of both, each combined, in an order that both sides would know again.
    pub(super) fn list(&mut self, at: &Place, listed: &Listed<'_>) -> Result<Value> {
        let mut kept = HashMap::new();
        for (id, sides) in listed.entries() {
            if let Some(entry) = self.node(sides, || at.entry(listed.by, id))? {
                kept.insert(id, entry);
            }
        }
        let order = self.order(at, listed, &kept)?;
        Ok(order.iter().filter_map(|id| kept.remove(id.as_str())).collect())
    }

    /// Those that both have in one order; behind each what only one has behind it, the target's first.
    fn order(&mut self, at: &Place, listed: &Listed<'_>, kept: &HashMap<&str, Value>) -> Result<Vec<String>> {
        let shared = self.shared_order(at, listed)?;
        let in_shared: HashSet<&str> = shared.iter().map(String::as_str).collect();
        let [_, source, target] = &listed.sides;
        let mut behind: HashMap<Option<&str>, Vec<&str>> = HashMap::new();
        for side in [target, source].into_iter().flatten() {
            let mut last = None;
            for id in side.order.iter().map(String::as_str) {
                if in_shared.contains(id) {
                    last = Some(id);
                } else if kept.contains_key(id) {
                    behind.entry(last).or_default().push(id);
                }
            }
        }
        let places = std::iter::once(None).chain(shared.iter().map(|id| Some(id.as_str())));
        let order = places.flat_map(|place| {
            place.into_iter().chain(behind.get(&place).into_iter().flatten().copied()).collect::<Vec<_>>()
        });
        Ok(order.map(str::to_owned).collect())
    }

    /// The order of those that both sides have: that of the side which changed it.
    fn shared_order(&mut self, at: &Place, listed: &Listed<'_>) -> Result<Vec<String>> {
        let [base, source, target] = listed.shared_orders();
        let (source, target) = (source.unwrap_or_default(), target.unwrap_or_default());
        let owned = |order: &[&str]| order.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        if source == target {
            return Ok(owned(&target));
        }
        if let Some(base) = &base {
            let known: HashSet<&str> = base.iter().copied().collect();
            let of_base = |order: &[&str]| -> Vec<String> {
                owned(order).into_iter().filter(|id| known.contains(id.as_str())).collect()
            };
            let (base, from_source, from_target) = (owned(base), of_base(&source), of_base(&target));
            if from_source == base || from_source == from_target {
                return Ok(owned(&target));
            }
            if from_target == base {
                return Ok(owned(&source));
            }
        }
        self.settle_order(&at.order(), base.as_deref(), &source, &target)
    }

    fn settle_order(
        &mut self,
        at: &Place,
        base: Option<&[&str]>,
        source: &[&str],
        target: &[&str],
    ) -> Result<Vec<String>> {
        let owned = |order: &[&str]| order.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let values = [base, Some(source), Some(target)].map(|order| order.map(|order| json!(order)));
        let own = |value: &Value| {
            let given: Option<Vec<&str>> =
                value.as_array().and_then(|ids| ids.iter().map(Value::as_str).collect());
            let sorted = |order: &[&str]| {
                let mut ids = owned(order);
                ids.sort_unstable();
                ids
            };
            given
                .filter(|given| sorted(given) == sorted(target))
                .map(|given| owned(&given))
                .ok_or_else(|| "an order is given as a JSON list of the same ids, each once".to_owned())
        };
        let place = self.place(at);
        self.disputes.field(place, values, (owned(source), owned(target)), own)
    }
}
