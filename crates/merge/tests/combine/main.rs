//! What combining two versions of a workflow makes of them, rule by rule.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what can't be fails the test"
)]

mod bodies;
#[path = "../build/mod.rs"]
mod build;

use std::{collections::BTreeMap, sync::Arc};

use build::{body, cron, edge, job, uuid, webhook, workflow};
use sandbar_merge::combine::{ClashResolution, Combined, ConflictKind, Resolution, Versions, combine};
use sandbar_model::{
    ContentHash, Error, JobId, TriggerId,
    workflow::{Edge, EdgeSource, Position, StoredWorkflow},
};
use serde_json::json;

/// Trigger 1 → Fetch (11) → Map (12) → Send (13).
fn chain() -> StoredWorkflow {
    let mut chain = workflow("Intake");
    chain.jobs =
        vec![job(11, "Fetch", "get()"), job(12, "Map", "a\nb\nc\nd\ne\n"), job(13, "Send", "post()")];
    chain.triggers = vec![webhook(1, None, &[])];
    chain.edges = vec![start(21, 1, 11), step(22, 11, 12), step(23, 12, 13)];
    chain
}

fn start(n: u128, from: u128, to: u128) -> Edge {
    edge(n, EdgeSource::Trigger(TriggerId(uuid(from))), JobId(uuid(to)))
}

fn step(n: u128, from: u128, to: u128) -> Edge {
    edge(n, EdgeSource::Job(JobId(uuid(from))), JobId(uuid(to)))
}

fn with(change: impl FnOnce(&mut StoredWorkflow)) -> StoredWorkflow {
    let mut changed = chain();
    change(&mut changed);
    changed.tidy()
}

/// Without the step and what leads to and from it.
fn without(n: u128) -> StoredWorkflow {
    with(|chain| {
        let gone = JobId(uuid(n));
        chain.jobs.retain(|job| job.id != gone);
        chain.edges.retain(|edge| edge.target != gone && edge.source != EdgeSource::Job(gone));
    })
}

const TEXTS: [&str; 9] = [
    "get()",
    "a\nb\nc\nd\ne\n",
    "post()",
    "A\nb\nc\nd\ne\n",
    "a\nb\nc\nd\nE\n",
    "a\nb\nX\nd\ne\n",
    "a\nb\nY\nd\ne\n",
    "A\nb\nY\nd\ne\n",
    "new()",
];

fn text(hash: ContentHash) -> Option<Arc<str>> {
    TEXTS.into_iter().find(|text| body(text) == hash).map(Arc::from)
}

fn combined(source: &StoredWorkflow, target: &StoredWorkflow) -> Combined {
    settled(source, target, []).unwrap()
}

fn settled<const N: usize>(
    source: &StoredWorkflow,
    target: &StoredWorkflow,
    resolutions: [(&str, Resolution); N],
) -> Result<Combined, Error> {
    let resolutions: BTreeMap<_, _> =
        resolutions.into_iter().map(|(path, resolution)| (path.to_owned(), resolution)).collect();
    combine(Versions { base: Some(&chain()), source, target }, &text, &resolutions)
}

fn open(combined: &Combined) -> Vec<&str> {
    combined.open().map(|conflict| conflict.path.as_str()).collect()
}

fn at(n: u128, field: &str) -> String {
    format!("jobs/{}/{field}", uuid(n))
}

fn set_body(n: usize, text: &str) -> StoredWorkflow {
    with(|chain| chain.jobs[n].body = body(text))
}

#[test]
fn edits_of_different_fields_of_one_step_are_both_kept() {
    let source = with(|chain| chain.jobs[0].adaptor = "http@1".into());
    let target = with(|chain| chain.jobs[0].name = "Get".into());
    let combined = combined(&source, &target);
    assert_eq!(open(&combined), Vec::<&str>::new());
    assert_eq!(combined.workflow.jobs[0].name, "Get");
    assert_eq!(combined.workflow.jobs[0].adaptor, "http@1");
}

#[test]
fn the_same_edit_on_both_sides_is_no_conflict() {
    let both = with(|chain| chain.jobs[0].adaptor = "http@1".into());
    let source = StoredWorkflow { concurrency: Some(2), ..both.clone() };
    let combined = combined(&source, &both);
    assert_eq!(open(&combined), Vec::<&str>::new());
    assert_eq!(combined.workflow, source);
}

