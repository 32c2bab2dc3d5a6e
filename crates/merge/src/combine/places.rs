//! Steps told by their place: a step whose paired neighbours lead to but one candidate, or to one with the same body, is
//! that candidate.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sandbar_model::{
    ContentHash, JobId, TriggerId,
    workflow::{EdgeSource, StoredWorkflow},
};
use uuid::Uuid;

/// Both versions' steps that are not paired yet.
pub(super) struct Places {
    one: Side,
    other: Side,
    pairs: BTreeMap<JobId, JobId>,
    /// Every paired node of one version with its partner in the other.
    partner: HashMap<Uuid, Uuid>,
    /// The other way round.
    back: HashMap<Uuid, Uuid>,
    /// Neighbourhoods where something changed, so that what is left there may be told now. A body tells more than being
    /// the only one left, so these go first.
    alike: BTreeSet<(Uuid, Way, ContentHash)>,
    alone: BTreeSet<(Uuid, Way)>,
}

/// From a node to the steps after it, or to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Way {
    After,
    Before,
}

/// The steps of one version that are not paired yet, by their neighbours.
#[derive(Default)]
struct Side {
    around: HashMap<(Uuid, Way), BTreeSet<JobId>>,
    alike: HashMap<(Uuid, Way, ContentHash), BTreeSet<JobId>>,
    bodies: BTreeMap<JobId, ContentHash>,
    /// Of each step, the nodes that it is a neighbour of, and how.
    neighbours: HashMap<JobId, Vec<(Uuid, Way)>>,
}

impl Side {
    fn of(workflow: &StoredWorkflow) -> Self {
        let mut side =
            Self { bodies: workflow.jobs.iter().map(|job| (job.id, job.body)).collect(), ..Self::default() };
        for edge in &workflow.edges {
            side.add(edge.target, (node(edge.source), Way::After));
            if let EdgeSource::Job(before) = edge.source {
                side.add(before, (edge.target.0, Way::Before));
            }
        }
        side
    }

    fn add(&mut self, job: JobId, (node, way): (Uuid, Way)) {
        let Some(body) = self.bodies.get(&job) else { return };
        self.alike.entry((node, way, *body)).or_default().insert(job);
        self.around.entry((node, way)).or_default().insert(job);
        self.neighbours.entry(job).or_default().push((node, way));
    }

    /// Gives the neighbourhoods that the step leaves, and its body.
    fn remove(&mut self, job: JobId) -> Option<(Vec<(Uuid, Way)>, ContentHash)> {
        let body = self.bodies.remove(&job)?;
        let neighbours = self.neighbours.remove(&job).unwrap_or_default();
        for (node, way) in &neighbours {
            if let Some(steps) = self.around.get_mut(&(*node, *way)) {
                steps.remove(&job);
            }
            if let Some(steps) = self.alike.get_mut(&(*node, *way, body)) {
                steps.remove(&job);
            }
        }
        Some((neighbours, body))
    }

    fn only(steps: Option<&BTreeSet<JobId>>) -> Option<JobId> {
        let steps = steps?;
        steps.first().copied().filter(|_| steps.len() == 1)
    }
}

impl Places {
    pub(super) fn of(one: &StoredWorkflow, other: &StoredWorkflow) -> Self {
        Self {
            one: Side::of(one),
            other: Side::of(other),
            pairs: BTreeMap::new(),
            partner: HashMap::new(),
            back: HashMap::new(),
            alike: BTreeSet::new(),
            alone: BTreeSet::new(),
        }
    }

    /// Adds to these pairs all that can be told from them.
    pub(super) fn settle(
        mut self,
        known: BTreeMap<JobId, JobId>,
        triggers: &BTreeMap<TriggerId, TriggerId>,
    ) -> BTreeMap<JobId, JobId> {
        for (one, other) in triggers {
            self.meet(one.0, other.0);
        }
        for (one, other) in known {
            self.pair(one, other);
        }
        loop {
            if let Some((node, way, body)) = self.alike.pop_first() {
                let Some(partner) = self.partner.get(&node) else { continue };
                let one = Side::only(self.one.alike.get(&(node, way, body)));
                let other = Side::only(self.other.alike.get(&(*partner, way, body)));
                self.pair_both(one, other);
            } else if let Some((node, way)) = self.alone.pop_first() {
                let Some(partner) = self.partner.get(&node) else { continue };
                let one = Side::only(self.one.around.get(&(node, way)));
                let other = Side::only(self.other.around.get(&(*partner, way)));
                self.pair_both(one, other);
            } else {
                break;
            }
        }
        self.pair_the_last();
        self.pairs
    }

    /// One step left on either side is the same one, wherever it is.
    fn pair_the_last(&mut self) {
        if let (1, 1) = (self.one.bodies.len(), self.other.bodies.len()) {
            let first = |side: &Side| side.bodies.keys().next().copied();
            self.pair_both(first(&self.one), first(&self.other));
        }
    }

    fn pair_both(&mut self, one: Option<JobId>, other: Option<JobId>) {
        if let (Some(one), Some(other)) = (one, other) {
            self.pair(one, other);
        }
    }

    fn pair(&mut self, one: JobId, other: JobId) {
        self.pairs.insert(one, other);
        if let Some((left, body)) = self.one.remove(one) {
            for (node, way) in left {
                self.look_again(node, way, body);
            }
        }
        if let Some((left, body)) = self.other.remove(other) {
            for (node, way) in left {
                if let Some(own) = self.back.get(&node).copied() {
                    self.look_again(own, way, body);
                }
            }
        }
        self.meet(one.0, other.0);
    }

    fn look_again(&mut self, node: Uuid, way: Way, body: ContentHash) {
        self.alike.insert((node, way, body));
        self.alone.insert((node, way));
    }

    /// Two nodes are one from now on: their neighbours may be told by them.
    fn meet(&mut self, one: Uuid, other: Uuid) {
        self.partner.insert(one, other);
        self.back.insert(other, one);
        for way in [Way::After, Way::Before] {
            self.alone.insert((one, way));
            let steps = self.one.around.get(&(one, way)).into_iter().flatten();
            let bodies = steps.filter_map(|step| self.one.bodies.get(step));
            self.alike.extend(bodies.map(|body| (one, way, *body)));
        }
    }
}

/// The node where an edge starts.
pub(super) fn node(source: EdgeSource) -> Uuid {
    match source {
        EdgeSource::Job(id) => id.0,
        EdgeSource::Trigger(id) => id.0,
    }
}
