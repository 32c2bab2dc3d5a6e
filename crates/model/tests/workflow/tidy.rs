//! What tidying promises: one form, whatever it was before.

use proptest::prelude::*;
use sandbar_model::{
    ContentHash, Document, Workflow,
    workflow::{Position, TriggerKind, Webhook},
};
use uuid::Uuid;

use crate::{chain, job_id, trigger_id};

#[test]
fn tidying_leaves_one_form() {
    let mut workflow = chain(2);
    workflow.name = " e\u{301} ".to_owned();
    workflow.jobs[0].name = "\te\u{301} ".to_owned();
    workflow.edges[1].label = Some(String::new());
    workflow.edges[1].expression = Some(String::new());
    let methods = [3, 1, 3].map(Uuid::from_u128);
    workflow.triggers[0].kind =
        TriggerKind::Webhook(Webhook { auth_methods: methods.to_vec(), ..Webhook::default() });
    let at = Position { x: -0.0, y: 2.5 };
    for part in [job_id(0).0, trigger_id(1).0, Uuid::from_u128(9), workflow.edges[0].id.0] {
        workflow.positions.insert(part, at);
    }
    workflow.jobs.reverse();
    let tidy = workflow.tidy();
    assert_eq!(tidy.name, " é ", "only jobs' names are trimmed");
    assert_eq!((tidy.jobs[0].id, tidy.jobs[0].name.as_str()), (job_id(0), "é"));
    assert_eq!((&tidy.edges[1].label, &tidy.edges[1].expression), (&None, &None));
    let TriggerKind::Webhook(webhook) = &tidy.triggers[0].kind else { panic!("{tidy:?}") };
    assert_eq!(webhook.auth_methods, [1, 3].map(Uuid::from_u128));
    assert_eq!(tidy.positions.keys().copied().collect::<Vec<_>>(), [job_id(0).0, trigger_id(1).0]);
    assert!(tidy.positions.values().all(|position| position.x.is_sign_positive()));
}

/// Workflows of up to six steps with any names and positions; most break some rule.
fn any_workflow() -> impl Strategy<Value = Workflow> {
    let step = ("\\PC{0,6}", 0_u128..8, any::<f64>());
    let name = prop_oneof!["\\PC{0,12}", "[ \u{301}e\u{2000}\u{1100}\u{1161}a]{0,8}"];
    (name, prop::collection::vec(step, 0..6)).prop_map(|(name, steps)| {
        let mut workflow = chain(steps.len() as u128);
        workflow.name = name;
        for (at, (name, place, x)) in steps.into_iter().enumerate() {
            workflow.positions.insert(job_id(place).0, Position { x, y: -x });
            workflow.edges[at].label = Some(name.clone());
            workflow.jobs[at].name = name;
        }
        workflow
    })
}

fn canonical(workflow: Workflow) -> Vec<u8> {
    let stored = workflow.tidy().map_bodies(|body| ContentHash::of(body.as_bytes()));
    Document::Workflow(stored).canonical().unwrap()
}

proptest! {
    #[test]
    fn tidying_twice_is_tidying_once(workflow in any_workflow()) {
        let once = workflow.tidy();
        prop_assert_eq!(once.clone().tidy(), once);
    }

    #[test]
    fn tidying_changes_no_verdict(workflow in any_workflow()) {
        let before = workflow.violations("").is_empty();
        prop_assert_eq!(before, workflow.tidy().violations("").is_empty());
    }

    #[test]
    fn the_order_of_parts_does_not_matter(
        (one, jobs, edges) in any_workflow().prop_flat_map(|workflow| {
            let jobs = Just(workflow.jobs.clone()).prop_shuffle();
            let edges = Just(workflow.edges.clone()).prop_shuffle();
            (Just(workflow), jobs, edges)
        })
    ) {
        let mut other = Workflow { jobs, edges, ..one.clone() };
        other.triggers.reverse();
        prop_assert_eq!(canonical(one), canonical(other));
    }

    #[test]
    fn what_is_kept_reads_back(workflow in any_workflow()) {
        let bytes = canonical(workflow);
        let read: Document = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(read.canonical().unwrap(), bytes.clone());
        prop_assert_eq!(read.tidy().canonical().unwrap(), bytes);
    }
}
