//! Choices, pairs, what stops an apply, and what a plan binds.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what can't be fails the test"
)]

mod build;

use build::{
    id, link, simple, using, webhook, workflow,
    world::{World, all_of},
};
use sandbar_merge::{Choices, Decision, Item, Label, Selector, WarningKind, plan};
use sandbar_model::{
    ContentHash, Document, Error, Kind,
    workflow::{StoredWorkflow, Uses},
};

fn of(n: u128, workflow: StoredWorkflow) -> (u128, Document) {
    (n, Document::Workflow(workflow))
}

/// A workflow of its own for each number.
fn numbered(n: u128, name: &str, text: &str) -> (u128, Document) {
    of(n, simple(n * 100, name, text))
}

/// One of each label: New 1, Changed 2, Deleted 3, Diverged 4, target-only 5.
fn each() -> World {
    World::of(
        [numbered(2, "b", "0"), numbered(3, "c", "0"), numbered(4, "d", "0"), numbered(5, "e", "0")],
        [numbered(1, "a", "1"), numbered(2, "b", "1"), numbered(4, "d", "1"), numbered(5, "e", "0")],
        [numbered(2, "b", "0"), numbered(3, "c", "0"), numbered(4, "d", "2"), numbered(5, "e", "2")],
    )
}

fn choose(defaults: bool, choices: &[(Selector, Decision)]) -> Choices {
    Choices { defaults, choices: choices.to_vec(), ..Choices::default() }
}

fn key(n: u128) -> Selector {
    Selector::Key(Kind::Workflow, id(n))
}

fn named(name: &str) -> Selector {
    Selector::WorkflowName(name.to_owned())
}

fn decisions(world: &World, choices: &Choices) -> Vec<Decision> {
    world.plan(choices).items.iter().map(|item| item.decision).collect()
}

#[test]
fn defaults_take_what_is_new_and_changed() {
    use Decision::{Leave, Take};
    let world = each();
    let labels: Vec<_> = world.defaults().items.iter().map(|item| (item.name.clone(), item.label)).collect();
    let expected = [Label::New, Label::Changed, Label::Deleted, Label::Diverged, Label::TargetOnly];
    assert_eq!(
        labels,
        ["a", "b", "c", "d", "e"].map(str::to_owned).into_iter().zip(expected).collect::<Vec<_>>()
    );
    assert_eq!(decisions(&world, &Choices::defaults()), [Take, Take, Leave, Leave, Leave]);
    assert_eq!(decisions(&world, &Choices::default()), [Leave; 5]);
    let context = sandbar_merge::Context { purpose: sandbar_merge::Purpose::Revert, ..world.context() };
    let revert = plan(world.candidates(), &context, &Choices::defaults()).unwrap();
    assert_eq!(
        revert.items.iter().map(|item| item.decision).collect::<Vec<_>>(),
        [Take, Take, Take, Leave, Leave]
    );
    assert_eq!(world.defaults().counts().values().copied().collect::<Vec<_>>(), [1; 5]);
}

#[test]
fn choices_differ_from_the_start() {
    use Decision::{Leave, Overwrite, Take};
    let choices = [(key(1), Leave), (named("c"), Take), (key(4), Overwrite), (named("e"), Leave)];
    assert_eq!(decisions(&each(), &choose(true, &choices)), [Leave, Take, Take, Overwrite, Leave]);
    assert_eq!(decisions(&each(), &choose(false, &choices)), [Leave, Leave, Take, Overwrite, Leave]);
}

#[test]
fn a_choice_that_can_not_be_made_is_refused_with_what_can() {
    use Decision::{Combine, Leave, Overwrite, Take};
    let refused = |choices: &[(Selector, Decision)]| {
        let world = each();
        match plan(world.candidates(), &world.context(), &choose(true, choices)) {
            Err(Error::ChoiceUnknown { resource, problem }) => format!("{resource}: {problem}"),
            other => panic!("{other:?}"),
        }
    };
    assert!(refused(&[(key(9), Leave)]).contains("lists nothing by that name or id"));
    assert!(refused(&[(named("z"), Take)]).starts_with("z: the plan lists nothing"));
    assert!(refused(&[(Selector::Key(Kind::Collection, id(1)), Take)]).starts_with("collection "));
    let diverged = refused(&[(key(4), Take)]);
    assert!(diverged.contains("choose COMBINE") && diverged.contains("OVERWRITE to replace"), "{diverged}");
    assert!(refused(&[(key(1), Overwrite)]).contains("choose TAKE"));
    assert!(refused(&[(key(5), Take)]).contains("only LEAVE"));
    assert!(refused(&[(key(5), Overwrite)]).contains("only LEAVE"));
    assert!(refused(&[(key(1), Combine)]).contains("choose TAKE"));
    assert!(refused(&[(key(5), Combine)]).contains("only LEAVE"));
    assert!(refused(&[(key(2), Take), (named("b"), Take)]).contains("more than once"));
    assert!(refused(&[(key(2), Take), (key(2), Leave)]).contains("more than once"));
}

