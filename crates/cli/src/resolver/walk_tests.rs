//! The walk, with scripted keys.

use sandbar_client::Plan;
use sandbar_client::v1::{
    MergeClash, MergeConflict, MergeDecision, MergeLabel, PlanHead, PlanResource, ResourceKey, ResourceKind,
    merge_conflict::Kind,
};

use super::*;
use crate::resolver::question::questions;

fn clash(source: &str, target: &str) -> MergeClash {
    MergeClash { source: source.into(), target: target.into(), ..Default::default() }
}

fn conflict(path: &str, kind: Kind, clashes: Vec<MergeClash>) -> MergeConflict {
    MergeConflict {
        kind: kind.into(),
        path: path.into(),
        title: path.into(),
        source: Some("1".into()),
        target: Some("2".into()),
        clash_count: i64::try_from(clashes.len()).unwrap(),
        clashes,
        ..Default::default()
    }
}

fn resource(id: &str, decision: MergeDecision, conflicts: Vec<MergeConflict>) -> PlanResource {
    PlanResource {
        key: Some(key(id)),
        name: id.to_uppercase(),
        label: MergeLabel::Diverged.into(),
        decision: decision.into(),
        conflicts,
        ..Default::default()
    }
}

pub(crate) fn key(id: &str) -> ResourceKey {
    ResourceKey { kind: ResourceKind::Workflow.into(), id: id.into() }
}

/// A field, a part that one side removed, a text with two places, one that is too large, and a resource that can't be
/// combined.
pub(crate) fn plan() -> Plan {
    let body = || vec![clash("a\n", "b\n"), clash("c\n", "d\n")];
    let mut large = conflict("jobs/3/body", Kind::Body, body());
    large.clash_count = 500;
    let conflicts = vec![
        conflict("name", Kind::Field, Vec::new()),
        conflict("jobs/1", Kind::Removed, Vec::new()),
        conflict("jobs/2/body", Kind::Body, body()),
        large,
        conflict("edges", Kind::InvalidResult, Vec::new()),
    ];
    let resources = vec![
        resource("w", MergeDecision::Combine, conflicts),
        resource("gone", MergeDecision::Leave, Vec::new()),
    ];
    Plan { head: PlanHead::default(), resources }
}

pub(crate) fn asked(plan: &Plan) -> Vec<Question> {
    questions(plan, &[key("gone")], |_, _| false)
}

fn walk() -> Walk {
    Walk::begin(asked(&plan()), &BTreeMap::new()).0
}

/// Presses keys; gives the steps.
fn press(walk: &mut Walk, keys: &str) -> Vec<Step> {
    keys.chars().map(|c| walk.press(Key::Char(c))).collect()
}

fn answers(walk: &Walk) -> Vec<Option<Answer>> {
    (0..walk.questions().len()).map(|at| walk.answer(at)).collect()
}

#[test]
fn everything_open_is_asked_once_and_in_order() {
    let asked = walk();
    let ids: Vec<_> = asked.questions().iter().map(Question::id).collect();
    assert_eq!(
        ids,
        [
            "workflow:w#name",
            "workflow:w#jobs/1",
            "workflow:w#jobs/2/body#0",
            "workflow:w#jobs/2/body#1",
            "workflow:w#jobs/3/body",
            "workflow:gone"
        ]
    );
    assert_eq!(asked.questions()[3].title(), "workflow \"W\" · jobs/2/body · place 2 of 2");
    let all = questions(&plan(), &[], |_, conflict| conflict.path != "name");
    assert_eq!(all.len(), 1, "what was settled elsewhere is not asked");
}

#[test]
fn a_key_settles_and_goes_on() {
    use Answer::{Both, BothTurned, Source, Target};
    let mut walk = walk();
    assert_eq!(press(&mut walk, "stbBts"), vec![Step::Show; 6]);
    let expected = [Source, Target, Both, BothTurned, Target, Source].map(Some);
    assert_eq!(answers(&walk), expected);
    assert!(walk.now().is_none() && walk.open() == 0);
    assert_eq!(walk.press(Key::Char('s')), Step::Show, "behind the last there is nothing to settle");
}

