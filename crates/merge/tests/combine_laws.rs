//! The laws of 3-merge §7 that hold for combining both sides' edits, over generated workflows and scripts of edits.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what can't be fails the test"
)]

mod build;

use std::{collections::BTreeMap, sync::Arc};

use build::{
    fields,
    generate::world,
    uuid,
    world::{Project, World},
};
use proptest::prelude::*;
use sandbar_merge::{
    Choices, Context, Decision, Item, Label, Plan, Purpose, Selector, WarningKind,
    combine::{Combined, Conflict, ConflictKind, Resolution, Versions, combine},
    plan,
};
use sandbar_model::{
    ContentHash, Document, JobId, Kind,
    workflow::{Cron, Edge, EdgeSource, Job, StoredWorkflow, Trigger, TriggerKind},
};
use uuid::Uuid;

/// With every body that it asks for.
fn plan_of(world: &World, choices: &Choices) -> Plan {
    let mut context = world.context();
    loop {
        let plan = plan(world.candidates(), &context, choices).unwrap();
        if plan.wanted.is_empty() {
            return plan;
        }
        context.bodies.extend(plan.wanted.iter().map(|hash| (*hash, text(*hash).unwrap())));
    }
}

/// Combines all that can be, and settles every conflict in one way.
fn combining(world: &World, resolution: &Resolution) -> Choices {
    let can = |item: &&Item| {
        item.label == Label::Diverged
            && item.kind == Kind::Workflow
            && item.source.is_some()
            && item.target.is_some()
    };
    let key = |item: &Item| Selector::Key(item.kind, item.id);
    let listed = world.defaults();
    let choices = listed.items.iter().filter(can).map(|item| (key(item), Decision::Combine)).collect();
    let open = Choices { choices, ..Choices::defaults() };
    let conflicts = plan_of(world, &open)
        .items
        .iter()
        .map(|item| {
            let settleable =
                item.conflicts.iter().filter(|c| !matches!(c.kind, ConflictKind::InvalidResult(_)));
            (key(item), all(&settleable.cloned().collect::<Vec<_>>(), resolution))
        })
        .filter(|(_, settled)| !settled.is_empty())
        .collect();
    Choices { resolutions: conflicts, ..open }
}

/// Every text that the generator gives a step.
fn text(hash: ContentHash) -> Option<Arc<str>> {
    let numbered = (0..8).map(|n| format!("text {n}"));
    let texts = ["start", "body", "new step", "new", "source", "target", "base"].map(str::to_owned);
    numbered.chain(texts).find(|text| build::body(text) == hash).map(Arc::from)
}

fn combined(base: Option<&StoredWorkflow>, source: &StoredWorkflow, target: &StoredWorkflow) -> Combined {
    settled(base, source, target, &BTreeMap::new())
}

fn settled(
    base: Option<&StoredWorkflow>,
    source: &StoredWorkflow,
    target: &StoredWorkflow,
    resolutions: &BTreeMap<String, Resolution>,
) -> Combined {
    let combined = combine(Versions { base, source, target }, &text, resolutions).unwrap();
    assert!(combined.wanted.is_empty());
    combined
}

/// The versions of each workflow that all three have.
fn versions(world: &World) -> Vec<[StoredWorkflow; 3]> {
    let in_all = world.base.keys().filter_map(|key| {
        let of = |project: &Project| match project.get(key).map(|state| &*state.document) {
            Some(Document::Workflow(workflow)) => Some(unguarded(workflow.clone().tidy())),
            _ => None,
        };
        Some([of(&world.base)?, of(&world.source)?, of(&world.target)?])
    });
    in_all.collect()
}

/// Auth methods never cross onto a webhook that the target has.
fn unguarded(mut workflow: StoredWorkflow) -> StoredWorkflow {
    for trigger in &mut workflow.triggers {
        if let TriggerKind::Webhook(webhook) = &mut trigger.kind {
            webhook.auth_methods.clear();
        }
    }
    workflow
}

/// Settles everything in one way.
fn all(conflicts: &[Conflict], resolution: &Resolution) -> BTreeMap<String, Resolution> {
    conflicts.iter().map(|conflict| (conflict.path.clone(), resolution.clone())).collect()
}

/// Whether ids of this side can't be expected in the result: a trigger that went while another of its type came keeps
/// its own, and so does everything in a workflow of which no id is left.
fn takes_ids_over(base: &StoredWorkflow, side: &StoredWorkflow) -> bool {
    let only = |one: &StoredWorkflow, other: &StoredWorkflow| {
        one.triggers.iter().any(|own| other.triggers.iter().all(|their| their.id != own.id))
    };
    let shares = base.jobs.iter().any(|job| side.jobs.iter().any(|own| own.id == job.id))
        || base.triggers.iter().any(|trigger| side.triggers.iter().any(|own| own.id == trigger.id));
    (only(base, side) && only(side, base)) || !shares
}

