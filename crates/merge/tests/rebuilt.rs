//! Taking a version whose parts a client has made anew: what the target has already keeps the target's ids (3-merge §3.1).
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what can't be fails the test"
)]

mod build;

use build::{edge, id, job, link, simple, using, webhook, workflow, world::World};
use sandbar_merge::{Choices, Decision, Item, Label, Plan, Selector, WarningKind};
use sandbar_model::{
    Document, JobId, Kind,
    workflow::{EdgeSource, StoredWorkflow},
};

const LINK: u128 = 50;
const OTHER: u128 = 51;

fn of(document: StoredWorkflow) -> (u128, Document) {
    (1, Document::Workflow(document))
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

fn kinds(item: &Item) -> Vec<WarningKind> {
    item.warnings.iter().map(|warning| warning.kind).collect()
}

#[test]
fn a_workflow_that_was_built_anew_keeps_the_targets_ids() {
    let (old, mut new) = (simple(10, "W", "one"), simple(20, "W", "one"));
    new.jobs[0].name = "Renamed".to_owned();
    new.jobs.push(job(30, "Send", "three"));
    new.edges.push(edge(31, EdgeSource::Job(JobId(build::uuid(21))), JobId(build::uuid(30))));
    let mut expected = old.clone();
    expected.jobs[0].name = "Renamed".to_owned();
    expected.jobs.push(job(30, "Send", "three"));
    expected.edges.push(edge(31, EdgeSource::Job(JobId(build::uuid(11))), JobId(build::uuid(30))));
    let mut world = World::of([of(old.clone())], [of(new)], [of(old)]);
    let plan = world.defaults();
    assert_eq!(written(&plan), expected);
    // Only the new step is new, and no trigger is.
    assert_eq!(kinds(item(&plan)), []);
    let paths: Vec<_> = item(&plan).fields().into_iter().map(|field| field.title).collect();
    assert_eq!(paths.len(), 3, "{paths:?}");
    world.apply(&plan);
    assert_eq!(world.defaults().items, []);
    assert_eq!(world.turned().defaults().items, []);
}

#[test]
fn nothing_but_other_ids_is_no_change() {
    let (old, new) = (simple(10, "W", "one"), simple(20, "W", "one"));
    assert_eq!(World::of([of(old.clone())], [of(new.clone())], [of(old.clone())]).defaults().items, []);
    // Nor on the side of the target, where there is something to take.
    let plan = World::of([of(old.clone())], [of(simple(10, "W", "two"))], [of(new)]).defaults();
    assert_eq!((item(&plan).label, written(&plan)), (Label::Changed, simple(20, "W", "two")));
}

#[test]
fn a_step_built_anew_keeps_the_targets_credential_and_a_webhook_its_guards() {
    let guarded = |n: u128, methods: &[u128]| StoredWorkflow {
        jobs: vec![using(n + 1, "Fetch", LINK)],
        triggers: vec![webhook(n + 2, None, methods)],
        ..workflow("W")
    };
    let (base, target) = (guarded(10, &[]), guarded(10, &[70]));
    let source = StoredWorkflow { jobs: vec![using(21, "Fetch", OTHER)], ..guarded(20, &[]) };
    let source = StoredWorkflow { concurrency: Some(2), ..source };
    let world = World::of(
        [of(base), (LINK, link("dhis2"))],
        [of(source)],
        [of(target.clone()), (LINK, link("dhis2"))],
    );
    let leave = (Selector::Key(Kind::CredentialLink, id(LINK)), Decision::Leave);
    let plan = world.plan(&Choices { defaults: true, choices: vec![leave], ..Choices::default() });
    assert_eq!(written(&plan), StoredWorkflow { concurrency: Some(2), ..target });
    assert_eq!(kinds(item(&plan)), [WarningKind::CredentialNotLinked]);
}
