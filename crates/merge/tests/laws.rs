//! The laws of 3-merge §7 that hold for taking and overwriting, over generated projects and scripts of edits.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what can't be fails the test"
)]

mod build;

use std::collections::BTreeMap;

use build::{
    generate::{self, Editor, keys, pick, world},
    part_ids, shape,
    world::{World, all_of, faults},
};
use proptest::prelude::*;
use sandbar_merge::{Choices, Context, Label, Purpose, State, Write, plan};
use sandbar_model::{Kind, ResourceId};

fn hash(state: Option<&State>) -> Option<sandbar_model::ContentHash> {
    state.map(|state| state.hash)
}

// PROPTEST_CASES sets how many cases each law is tried on.
proptest! {
    #[test]
    fn generated_projects_are_valid(world in world()) {
        for project in [&world.base, &world.source, &world.target] {
            prop_assert_eq!(faults(project), Vec::<String>::new());
        }
    }

    #[test]
    fn no_change_is_nothing_to_merge(start in generate::start()) {
        let world = World::fork(start);
        let plan = plan(world.all(), &world.context(), &Choices::defaults()).unwrap();
        prop_assert!(plan.items.is_empty() && plan.withheld.is_empty());
    }

    #[test]
    fn nothing_is_listed_that_neither_side_touched(world in world()) {
        let all = plan(world.all(), &world.context(), &Choices::defaults()).unwrap();
        for item in &all.items {
            let [base, source, target] =
                [&item.base, &item.source, &item.target].map(|state| hash(state.as_ref()));
            prop_assert!(source != target && (source != base || target != base), "{item:?}");
            prop_assert_eq!(item.label == Label::TargetOnly && item.decision != sandbar_merge::Decision::Leave, false);
        }
        // What neither side touched changes nothing either.
        prop_assert_eq!(all, world.defaults());
    }

    #[test]
    fn every_difference_of_an_item_is_a_field_and_none_else_is(world in world()) {
        for item in world.defaults().items {
            let same = hash(item.after.as_ref()) == hash(item.target.as_ref());
            let nothing_to_say = item.fields().is_empty();
            prop_assert!(nothing_to_say == (item.label != Label::TargetOnly && same), "{item:?}");
        }
    }

    #[test]
    fn a_merge_leaves_nothing_to_do(mut world in world()) {
        let plan = world.everything();
        prop_assume!(plan.blocked().is_none());
        world.apply(&plan);
        let again = world.everything();
        prop_assert!(again.items.iter().all(|item| item.label == Label::TargetOnly), "{:#?}", again.items);
    }

    #[test]
    fn a_merge_of_a_part_leaves_only_the_rest(mut world in world(), chosen in any::<u64>()) {
        let mut choices = all_of(&world.defaults());
        let mut bit = 0;
        choices.choices.retain(|_| { bit += 1; chosen >> (bit % 64) & 1 == 1 });
        let plan = world.plan(&choices);
        prop_assume!(plan.blocked().is_none());
        world.apply(&plan);
        let left: BTreeMap<_, _> = world.defaults().items.into_iter().map(|item| ((item.kind, item.id), item)).collect();
        let links_left = left.keys().any(|key| key.0 == Kind::CredentialLink);
        for item in plan.selected() {
            if let Some(left) = left.get(&(item.kind, item.id)) {
                // A step whose credential was left out can still get it, together with the link.
                prop_assert!(left.label == Label::TargetOnly || (links_left && !item.warnings.is_empty()), "{item:#?} {left:#?}");
            }
        }
    }

    #[test]
    fn after_overwriting_everything_both_sides_agree(mut world in world()) {
        let plan = world.everything();
        prop_assume!(plan.blocked().is_none());
        let before = world.target.clone();
        world.apply(&plan);
        for item in plan.selected() {
            let (source, target) =
                (world.source.get(&(item.kind, item.id)), world.target.get(&(item.kind, item.target_id)));
            let own = before.get(&(item.kind, item.target_id));
            prop_assert!(agree(source, target, own, item.warnings.len()), "{source:#?} {target:#?}");
        }
        // Whatever was not selected is as it was.
        let written: Vec<_> = plan.writes().map(|write| (write.kind, write.id)).collect();
        for (key, state) in &before {
            prop_assert!(written.contains(key) || world.target.get(key) == Some(state));
        }
    }

    #[test]
    fn the_result_keeps_every_rule(mut world in world()) {
        for plan in [world.defaults(), world.everything()] {
            if plan.blocked().is_none() {
                let before = world.clone();
                world.apply(&plan);
                prop_assert_eq!(faults(&world.target), Vec::<String>::new());
                world = before;
            }
        }
    }

    #[test]
    fn renaming_changes_nothing_else(mut world in world(), at in any::<usize>()) {
        let before = world.defaults();
        let workflows = keys(&world.source, Kind::Workflow);
        let renamed = pick(&workflows, at).copied();
        let paired = before.items.iter().any(|item| Some((item.kind, item.id)) == renamed && item.id != item.target_id);
        prop_assume!(renamed.is_some() && !paired);
        generate::workflow(&mut world.source, at, |workflow| workflow.name = "Renamed by the test".to_owned());
        let after = world.defaults();
        let others = |plan: &sandbar_merge::Plan| -> Vec<_> {
            let mut others: Vec<_> = plan.items.iter().filter(|item| Some((item.kind, item.id)) != renamed).cloned().collect();
            // Renaming can free a name or a link's message for others; what they are and become stays.
            for item in &mut others {
                item.warnings.clear();
            }
            others
        };
        prop_assert_eq!(others(&before), others(&after));
    }

    #[test]
    fn the_fingerprint_does_not_depend_on_order(world in world(), seed in any::<u64>()) {
        let mut shuffled = world.candidates();
        let count = shuffled.len().max(1);
        shuffled.rotate_left(usize::try_from(seed % 1000).unwrap() % count);
        if seed % 2 == 0 {
            shuffled.reverse();
        }
        let other = plan(shuffled, &world.context(), &Choices::defaults()).unwrap();
        prop_assert_eq!(world.defaults().fingerprint(), other.fingerprint());
        prop_assert_eq!(world.defaults(), other);
    }

    #[test]
    fn the_fingerprint_changes_with_any_edit_of_what_is_listed(
        world in world(), at in any::<usize>(), in_target in any::<bool>(),
    ) {
        let before = world.defaults();
        let mut edited = world.clone();
        let side = if in_target { &mut edited.target } else { &mut edited.source };
        let workflows = keys(side, Kind::Workflow);
        prop_assume!(!workflows.is_empty());
        let key = *pick(&workflows, at).unwrap();
        generate::workflow(side, at, |workflow| workflow.concurrency = Some(99));
        let after = edited.defaults();
        let listed = |plan: &sandbar_merge::Plan| {
            let has = |item: &&sandbar_merge::Item| (item.kind, item.id) == key || (item.kind, item.target_id) == key;
            plan.items.iter().filter(has).any(|item| item.label != Label::TargetOnly)
        };
        let moved = before.fingerprint() != after.fingerprint();
        prop_assert_eq!(moved, listed(&before) || listed(&after));
    }

    #[test]
    fn a_decision_is_part_of_the_fingerprint(world in world()) {
        let (nothing, everything) = (world.plan(&Choices::default()), world.everything());
        let some = all_of(&nothing).choices.is_empty();
        prop_assert_eq!(nothing.fingerprint() == everything.fingerprint(), some);
        prop_assert_eq!(nothing.selected().count(), 0);
    }

    #[test]
    fn a_revert_on_an_untouched_target_is_the_state_before(mut world in world(), part in any::<bool>()) {
        let plan = if part { world.defaults() } else { world.everything() };
        prop_assume!(plan.blocked().is_none());
        let before = world.target.clone();
        let writes: Vec<Write> = plan.writes().collect();
        world.apply(&plan);
        let (mut undone, merged) = (revert(&writes, &before, &world.target), world.target.clone());
        undone.extend(merged.into_iter().filter(|(key, _)| !writes.iter().any(|write| (write.kind, write.id) == *key)));
        prop_assert_eq!(undone, before);
    }

    #[test]
    fn there_and_back_is_a_fixed_point(mut world in world(), more in generate::script()) {
        for script in [Vec::new(), more] {
            Editor::new("later", 40_000).run(&mut world.source, &script);
            for _ in 0..2 {
                let plan = world.everything();
                prop_assume!(plan.blocked().is_none());
                world.apply(&plan);
                world = world.turned();
            }
            let still = world.clone();
            for _ in 0..4 {
                let plan = world.everything();
                prop_assert_eq!(plan.writes().collect::<Vec<_>>(), Vec::<Write>::new());
                world = world.turned();
            }
            prop_assert_eq!((&world.source, &world.target), (&still.source, &still.target));
        }
    }
}

