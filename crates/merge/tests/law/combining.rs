//! Laws of combining both sides' edits.

mod versions;

use std::collections::{BTreeMap, BTreeSet};

use super::Law;
use crate::{
    build::{
        all, combine_all,
        edits::rebuilt,
        planned,
        world::{Project, World},
    },
    oracle::Case,
};
use proptest::prelude::*;
use sandbar_merge::{
    Choices, Context, Decision, Item, Label, Purpose, WarningKind,
    combine::{Combined, ConflictKind, Resolution},
    plan,
};
use sandbar_model::{
    ContentHash,
    workflow::{StoredWorkflow, TriggerKind},
};
use versions::{added_alike, combined, settled, shares, sides, takes_ids_over, versions};

pub fn one_sides_edits_alone_are_the_result(world: World) -> Law {
    for [base, source, target] in versions(&world) {
        if [&source, &target].iter().any(|side| takes_ids_over(&base, side)) {
            continue;
        }
        for (own, source, target) in
            [(&source, &source, &base), (&target, &base, &target), (&source, &source, &source)]
        {
            let combined = combined(&world, Some(&base), source, target);
            prop_assert_eq!(&combined.workflow, own);
            prop_assert!(combined.conflicts.is_empty() && combined.dropped_edges.is_empty());
        }
    }
    Ok(())
}

pub fn conflicts_are_the_same_from_both_sides(world: World) -> Law {
    for [base, source, target] in versions(&world) {
        let led = [&source, &target].iter().any(|side| takes_ids_over(&base, side));
        if led || added_alike(&base, &source, &target) {
            continue;
        }
        let (there, back) = (
            combined(&world, Some(&base), &source, &target),
            combined(&world, Some(&base), &target, &source),
        );
        let turned: Vec<_> = back
            .conflicts
            .iter()
            .map(sides)
            .map(|(path, kind, [b, s, t], clashes)| {
                (path, kind, [b, t, s], clashes.into_iter().map(|[b, s, t]| [b, t, s]).collect::<Vec<_>>())
            })
            .collect();
        prop_assert_eq!(there.conflicts.iter().map(sides).collect::<Vec<_>>(), turned);
        // With an open one, either direction shows what its own target has.
        if there.conflicts.is_empty() {
            prop_assert_eq!(there.dropped_edges, back.dropped_edges);
            let without =
                |workflow: StoredWorkflow| StoredWorkflow { positions: BTreeMap::new(), ..workflow };
            prop_assert_eq!(without(there.workflow), without(back.workflow));
        }
    }
    Ok(())
}

/// As the oracle sees it.
pub fn every_edit_is_in_the_result_or_in_a_conflict(world: World) -> Law {
    for [base, source, target] in versions(&world) {
        if !shares(&base, &source) || !shares(&base, &target) {
            continue;
        }
        let combined = combined(&world, Some(&base), &source, &target);
        let text = |hash: ContentHash| {
            combined
                .bodies
                .get(&hash)
                .cloned()
                .unwrap_or_else(|| world.text(hash).expect("a text").to_string())
        };
        let case = Case {
            base: &base,
            source: &source,
            target: &target,
            result: &combined.workflow,
            conflicts: all(&combined.conflicts, &Resolution::Source).into_keys().collect(),
            text: &text,
            credential: &|_, uses| format!("{uses:?}"),
        };
        prop_assert_eq!(case.faults(), Vec::<String>::new());
    }
    Ok(())
}

pub fn settled_for_one_side_nothing_is_open_but_broken_rules(world: World) -> Law {
    for [base, source, target] in versions(&world) {
        let before = combined(&world, Some(&base), &source, &target);
        for resolution in [Resolution::Source, Resolution::Target] {
            let settleable: Vec<_> = before
                .conflicts
                .iter()
                .filter(|conflict| !matches!(conflict.kind, ConflictKind::InvalidResult(_)))
                .cloned()
                .collect();
            let after = settled(&world, Some(&base), &source, &target, &all(&settleable, &resolution));
            for open in after.open() {
                prop_assert!(matches!(open.kind, ConflictKind::InvalidResult(_)), "{open:?}");
            }
            prop_assert_eq!(after.open().next().is_none(), after.workflow.violations("").0.is_empty());
        }
    }
    Ok(())
}

