//! Both sides' edits inside one config, made one: what 3-merge §3 is for workflows, for JSON.
//!
//! What one side changed is that side's; what both changed to different things is a [`Conflict`] at its path. An object is
//! combined key by key. A list of objects that all have a unique `id` (else a unique `key`) is combined entry by entry,
//! and so is its order; any other list is one value. The order of keys is no content.

mod changes;
mod lists;
mod place;
mod references;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{Config, Result};
use serde_json::{Value, json};

use crate::combine::{Conflict, ConflictKind, NO_CLASHES, Resolution, refuse};

pub(crate) use changes::changes;
use place::Place;
pub(crate) use references::warn_of_missing;

/// What all paths and titles of conflicts may take together, in bytes. A value in which more than that is in conflict is
/// settled as one.
const PLACES_BYTES: usize = 1024 * 1024;

/// The three versions of one config.
#[derive(Clone, Copy, Debug)]
pub struct ConfigVersions<'a> {
    /// What the two last agreed on. None: each side made it by itself.
    pub base: Option<&'a Config>,
    /// What the source has.
    pub source: &'a Config,
    /// What the target has.
    pub target: &'a Config,
}

/// What came of combining two versions.
#[derive(Clone, Debug, PartialEq)]
pub struct CombinedConfig {
    /// Both sides' edits; where a conflict is open, as the target has it.
    pub config: Config,
    /// Everything that both sides changed to different things, settled or not: kind, name, then the value's by path.
    pub conflicts: Vec<Conflict>,
}

impl CombinedConfig {
    /// The conflicts that keep this from being written.
    pub fn open(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts.iter().filter(|conflict| conflict.resolution.is_none())
    }
}

/// Combines two versions of a config. `resolutions` say how conflicts are settled, by their path.
///
/// Takes time near-linear in the size of the three, times how deep they nest.
///
/// # Errors
/// [`sandbar_model::Error::ChoiceUnknown`] for a resolution without a conflict at its path, or of another form than the conflict's.
pub fn combine_configs(
    versions: ConfigVersions<'_>,
    resolutions: &BTreeMap<String, Resolution>,
) -> Result<CombinedConfig> {
    let ConfigVersions { base, source, target } = versions;
    let Config { kind: _, name: _, references: _, value: _ } = target;
    let mut settling = Settling { resolutions, conflicts: Vec::new(), places: 0 };
    let kind = settling.word("kind", base.map(|b| &b.kind), &source.kind, &target.kind)?;
    let name = settling.word("name", base.map(|b| &b.name), &source.name, &target.name)?;
    let value = settling.value(base.map(|b| &b.value), &source.value, &target.value)?;
    let references =
        references::combine(base.map(|b| b.references.as_slice()), &source.references, &target.references);
    let config = Config { kind, name, references, value }.tidy();
    settling.check_rules(&config);
    settling.finish(config)
}

/// One combination under way.
struct Settling<'a> {
    resolutions: &'a BTreeMap<String, Resolution>,
    conflicts: Vec<Conflict>,
    /// What the paths and titles of conflicts take, in bytes.
    places: usize,
}

impl Settling<'_> {
    fn word(
        &mut self,
        field: &str,
        base: Option<&String>,
        source: &String,
        target: &String,
    ) -> Result<String> {
        if source == target || base == Some(source) {
            return Ok(target.clone());
        }
        if base == Some(target) {
            return Ok(source.clone());
        }
        let of = |side: &String| json!(side);
        let values = [base.map(of), Some(of(source)), Some(of(target))];
        match self.settle(&Place::field(field), values)? {
            Some(Value::String(word)) => Ok(word),
            _ => Err(refuse(field, "the value is not one of this field: give a JSON string")),
        }
    }

    fn value(&mut self, base: Option<&Value>, source: &Value, target: &Value) -> Result<Value> {
        let (at, before) = (Place::field("value"), self.conflicts.len());
        let sides = [base, Some(source), Some(target)];
        let combined = self.node(sides, || at.clone());
        let combined = if self.is_full() {
            self.conflicts.truncate(before);
            self.settle(&at, sides.map(Option::<&Value>::cloned))?
        } else {
            combined?
        };
        Ok(combined.unwrap_or_default())
    }

    /// Whether there is no more room for places, so that the value is to be settled as one.
    fn is_full(&self) -> bool {
        self.places > PLACES_BYTES
    }

    /// What both sides have, each its own; gives what holds.
    fn settle(&mut self, at: &Place, values: [Option<Value>; 3]) -> Result<Option<Value>> {
        let [_, source, target] = &values;
        let (source, target) = (source.clone(), target.clone());
        match self.note(at, ConflictKind::Field, values) {
            None | Some(Resolution::Target) => Ok(target),
            Some(Resolution::Source) => Ok(source),
            Some(Resolution::Value(value)) => Ok(Some(value.clone())),
            Some(Resolution::Clashes(_)) => Err(refuse(&at.path, NO_CLASHES)),
        }
    }

    /// What one side removed and the other changed; gives what holds.
    fn settle_removal(&mut self, at: &Place, values: [Option<Value>; 3]) -> Result<Option<Value>> {
        let [_, source, target] = &values;
        let (source, target) = (source.clone(), target.clone());
        match self.note(at, ConflictKind::Removed, values) {
            None | Some(Resolution::Target) => Ok(target),
            Some(Resolution::Source) => Ok(source),
            Some(Resolution::Value(_)) => {
                Err(refuse(&at.path, "one side removed it: choose SOURCE or TARGET, whichever shall hold"))
            }
            Some(Resolution::Clashes(_)) => Err(refuse(&at.path, NO_CLASHES)),
        }
    }

    /// Notes where the two differ; gives how the caller settles that.
    fn note(
        &mut self,
        at: &Place,
        kind: ConflictKind,
        [base, source, target]: [Option<Value>; 3],
    ) -> Option<&Resolution> {
        let resolution = self.resolutions.get(&at.path);
        self.places += at.path.len() + at.title.len();
        self.conflicts.push(Conflict {
            path: at.path.clone(),
            title: at.title.clone(),
            kind,
            base,
            source,
            target,
            clashes: Vec::new(),
            resolution: resolution.cloned(),
        });
        resolution
    }

    /// Holds the result against every rule of a config, once everything else is settled: until then it is none.
    fn check_rules(&mut self, config: &Config) {
        if self.conflicts.iter().any(|conflict| conflict.resolution.is_none()) {
            return;
        }
        for violation in config.violations("").0 {
            let place = (violation.field.clone(), violation.field);
            self.conflicts.push(Conflict::broken(place, violation.problem));
        }
    }

    fn finish(self, config: Config) -> Result<CombinedConfig> {
        let noted: BTreeSet<&str> = self.conflicts.iter().map(|conflict| conflict.path.as_str()).collect();
        match self.resolutions.keys().find(|path| !noted.contains(path.as_str())) {
            Some(path) => Err(refuse(path, "nothing is in conflict there; preview to see what is")),
            None => Ok(CombinedConfig { config, conflicts: self.conflicts }),
        }
    }
}
