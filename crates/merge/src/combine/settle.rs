//! Choosing between two sides, and noting where that takes the caller.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sandbar_model::{
    ContentHash, Result,
    workflow::{MAX_BODY_BYTES, StoredWorkflow},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Combined,
    body::{Stretch, stretches},
    conflict::{Clash, ClashResolution, ConflictKind, Resolution},
    disputes::{Disputes, Place, refuse, undisputed},
};
use crate::part::Names;

/// One combination under way.
pub(super) struct Settling<'a> {
    pub(super) names: &'a Names,
    bodies: &'a dyn Fn(ContentHash) -> Option<Arc<str>>,
    pub(super) disputes: Disputes<'a>,
    made: BTreeMap<ContentHash, String>,
    wanted: BTreeSet<ContentHash>,
}

impl<'a> Settling<'a> {
    pub(super) fn new(
        names: &'a Names,
        bodies: &'a dyn Fn(ContentHash) -> Option<Arc<str>>,
        resolutions: &'a BTreeMap<String, Resolution>,
    ) -> Self {
        let disputes = Disputes::new(resolutions);
        Self { names, bodies, disputes, made: BTreeMap::new(), wanted: BTreeSet::new() }
    }

    /// A field of something that both sides have.
    pub(super) fn field<T>(&mut self, place: &Place, base: Option<&T>, source: &T, target: &T) -> Result<T>
    where
        T: PartialEq + Clone + Serialize + DeserializeOwned,
    {
        if let Some(settled) = undisputed(base, source, target) {
            return Ok(settled.clone());
        }
        let values = [base, Some(source), Some(target)].map(|side| side.and_then(|value| value_of(value)));
        let own = |value: &Value| {
            serde_json::from_value(value.clone())
                .map_err(|problem| format!("the value is not one of this field: {problem}"))
        };
        self.disputes.field(place.clone(), values, (source.clone(), target.clone()), own)
    }

    /// A step's body.
    pub(super) fn body(
        &mut self,
        place: &Place,
        base: Option<ContentHash>,
        source: ContentHash,
        target: ContentHash,
    ) -> Result<ContentHash> {
        if let Some(settled) = undisputed(base.as_ref(), &source, &target) {
            return Ok(*settled);
        }
        let texts =
            [base, Some(source), Some(target)].map(|hash| hash.map(|hash| (hash, (self.bodies)(hash))));
        let missing = texts.iter().flatten().filter(|(_, text)| text.is_none()).map(|(hash, _)| *hash);
        let missing: Vec<_> = missing.collect();
        if !missing.is_empty() {
            self.wanted.extend(missing);
            return Ok(target);
        }
        let text = |side: usize| match texts.get(side) {
            Some(Some((_, Some(text)))) => &**text,
            _ => "",
        };
        let stretches = stretches(text(0), text(1), text(2));
        let clashes = clashes(&stretches);
        if clashes.is_empty() {
            return Ok(self.make(place, assemble(&stretches, &[])));
        }
        let count = clashes.len();
        match self.disputes.note(place.clone(), ConflictKind::Body, [None, None, None], clashes) {
            None | Some(Resolution::Target) => Ok(target),
            Some(Resolution::Source) => Ok(source),
            Some(Resolution::Value(Value::String(own))) => Ok(self.make(place, own.clone())),
            Some(Resolution::Value(_)) => Err(refuse(&place.0, "a body is given as a JSON string")),
            Some(Resolution::Clashes(chosen)) if chosen.len() == count => {
                Ok(self.make(place, assemble(&stretches, chosen)))
            }
            Some(Resolution::Clashes(chosen)) => {
                let problem =
                    format!("the body has {count} clash(es) and {} are settled; settle each", chosen.len());
                Err(refuse(&place.0, &problem))
            }
        }
    }

    fn make(&mut self, place: &Place, text: String) -> ContentHash {
        if text.len() > MAX_BODY_BYTES {
            let rule =
                format!("a body has at most {MAX_BODY_BYTES} bytes, and this one would have {}", text.len());
            self.disputes.broken(place.clone(), rule);
        }
        let hash = ContentHash::of(text.as_bytes());
        self.made.insert(hash, text);
        hash
    }

