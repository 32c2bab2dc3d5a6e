//! Laws of taking and overwriting.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sandbar_merge::{Choices, Context, Decision, Label, Purpose, State, Write, plan};
use sandbar_model::{ContentHash, Kind, ResourceId, workflow::Uses};

use super::Law;
use crate::build::{
    combine_all,
    generate::{self, Edit, Editor, keys, pick},
    part_ids, planned, shape,
    world::{Project, World, all_of, faults},
};

fn hash(state: Option<&State>) -> Option<ContentHash> {
    state.map(|state| state.hash)
}

pub fn generated_projects_are_valid(world: World) -> Law {
    for project in [&world.base, &world.source, &world.target] {
        prop_assert_eq!(faults(project), Vec::<String>::new());
    }
    Ok(())
}

pub fn no_change_is_nothing_to_merge(start: Project) -> Law {
    let world = World::fork(start);
    let plan = plan(world.all(), &world.context(), &Choices::defaults()).unwrap();
    prop_assert!(plan.items.is_empty() && plan.withheld.is_empty());
    Ok(())
}

pub fn nothing_is_listed_that_neither_side_touched(world: World) -> Law {
    let all = plan(world.all(), &world.context(), &Choices::defaults()).unwrap();
    for item in &all.items {
        let [base, source, target] =
            [&item.base, &item.source, &item.target].map(|state| hash(state.as_ref()));
        prop_assert!(source != target && (source != base || target != base), "{item:?}");
        prop_assert_eq!(item.label == Label::TargetOnly && item.decision != Decision::Leave, false);
    }
    // What neither side touched changes nothing either.
    prop_assert_eq!(all, world.defaults());
    Ok(())
}

pub fn every_difference_of_an_item_is_a_field_and_none_else_is(world: World) -> Law {
    for item in world.defaults().items {
        let same = hash(item.after.as_ref()) == hash(item.target.as_ref());
        let nothing_to_say = item.fields().is_empty();
        prop_assert!(nothing_to_say == (item.label != Label::TargetOnly && same), "{item:?}");
    }
    Ok(())
}

pub fn a_merge_leaves_nothing_to_do(mut world: World) -> Law {
    let plan = world.everything();
    prop_assume!(plan.blocked().is_none());
    world.apply(&plan);
    let again = world.everything();
    prop_assert!(again.items.iter().all(|item| item.label == Label::TargetOnly), "{:#?}", again.items);
    Ok(())
}

pub fn a_merge_of_a_part_leaves_only_the_rest(mut world: World, chosen: u64) -> Law {
    let mut choices = all_of(&world.defaults());
    let mut bit = 0;
    choices.choices.retain(|_| {
        bit += 1;
        chosen >> (bit % 64) & 1 == 1
    });
    let plan = world.plan(&choices);
    prop_assume!(plan.blocked().is_none());
    world.apply(&plan);
    let left: BTreeMap<_, _> =
        world.defaults().items.into_iter().map(|item| ((item.kind, item.id), item)).collect();
    let links_left = left.keys().any(|key| matches!(key.0, Kind::CredentialLink | Kind::Keychain));
    for item in plan.selected() {
        if let Some(left) = left.get(&(item.kind, item.id)) {
            // A step whose credential was left out can still get it, together with the link.
            prop_assert!(
                left.label == Label::TargetOnly || (links_left && !item.warnings.is_empty()),
                "{item:#?} {left:#?}"
            );
        }
    }
    Ok(())
}

pub fn after_overwriting_everything_both_sides_agree(mut world: World) -> Law {
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
    Ok(())
}

pub fn the_result_keeps_every_rule(mut world: World) -> Law {
    for plan in [world.defaults(), world.everything()] {
        if plan.blocked().is_none() {
            let before = world.clone();
            world.apply(&plan);
            prop_assert_eq!(faults(&world.target), Vec::<String>::new());
            world = before;
        }
    }
    Ok(())
}

pub fn renaming_changes_nothing_else(mut world: World, at: usize) -> Law {
    let before = world.defaults();
    let workflows = keys(&world.source, Kind::Workflow);
    let renamed = pick(&workflows, at).copied();
    let paired =
        before.items.iter().any(|item| Some((item.kind, item.id)) == renamed && item.id != item.target_id);
    prop_assume!(renamed.is_some() && !paired);
    generate::workflow(&mut world.source, at, |workflow| {
        "Renamed by the test".clone_into(&mut workflow.name);
    });
    let after = world.defaults();
    let others = |plan: &sandbar_merge::Plan| -> Vec<_> {
        let mut others: Vec<_> =
            plan.items.iter().filter(|item| Some((item.kind, item.id)) != renamed).cloned().collect();
        // Renaming can free a name or a link's message for others; what they are and become stays.
        for item in &mut others {
            item.warnings.clear();
        }
        others
    };
    prop_assert_eq!(others(&before), others(&after));
    Ok(())
}

pub fn the_fingerprint_does_not_depend_on_order(world: World, seed: u64) -> Law {
    let mut shuffled = world.candidates();
    let count = shuffled.len().max(1);
    shuffled.rotate_left(usize::try_from(seed % 1000).unwrap() % count);
    if seed.is_multiple_of(2) {
        shuffled.reverse();
    }
    let other = plan(shuffled, &world.context(), &Choices::defaults()).unwrap();
    prop_assert_eq!(world.defaults().fingerprint(), other.fingerprint());
    prop_assert_eq!(world.defaults(), other);
    Ok(())
}

