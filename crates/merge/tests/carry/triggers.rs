//! What crosses of triggers.

use super::*;

#[test]
fn a_trigger_of_the_target_keeps_its_auth_methods() {
    let world = World::of(
        [triggered(webhook(11, None, &[1]), 1)],
        [triggered(webhook(11, Some("intake"), &[2]), 1)],
        [triggered(webhook(11, None, &[1]), 1)],
    );
    let plan = world.defaults();
    assert_eq!(written(&plan).triggers, [webhook(11, Some("intake"), &[1])]);
    assert_eq!(item(&plan).warnings, []);
    // Alone, they are no change, nor do they make one diverge.
    let only = World::of(
        [triggered(webhook(11, None, &[1]), 1)],
        [triggered(webhook(11, None, &[2]), 1)],
        [triggered(webhook(11, None, &[1]), 1)],
    );
    assert_eq!(only.defaults().items, []);
    let moved = World::of(
        [triggered(webhook(11, None, &[1]), 1)],
        [triggered(webhook(11, None, &[1]), 2)],
        [triggered(webhook(11, None, &[3]), 1)],
    );
    assert_eq!(item(&moved.defaults()).label, sandbar_merge::Label::Changed);
    assert_eq!(written(&moved.defaults()).triggers, [webhook(11, None, &[3])]);
}

#[test]
fn deleting_a_workflow_does_not_pass_over_the_targets_new_auth_methods() {
    let world =
        World::of([triggered(webhook(11, None, &[1]), 1)], [], [triggered(webhook(11, None, &[3]), 1)]);
    assert_eq!(item(&world.defaults()).label, sandbar_merge::Label::Diverged);
}

#[test]
fn a_new_trigger_arrives_off_and_brings_its_auth_methods_within_one_tree() {
    let world = World::of([], [triggered(webhook(11, None, &[1]), 1)], []);
    let plan_with = |same_root| {
        let context = Context { same_root, ..world.context() };
        plan(world.candidates(), &context, &Choices::defaults()).unwrap()
    };
    let near = plan_with(true);
    assert_eq!(written(&near).triggers, [webhook(11, None, &[1])]);
    assert_eq!(kinds(item(&near)), [WarningKind::TriggerOff]);
    let far = plan_with(false);
    assert_eq!(written(&far).triggers, [webhook(11, None, &[])]);
    assert_eq!(kinds(item(&far)), [WarningKind::TriggerOff, WarningKind::AuthMethodsDropped]);
    assert_ne!(near.fingerprint(), far.fingerprint());
}

#[test]
fn a_cron_trigger_that_became_a_webhook_does_not_arrive_unguarded() {
    let world = World::of(
        [triggered(daily(11), 1)],
        [triggered(webhook(11, None, &[1]), 1)],
        [triggered(daily(11), 1)],
    );
    let plan = world.defaults();
    assert_eq!(written(&plan).triggers, [webhook(11, None, &[1])]);
    assert_eq!(item(&plan).warnings, []);
}

#[test]
fn a_cron_schedule_crosses() {
    let world = World::of(
        [triggered(daily(11), 1)],
        [triggered(cron(11, "0 6 * * *"), 1)],
        [triggered(daily(11), 1)],
    );
    assert_eq!(written(&world.defaults()).triggers, [cron(11, "0 6 * * *")]);
}
