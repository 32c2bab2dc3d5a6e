//! Which resource of the source stands for which of the target.
//!
//! By id, nearly always: ids are the same in a whole tree. Two exceptions, for what was made twice: a resource that only
//! the source has and one that only the target has are one thing when they have the same name (3-merge §1), or share a
//! trigger, as they do once a merge has made them one and either was renamed. The target keeps its id.

use std::collections::{BTreeMap, btree_map::Entry};

use sandbar_model::{Document, Error, Kind, ResourceId, Result, TriggerId};

use crate::{Candidate, State};

/// A candidate, or two that are one.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) kind: Kind,
    /// The source's, or the target's where the source has none.
    pub(crate) id: ResourceId,
    /// The target's; the same but for a pair.
    pub(crate) target_id: ResourceId,
    pub(crate) base: Option<State>,
    pub(crate) source: Option<State>,
    pub(crate) target: Option<State>,
}

type Key = (Kind, ResourceId);

/// One subject for each thing, sorted by key.
pub(crate) fn pair(candidates: Vec<Candidate>) -> Result<Vec<Subject>> {
    let mut by_key = BTreeMap::new();
    for candidate in candidates {
        match by_key.entry((candidate.kind, candidate.id)) {
            Entry::Vacant(place) => place.insert(candidate),
            Entry::Occupied(_) => return Err(Error::Bug("a resource was given to a plan twice")),
        };
    }
    let partners = partners(&by_key);
    let mut taken: BTreeMap<Key, Candidate> = BTreeMap::new();
    for target in partners.values() {
        taken.extend(by_key.remove_entry(target));
    }
    Ok(by_key
        .into_iter()
        .map(|(key, own)| {
            let partner = partners.get(&key).and_then(|target| taken.remove(target));
            subject(own, partner)
        })
        .collect())
}

fn subject(own: Candidate, partner: Option<Candidate>) -> Subject {
    let (target_id, base, target) = match partner {
        Some(partner) => (partner.id, own.base.or(partner.base), partner.target),
        None => (own.id, own.base, own.target),
    };
    Subject { kind: own.kind, id: own.id, target_id, base, source: own.source, target }
}

/// For each that only the source has, the one of the target that it is.
fn partners(by_key: &BTreeMap<Key, Candidate>) -> BTreeMap<Key, Key> {
    let mut by_name = BTreeMap::new();
    let mut by_trigger = BTreeMap::new();
    for (key, candidate) in by_key {
        if let (None, Some(target)) = (&candidate.source, &candidate.target) {
            by_name.insert((key.0, target.document.name()), *key);
            by_trigger.extend(triggers(target).map(|trigger| (trigger, *key)));
        }
    }
    let alone = || {
        by_key.iter().filter_map(|(key, candidate)| match (&candidate.source, &candidate.target) {
            (Some(source), None) => Some((*key, candidate, source)),
            _ => None,
        })
    };
    let mut partners = BTreeMap::new();
    let mut used = std::collections::BTreeSet::new();
    let mut join = |key: Key, own: &Candidate, found: Option<Key>| {
        // Two that both sides had before are two things, whatever they are called now.
        let partner = found.filter(|found| {
            let known = by_key.get(found).is_some_and(|partner| partner.base.is_some());
            !(known && own.base.is_some())
        });
        if let (Some(partner), false) = (partner, partners.contains_key(&key))
            && used.insert(partner)
        {
            partners.insert(key, partner);
        }
    };
    for (key, own, source) in alone() {
        join(key, own, by_name.get(&(key.0, source.document.name())).copied());
    }
    for (key, own, source) in alone() {
        join(key, own, triggers(source).find_map(|trigger| by_trigger.get(&trigger).copied()));
    }
    partners
}

fn triggers(state: &State) -> impl Iterator<Item = TriggerId> + '_ {
    let workflow = match &*state.document {
        Document::Workflow(workflow) => Some(workflow),
        Document::Collection(_) | Document::CredentialLink(_) | Document::Config(_) => None,
    };
    workflow.into_iter().flat_map(|workflow| workflow.triggers.iter().map(|trigger| trigger.id))
}
