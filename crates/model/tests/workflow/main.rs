//! Each rule for workflows, broken once; `tidy.rs` has what tidying promises.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests; clippy knows the attribute, not their helpers"
)]

mod tidy;

use std::{collections::BTreeMap, time::Instant};

use sandbar_model::{
    EdgeId, JobId, TriggerId, Workflow,
    workflow::{
        Condition, Cron, DEFAULT_ADAPTOR, DEFAULT_CRON, Edge, EdgeSource, Job, MAX_BODY_BYTES, Position,
        Trigger, TriggerKind, Webhook,
    },
};
use uuid::Uuid;

const JOBS: u128 = 0x1_0000_0000;
const TRIGGERS: u128 = 0x2_0000_0000;
const EDGES: u128 = 0x3_0000_0000;

fn job_id(number: u128) -> JobId {
    JobId(Uuid::from_u128(JOBS + number))
}

fn trigger_id(number: u128) -> TriggerId {
    TriggerId(Uuid::from_u128(TRIGGERS + number))
}

fn job(number: u128) -> Job {
    Job {
        id: job_id(number),
        name: format!("Step {number}"),
        adaptor: DEFAULT_ADAPTOR.to_owned(),
        body: "fn(state => state)\r\n".to_owned(),
        uses: None,
    }
}

fn edge(number: u128, source: EdgeSource, target: u128) -> Edge {
    Edge {
        id: EdgeId(Uuid::from_u128(EDGES + number)),
        source,
        target: job_id(target),
        condition: Condition::Always,
        label: None,
        expression: None,
        enabled: true,
    }
}

/// Webhook 0 → job 0 → job 1 → … , and cron 1.
fn chain(jobs: u128) -> Workflow {
    let webhook = Trigger { id: trigger_id(0), kind: TriggerKind::Webhook(Webhook::default()) };
    let cron = Cron { expression: DEFAULT_CRON.to_owned(), cursor_job: None };
    let cron = Trigger { id: trigger_id(1), kind: TriggerKind::Cron(cron) };
    let first = edge(0, EdgeSource::Trigger(trigger_id(0)), 0);
    let rest = (1..jobs).map(|number| edge(number, EdgeSource::Job(job_id(number - 1)), number));
    Workflow {
        name: "Sync".to_owned(),
        concurrency: None,
        enable_job_logs: true,
        positions: BTreeMap::new(),
        jobs: (0..jobs).map(job).collect(),
        triggers: vec![webhook, cron],
        edges: std::iter::once(first).chain(rest).collect(),
    }
}

/// The fields at fault after a change to a chain of three.
fn fields(change: impl FnOnce(&mut Workflow)) -> Vec<String> {
    let mut workflow = chain(3);
    change(&mut workflow);
    let fields =
        |workflow: &Workflow| workflow.violations("w").0.into_iter().map(|v| v.field).collect::<Vec<_>>();
    let found = fields(&workflow);
    assert_eq!(
        found.is_empty(),
        fields(&workflow.tidy()).is_empty(),
        "tidying neither hides a fault nor makes one"
    );
    found
}

fn webhook(change: impl FnOnce(&mut Webhook)) -> Vec<String> {
    let mut webhook = Webhook::default();
    change(&mut webhook);
    fields(|w| w.triggers[0].kind = TriggerKind::Webhook(webhook))
}

fn condition(at: usize, condition: Condition, label: &str, expression: &str) -> Vec<String> {
    fields(|w| {
        w.edges[at].condition = condition;
        w.edges[at].label = Some(label.to_owned());
        w.edges[at].expression = Some(expression.to_owned());
    })
}

#[test]
fn the_head_has_its_rules() {
    assert!(fields(|_| ()).is_empty());
    assert!(
        fields(|w| *w = Workflow { name: "Empty".to_owned(), ..chain(0) }).len() == 1,
        "the trigger's edge dangles"
    );
    for name in ["", "a\nb", &"é".repeat(256)] {
        assert_eq!(fields(|w| w.name = name.to_owned()), ["w.name"], "{name:?}");
    }
    assert!(fields(|w| w.name = "e\u{301}".repeat(255)).is_empty(), "counted in NFC");
    assert_eq!(fields(|w| w.concurrency = Some(0)), ["w.concurrency"]);
    assert!(fields(|w| w.concurrency = Some(1)).is_empty());
    for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let place = |part: Uuid| fields(|w| w.positions.extend([(part, Position { x, y: 0.0 })]));
        assert_eq!(place(job_id(1).0), [format!("w.positions[{}]", job_id(1))]);
        assert_eq!(place(trigger_id(1).0), [format!("w.positions[{}]", trigger_id(1))]);
        assert!(place(job_id(9).0).is_empty(), "tidying drops it");
    }
    let mut nameless = chain(1);
    nameless.name.clear();
    assert_eq!(nameless.violations("").0[0].field, "name");
}