pub fn the_fingerprint_changes_with_any_edit_of_what_is_listed(
    world: World,
    at: usize,
    in_target: bool,
) -> Law {
    let before = world.defaults();
    let mut edited = world.clone();
    let side = if in_target { &mut edited.target } else { &mut edited.source };
    let workflows = keys(side, Kind::Workflow);
    prop_assume!(!workflows.is_empty());
    let key = *pick(&workflows, at).unwrap();
    generate::workflow(side, at, |workflow| workflow.concurrency = Some(99));
    let after = edited.defaults();
    let listed = |plan: &sandbar_merge::Plan| {
        let has =
            |item: &&sandbar_merge::Item| (item.kind, item.id) == key || (item.kind, item.target_id) == key;
        plan.items.iter().filter(has).any(|item| item.label != Label::TargetOnly)
    };
    let moved = before.fingerprint() != after.fingerprint();
    prop_assert_eq!(moved, listed(&before) || listed(&after));
    Ok(())
}

pub fn a_decision_is_part_of_the_fingerprint(world: World) -> Law {
    let (nothing, everything) = (world.plan(&Choices::default()), world.everything());
    let some = all_of(&nothing).choices.is_empty();
    prop_assert_eq!(nothing.fingerprint() == everything.fingerprint(), some);
    prop_assert_eq!(nothing.selected().count(), 0);
    Ok(())
}

pub fn a_revert_on_an_untouched_target_is_the_state_before(mut world: World, part: bool) -> Law {
    let plan = if part { world.defaults() } else { world.everything() };
    prop_assume!(plan.blocked().is_none());
    let before = world.target.clone();
    let writes: Vec<Write> = plan.writes().collect();
    world.apply(&plan);
    let (mut undone, merged) = (revert(&writes, &before, &world.target), world.target.clone());
    undone.extend(
        merged.into_iter().filter(|(key, _)| !writes.iter().any(|write| (write.kind, write.id) == *key)),
    );
    prop_assert_eq!(undone, before);
    Ok(())
}

pub fn there_and_back_is_a_fixed_point(mut world: World, more: Vec<Edit>) -> Law {
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
    Ok(())
}

/// Hash for hash, and nothing beside it; asked again, the plan is the same.
pub fn what_is_applied_is_what_was_planned(world: World) -> Law {
    let combined = planned(&world, &combine_all(&world, None));
    for plan in [world.defaults(), world.everything(), combined] {
        if plan.blocked().is_some() {
            continue;
        }
        let mut applied = world.clone();
        applied.apply(&plan);
        let mut expected = world.target.clone();
        for item in plan.selected() {
            match &item.after {
                Some(after) => expected.insert((item.kind, item.target_id), after.clone()),
                None => expected.remove(&(item.kind, item.target_id)),
            };
        }
        prop_assert_eq!(&applied.target, &expected);
        for state in applied.target.values() {
            let again = State::of((*state.document).clone().tidy()).expect("it has a canonical form");
            prop_assert_eq!(state.hash, again.hash);
        }
    }
    Ok(())
}

/// What a revert by default leaves of the resources that a merge wrote.
fn revert(writes: &[Write], before: &Project, now: &Project) -> Project {
    let mut world = World::revert(writes, before, now);
    let whole = World { target: now.clone(), ..World::default() };
    let context = Context { purpose: Purpose::Revert, ..whole.context() };
    let plan = plan(world.all(), &context, &Choices::defaults()).unwrap();
    world.apply(&plan);
    world.target
}

/// By one of the two sides, so that the other may have the same under another id.
fn made_on_a_side(id: ResourceId) -> bool {
    (20_000..1_000_000).contains(&id.0.as_u128())
}

/// Whether two states are one content but for what §4 keeps back: auth methods of triggers that the target had, and, where
/// there is a warning or the target has another link to the same credential, what steps use. Where one made parts anew
/// that the other has, they agree in all but ids.
fn agree(source: Option<&State>, target: Option<&State>, own: Option<&State>, warnings: usize) -> bool {
    use sandbar_model::{Document, workflow::TriggerKind};
    let (Some(source), Some(target)) = (source, target) else { return source == target };
    if let (Document::Keychain(source), Document::Keychain(target)) = (&*source.document, &*target.document) {
        let mut expected = source.clone();
        let links = [source.default_link, target.default_link];
        if warnings > 0 || links.into_iter().flatten().any(made_on_a_side) {
            expected.default_link = target.default_link;
        }
        return expected == *target;
    }
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
        Document::Collection(_)
        | Document::CredentialLink(_)
        | Document::Config(_)
        | Document::Keychain(_) => None,
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
        // Its namesake in the target, made there or in the source.
        let mapped = [job.uses, written.uses].into_iter().flatten().any(|uses| match uses {
            Uses::CredentialLink(id) | Uses::Keychain(id) => made_on_a_side(id),
        });
        if warnings > 0 || mapped {
            job.uses = written.uses;
        }
    }
    expected == *target
}
