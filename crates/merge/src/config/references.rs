//! What configs refer to.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{Config, Document, Kind, ResourceId, config::Reference};

use crate::{Item, Label, Warning};

/// What is left of three sets: added by either side, removed by neither. Such edits can't clash.
pub(super) fn combine(
    base: Option<&[Reference]>,
    source: &[Reference],
    target: &[Reference],
) -> Vec<Reference> {
    let [base, source, target] =
        [base.unwrap_or_default(), source, target].map(|side| side.iter().copied().collect::<BTreeSet<_>>());
    let all = source.union(&target).copied();
    all.filter(|one| (source.contains(one) && target.contains(one)) || !base.contains(one)).collect()
}

/// Warns on each config that would refer to something that the target then does not have. `there`: what it has now, of
/// all that is referred to.
pub(crate) fn warn_of_missing(items: &mut [Item], there: &BTreeSet<(Kind, ResourceId)>) {
    if !items.iter().any(|item| item.kind == Kind::Config) {
        return;
    }
    let mut decided = BTreeMap::new();
    for item in &*items {
        decided.insert((item.kind, item.target_id), item.outcome().is_some());
    }
    let names: BTreeMap<_, _> = items.iter().map(|item| ((item.kind, item.id), item.name.clone())).collect();
    for item in items.iter_mut().filter(|item| item.label != Label::TargetOnly) {
        let Some(Document::Config(config)) = item.after.as_ref().map(|after| &*after.document) else {
            continue;
        };
        let itself = (item.kind, item.target_id);
        let found = missing(config, |key| {
            key == itself || decided.get(&key).copied().unwrap_or_else(|| there.contains(&key))
        });
        let warnings = found.map(|one| {
            let name = names.get(&(one.kind, one.id)).map(|name| format!(" {name:?}")).unwrap_or_default();
            Warning::reference_missing(&config.key(), &format!("the {}{name} {}", one.kind.word(), one.id))
        });
        let warnings: Vec<_> = warnings.collect();
        item.warnings.extend(warnings);
    }
}

fn missing(config: &Config, there: impl Fn((Kind, ResourceId)) -> bool) -> impl Iterator<Item = Reference> {
    config.references.iter().copied().filter(move |one| !there((one.kind, one.id)))
}