#[test]
fn jobs_have_their_rules() {
    for name in ["", "   ", &"a".repeat(101)] {
        assert_eq!(fields(|w| w.jobs[2].name = name.to_owned()), ["w.jobs[2].name"], "{name:?}");
    }
    assert!(fields(|w| w.jobs[2].name = format!(" {} ", "é".repeat(100))).is_empty());
    assert_eq!(fields(|w| w.jobs[2].name = " Step 0 ".to_owned()), ["w.jobs[2].name"], "alike when trimmed");
    let alike = |w: &mut Workflow| {
        w.jobs[0].name = "é".to_owned();
        w.jobs[1].name = "e\u{301}".to_owned();
    };
    assert_eq!(fields(alike), ["w.jobs[1].name"], "alike in NFC");
    for adaptor in ["", &"a".repeat(256)] {
        assert_eq!(fields(|w| w.jobs[1].adaptor = adaptor.to_owned()), ["w.jobs[1].adaptor"]);
    }
    let problem = &{
        let mut workflow = chain(3);
        workflow.jobs[1].adaptor.clear();
        workflow.violations("w").0[0].problem.clone()
    };
    assert!(problem.contains("Step 1") && problem.contains(&job_id(1).to_string()), "{problem}");
}

#[test]
fn ids_are_unique_across_types() {
    assert_eq!(fields(|w| w.jobs[1].id = w.jobs[0].id).first().unwrap(), "w.jobs[1].id");
    assert_eq!(fields(|w| w.triggers[1].id = TriggerId(w.jobs[0].id.0)), ["w.triggers[1].id"]);
    assert_eq!(fields(|w| w.edges[2].id = EdgeId(w.triggers[0].id.0)), ["w.edges[2].id"]);
}

#[test]
fn webhooks_have_their_rules() {
    let uuid = Uuid::from_u128(7);
    let refused =
        ["", "A", "a/b", "ä", "a b", &"a".repeat(256), &uuid.to_string(), &uuid.simple().to_string()]
            .map(str::to_owned);
    for path in refused {
        assert_eq!(
            webhook(|hook| hook.custom_path = Some(path.clone())),
            ["w.triggers[0].webhook.custom_path"],
            "{path}"
        );
    }
    for path in ["a", "_-0", &"a".repeat(255)] {
        assert!(webhook(|hook| hook.custom_path = Some(path.to_owned())).is_empty(), "{path}");
    }
    let guarded = |count: u128| webhook(|hook| hook.auth_methods = (0..count).map(Uuid::from_u128).collect());
    assert!(guarded(20).is_empty());
    assert_eq!(guarded(21), ["w.triggers[0].webhook.auth_method_ids"]);
    let twice = Webhook { custom_path: Some("in".to_owned()), ..Webhook::default() };
    let twice = TriggerKind::Webhook(twice);
    let both = |w: &mut Workflow| w.triggers.iter_mut().for_each(|trigger| trigger.kind = twice.clone());
    assert_eq!(fields(both), ["w.triggers[1].webhook.custom_path"]);
    for code in [0, 99, 600, u16::MAX] {
        assert_eq!(webhook(|hook| hook.success_code = Some(code)), ["w.triggers[0].webhook.success_code"]);
        assert_eq!(webhook(|hook| hook.error_code = Some(code)), ["w.triggers[0].webhook.error_code"]);
    }
    assert!(webhook(|hook| (hook.success_code, hook.error_code) = (Some(100), Some(599))).is_empty());
}

