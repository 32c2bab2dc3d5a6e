//! Every row of the table of 3-merge §4: what crosses and what does not.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what can't be fails the test"
)]

#[path = "../build/mod.rs"]
mod build;
mod triggers;

use build::{
    collection, cron, daily, edge, id, job, link, simple, using, webhook, workflow,
    world::{KEYCHAIN, World},
};
use sandbar_merge::{Choices, Context, Decision, Item, Plan, Selector, WarningKind, plan};
use sandbar_model::{
    ContentHash, Document, JobId, Kind,
    workflow::{EdgeSource, Job, Position, StoredWorkflow, Trigger, TriggerKind, Uses, WebhookReply},
};

const W: u128 = 1;
const LINK: u128 = 50;
const OTHER: u128 = 51;

fn of(document: StoredWorkflow) -> (u128, Document) {
    (W, Document::Workflow(document))
}

fn with(jobs: impl IntoIterator<Item = Job<ContentHash>>) -> (u128, Document) {
    of(StoredWorkflow { jobs: jobs.into_iter().collect(), ..workflow("W") })
}

fn triggered(trigger: Trigger, concurrency: u32) -> (u128, Document) {
    of(StoredWorkflow { triggers: vec![trigger], concurrency: Some(concurrency), ..workflow("W") })
}

/// The same step with another body.
fn edited(job: &Job<ContentHash>) -> Job<ContentHash> {
    Job { body: build::body("edited"), ..job.clone() }
}

fn item(plan: &Plan) -> &Item {
    plan.items.iter().find(|item| item.kind == Kind::Workflow).expect("the workflow is listed")
}

fn written(plan: &Plan) -> StoredWorkflow {
    match &*item(plan).write().expect("it is written").after.expect("it stays").document {
        Document::Workflow(workflow) => workflow.clone(),
        other => panic!("{other:?}"),
    }
}

