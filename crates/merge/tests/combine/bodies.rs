//! Bodies, line by line.

use super::*;

#[test]
fn bodies_merge_line_by_line() {
    let combined = combined(&set_body(1, "A\nb\nc\nd\ne\n"), &set_body(1, "a\nb\nc\nd\nE\n"));
    assert_eq!(open(&combined), Vec::<&str>::new());
    let merged = "A\nb\nc\nd\nE\n";
    assert_eq!(combined.workflow.jobs[1].body, body(merged));
    assert_eq!(combined.bodies, BTreeMap::from([(body(merged), merged.to_owned())]));
}

#[test]
fn only_lines_that_both_changed_clash_and_each_is_settled_by_itself() {
    let (source, target) = (set_body(1, "a\nb\nX\nd\ne\n"), set_body(1, "A\nb\nY\nd\ne\n"));
    let path = at(12, "body");
    let conflict = combined(&source, &target).conflicts.remove(0);
    assert_eq!((&conflict.path, &conflict.kind), (&path, &ConflictKind::Body));
    let clash = &conflict.clashes[0];
    assert_eq!((clash.line, &*clash.base, &*clash.source, &*clash.target), (3, "c\n", "X\n", "Y\n"));
    let own = ClashResolution::Text("Z\n".into());
    for (resolution, merged) in [
        (Resolution::Clashes(vec![ClashResolution::Source]), "A\nb\nX\nd\ne\n"),
        (Resolution::Clashes(vec![ClashResolution::Target]), "A\nb\nY\nd\ne\n"),
        (Resolution::Clashes(vec![ClashResolution::Both]), "A\nb\nX\nY\nd\ne\n"),
        (Resolution::Clashes(vec![own]), "A\nb\nZ\nd\ne\n"),
        (Resolution::Source, "a\nb\nX\nd\ne\n"),
        (Resolution::Target, "A\nb\nY\nd\ne\n"),
        (Resolution::Value(json!("mine")), "mine"),
    ] {
        let combined = settled(&source, &target, [(&path, resolution)]).unwrap();
        assert_eq!(open(&combined), Vec::<&str>::new());
        assert_eq!(combined.workflow.jobs[1].body, body(merged));
    }
    for wrong in [Resolution::Clashes(vec![]), Resolution::Value(json!(1))] {
        assert!(settled(&source, &target, [(&path, wrong)]).is_err());
    }
}

#[test]
fn bodies_that_are_not_at_hand_are_asked_for() {
    let (source, target) = (set_body(1, "one"), set_body(1, "two"));
    let combined = combined(&source, &target);
    assert_eq!(combined.wanted, [body("one"), body("two")].into());
    assert_eq!(combined.workflow.jobs[1].body, body("two"));
}

#[test]
fn two_steps_with_the_same_missing_bodies_wait_for_them() {
    let both = |text: &str| {
        with(|chain| {
            chain.jobs[0].body = body(text);
            chain.jobs[1].body = body(text);
        })
    };
    let (base, source, target) = (both("unknown"), both("one"), both("two"));
    let versions = Versions { base: Some(&base), source: &source, target: &target };
    let combined = combine(versions, &text, &BTreeMap::new()).unwrap();
    assert_eq!((combined.wanted.len(), combined.bodies.len()), (3, 0));
    assert_eq!(combined.workflow, target);
}