#[test]
fn cron_triggers_have_their_rules() {
    let cron = |expression: &str, cursor_job| {
        let cron = Cron { expression: expression.to_owned(), cursor_job };
        fields(|w| w.triggers[1].kind = TriggerKind::Cron(cron))
    };
    assert!(cron("*/5 8-18 * * MON-FRI", Some(job_id(2))).is_empty());
    assert_eq!(cron("0 0 * *", None), ["w.triggers[1].cron.expression"]);
    assert_eq!(
        cron("0 25 * * *", Some(job_id(9))),
        ["w.triggers[1].cron.expression", "w.triggers[1].cron.cursor_job_id"]
    );
}

#[test]
fn edges_join_what_there_is() {
    assert_eq!(fields(|w| w.edges[1].source = EdgeSource::Job(job_id(9))), ["w.edges[1].source_job_id"]);
    assert_eq!(
        fields(|w| w.edges[0].source = EdgeSource::Trigger(trigger_id(9))),
        ["w.edges[0].source_trigger_id"]
    );
    let a_trigger = EdgeSource::Job(JobId(trigger_id(0).0));
    assert_eq!(fields(|w| w.edges[1].source = a_trigger), ["w.edges[1].source_job_id"]);
    assert_eq!(fields(|w| w.edges[2].target = job_id(9)), ["w.edges[2].target_job_id"]);
    assert_eq!(fields(|w| w.edges[2].source = EdgeSource::Job(job_id(2))), ["w.edges[2].target_job_id"]);
    let mut workflow = chain(3);
    workflow.edges.push(edge(3, EdgeSource::Job(job_id(2)), 1));
    let found = workflow.violations("w").0;
    assert_eq!(found.len(), 1, "{found:?}");
    let said = &found[0].problem;
    let circle = [r#""Step 1" → "Step 2" → "Step 1";"#, r#""Step 2" → "Step 1" → "Step 2";"#];
    assert!(circle.iter().any(|circle| said.contains(circle)), "{said}");
}

#[test]
fn conditions_have_their_rules() {
    use Condition::{Always, JsExpression, OnJobFailure, OnJobSuccess};
    for on_job in [OnJobSuccess, OnJobFailure] {
        assert_eq!(condition(0, on_job, "", ""), ["w.edges[0].condition"]);
        assert!(condition(1, on_job, "", "eval(").is_empty(), "kept unused, as real projects do");
    }
    assert!(condition(0, JsExpression, "has rows", "state.data.rows.length > 0").is_empty());
    assert_eq!(condition(0, JsExpression, "", " "), ["w.edges[0].label", "w.edges[0].expression"]);
    for word in ["import", "require", "process", "await", "eval"] {
        for expression in
            [format!("{word}('x')"), format!("!a.{word}"), word.to_owned(), format!("a\n{word}")]
        {
            assert_eq!(
                condition(1, JsExpression, "x", &expression),
                ["w.edges[1].expression"],
                "{expression}"
            );
        }
        for expression in [format!("{word}ed"), format!("re{word}"), format!("{word}_x"), word.to_uppercase()]
        {
            assert!(condition(1, JsExpression, "x", &expression).is_empty(), "{expression}");
        }
    }
    let long = "é".repeat(256);
    assert_eq!(condition(1, Always, &long, &long), ["w.edges[1].label", "w.edges[1].expression"]);
    assert!(condition(1, JsExpression, &"é".repeat(255), &"é".repeat(255)).is_empty());
}

#[test]
fn a_body_has_a_limit() {
    let mut workflow = chain(2);
    workflow.jobs[1].body = "a".repeat(MAX_BODY_BYTES);
    assert!(workflow.body_violations("w").is_empty());
    workflow.jobs[1].body.push('a');
    let found = workflow.body_violations("w").0;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].field, "w.jobs[1].body");
}

#[test]
fn checking_takes_as_long_as_a_workflow_is_large() {
    let check = |steps: u128| {
        let start = Instant::now();
        let mut workflow = chain(steps);
        assert!(workflow.violations("w").is_empty());
        workflow.edges.push(edge(steps, EdgeSource::Job(job_id(steps - 1)), 0));
        assert_eq!(workflow.violations("w").0.len(), 1);
        workflow.jobs.iter_mut().for_each(|job| job.name = "same".to_owned());
        assert_eq!(workflow.tidy().violations("w").0.len() as u128, steps);
        start.elapsed()
    };
    // 40 times larger: a quadratic rule takes 1,600 times longer.
    let (small, large) = (check(2_500), check(100_000));
    assert!(large < small * 400, "{small:?}, {large:?}");
}