/// The same workflow made anew by somebody who gives ids of their own.
fn rebuilt(workflow: &StoredWorkflow) -> StoredWorkflow {
    let new = |id: Uuid| uuid(id.as_u128() ^ (0xabcd << 64));
    let job = |id: JobId| JobId(new(id.0));
    let end = |source: EdgeSource| match source {
        EdgeSource::Job(id) => EdgeSource::Job(job(id)),
        EdgeSource::Trigger(id) => EdgeSource::Trigger(new(id.0).into()),
    };
    let kind = |kind: &TriggerKind| match kind {
        TriggerKind::Cron(cron) => {
            TriggerKind::Cron(Cron { cursor_job: cron.cursor_job.map(job), ..cron.clone() })
        }
        TriggerKind::Webhook(_) => kind.clone(),
    };
    let edges = workflow.edges.iter().map(|edge| Edge {
        id: new(edge.id.0).into(),
        source: end(edge.source),
        target: job(edge.target),
        ..edge.clone()
    });
    let triggers = workflow.triggers.iter();
    StoredWorkflow {
        jobs: workflow.jobs.iter().map(|own| Job { id: job(own.id), ..own.clone() }).collect(),
        triggers: triggers.map(|own| Trigger { id: new(own.id.0).into(), kind: kind(&own.kind) }).collect(),
        edges: edges.collect(),
        positions: workflow.positions.iter().map(|(id, at)| (new(*id), *at)).collect(),
        ..workflow.clone()
    }
    .tidy()
}

fn sides(conflict: &Conflict) -> (&str, &ConflictKind, [&Option<serde_json::Value>; 3], Vec<[&str; 3]>) {
    let clashes = conflict.clashes.iter().map(|clash| [&*clash.base, &*clash.source, &*clash.target]);
    let Conflict { path, kind, base, source, target, .. } = conflict;
    (path, kind, [base, source, target], clashes.collect())
}

