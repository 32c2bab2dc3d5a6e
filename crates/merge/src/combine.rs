//! Both sides' edits inside one workflow, made one (3-merge §3).
//!
//! What one side changed is that side's; what both changed to different things is a [`Conflict`] for the caller to settle.
//! Nothing is lost silently: every edit of either side is in the result, or in a conflict, or was settled away by the
//! caller; but for where a node is drawn, which never conflicts (the source's wins).

mod body;
mod conflict;
mod cursor;
mod disputes;
mod fields;
mod pairing;
mod places;
mod rekey;
mod settle;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sandbar_model::{
    ContentHash, Result,
    workflow::{Edge, Job, StoredWorkflow, Trigger},
};
use uuid::Uuid;

pub use conflict::{Clash, ClashResolution, Conflict, ConflictKind, Resolution};
pub(crate) use disputes::{Disputes, Place, undisputed};
pub(crate) use rekey::under_the_targets_ids;

use crate::{
    field::whole,
    part::{Names, Part},
};
use fields::Combine;
use places::node;
use settle::Settling;

/// The three versions of one workflow.
#[derive(Clone, Copy, Debug)]
pub struct Versions<'a> {
    /// What the two last agreed on. None: each side made it by itself.
    pub base: Option<&'a StoredWorkflow>,
    /// What the source has, as far as it can cross.
    pub source: &'a StoredWorkflow,
    /// What the target has.
    pub target: &'a StoredWorkflow,
}

/// What came of combining two versions.
#[derive(Clone, Debug, PartialEq)]
pub struct Combined {
    /// Both sides' edits under the target's ids; where a conflict is open, as the target has it.
    pub workflow: StoredWorkflow,
    /// The texts that neither side had, by their hash.
    pub bodies: BTreeMap<ContentHash, String>,
    /// Everything that both sides changed to different things, settled or not, in the order of a workflow's fields.
    pub conflicts: Vec<Conflict>,
    /// What a person calls the edges that went with a step or trigger at an end of them, in the order of their ids.
    pub dropped_edges: Vec<String>,
    /// Bodies that were asked for in vain. Unless empty, the bodies that need them are as the target has them, and the
    /// whole is to be done again with these.
    pub wanted: BTreeSet<ContentHash>,
}

impl Combined {
    /// The conflicts that keep this from being written.
    pub fn open(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts.iter().filter(|conflict| conflict.resolution.is_none())
    }
}

/// Combines two versions of a workflow. `bodies` gives texts by their hash: those of steps whose body both sides changed
/// are asked for; `resolutions` say how conflicts are settled, by their path.
///
/// Takes time near-linear in the size of the three and of the bodies that are asked for.
///
/// # Errors
/// [`sandbar_model::Error::ChoiceUnknown`] for a resolution without a conflict at its path, or of another form than the conflict's.
pub fn combine(
    versions: Versions<'_>,
    bodies: &dyn Fn(ContentHash) -> Option<Arc<str>>,
    resolutions: &BTreeMap<String, Resolution>,
) -> Result<Combined> {
    let Versions { base, source, target } = versions;
    let source = under_the_targets_ids(base, source, target);
    let base = base.map(|base| under_the_targets_ids(None, base, target));
    let base = base.as_deref();
    let names = Names::of([base, Some(&*source), Some(target)].into_iter().flatten());
    let mut settling = Settling::new(&names, bodies, resolutions);
    let (workflow, dropped) = settling.workflow(base, &source, target)?;
    settling.check_rules(&workflow);
    // By what the result calls their ends: then it does not matter which side renamed one.
    let names = Names::of([base, Some(&*source), Some(target), Some(&workflow)].into_iter().flatten());
    let dropped_edges = dropped.iter().map(|edge| edge.title(&names)).collect();
    settling.finish(workflow, dropped_edges)
}