fn uses(plan: &Plan) -> Vec<Option<Uses>> {
    written(plan).jobs.iter().map(|job| job.uses).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what a step uses, if anything")]
fn linked(n: u128) -> Option<Uses> {
    Some(Uses::CredentialLink(id(n)))
}

fn kinds(item: &Item) -> Vec<WarningKind> {
    item.warnings.iter().map(|warning| warning.kind).collect()
}

fn without(link: u128) -> Choices {
    let leave = (Selector::Key(Kind::CredentialLink, id(link)), Decision::Leave);
    Choices { defaults: true, choices: vec![leave], ..Choices::default() }
}

#[test]
fn everything_of_a_workflow_that_is_content_crosses() {
    let base = simple(10, "W", "one");
    let mut edited = simple(10, "Renamed", "two");
    edited.concurrency = Some(3);
    edited.enable_job_logs = false;
    edited.positions.insert(build::uuid(11), Position { x: 1.0, y: 2.0 });
    edited.jobs[0].adaptor = "@openfn/language-http@1.0.0".to_owned();
    edited.jobs.push(job(20, "Send", "three"));
    if let TriggerKind::Webhook(webhook) = &mut edited.triggers[0].kind {
        webhook.custom_path = Some("intake".to_owned());
        webhook.reply = WebhookReply::AfterCompletion;
        webhook.success_code = Some(201);
    }
    edited.edges[0].enabled = false;
    edited.edges.push(edge(21, EdgeSource::Job(JobId(build::uuid(11))), JobId(build::uuid(20))));
    let plan = World::of([of(base.clone())], [of(edited.clone())], [of(base)]).defaults();
    assert_eq!(written(&plan), edited);
    assert_eq!(item(&plan).warnings, []);
    assert_eq!(item(&plan).renamed_from.as_deref(), Some("W"));
}

#[test]
fn a_credential_crosses_when_the_target_links_it() {
    let (bare, other) = (job(11, "Fetch", "body"), (LINK, link("dhis2")));
    let world = World::of(
        [with([bare.clone()]), other.clone()],
        [with([using(11, "Fetch", LINK)]), other.clone()],
        [with([bare]), other],
    );
    let plan = world.defaults();
    assert_eq!(uses(&plan), [linked(LINK)]);
    assert_eq!(item(&plan).warnings, []);
}

#[test]
fn a_credential_crosses_together_with_its_link() {
    let world = World::of(
        [with([job(11, "Fetch", "body")])],
        [with([using(11, "Fetch", LINK)]), (LINK, link("dhis2"))],
        [with([job(11, "Fetch", "body")])],
    );
    assert_eq!(uses(&world.defaults()), [linked(LINK)]);
    // Left out, nothing of the change can cross: it stays listed, says why, and writes nothing.
    let plan = world.plan(&without(LINK));
    assert_eq!(kinds(item(&plan)), [WarningKind::CredentialNotLinked]);
    assert_eq!(item(&plan).write(), None);
    assert_eq!(plan.selected().count(), 0);
}

#[test]
fn without_the_link_the_targets_own_credential_stays_with_a_warning() {
    let own = using(11, "Fetch", OTHER);
    let world = World::of(
        [with([own.clone()]), (OTHER, link("own"))],
        [with([edited(&using(11, "Fetch", LINK))]), (OTHER, link("own")), (LINK, link("dhis2"))],
        [with([own]), (OTHER, link("own"))],
    );
    let plan = world.plan(&without(LINK));
    assert_eq!(uses(&plan), [linked(OTHER)]);
    let warning = &item(&plan).warnings[0];
    assert_eq!(warning.part, Some(build::uuid(11)));
    assert_eq!(
        warning.message,
        "step \"Fetch\" uses the credential \"dhis2\" of amy@example.org, which the target does not have: the target's own stays; link it there first to carry it"
    );
}

#[test]
fn a_credential_does_not_stay_when_its_link_goes() {
    let own = using(11, "Fetch", OTHER);
    let world = World::of(
        [with([own.clone()]), (OTHER, link("own"))],
        [with([using(11, "Fetch", LINK)]), (LINK, link("dhis2"))],
        [with([own]), (OTHER, link("own"))],
    );
    let mut choices = without(LINK);
    choices.choices.push((Selector::Key(Kind::CredentialLink, id(OTHER)), Decision::Take));
    let plan = world.plan(&choices);
    assert_eq!(uses(&plan), [None]);
    assert_eq!(kinds(item(&plan)), [WarningKind::CredentialNotLinked]);
    assert!(plan.blocked().is_none());
}

#[test]
fn a_new_step_without_its_link_arrives_without_a_credential_with_a_warning() {
    let world = World::of([], [with([using(11, "Fetch", LINK)]), (LINK, link("dhis2"))], []);
    let plan = world.plan(&without(LINK));
    assert_eq!(uses(&plan), [None]);
    assert_eq!(kinds(item(&plan)), [WarningKind::CredentialNotLinked]);
    assert!(item(&plan).warnings[0].message.contains("arrives without one"));
}

#[test]
fn removing_a_credential_from_a_step_crosses() {
    let other = (LINK, link("dhis2"));
    let used = with([using(11, "Fetch", LINK)]);
    let world = World::of(
        [used.clone(), other.clone()],
        [with([job(11, "Fetch", "body")]), other.clone()],
        [used, other],
    );
    assert_eq!(uses(&world.defaults()), [None]);
}

#[test]
fn a_keychain_crosses_like_a_credential() {
    let keychain = |n| Job { uses: Some(Uses::Keychain(id(n))), ..job(11, "Fetch", "edited") };
    let merged = |n| {
        World::of(
            [with([job(11, "Fetch", "body")])],
            [with([keychain(n)])],
            [with([job(11, "Fetch", "body")])],
        )
        .defaults()
    };
    assert_eq!(uses(&merged(KEYCHAIN)), [Some(Uses::Keychain(id(KEYCHAIN)))]);
    let plan = merged(77);
    assert_eq!(uses(&plan), [None]);
    assert!(item(&plan).warnings[0].message.contains("uses the keychain"));
}

#[test]
fn a_link_made_on_both_sides_is_one_and_steps_follow_it() {
    let world = World::of(
        [with([job(11, "Fetch", "body")])],
        [with([using(11, "Fetch", LINK)]), (LINK, link("dhis2"))],
        [with([job(11, "Fetch", "body")]), (OTHER, link("dhis2"))],
    );
    let plan = world.defaults();
    assert_eq!(plan.items.len(), 1, "the link itself has nothing to merge");
    assert_eq!(uses(&plan), [linked(OTHER)]);
    assert_eq!(item(&plan).warnings, []);
    // The target is asked for the links that the source uses, so it may answer none.
    let context = Context { target_links: std::collections::BTreeSet::new(), ..world.context() };
    let asked = sandbar_merge::plan(world.candidates(), &context, &Choices::defaults()).unwrap();
    assert_eq!(asked, plan);
}

#[test]
fn a_credential_that_can_not_follow_is_never_silent_and_never_lost() {
    let mut world = World::of(
        [with([job(11, "Fetch", "body")])],
        [with([edited(&using(11, "Fetch", LINK))])],
        [with([job(11, "Fetch", "body")])],
    );
    // The link is of no interest to the plan; the target just does not have it.
    let plan = world.defaults();
    assert_eq!(uses(&plan), [None]);
    world.apply(&plan);
    let again = world.defaults();
    assert_eq!(again.items, []);
    assert_eq!((again.withheld.len(), again.withheld[0].id), (1, id(W)));
    assert_eq!(world.clone().turned().defaults().items[0].label, sandbar_merge::Label::TargetOnly);
    // An edit of the target's alone does not make it diverge in the source's direction.
    let mut moved = world.clone();
    build::generate::workflow(&mut moved.target, 0, |workflow| workflow.concurrency = Some(2));
    assert_eq!(moved.defaults().items[0].label, sandbar_merge::Label::TargetOnly);
    assert_eq!(kinds(&moved.defaults().items[0]), [WarningKind::CredentialNotLinked]);
    // As soon as somebody links it there, the next merge carries it.
    let linked_now = World::of([], [], [(LINK, link("dhis2"))]).target;
    world.base.extend(linked_now.clone());
    world.source.extend(linked_now.clone());
    world.target.extend(linked_now);
    assert_eq!(uses(&world.defaults()), [linked(LINK)]);
}

#[test]
fn collections_merge_by_name_and_a_deletion_says_what_goes_with_it() {
    let world = World::of(
        [(1, collection("old"))],
        [(2, collection("new")), (3, collection("twice"))],
        [(1, collection("old")), (4, collection("twice"))],
    );
    let context = Context { collection_items: [(id(1), 42)].into_iter().collect(), ..world.context() };
    let plan = plan(world.candidates(), &context, &Choices::defaults()).unwrap();
    let said: Vec<_> = plan.items.iter().map(|item| (item.name.as_str(), item.decision)).collect();
    assert_eq!(said, [("new", Decision::Take), ("old", Decision::Leave)]);
    assert_eq!(plan.items[1].warnings[0].kind, WarningKind::CollectionDeleted);
    assert!(plan.items[1].warnings[0].message.contains("42 item"));
    assert_eq!(plan.items[1].collection_items, 42);
}

#[test]
fn items_that_come_and_go_do_not_change_what_a_plan_binds() {
    let world = World::of([(1, collection("old"))], [], [(1, collection("old"))]);
    let take = (Selector::Key(Kind::Collection, id(1)), Decision::Take);
    let choices = Choices { choices: vec![take], ..Choices::default() };
    let bound = [0, 3, 4].map(|items| {
        let context = Context { collection_items: [(id(1), items)].into_iter().collect(), ..world.context() };
        plan(world.candidates(), &context, &choices).unwrap()
    });
    assert_eq!(bound[0].fingerprint(), bound[1].fingerprint());
    assert_eq!(bound[1].fingerprint(), bound[2].fingerprint());
    assert_ne!(bound[1].items[0].warnings, bound[2].items[0].warnings);
}

#[test]
fn a_resource_made_again_under_its_name_replaces_the_old_one_in_place() {
    let (old, new) = ((1, collection("codes")), (2, collection("codes")));
    assert_eq!(World::of([old.clone()], [new], [old]).defaults().items, []);
    let (old, new) = (simple(10, "W", "one"), simple(20, "W", "two"));
    let world = World::of(
        [(1, Document::Workflow(old.clone()))],
        [(2, Document::Workflow(new))],
        [(1, Document::Workflow(old))],
    );
    let plan = world.defaults();
    assert_eq!((plan.items.len(), item(&plan).label), (1, sandbar_merge::Label::Changed));
    assert_eq!((item(&plan).id, item(&plan).target_id), (id(2), id(1)));
    // Its parts too are the old ones, so that what knows them by their ids still finds them.
    assert_eq!(written(&plan), simple(10, "W", "two"));
    let write = item(&plan).write().unwrap();
    assert_eq!(write.bases, [(id(2), write.after.as_ref().map(|after| after.hash)), (id(1), None)]);
    let mut merged = world;
    merged.apply(&plan);
    assert_eq!(merged.defaults().items, []);
}

#[test]
fn a_step_gone_from_the_target_with_its_link_is_no_conflict() {
    let (fetch, send) = (using(11, "Fetch", LINK), job(12, "Send", "send"));
    let base = StoredWorkflow { jobs: vec![fetch, send.clone()], ..workflow("W") };
    let source = StoredWorkflow { concurrency: Some(2), ..base.clone() };
    let target = StoredWorkflow { jobs: vec![edited(&send)], ..base.clone() };
    let world = World::of(
        [of(base), (LINK, link("dhis2"))],
        [of(source), (LINK, link("dhis2"))],
        [of(target.clone())],
    );
    let combine = (Selector::Key(Kind::Workflow, id(W)), Decision::Combine);
    let plan = world.plan(&Choices { choices: vec![combine], ..Choices::default() });
    assert_eq!(item(&plan).conflicts, []);
    assert_eq!(item(&plan).warnings, []);
    assert_eq!(written(&plan), StoredWorkflow { concurrency: Some(2), ..target });
}
