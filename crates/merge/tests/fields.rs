//! What an item says of its differences, field by field.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what can't be fails the test"
)]

mod build;

use build::{cron, link, simple, webhook, workflow, world::World};
use sandbar_merge::{FieldChange, Item, Label};
use sandbar_model::{
    Document,
    workflow::{Position, StoredWorkflow},
};
use serde_json::json;

fn of(n: u128, workflow: StoredWorkflow) -> (u128, Document) {
    (n, Document::Workflow(workflow))
}

/// A workflow of its own for each number.
fn numbered(n: u128, name: &str, text: &str) -> (u128, Document) {
    of(n, simple(n * 100, name, text))
}

fn only(world: &World) -> Item {
    let mut items = world.defaults().items;
    assert_eq!(items.len(), 1, "{items:#?}");
    items.remove(0)
}

fn said(changes: &[FieldChange]) -> Vec<(&str, &str)> {
    changes.iter().map(|change| (change.path.as_str(), change.title.as_str())).collect()
}

fn uuid(n: u128) -> String {
    build::uuid(n).to_string()
}

#[test]
fn fields_say_every_difference_between_target_and_result() {
    let base = simple(10, "W", "one");
    let (mut source, mut target) = (base.clone(), base.clone());
    source.jobs[0].name = "Fetch forms".to_owned();
    source.jobs[0].body = build::body("two");
    source.jobs.push(build::job(20, "Send", "three"));
    source.positions.insert(build::uuid(11), Position { x: 1.0, y: 2.5 });
    target.jobs[0].adaptor = "http".to_owned();
    target.concurrency = Some(5);
    source.concurrency = Some(5);
    target.edges.clear();
    let item = only(&World::of([of(1, base)], [of(1, source)], [of(1, target)]));
    let fields = item.fields();
    let (job, send, path) =
        (format!("jobs/{}", uuid(11)), format!("jobs/{}", uuid(20)), format!("edges/{}", uuid(13)));
    assert_eq!(
        said(&fields),
        [
            (format!("{job}/name").as_str(), "step \"Fetch forms\" · name"),
            (format!("{job}/adaptor").as_str(), "step \"Fetch forms\" · adaptor"),
            (format!("{job}/body").as_str(), "step \"Fetch forms\" · body"),
            (send.as_str(), "step \"Send\""),
            (path.as_str(), "path from webhook trigger to step \"Fetch forms\""),
            (format!("positions/{}", uuid(11)).as_str(), "position of step \"Fetch forms\""),
        ]
    );
    let [name, adaptor, body, send, path, position] = fields.as_slice() else { panic!("six") };
    let values = |change: &FieldChange| (change.base.clone(), change.target.clone(), change.source.clone());
    let moved = |change: &FieldChange| (change.changed_in_source, change.changed_in_target);
    assert_eq!(values(name), (Some(json!("Fetch")), Some(json!("Fetch")), Some(json!("Fetch forms"))));
    assert_eq!(moved(name), (true, false));
    let default = json!("@openfn/language-common@latest");
    assert_eq!(values(adaptor), (Some(default.clone()), Some(json!("http")), Some(default)));
    assert_eq!(moved(adaptor), (false, true));
    let hash = |text| Some(build::body(text));
    let bodies = |change: &FieldChange| change.body.map(|body| (body.base, body.target, body.source));
    assert_eq!(
        (values(body), bodies(body)),
        ((None, None, None), Some((hash("one"), hash("one"), hash("two"))))
    );
    assert_eq!((bodies(send), moved(send)), (Some((None, None, hash("three"))), (true, false)));
    assert_eq!(
        send.source,
        Some(json!({ "id": uuid(20), "name": "Send", "adaptor": "@openfn/language-common@latest" }))
    );
    assert_eq!((path.target.clone(), path.base == path.source, moved(path)), (None, true, (false, true)));
    assert_eq!(values(position), (None, None, Some(json!({ "x": 1.0, "y": 2.5 }))));
}

#[test]
fn fields_of_what_only_the_target_changed_say_what_it_changed() {
    let trigger = |kind| of(1, StoredWorkflow { triggers: vec![kind], ..workflow("W") });
    let world = World::of(
        [trigger(webhook(11, None, &[]))],
        [trigger(webhook(11, None, &[]))],
        [trigger(cron(11, "0 6 * * *"))],
    );
    let item = only(&world);
    assert_eq!(item.label, Label::TargetOnly);
    let fields = item.fields();
    let names: Vec<_> = fields.iter().map(|change| change.path.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["type", "expression", "reply"]);
    assert_eq!(
        (fields[0].source.clone(), fields[0].target.clone()),
        (Some(json!("webhook")), Some(json!("cron")))
    );
    assert!(fields.iter().all(|change| change.changed_in_target && !change.changed_in_source));
}

#[test]
fn fields_of_a_whole_resource_are_its_fields_and_parts() {
    let new = only(&World::of([], [numbered(1, "W", "one")], []));
    let names: Vec<_> =
        new.fields().iter().map(|change| change.path.split('/').next().unwrap().to_owned()).collect();
    assert_eq!(names, ["name", "enable_job_logs", "jobs", "triggers", "edges"]);
    assert!(new.fields().iter().all(|change| change.target.is_none() && change.changed_in_source));
    let world = World::of([(50, link("dhis2"))], [], [(50, link("dhis2"))]);
    assert_eq!(said(&only(&world).fields()), [("name", "name"), ("owner", "owner")]);
}