#[test]
fn a_name_means_the_sources_resource_first() {
    // The source renamed 1 from "x" to "y" while the target made another "y".
    let world = World::of(
        [numbered(1, "x", "0")],
        [numbered(1, "y", "0")],
        [numbered(1, "x", "0"), numbered(2, "y", "0")],
    );
    let plan = world.plan(&choose(false, &[(named("y"), Decision::Take)]));
    let taken: Vec<_> = plan.selected().map(|item| item.id).collect();
    assert_eq!(taken, [id(1)]);
}

#[test]
fn nothing_selected_is_shown_and_not_an_error() {
    let plan = each().plan(&Choices::default());
    assert_eq!((plan.items.len(), plan.selected().count(), plan.writes().count()), (5, 0, 0));
}

#[test]
fn a_candidate_given_twice_is_a_bug() {
    let world = each();
    let twice = [world.candidates(), world.candidates()].concat();
    assert!(matches!(plan(twice, &world.context(), &Choices::default()), Err(Error::Bug(_))));
}

fn only(world: &World) -> Item {
    let mut items = world.defaults().items;
    assert_eq!(items.len(), 1, "{items:#?}");
    items.remove(0)
}

#[test]
fn the_same_name_made_on_both_sides_is_one_diverged_pair() {
    let mut world = World::of([], [numbered(1, "Intake", "mine")], [numbered(2, "Intake", "theirs")]);
    let item = only(&world);
    assert_eq!(
        (item.label, item.id, item.target_id, item.base.clone()),
        (Label::Diverged, id(1), id(2), None)
    );
    for selector in [key(1), key(2), named("Intake")] {
        let plan = world.plan(&choose(false, &[(selector, Decision::Overwrite)]));
        assert_eq!(plan.writes().next().unwrap().id, id(2));
    }
    world.apply(&world.everything());
    assert_eq!(world.defaults().items, []);
    assert_eq!(world.target.keys().collect::<Vec<_>>(), [&(Kind::Workflow, id(2))]);
    // They stay one, whichever side moves on, and under whatever name.
    let mut edited = world.clone();
    build::generate::workflow(&mut edited.source, 0, |workflow| workflow.name = "Renamed".to_owned());
    assert_eq!((only(&edited).label, only(&edited).target_id), (Label::Changed, id(2)));
    assert_eq!(only(&edited).renamed_from.as_deref(), Some("Intake"));
    build::generate::workflow(&mut world.target, 0, |workflow| workflow.name = "Renamed there".to_owned());
    assert_eq!((only(&world).label, only(&world).id), (Label::TargetOnly, id(1)));
}

#[test]
fn two_resources_that_both_sides_knew_are_never_a_pair() {
    // The source deleted 2 and gave its name to 1, which the target deleted.
    let world = World::of(
        [numbered(1, "x", "0"), numbered(2, "y", "0")],
        [numbered(1, "y", "0")],
        [numbered(2, "y", "0")],
    );
    let labels: Vec<_> = world.defaults().items.iter().map(|item| (item.id, item.label)).collect();
    assert_eq!(labels, [(id(1), Label::Diverged), (id(2), Label::Deleted)]);
}

fn warned(item: &Item) -> Vec<WarningKind> {
    item.warnings.iter().map(|warning| warning.kind).collect()
}

#[test]
fn names_may_be_swapped_together_but_not_by_half() {
    let world = World::of(
        [numbered(1, "x", "0"), numbered(2, "y", "0")],
        [numbered(1, "y", "0"), numbered(2, "x", "0")],
        [numbered(1, "x", "0"), numbered(2, "y", "0")],
    );
    assert!(world.defaults().blocked().is_none());
    assert!(world.defaults().items.iter().all(|item| item.warnings.is_empty()));
    let half = world.plan(&choose(false, &[(key(1), Decision::Take)]));
    match half.blocked() {
        Some(Error::InvalidResult { resource, rule }) => {
            assert_eq!(resource, "y");
            assert!(rule.contains("the name \"y\" is taken"), "{rule}");
        }
        other => panic!("{other:?}"),
    }
    // What is left out can't stop an apply, but says what would.
    let none = world.plan(&Choices::default());
    assert!(none.blocked().is_none());
    assert!(none.items.iter().all(|item| warned(item) == [WarningKind::NameTaken]));
}