pub fn a_result_without_open_conflicts_keeps_every_rule(world: World) -> Law {
    for [base, source, target] in versions(&world) {
        let combined = combined(&world, Some(&base), &source, &target);
        if combined.open().next().is_none() {
            prop_assert_eq!(combined.workflow.violations("").0, vec![]);
        }
    }
    Ok(())
}

/// Whatever is combined, settled as it may be, is not offered again from either side once the other has it too; and
/// undone, the target is as it was.
pub fn what_was_combined_is_agreed_on(world: World, by_source: bool) -> Law {
    let resolution = if by_source { Resolution::Source } else { Resolution::Target };
    let choices = combine_all(&world, Some(&resolution));
    let combined = planned(&world, &choices);
    // A credential that has to stay behind is offered again once it can follow; the preview warns of it as soon as its step
    // would be there.
    let withheld =
        |item: &Item| item.warnings.iter().any(|warning| warning.kind == WarningKind::CredentialNotLinked);
    if combined.items.iter().any(withheld) || combined.blocked().is_some() {
        return Ok(());
    }
    let before = world.target.clone();
    let mut world = world;
    world.apply(&combined);
    let taken: Vec<_> = combined.selected().map(|item| (item.kind, item.target_id)).collect();
    let again = planned(&world, &Choices::defaults());
    if again.items.iter().any(withheld) {
        return Ok(());
    }
    for item in again.items.iter().filter(|item| taken.contains(&(item.kind, item.target_id))) {
        prop_assert_eq!(item.label, Label::TargetOnly, "{:?}", item);
    }
    let writes: Vec<_> = combined.writes().collect();
    let revert = World::revert(&writes, &before, &world.target);
    let whole = World { target: world.target.clone(), ..World::default() };
    let context = Context { purpose: Purpose::Revert, ..whole.context() };
    let undo = plan(revert.all(), &context, &Choices::defaults()).unwrap();
    if undo.blocked().is_none() {
        let mut undone = revert;
        undone.apply(&undo);
        for key in taken {
            prop_assert_eq!(undone.target.get(&key), before.get(&key));
        }
    }

    let mut down = world.turned();
    let synced = planned(&down, &Choices::defaults());
    if synced.blocked().is_none() {
        down.apply(&synced);
        // What can't cross, such as the auth methods of triggers, still differs.
        let left = planned(&down.turned(), &Choices::defaults());
        let was_combined = |item: &&Item| {
            combined.items.iter().any(|one| one.id == item.id && one.decision == Decision::Combine)
        };
        for item in left.items.iter().filter(was_combined) {
            prop_assert_eq!(item.label, Label::TargetOnly, "{:?}", item);
        }
    }
    Ok(())
}

/// Names tell the steps of a workflow apart, so ids made anew change nothing.
pub fn a_rebuilt_source_merges_like_the_source(world: World) -> Law {
    for [base, source, target] in versions(&world) {
        let renamed = base
            .jobs
            .iter()
            .any(|job| source.jobs.iter().any(|own| own.id == job.id && own.name != job.name));
        let ambiguous = [&base, &source].iter().any(|side| {
            let webhooks = side.triggers.iter().filter(|t| matches!(t.kind, TriggerKind::Webhook(_))).count();
            webhooks > 1 || side.triggers.len() - webhooks > 1
        });
        let retyped = base.triggers.iter().any(|t| {
            source.triggers.iter().any(|own| {
                own.id == t.id && std::mem::discriminant(&own.kind) != std::mem::discriminant(&t.kind)
            })
        });
        let made = |side: &StoredWorkflow| {
            side.jobs.iter().any(|job| base.jobs.iter().all(|b| b.id != job.id))
                || side.triggers.iter().any(|t| base.triggers.iter().all(|b| b.id != t.id))
        };
        let ends = |side: &StoredWorkflow| -> BTreeSet<_> {
            side.edges.iter().map(|edge| (edge.source, edge.target)).collect()
        };
        // Edges are told by their ends.
        let led_elsewhere = source.edges.iter().any(|own| {
            base.edges
                .iter()
                .all(|edge| (edge.id, edge.source, edge.target) != (own.id, own.source, own.target))
        }) || ends(&base).len() < base.edges.len();
        if led_elsewhere {
            continue;
        }
        if renamed || ambiguous || retyped || made(&source) {
            continue;
        }
        let (own, anew) = (
            combined(&world, Some(&base), &source, &target),
            combined(&world, Some(&base), &rebuilt(&source), &target),
        );
        prop_assert_eq!(own.workflow, anew.workflow);
        prop_assert_eq!(own.conflicts, anew.conflicts);
    }
    Ok(())
}

