//! Which part of one version of a workflow is which of another's (3-merge §3.1).
//!
//! By id, nearly always. A document that was rebuilt (by a client that made its parts anew, by an import from elsewhere)
//! has other ids for the same things: there triggers pair by type, steps by name and then by their place in the graph,
//! edges by their ends. Nothing is guessed: what two candidates could be is neither.
//!
//! Takes time near-linear in the number of parts.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sandbar_model::{
    ContentHash, EdgeId, JobId, TriggerId,
    workflow::{Edge, EdgeSource, Job, StoredWorkflow, Trigger, TriggerKind},
};

use super::places::Places;

/// Which part is which: from the ids of one version to those of the other. No two parts share a partner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pairing {
    pub(super) jobs: BTreeMap<JobId, JobId>,
    pub(super) triggers: BTreeMap<TriggerId, TriggerId>,
    pub(super) edges: BTreeMap<EdgeId, EdgeId>,
}

impl Pairing {
    /// The parts of `one` that `other` has too, where one came from the other.
    pub(super) fn of(one: &StoredWorkflow, other: &StoredWorkflow) -> Self {
        let mut triggers = alike_triggers(&one.triggers, &other.triggers);
        pair_by_type(&mut triggers, &one.triggers, &other.triggers);
        let (by_id, jobs) = named_jobs(one, other);
        // A step that is gone and a new one in its place are two steps, because somebody made them so; unless not one
        // id is left, so that the document must have been rebuilt.
        let is_rebuilt = by_id.is_empty() && triggers.iter().all(|(own, their)| own != their);
        let jobs = if is_rebuilt { Places::of(one, other).settle(jobs, &triggers) } else { jobs };
        Self { jobs, triggers, edges: BTreeMap::new() }.with_edges(&one.edges, &other.edges)
    }

    /// The parts that `one` and `other` have both made since they parted: the ids that they share, and what can't be
    /// there twice or would do the same thing twice. A webhook without a path is neither: each has an address of its own.
    /// What the base has is no addition, wherever it leads now.
    pub(super) fn of_additions(one: &StoredWorkflow, other: &StoredWorkflow, base: &StoredWorkflow) -> Self {
        let mut triggers = alike_triggers(&one.triggers, &other.triggers);
        let nameless: HashSet<_> =
            one.triggers.iter().filter(|t| mark(t) == (true, "")).map(|t| t.id).collect();
        triggers.retain(|own, their| own == their || !nameless.contains(own));
        retain_additions(&mut triggers, base.triggers.iter().map(|trigger| trigger.id));
        let (_, mut jobs) = named_jobs(one, other);
        retain_additions(&mut jobs, base.jobs.iter().map(|job| job.id));
        let mut pairing =
            Self { jobs, triggers, edges: BTreeMap::new() }.with_edges(&one.edges, &other.edges);
        retain_additions(&mut pairing.edges, base.edges.iter().map(|edge| edge.id));
        pairing
    }

    fn with_edges(mut self, one: &[Edge], other: &[Edge]) -> Self {
        self.edges = self.edges(one, other);
        self
    }

    /// Where an edge starts, in the words of the other version. None: that is not there.
    pub(super) fn source(&self, source: EdgeSource) -> Option<EdgeSource> {
        match source {
            EdgeSource::Job(id) => self.jobs.get(&id).copied().map(EdgeSource::Job),
            EdgeSource::Trigger(id) => self.triggers.get(&id).copied().map(EdgeSource::Trigger),
        }
    }

    /// By id, then by what they lead from and to.
    fn edges(&self, one: &[Edge], other: &[Edge]) -> BTreeMap<EdgeId, EdgeId> {
        let by_id = shared(one.iter().map(|edge| edge.id), other.iter().map(|edge| edge.id));
        let own = one.iter().filter(|edge| !by_id.contains(&edge.id)).filter_map(|edge| {
            let ends = (self.source(edge.source)?, self.jobs.get(&edge.target).copied()?);
            Some((ends, edge.id))
        });
        let their = other.iter().filter(|edge| !by_id.contains(&edge.id));
        let found = unique(own, their.map(|edge| ((edge.source, edge.target), edge.id)));
        by_id.iter().map(|id| (*id, *id)).chain(found).collect()
    }
}