// PROPTEST_CASES sets how many cases each law is tried on.
proptest! {
    #[test]
    fn one_sides_edits_alone_are_the_result(world in world()) {
        for [base, source, target] in versions(&world) {
            if [&source, &target].iter().any(|side| takes_ids_over(&base, side)) {
                continue;
            }
            for (own, source, target) in [(&source, &source, &base), (&target, &base, &target), (&source, &source, &source)] {
                let combined = combined(Some(&base), source, target);
                prop_assert_eq!(&combined.workflow, own);
                prop_assert!(combined.conflicts.is_empty() && combined.dropped_edges.is_empty());
            }
        }
    }

    #[test]
    fn conflicts_are_the_same_from_both_sides(world in world()) {
        for [base, source, target] in versions(&world) {
            if [&source, &target].iter().any(|side| takes_ids_over(&base, side)) {
                continue;
            }
            let (there, back) = (combined(Some(&base), &source, &target), combined(Some(&base), &target, &source));
            let turned: Vec<_> = back.conflicts.iter().map(sides).map(|(path, kind, [b, s, t], clashes)| {
                (path, kind, [b, t, s], clashes.into_iter().map(|[b, s, t]| [b, t, s]).collect::<Vec<_>>())
            }).collect();
            prop_assert_eq!(there.conflicts.iter().map(sides).collect::<Vec<_>>(), turned);
            // With an open one, either direction shows what its own target has.
            if there.conflicts.is_empty() {
                prop_assert_eq!(there.dropped_edges, back.dropped_edges);
                let without = |workflow: StoredWorkflow| StoredWorkflow { positions: BTreeMap::new(), ..workflow };
                prop_assert_eq!(without(there.workflow), without(back.workflow));
            }
        }
    }

    /// Field by field: what both sides have in common with the base, what one side changed, what both did.
    #[test]
    fn every_edit_is_in_the_result_or_in_a_conflict(world in world()) {
        for [base, source, target] in versions(&world) {
            if [&source, &target].iter().any(|side| takes_ids_over(&base, side)) {
                continue;
            }
            let combined = combined(Some(&base), &source, &target);
            let conflicts: Vec<_> = combined.conflicts.iter().map(|conflict| conflict.path.as_str()).collect();
            let [base, source, target, result] = [&base, &source, &target, &combined.workflow].map(fields);
            let paths: std::collections::BTreeSet<_> =
                [&base, &source, &target, &result].into_iter().flat_map(BTreeMap::keys).collect();
            for path in paths {
                let [b, s, t, r] = [&base, &source, &target, &result].map(|side| side.get(path));
                // A part that is gone on one side, with all its fields.
                let whole = path.rsplit_once('/').map_or("", |(part, _)| part);
                let part_stays = combined.conflicts.iter().any(|conflict| conflict.kind == ConflictKind::Removed);
                let edges_follow = part_stays || !combined.dropped_edges.is_empty();
                let type_of = format!("{whole}/type");
                if [path, whole, &type_of].iter().any(|path| conflicts.contains(path)) || (edges_follow && path.starts_with("edges")) {
                    continue;
                }
                let expected = if s == b { t } else if t == b || s == t { s } else { prop_assert!(false, "{path}"); None };
                prop_assert!(r == expected, "{path}: base {b:?}, source {s:?}, target {t:?}, result {r:?}");
            }
        }
    }

    #[test]
    fn settled_for_one_side_nothing_is_open_but_broken_rules(world in world()) {
        for [base, source, target] in versions(&world) {
            let before = combined(Some(&base), &source, &target);
            for resolution in [Resolution::Source, Resolution::Target] {
                let settleable: Vec<_> = before.conflicts.iter()
                    .filter(|conflict| !matches!(conflict.kind, ConflictKind::InvalidResult(_))).cloned().collect();
                let after = settled(Some(&base), &source, &target, &all(&settleable, &resolution));
                for open in after.open() {
                    prop_assert!(matches!(open.kind, ConflictKind::InvalidResult(_)), "{open:?}");
                }
                prop_assert_eq!(after.open().next().is_none(), after.workflow.violations("").0.is_empty());
            }
        }
    }

    #[test]
    fn a_result_without_open_conflicts_keeps_every_rule(world in world()) {
        for [base, source, target] in versions(&world) {
            let combined = combined(Some(&base), &source, &target);
            if combined.open().next().is_none() {
                prop_assert_eq!(combined.workflow.violations("").0, vec![]);
            }
        }
    }

    /// Whatever is combined, settled as it may be, is not offered again from either side once the other has it too; and
    /// undone, the target is as it was.
    #[test]
    fn what_was_combined_is_agreed_on(world in world(), by_source in any::<bool>()) {
        let resolution = if by_source { Resolution::Source } else { Resolution::Target };
        let choices = combining(&world, &resolution);
        let combined = plan_of(&world, &choices);
        // A credential that has to stay behind is offered again once it can follow.
        let withheld = combined.items.iter().flat_map(|item| &item.warnings)
            .any(|warning| warning.kind == WarningKind::CredentialNotLinked);
        if withheld || combined.blocked().is_some() {
            return Ok(());
        }
        let before = world.target.clone();
        let mut world = world;
        world.apply(&combined);
        let taken: Vec<_> = combined.selected().map(|item| (item.kind, item.target_id)).collect();
        let again = plan_of(&world, &Choices::defaults());
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
        let synced = plan_of(&down, &Choices::defaults());
        if synced.blocked().is_none() {
            down.apply(&synced);
            // What can't cross, such as the auth methods of triggers, still differs.
            let left = plan_of(&down.turned(), &Choices::defaults());
            let was_combined = |item: &&Item| combined.items.iter()
                .any(|one| one.id == item.id && one.decision == Decision::Combine);
            for item in left.items.iter().filter(was_combined) {
                prop_assert_eq!(item.label, Label::TargetOnly, "{:?}", item);
            }
        }
    }

    /// Names tell the steps of a workflow apart, so ids made anew change nothing.
    #[test]
    fn a_rebuilt_source_merges_like_the_source(world in world()) {
        for [base, source, target] in versions(&world) {
            let renamed = base.jobs.iter().any(|job| source.jobs.iter().any(|own| own.id == job.id && own.name != job.name));
            let ambiguous = [&base, &source].iter().any(|side| {
                let webhooks = side.triggers.iter().filter(|t| matches!(t.kind, TriggerKind::Webhook(_))).count();
                webhooks > 1 || side.triggers.len() - webhooks > 1
            });
            let retyped = base.triggers.iter().any(|t| source.triggers.iter()
                .any(|own| own.id == t.id && std::mem::discriminant(&own.kind) != std::mem::discriminant(&t.kind)));
            let made = |side: &StoredWorkflow| side.jobs.iter().any(|job| base.jobs.iter().all(|b| b.id != job.id))
                || side.triggers.iter().any(|t| base.triggers.iter().all(|b| b.id != t.id));
            if renamed || ambiguous || retyped || made(&source) {
                continue;
            }
            let (own, anew) = (combined(Some(&base), &source, &target), combined(Some(&base), &rebuilt(&source), &target));
            prop_assert_eq!(own.workflow, anew.workflow);
            prop_assert_eq!(own.conflicts, anew.conflicts);
        }
    }
}