#[test]
fn one_can_skip_and_go_back_and_take_back() {
    let mut walk = walk();
    assert_eq!(press(&mut walk, "p"), [Step::Say("this is the first one")]);
    press(&mut walk, "sk");
    assert_eq!(walk.place(), (3, 6));
    walk.press(Key::Previous);
    walk.press(Key::Previous);
    assert_eq!(walk.now().unwrap().1, Some(&Answer::Source));
    press(&mut walk, "u");
    assert_eq!((walk.place().0, walk.open()), (1, 6));
    (0..6).for_each(|_| assert_eq!(walk.press(Key::Next), Step::Show));
    assert!(walk.now().is_none());
    walk.go_to_first_open();
    assert_eq!(walk.place().0, 1);
}

#[test]
fn what_can_not_be_is_said_and_changes_nothing() {
    let mut walk = walk();
    for (skip, key, says) in [
        (0, 'b', "only lines of a text"),
        (0, 'x', "no such key"),
        (1, 'e', "by a side only"),
        (3, 'B', "too much of it"),
        (0, 'e', "too much of it"),
        (1, 'e', "by a side only"),
    ] {
        (0..skip).for_each(|_| assert_eq!(walk.press(Key::Next), Step::Show));
        let place = walk.place();
        let step = walk.press(Key::Char(key));
        assert!(matches!(step, Step::Say(text) if text.contains(says)), "{key} at {place:?}: {step:?}");
        assert_eq!((walk.place(), walk.open()), (place, 6));
    }
    assert_eq!(walk.press(Key::Other), Step::Say("no such key; ? lists them"));
}

#[test]
fn editing_helping_and_leaving_are_left_to_the_dialog() {
    let mut walk = walk();
    assert_eq!(press(&mut walk, "e?hq"), [Step::Edit, Step::Help, Step::Help, Step::Quit]);
    assert_eq!(walk.press(Key::Interrupt), Step::Quit);
    assert_eq!(walk.place().0, 1);
    walk.take(Answer::Own("\"x\"".into()));
    assert_eq!(walk.answer(0), Some(Answer::Own("\"x\"".into())));
}

#[test]
fn at_another_look_only_what_is_still_the_same_stays_settled() {
    let mut before = walk();
    press(&mut before, "stbBss");
    let mut now = plan();
    now.resources[0].conflicts[0].target = Some("3".into());
    now.resources[0].conflicts[2].clashes[1].source = "other\n".into();
    now.resources[1].target_etag = "moved".into();
    now.resources[0].conflicts.remove(1);
    let (after, unfit) = Walk::begin(asked(&now), &before.kept());
    assert_eq!(
        answers(&after),
        [None, Some(Answer::Both), None, Some(Answer::Source), None],
        "the first place of the text and the large text are as they were"
    );
    let mut unfit = unfit;
    unfit.sort();
    assert_eq!(
        unfit,
        [
            "workflow \"GONE\"",
            "workflow \"W\" · jobs/1",
            "workflow \"W\" · jobs/2/body · place 2 of 2",
            "workflow \"W\" · name"
        ]
    );
    assert_eq!(after.place().0, 1, "it begins with the first that is open");
    let (same, unfit) = Walk::begin(asked(&plan()), &before.kept());
    assert!(unfit.is_empty() && same.open() == 0 && same.now().is_none());
}

#[test]
fn another_number_of_places_asks_all_of_them_again() {
    let mut before = walk();
    press(&mut before, "kkss");
    let mut now = plan();
    let body = &mut now.resources[0].conflicts[2];
    body.clashes.insert(0, clash("new\n", "newer\n"));
    body.clash_count += 1;
    let (after, unfit) = Walk::begin(asked(&now), &before.kept());
    assert_eq!((after.open(), unfit.len()), (7, 2));
}