/// Of each version: all that a client may list in any order.
pub fn the_order_of_parts_does_not_matter(world: World, seed: u64) -> Law {
    for [base, source, target] in versions(&world) {
        let mixed = [&base, &source, &target].map(|side| mixed(side, seed));
        let [mixed_base, mixed_source, mixed_target] = &mixed;
        prop_assert_eq!(
            combined(&world, Some(&base), &source, &target),
            combined(&world, Some(mixed_base), mixed_source, mixed_target)
        );
    }
    Ok(())
}

fn mixed(workflow: &StoredWorkflow, seed: u64) -> StoredWorkflow {
    let mut mixed = workflow.clone();
    let by = |count: usize| usize::try_from(seed % 1000).unwrap() % count.max(1);
    let (jobs, triggers, edges) = (mixed.jobs.len(), mixed.triggers.len(), mixed.edges.len());
    mixed.jobs.rotate_left(by(jobs));
    mixed.triggers.rotate_left(by(triggers));
    mixed.edges.rotate_left(by(edges));
    if seed.is_multiple_of(2) {
        mixed.jobs.reverse();
        mixed.edges.reverse();
    }
    mixed
}

/// Every other step and path is one side's.
pub fn edits_of_different_steps_are_both_kept(start: Project, seed: u64) -> Law {
    let world = World::fork(start);
    for [base, ..] in versions(&world) {
        let edited = |mine: &dyn Fn(usize) -> bool| {
            let mut side = base.clone();
            for (at, job) in side.jobs.iter_mut().enumerate().filter(|(at, _)| mine(*at)) {
                match (seed >> (at % 64)) % 4 {
                    0 => job.adaptor = format!("adaptor-{at}@latest"),
                    1 => job.name = format!("renamed {at}"),
                    2 => job.body = crate::build::body("new"),
                    _ => {}
                }
            }
            for (at, edge) in side.edges.iter_mut().enumerate().filter(|(at, _)| mine(*at)) {
                edge.enabled ^= (seed >> (at % 64)).is_multiple_of(2);
            }
            side
        };
        let (source, target) = (edited(&|at| at % 2 == 0), edited(&|at| at % 2 == 1));
        let combined = combined(&world, Some(&base), &source, &target);
        prop_assert_eq!(&combined.workflow, &edited(&|_| true));
        prop_assert!(combined.conflicts.is_empty() && combined.dropped_edges.is_empty());
    }
    Ok(())
}

/// A step of the source that nobody else renamed.
pub fn renaming_a_step_changes_nothing_else(world: World, at: usize) -> Law {
    for [base, source, target] in versions(&world) {
        let named =
            |side: &StoredWorkflow, id| side.jobs.iter().find(|job| job.id == id).map(|job| job.name.clone());
        let Some(id) = source.jobs.get(at % source.jobs.len().max(1)).map(|job| job.id) else { continue };
        let old = named(&base, id);
        let known = old.is_some() && named(&source, id) == old && named(&target, id) == old;
        if !known || takes_ids_over(&base, &source) || takes_ids_over(&base, &target) {
            continue;
        }
        let rename = |side: &StoredWorkflow| {
            let mut side = side.clone();
            side.jobs
                .iter_mut()
                .filter(|job| job.id == id)
                .for_each(|job| "Renamed by the test".clone_into(&mut job.name));
            side
        };
        let (before, after) = (
            combined(&world, Some(&base), &source, &target),
            combined(&world, Some(&base), &rename(&source), &target),
        );
        prop_assert_eq!(&rename(&before.workflow), &after.workflow);
        let places =
            |combined: &Combined| combined.conflicts.iter().map(|c| c.path.clone()).collect::<Vec<_>>();
        prop_assert_eq!(places(&before), places(&after));
    }
    Ok(())
}
