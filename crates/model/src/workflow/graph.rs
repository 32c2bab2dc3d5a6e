//! Whether the ways between a workflow's steps lead round in a circle. No recursion: a workflow may be one long chain.

use std::collections::{HashMap, HashSet};

use super::{Edge, EdgeSource};
use crate::JobId;

/// A circle of steps, in the order in which they would run, and where one of its edges is in the list.
pub(super) struct Cycle {
    pub(super) jobs: Vec<JobId>,
    pub(super) edge: usize,
}

/// A cycle among the edges from job to job, if there is one; edges from a job to itself are left out, being an error of
/// their own. Takes time linear in the number of edges.
pub(super) fn cycle(edges: &[Edge]) -> Option<Cycle> {
    let ways: Vec<Way> = ways(edges).collect();
    let left = unordered(&ways);
    // Whatever can't be put in order has, somewhere before it, a cycle: walk backwards until a step comes up again.
    let back: HashMap<JobId, &Way> =
        ways.iter().rev().filter(|way| left.contains(&way.from)).map(|way| (way.to, way)).collect();
    let start = ways.iter().find(|way| left.contains(&way.to) && left.contains(&way.from))?;
    let mut at = start.to;
    let mut walked = Vec::new();
    let mut seen = HashSet::new();
    while seen.insert(at) {
        let way = *back.get(&at)?;
        walked.push(way);
        at = way.from;
    }
    let circle: Vec<&Way> = walked.into_iter().skip_while(|way| way.to != at).collect();
    let edge = circle.first()?.edge;
    Some(Cycle { jobs: circle.iter().rev().map(|way| way.from).collect(), edge })
}

struct Way {
    from: JobId,
    to: JobId,
    edge: usize,
}

fn ways(edges: &[Edge]) -> impl Iterator<Item = Way> {
    edges.iter().enumerate().filter_map(|(at, edge)| match edge.source {
        EdgeSource::Job(from) if from != edge.target => Some(Way { from, to: edge.target, edge: at }),
        EdgeSource::Job(_) | EdgeSource::Trigger(_) => None,
    })
}

/// The steps that no order suits, because they are on a cycle or behind one (Kahn's algorithm).
fn unordered(ways: &[Way]) -> HashSet<JobId> {
    let mut incoming: HashMap<JobId, usize> = HashMap::new();
    let mut next: HashMap<JobId, Vec<JobId>> = HashMap::new();
    for way in ways {
        *incoming.entry(way.to).or_default() += 1;
        incoming.entry(way.from).or_default();
        next.entry(way.from).or_default().push(way.to);
    }
    let mut ready: Vec<JobId> =
        incoming.iter().filter(|(_, count)| **count == 0).map(|(job, _)| *job).collect();
    while let Some(job) = ready.pop() {
        incoming.remove(&job);
        for to in next.remove(&job).unwrap_or_default() {
            if let Some(count) = incoming.get_mut(&to) {
                *count -= 1;
                if *count == 0 {
                    ready.push(to);
                }
            }
        }
    }
    incoming.into_keys().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{EdgeId, workflow::Condition};

    fn edges(ways: &[(u128, u128)]) -> Vec<Edge> {
        let edge = |(at, (from, to)): (usize, &(u128, u128))| Edge {
            id: EdgeId(Uuid::from_u128(1 << 100 | at as u128)),
            source: EdgeSource::Job(JobId(Uuid::from_u128(*from))),
            target: JobId(Uuid::from_u128(*to)),
            condition: Condition::Always,
            label: None,
            expression: None,
            enabled: true,
        };
        ways.iter().enumerate().map(edge).collect()
    }

    fn found(ways: &[(u128, u128)]) -> Option<Vec<u128>> {
        cycle(&edges(ways)).map(|cycle| cycle.jobs.iter().map(|job| job.0.as_u128()).collect())
    }

    #[test]
    fn the_steps_of_a_cycle_are_in_order() {
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[(1, 2), (1, 3), (2, 4), (3, 4)]), None);
        assert_eq!(found(&[(1, 1)]), None, "an edge to itself is another error");
        let mut three = found(&[(9, 1), (1, 2), (2, 3), (3, 1), (3, 7)]).unwrap();
        let first = three.iter().position(|job| *job == 1).unwrap();
        three.rotate_left(first);
        assert_eq!(three, [1, 2, 3]);
        assert_eq!(found(&[(1, 2), (2, 1), (2, 3)]).map(|jobs| jobs.len()), Some(2));
    }

    #[test]
    fn long_chains_and_rings_take_no_stack_and_little_time() {
        const STEPS: u128 = 100_000;
        let mut ways: Vec<_> = (0..STEPS).map(|at| (at, at + 1)).collect();
        assert_eq!(found(&ways), None);
        ways.push((STEPS, 0));
        assert_eq!(found(&ways).map(|jobs| jobs.len()), Some(STEPS as usize + 1));
    }

    proptest! {
        /// Against the definition: some step reaches itself.
        #[test]
        fn finds_one_exactly_when_there_is_one(ways in prop::collection::vec((0_u128..8, 0_u128..8), 0..14)) {
            let mut reaches = [[false; 8]; 8];
            for (from, to) in ways.iter().filter(|(from, to)| from != to) {
                reaches[*from as usize][*to as usize] = true;
            }
            for (via, from, to) in triples(8) {
                reaches[from][to] |= reaches[from][via] && reaches[via][to];
            }
            let expected = (0..8).any(|job| reaches[job][job]);
            let given = cycle(&edges(&ways));
            prop_assert_eq!(given.is_some(), expected);
            if let Some(cycle) = given {
                let jobs: Vec<u128> = cycle.jobs.iter().map(|job| job.0.as_u128()).collect();
                let steps = jobs.iter().zip(jobs.iter().cycle().skip(1)).map(|(from, to)| (*from, *to));
                let steps: Vec<_> = steps.collect();
                prop_assert!(steps.iter().all(|step| ways.contains(step)));
                prop_assert!(steps.contains(&ways[cycle.edge]));
                prop_assert_eq!(jobs.iter().collect::<HashSet<_>>().len(), jobs.len());
            }
        }
    }

    /// Every (via, from, to) below `n`, with `via` changing slowest, as Floyd and Warshall need it.
    fn triples(n: usize) -> impl Iterator<Item = (usize, usize, usize)> {
        (0..n).flat_map(move |via| (0..n).flat_map(move |from| (0..n).map(move |to| (via, from, to))))
    }
}