    /// Holds the result against every rule of a workflow.
    pub(super) fn check_rules(&mut self, workflow: &StoredWorkflow) {
        self.disputes.check_rules(|| workflow.violations(""));
    }

    pub(super) fn finish(self, workflow: StoredWorkflow, dropped_edges: Vec<String>) -> Result<Combined> {
        // What is not read yet may still turn out to be in conflict.
        let conflicts = self.disputes.finish(self.wanted.is_empty())?;
        Ok(Combined {
            workflow: workflow.tidy(),
            bodies: self.made,
            conflicts,
            dropped_edges,
            wanted: self.wanted,
        })
    }
}

/// None: the field is not set.
fn value_of<T: Serialize>(value: &T) -> Option<Value> {
    // Every field has a JSON form: it is stored in it.
    serde_json::to_value(value).ok().filter(|value| !value.is_null())
}

/// Lines of settled text that are shown before and after a clash.
const AROUND: usize = 3;

/// The clashes, with what stands around each.
fn clashes(stretches: &[Stretch]) -> Vec<Clash> {
    let settled = |at: Option<usize>| match at.and_then(|at| stretches.get(at)) {
        Some(Stretch::Settled(text)) => text.as_str(),
        _ => "",
    };
    let clash = |(at, stretch): (usize, &Stretch)| match stretch {
        Stretch::Settled(_) => None,
        Stretch::Clash(clash) => {
            let before = settled(at.checked_sub(1));
            let mut starts = before.split_inclusive('\n').rev().take(AROUND);
            let length: usize = starts.by_ref().map(str::len).sum();
            Some(Clash {
                before: before.get(before.len() - length..).unwrap_or_default().to_owned(),
                after: settled(Some(at + 1)).split_inclusive('\n').take(AROUND).collect(),
                ..clash.clone()
            })
        }
    };
    stretches.iter().enumerate().filter_map(clash).collect()
}

/// The text with each clash as chosen.
fn assemble(stretches: &[Stretch], chosen: &[ClashResolution]) -> String {
    let mut chosen = chosen.iter();
    let mut text = String::new();
    for stretch in stretches {
        match stretch {
            Stretch::Settled(settled) => text.push_str(settled),
            Stretch::Clash(clash) => match chosen.next() {
                Some(ClashResolution::Source) => text.push_str(&clash.source),
                Some(ClashResolution::Target) | None => text.push_str(&clash.target),
                Some(ClashResolution::Both) => text.push_str(&both(&clash.source, &clash.target)),
                Some(ClashResolution::Text(own)) => text.push_str(own),
            },
        }
    }
    text
}

/// One after the other. The last line of a text may lack its end, and must not run into the next.
fn both(first: &str, second: &str) -> String {
    let runs_on = !first.is_empty() && !first.ends_with('\n') && !second.is_empty();
    format!("{first}{}{second}", if runs_on { "\n" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clash_comes_with_what_stands_around_it() {
        let (base, source, target) = ("1\n2\n3\n4\nx\n5", "1\n2\n3\n4\ny\n5", "1\n2\n3\n4\nz\n5");
        let found = clashes(&stretches(base, source, target));
        let around: Vec<_> =
            found.iter().map(|clash| (clash.before.as_str(), clash.after.as_str())).collect();
        assert_eq!(around, [("2\n3\n4\n", "5")]);
        let whole = clashes(&stretches("x", "y", "z"));
        assert_eq!(whole.first().map(|clash| (clash.before.as_str(), clash.after.as_str())), Some(("", "")));
    }

    #[test]
    fn both_stand_on_lines_of_their_own() {
        let settled = |source, target| assemble(&stretches("x", source, target), &[ClashResolution::Both]);
        assert_eq!(settled("y", "z"), "y\nz");
        assert_eq!(settled("y\n", "z"), "y\nz");
        assert_eq!(settled("", "z"), "z");
        assert_eq!(settled("y", ""), "y");
    }
}