/// What a revert by default leaves of the resources that a merge wrote.
fn revert(
    writes: &[Write],
    before: &build::world::Project,
    now: &build::world::Project,
) -> build::world::Project {
    let mut world = World::revert(writes, before, now);
    let whole = World { target: now.clone(), ..World::default() };
    let context = Context { purpose: Purpose::Revert, ..whole.context() };
    let plan = plan(world.all(), &context, &Choices::defaults()).unwrap();
    world.apply(&plan);
    world.target
}

/// Whether two states are one content but for what §4 keeps back: auth methods of triggers that the target had, and, where
/// there is a warning or the target has another link to the same credential, what steps use. Where one made parts anew
/// that the other has, they agree in all but ids.
fn agree(source: Option<&State>, target: Option<&State>, own: Option<&State>, warnings: usize) -> bool {
    use sandbar_model::{Document, workflow::TriggerKind};
    let (Some(source), Some(target)) = (source, target) else { return source == target };
    let (Document::Workflow(source), Document::Workflow(target)) = (&*source.document, &*target.document)
    else {
        return source == target;
    };
    if part_ids(source) != part_ids(target) {
        return shape(source) == shape(target);
    }
    let mut expected = source.clone();
    let own = own.and_then(|own| match &*own.document {
        Document::Workflow(own) => Some(own),
        Document::Collection(_) | Document::CredentialLink(_) | Document::Config(_) => None,
    });
    for trigger in &mut expected.triggers {
        let kept = own.into_iter().flat_map(|own| &own.triggers).find(|kept| kept.id == trigger.id);
        if let (TriggerKind::Webhook(webhook), Some(TriggerKind::Webhook(kept))) =
            (&mut trigger.kind, kept.map(|kept| &kept.kind))
        {
            webhook.auth_methods.clone_from(&kept.auth_methods);
        }
    }
    for (job, written) in expected.jobs.iter_mut().zip(&target.jobs) {
        let mapped = matches!(job.uses, Some(sandbar_model::workflow::Uses::CredentialLink(ResourceId(id))) if id.as_u128() > 20_000);
        if warnings > 0 || mapped {
            job.uses = written.uses;
        }
    }
    expected == *target
}