#[test]
fn a_name_freed_by_a_deletion_that_is_taken_too_is_free() {
    // 1 was known to both sides, so it is no pair with 2.
    let world = World::of(
        [numbered(1, "x", "0"), numbered(2, "y", "0")],
        [numbered(1, "y", "0")],
        [numbered(1, "x", "0"), numbered(2, "y", "0")],
    );
    assert_eq!(warned(&world.defaults().items[0]), [WarningKind::NameTaken]);
    assert!(world.defaults().blocked().is_some());
    assert!(world.everything().blocked().is_none());
}

#[test]
fn custom_paths_and_trigger_ids_taken_elsewhere_stop_an_apply() {
    let hooked = |n: u128, name: &str, trigger: u128, path: &str| {
        of(n, StoredWorkflow { triggers: vec![webhook(trigger, Some(path), &[])], ..workflow(name) })
    };
    let by_path = World::of([], [hooked(1, "a", 11, "intake")], [hooked(2, "b", 12, "intake")]);
    let item = by_path.defaults().items[0].clone();
    assert_eq!(warned(&item), [WarningKind::TriggerOff, WarningKind::NameTaken]);
    assert!(by_path.defaults().blocked().unwrap().to_string().contains("custom path \"intake\""));
    // Both knew 1 and 2; the source moved the trigger from 2 to 1.
    let bare = |n: u128, name: &str| of(n, workflow(name));
    let by_id = World::of(
        [bare(1, "a"), hooked(2, "b", 12, "x")],
        [hooked(1, "a", 12, "y"), bare(2, "b")],
        [bare(1, "a"), hooked(2, "b", 12, "x")],
    );
    assert!(by_id.defaults().blocked().is_none(), "moved as a whole");
    let half = by_id.plan(&choose(false, &[(key(1), Decision::Take)]));
    assert!(half.blocked().unwrap().to_string().contains("trigger id"));
}

#[test]
fn a_link_that_steps_still_use_can_not_be_deleted() {
    let used = || of(1, StoredWorkflow { jobs: vec![using(11, "Fetch", 50)], ..workflow("W") });
    let unused = || of(1, StoredWorkflow { jobs: vec![build::job(11, "Fetch", "body")], ..workflow("W") });
    let world = World::of([used(), (50, link("dhis2"))], [unused()], [used(), (50, link("dhis2"))]);
    let deletion = (Selector::Key(Kind::CredentialLink, id(50)), Decision::Take);
    let alone = world.plan(&choose(false, std::slice::from_ref(&deletion)));
    match alone.blocked() {
        Some(Error::InvalidResult { rule, .. }) => {
            assert!(rule.contains("step \"Fetch\" of workflow \"W\""), "{rule}");
        }
        other => panic!("{other:?}"),
    }
    let with_workflow = world.plan(&choose(true, &[deletion]));
    assert!(with_workflow.blocked().is_none());
    assert_eq!(with_workflow.removed().into_iter().collect::<Vec<_>>(), [Uses::CredentialLink(id(50))]);
}

#[test]
fn a_result_that_breaks_a_rule_is_never_applied() {
    let world = World::of([], [of(1, workflow(""))], []);
    assert!(matches!(world.defaults().blocked(), Some(Error::InvalidResult { .. })));
    assert_eq!(warned(&world.defaults().items[0]), [WarningKind::InvalidResult]);
}

#[test]
fn what_moved_on_in_the_target_only_does_not_stale_a_plan() {
    let (before, mut after) = (each(), each());
    after.target.extend(World::of([], [], [numbered(5, "e", "3"), numbered(6, "f", "3")]).target);
    assert_eq!(before.defaults().fingerprint(), after.defaults().fingerprint());
    after.target.extend(World::of([], [], [numbered(4, "d", "3")]).target);
    assert_ne!(before.defaults().fingerprint(), after.defaults().fingerprint());
}

#[test]
fn a_plan_of_many_resources_takes_linear_time() {
    let names = |side: &str| -> Vec<_> {
        (0..30_000_u128).map(|n| (n + 1, build::collection(&format!("{side} {n:05}")))).collect()
    };
    let many = |side| build::world::project(names(side));
    let mut world =
        World { base: many("base"), source: many("source"), target: many("target"), ..World::default() };
    // As many pairs made on both sides.
    let made =
        |from: u128| build::world::project(names("made").into_iter().map(|(n, made)| (n + from, made)));
    world.source.extend(made(100_000));
    world.target.extend(made(200_000));
    let start = std::time::Instant::now();
    let choices = all_of(&world.defaults());
    assert_eq!(choices.choices.len(), 30_000);
    assert_eq!(world.plan(&choices).selected().count(), 30_000);
    // Two seconds or so; one nested scan would be thousands of millions of steps more.
    assert!(start.elapsed().as_secs() < 40, "{:?}", start.elapsed());
    assert_ne!(world.plan(&choices).fingerprint(), ContentHash([0; 32]));
}