#[test]
fn a_field_changed_on_both_sides_is_settled_by_either_or_by_a_value() {
    let source = with(|chain| chain.jobs[0].adaptor = "http@1".into());
    let target = with(|chain| chain.jobs[0].adaptor = "http@2".into());
    let conflict = combined(&source, &target).conflicts.remove(0);
    assert_eq!(conflict.title, r#"step "Fetch" · adaptor"#);
    assert_eq!(conflict.kind, ConflictKind::Field);
    assert_eq!((conflict.source, conflict.target), (Some(json!("http@1")), Some(json!("http@2"))));
    for (resolution, adaptor) in [
        (Resolution::Source, "http@1"),
        (Resolution::Target, "http@2"),
        (Resolution::Value(json!("http@3")), "http@3"),
    ] {
        let combined = settled(&source, &target, [(&at(11, "adaptor"), resolution)]).unwrap();
        assert_eq!(open(&combined), Vec::<&str>::new());
        assert_eq!(combined.workflow.jobs[0].adaptor, adaptor);
    }
}

#[test]
fn a_resolution_that_fits_nothing_is_refused() {
    let source = with(|chain| chain.jobs[0].adaptor = "http@1".into());
    let target = with(|chain| chain.jobs[0].adaptor = "http@2".into());
    let adaptor = at(11, "adaptor");
    for (path, resolution, problem) in [
        (&*at(12, "adaptor"), Resolution::Source, "nothing is in conflict there"),
        (&*adaptor, Resolution::Value(json!(5)), "not one of this field"),
        (&*adaptor, Resolution::Clashes(vec![]), "clash by clash"),
    ] {
        let refusal = settled(&source, &target, [(path, resolution)]).unwrap_err();
        assert!(
            matches!(&refusal, Error::ChoiceUnknown { .. }) && refusal.to_string().contains(problem),
            "{refusal}"
        );
    }
}

#[test]
fn a_step_removed_on_one_side_and_untouched_on_the_other_is_gone() {
    for (source, target) in [(without(13), chain()), (chain(), without(13))] {
        let combined = combined(&source, &target);
        assert_eq!(open(&combined), Vec::<&str>::new());
        assert_eq!(combined.workflow, without(13));
        assert_eq!(combined.dropped_edges, Vec::<String>::new());
    }
}

#[test]
fn a_step_removed_on_one_side_and_changed_on_the_other_is_a_conflict_with_its_edges() {
    let changed = with(|chain| chain.jobs[2].adaptor = "http@1".into());
    let path = format!("jobs/{}", uuid(13));
    let settle = |resolution| settled(&without(13), &changed, [(&*path, resolution)]).unwrap();
    let conflict = combined(&without(13), &changed).conflicts.remove(0);
    assert_eq!((&conflict.path, conflict.kind, conflict.source), (&path, ConflictKind::Removed, None));
    assert_eq!(settle(Resolution::Source).workflow, without(13));
    assert_eq!(settle(Resolution::Target).workflow, changed);
    assert!(settled(&without(13), &changed, [(&*path, Resolution::Value(json!({})))]).is_err());
}

#[test]
fn an_edge_to_a_step_that_is_gone_goes_too_and_is_reported() {
    let target = with(|chain| {
        chain.jobs.push(job(14, "Log", "new()"));
        chain.edges.push(step(24, 13, 14));
    });
    let combined = combined(&without(13), &target);
    assert_eq!(combined.dropped_edges, [r#"path from step "Send" to step "Log""#]);
    assert_eq!(combined.workflow.jobs.len(), 3);
    assert_eq!(combined.workflow.edges.len(), 2);
}

#[test]
fn a_change_of_an_edge_that_goes_is_reported_too() {
    let target = with(|chain| chain.edges[2].label = Some("when ready".into()));
    let combined = combined(&without(13), &target);
    assert_eq!(combined.workflow, without(13));
    assert_eq!(combined.dropped_edges, [r#"path from step "Map" to step "Send""#]);
}

#[test]
fn steps_added_on_both_sides_are_both_there_and_two_of_one_name_are_one() {
    let add = |n: u128, name: &'static str| {
        with(move |chain| {
            chain.jobs.push(job(n, name, "new()"));
            chain.edges.push(step(n + 10, 13, n));
        })
    };
    let both = combined(&add(14, "Log"), &add(15, "Mail"));
    assert_eq!(both.workflow.jobs.len(), 5);
    assert_eq!(both.workflow.edges.len(), 5);

    let one = combined(&add(14, "Log"), &add(15, "Log"));
    assert_eq!(open(&one), Vec::<&str>::new());
    assert_eq!(one.workflow, add(15, "Log"));
}

#[test]
fn a_result_that_breaks_a_rule_is_a_conflict_that_names_it() {
    let source = with(|chain| chain.jobs[0].name = "Same".into());
    let target = with(|chain| chain.jobs[1].name = "Same".into());
    let combined = combined(&source, &target);
    let open: Vec<_> = combined.open().collect();
    assert_eq!(open.len(), 1);
    assert!(matches!(&open[0].kind, ConflictKind::InvalidResult(rule) if rule.contains("Same")), "{open:?}");
}

#[test]
fn edges_that_only_together_make_a_circle_are_a_conflict() {
    let source = with(|chain| chain.edges.push(step(24, 13, 11)));
    let target = with(|chain| chain.edges.push(step(25, 13, 12)));
    assert!(chain().violations("").0.is_empty());
    let combined = combined(&source, &target);
    assert!(combined.open().any(|conflict| matches!(&conflict.kind, ConflictKind::InvalidResult(_))));
}

#[test]
fn where_nodes_are_drawn_never_conflicts() {
    let place = |n: u128, x: f64| {
        with(|chain| {
            chain.positions.insert(uuid(n), Position { x, y: 0.0 });
        })
    };
    let moved = combined(&place(11, 1.0), &place(11, 2.0));
    assert_eq!(open(&moved), Vec::<&str>::new());
    assert!((moved.workflow.positions[&uuid(11)].x - 1.0).abs() < f64::EPSILON);
    assert_eq!(combined(&place(11, 1.0), &place(12, 2.0)).workflow.positions.len(), 2);
}

#[test]
fn a_place_taken_away_on_one_side_is_gone() {
    let mut base = chain();
    base.positions.insert(uuid(11), Position { x: 1.0, y: 0.0 });
    let versions = |source, target| Versions { base: Some(&base), source, target };
    for (source, target) in [(&chain(), &base), (&base, &chain())] {
        let combined = combine(versions(source, target), &text, &BTreeMap::new()).unwrap();
        assert!(combined.workflow.positions.is_empty());
    }
}

#[test]
fn a_trigger_of_another_type_on_both_sides_is_a_conflict_as_a_whole() {
    let source = with(|chain| chain.triggers[0] = cron(1, "0 1 * * *"));
    let target = with(|chain| chain.triggers[0] = webhook(1, Some("in"), &[]));
    assert_eq!(open(&combined(&source, &target)), [format!("triggers/{}/type", uuid(1))]);
    let both = with(|chain| chain.triggers[0] = cron(1, "0 2 * * *"));
    assert_eq!(open(&combined(&source, &both)), [format!("triggers/{}/expression", uuid(1))]);
}

#[test]
fn the_targets_auth_methods_stay_even_on_a_trigger_made_anew() {
    let source = with(|chain| {
        chain.triggers = vec![webhook(2, Some("in"), &[7])];
        chain.edges[0] = start(24, 2, 11);
    });
    let target = with(|chain| chain.triggers = vec![webhook(1, None, &[8])]);
    let combined = combined(&source, &target);
    assert_eq!(open(&combined), Vec::<&str>::new());
    assert_eq!(combined.workflow.triggers, [webhook(1, Some("in"), &[8])]);
}

#[test]
fn what_each_side_made_by_itself_is_compared_without_a_base() {
    let source = with(|chain| chain.jobs[0].adaptor = "http@1".into());
    let target = chain();
    let versions = Versions { base: None, source: &source, target: &target };
    let combined = combine(versions, &text, &BTreeMap::new()).unwrap();
    assert_eq!(open(&combined), [at(11, "adaptor")]);
    assert_eq!(combined.conflicts[0].base, None);
}

/// Trigger 1 → 10,000 steps, in a row or all behind the first, made anew and renamed; the trigger too.
#[test]
fn ten_thousand_steps_made_anew_and_renamed_keep_their_ids() {
    let wide = |n: u128| if n == 0 { start(90_000, 1, 100) } else { step(90_000 + n, 100, 100 + n) };
    let long = |n: u128| if n == 0 { start(90_000, 1, 100) } else { step(90_000 + n, 99 + n, 100 + n) };
    for edges in [&wide as &dyn Fn(u128) -> Edge, &long] {
        let mut base = workflow("Large");
        base.triggers = vec![webhook(1, None, &[])];
        base.jobs = (0..10_000).map(|n| job(100 + n, &format!("step {n}"), &format!("body {n}"))).collect();
        base.edges = (0..10_000).map(edges).collect();
        let source = anew(&base, |name| format!("new {name}"));
        let versions = Versions { base: Some(&base), source: &source, target: &base };
        let combined = combine(versions, &text, &BTreeMap::new()).unwrap();
        for job in &mut base.jobs {
            job.name = format!("new {}", job.name);
        }
        assert!(combined.workflow == base, "every id is as it was");
    }
}

/// Under ids of its own, in another order.
fn anew(workflow: &StoredWorkflow, name: impl Fn(&str) -> String) -> StoredWorkflow {
    let new = |id: uuid::Uuid| uuid(u128::MAX - id.as_u128());
    let mut anew = workflow.clone();
    for job in &mut anew.jobs {
        job.id = JobId(new(job.id.0));
        job.name = name(&job.name);
    }
    for trigger in &mut anew.triggers {
        trigger.id = TriggerId(new(trigger.id.0));
    }
    for edge in &mut anew.edges {
        edge.id = new(edge.id.0).into();
        edge.target = JobId(new(edge.target.0));
        edge.source = match edge.source {
            EdgeSource::Job(id) => EdgeSource::Job(JobId(new(id.0))),
            EdgeSource::Trigger(id) => EdgeSource::Trigger(TriggerId(new(id.0))),
        };
    }
    anew.tidy()
}