impl Settling<'_> {
    fn workflow(
        &mut self,
        base: Option<&StoredWorkflow>,
        source: &StoredWorkflow,
        target: &StoredWorkflow,
    ) -> Result<(StoredWorkflow, Vec<Edge>)> {
        let at = |field: &'static str| (field.to_owned(), field.replace('_', " "));
        let name = self.field(&at("name"), base.map(|b| &b.name), &source.name, &target.name)?;
        let concurrency = self.field(
            &at("concurrency"),
            base.map(|b| &b.concurrency),
            &source.concurrency,
            &target.concurrency,
        )?;
        let enable_job_logs = self.field(
            &at("enable_job_logs"),
            base.map(|b| &b.enable_job_logs),
            &source.enable_job_logs,
            &target.enable_job_logs,
        )?;
        let jobs = self.parts(base.map(|b| b.jobs.as_slice()), &source.jobs, &target.jobs)?;
        let mut triggers =
            self.parts(base.map(|b| b.triggers.as_slice()), &source.triggers, &target.triggers)?;
        self.cursors(base, source, target, &mut triggers)?;
        let nodes = Nodes {
            source: ids(&source.jobs, &source.triggers),
            target: ids(&target.jobs, &target.triggers),
            result: ids(&jobs, &triggers),
        };
        let (edges, dropped) =
            self.edges(&nodes, base.map(|b| b.edges.as_slice()), &source.edges, &target.edges)?;
        let positions = nodes.result.iter().filter_map(|node| {
            let [base, source, target] =
                [base, Some(source), Some(target)].map(|side| side.and_then(|side| side.positions.get(node)));
            let source_moved = nodes.source.contains(node) && source != base;
            let at = if source_moved || !nodes.target.contains(node) { source } else { target };
            Some((*node, *at?))
        });
        let positions = positions.collect();
        let workflow =
            StoredWorkflow { name, concurrency, enable_job_logs, positions, jobs, triggers, edges };
        Ok((workflow, dropped))
    }

    /// The parts of one kind, sorted by id.
    fn parts<P: Combine>(&mut self, base: Option<&[P]>, source: &[P], target: &[P]) -> Result<Vec<P>> {
        let mut parts = Vec::new();
        for [base, source, target] in aligned(base, source, target) {
            parts.extend(self.part(base, source, target)?);
        }
        Ok(parts)
    }

    /// The edges that have both their ends, and those that would be there but for that.
    fn edges(
        &mut self,
        nodes: &Nodes,
        base: Option<&[Edge]>,
        source: &[Edge],
        target: &[Edge],
    ) -> Result<(Vec<Edge>, Vec<Edge>)> {
        let (mut edges, mut dropped) = (Vec::new(), Vec::new());
        for [base, source, target] in aligned(base, source, target) {
            let kept = target.filter(|edge| source.is_none() && nodes.only_followed(edge, &nodes.source));
            let brought = source.filter(|edge| target.is_none() && nodes.only_followed(edge, &nodes.target));
            let follower = kept.or(brought).filter(|_| base.is_some());
            let possible = [source, target].into_iter().flatten().any(|edge| nodes.hold(edge));
            let edge = match follower {
                Some(edge) => Some(edge.clone()),
                None if possible => self.part(base, source, target)?,
                // There is nothing to settle about an edge that can't be. Both sides know it as it was.
                None if is_removed(base, source, target) => None,
                None => target.or(source).map(|edge| base.unwrap_or(edge).clone()),
            };
            match edge {
                Some(edge) if nodes.hold(&edge) => edges.push(edge),
                Some(edge) => dropped.push(edge),
                None => {}
            }
        }
        Ok((edges, dropped))
    }

    /// One part. None: it is gone.
    fn part<P: Combine>(
        &mut self,
        base: Option<&P>,
        source: Option<&P>,
        target: Option<&P>,
    ) -> Result<Option<P>> {
        match (source, target) {
            (Some(source), Some(target)) => P::combine(self, base, source, target).map(Some),
            (None, None) => Ok(None),
            _ if is_removed(base, source, target) => Ok(None),
            (one, other) if base.is_none() => Ok(one.or(other).cloned()),
            (source, target) => {
                let Some(shown) = source.or(target).or(base) else { return Ok(None) };
                let place = (format!("{}/{}", P::SEGMENT, shown.uuid()), shown.title(self.names));
                let values = [base, source, target].map(|side| side.map(whole));
                self.disputes.removed(place, values, source.cloned(), target.cloned())
            }
        }
    }
}

/// Whether one side removed what the other left as it was.
fn is_removed<P: PartialEq>(base: Option<&P>, source: Option<&P>, target: Option<&P>) -> bool {
    base.is_some() && source.is_some() != target.is_some() && source.or(target) == base
}

/// The steps and triggers on each side, and those that are left.
struct Nodes {
    source: BTreeSet<Uuid>,
    target: BTreeSet<Uuid>,
    result: BTreeSet<Uuid>,
}

impl Nodes {
    fn hold(&self, edge: &Edge) -> bool {
        ends(edge).iter().all(|end| self.result.contains(end))
    }

    /// Whether a side that lacks the edge does so only because it removed an end of it, which stays after all: then the
    /// edge stays as well.
    fn only_followed(&self, edge: &Edge, side: &BTreeSet<Uuid>) -> bool {
        self.hold(edge) && !ends(edge).iter().all(|end| side.contains(end))
    }
}

fn ends(edge: &Edge) -> [Uuid; 2] {
    [node(edge.source), edge.target.0]
}

fn ids(jobs: &[Job<ContentHash>], triggers: &[Trigger]) -> BTreeSet<Uuid> {
    jobs.iter().map(|job| job.id.0).chain(triggers.iter().map(|trigger| trigger.id.0)).collect()
}

/// What each side has under each id, in the order of ids.
fn aligned<'p, P: Part>(base: Option<&'p [P]>, source: &'p [P], target: &'p [P]) -> Vec<[Option<&'p P>; 3]> {
    let mut by_id: BTreeMap<Uuid, [Option<&P>; 3]> = BTreeMap::new();
    for (side, parts) in [base.unwrap_or_default(), source, target].into_iter().enumerate() {
        for part in parts {
            if let Some(place) = by_id.entry(part.uuid()).or_default().get_mut(side) {
                *place = Some(part);
            }
        }
    }
    by_id.into_values().collect()
}
