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

use std::collections::BTreeMap;

use sandbar_model::{Config, Result};
use serde_json::{Value, json};

use crate::combine::{self, Conflict, Disputes, Resolution, undisputed};

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
    let mut settling = Settling { disputes: Disputes::new(resolutions), places: 0 };
    let kind = settling.word("kind", base.map(|b| &b.kind), &source.kind, &target.kind)?;
    let name = settling.word("name", base.map(|b| &b.name), &source.name, &target.name)?;
    let value = settling.value(base.map(|b| &b.value), &source.value, &target.value)?;
    let references =
        references::combine(base.map(|b| b.references.as_slice()), &source.references, &target.references);
    let config = Config { kind, name, references, value }.tidy();
    settling.disputes.check_rules(|| config.violations(""));
    Ok(CombinedConfig { conflicts: settling.disputes.finish(true)?, config })
}

/// One combination under way.
struct Settling<'a> {
    disputes: Disputes<'a>,
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
        if let Some(word) = undisputed(base, source, target) {
            return Ok(word.clone());
        }
        let values = [base, Some(source), Some(target)].map(|side| side.map(|word| json!(word)));
        let own = |value: &Value| {
            let word = value.as_str().map(str::to_owned);
            word.ok_or_else(|| "the value is not one of this field: give a JSON string".to_owned())
        };
        let place = self.place(&Place::field(field));
        self.disputes.field(place, values, (source.clone(), target.clone()), own)
    }

    fn value(&mut self, base: Option<&Value>, source: &Value, target: &Value) -> Result<Value> {
        let (at, before) = (Place::field("value"), self.disputes.count());
        let sides = [base, Some(source), Some(target)];
        let combined = self.node(sides, || at.clone());
        let combined = if self.is_full() {
            self.disputes.truncate(before);
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

    /// Where something that is in conflict is; takes room.
    fn place(&mut self, at: &Place) -> combine::Place {
        self.places += at.path.len() + at.title.len();
        (at.path.clone(), at.title.clone())
    }

    /// What both sides have, each its own; gives what holds.
    fn settle(&mut self, at: &Place, values: [Option<Value>; 3]) -> Result<Option<Value>> {
        let [_, source, target] = values.clone();
        let place = self.place(at);
        self.disputes.field(place, values, (source, target), |value| Ok(Some(value.clone())))
    }

    /// What one side removed and the other changed; gives what holds.
    fn settle_removal(&mut self, at: &Place, values: [Option<Value>; 3]) -> Result<Option<Value>> {
        let [_, source, target] = values.clone();
        let place = self.place(at);
        self.disputes.removed(place, values, source, target)
    }
}