/// Keeps the pairs by id, and those of which the base has neither.
fn retain_additions<I: Ord + Copy>(pairs: &mut BTreeMap<I, I>, base: impl Iterator<Item = I>) {
    let known: BTreeSet<I> = base.collect();
    pairs.retain(|own, their| own == their || !(known.contains(own) || known.contains(their)));
}

/// By id, then by type and what makes two of one type differ.
fn alike_triggers(one: &[Trigger], other: &[Trigger]) -> BTreeMap<TriggerId, TriggerId> {
    let by_id = shared(one.iter().map(|trigger| trigger.id), other.iter().map(|trigger| trigger.id));
    let left = |trigger: &&Trigger| !by_id.contains(&trigger.id);
    let by_mark = unique(
        one.iter().filter(left).map(|trigger| (mark(trigger), trigger.id)),
        other.iter().filter(left).map(|trigger| (mark(trigger), trigger.id)),
    );
    by_id.iter().map(|id| (*id, *id)).chain(by_mark).collect()
}

/// Adds those that are the only ones left of their type.
fn pair_by_type(pairs: &mut BTreeMap<TriggerId, TriggerId>, one: &[Trigger], other: &[Trigger]) {
    let paired: HashSet<_> = pairs.values().copied().collect();
    let by_type = unique(
        one.iter().filter(|trigger| !pairs.contains_key(&trigger.id)).map(|t| (mark(t).0, t.id)),
        other.iter().filter(|trigger| !paired.contains(&trigger.id)).map(|t| (mark(t).0, t.id)),
    );
    pairs.extend(by_type);
}

/// The type of a trigger, and what a person tells two of them by.
fn mark(trigger: &Trigger) -> (bool, &str) {
    match &trigger.kind {
        TriggerKind::Webhook(webhook) => (true, webhook.custom_path.as_deref().unwrap_or_default()),
        TriggerKind::Cron(cron) => (false, &cron.expression),
    }
}

/// The ids that both have, and all that pair by id or by name.
fn named_jobs(one: &StoredWorkflow, other: &StoredWorkflow) -> (BTreeSet<JobId>, BTreeMap<JobId, JobId>) {
    let by_id = shared(one.jobs.iter().map(|job| job.id), other.jobs.iter().map(|job| job.id));
    let left = |job: &&Job<ContentHash>| !by_id.contains(&job.id);
    let by_name = unique(
        one.jobs.iter().filter(left).map(|job| (job.name.as_str(), job.id)),
        other.jobs.iter().filter(left).map(|job| (job.name.as_str(), job.id)),
    );
    let pairs = by_id.iter().map(|id| (*id, *id)).chain(by_name).collect();
    (by_id, pairs)
}

fn shared<I: Ord + Copy>(one: impl Iterator<Item = I>, other: impl Iterator<Item = I>) -> BTreeSet<I> {
    let one: BTreeSet<I> = one.collect();
    other.filter(|id| one.contains(id)).collect()
}

/// Pairs what has the same key, where either side has one thing of that key only.
fn unique<K: Ord, I: Copy + Ord>(
    one: impl Iterator<Item = (K, I)>,
    other: impl Iterator<Item = (K, I)>,
) -> Vec<(I, I)> {
    let mut other = once(other);
    let pairs = once(one).into_iter().filter_map(|(key, own)| Some((own?, other.remove(&key)??)));
    pairs.collect()
}

/// What each key stands for; None: for several.
fn once<K: Ord, I>(things: impl Iterator<Item = (K, I)>) -> BTreeMap<K, Option<I>> {
    let mut by_key = BTreeMap::new();
    for (key, thing) in things {
        by_key.entry(key).and_modify(|found| *found = None).or_insert(Some(thing));
    }
    by_key
}
