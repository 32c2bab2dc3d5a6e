//! Reports of plans, as snapshots.

use sandbar_client::prost_types;
use sandbar_client::v1::{
    Actor, FieldChange, MergeClash, MergeConflict, ResourceKey, ResourceKind, merge_conflict::Kind,
};

use super::*;
use crate::render::diff::{Frame, Shape};

const NOW: i64 = 1_800_000_000;

fn changed(name: &str, hours: i64) -> Stamp {
    Stamp {
        time: Some(prost_types::Timestamp { seconds: NOW - hours * 3_600, nanos: 0 }),
        actor: Some(Actor { name: name.into(), ..Default::default() }),
    }
}

fn project(name: &str, environment: &str) -> Project {
    Project {
        id: format!("id-of-{name}"),
        name: name.into(),
        environment: environment.into(),
        ..Default::default()
    }
}

fn listed(name: &str, kind: ResourceKind, label: MergeLabel, decision: MergeDecision) -> PlanResource {
    PlanResource {
        key: Some(ResourceKey { kind: kind.into(), id: format!("id-of-{name}") }),
        name: name.into(),
        label: label.into(),
        decision: decision.into(),
        source_changed: Some(changed("Ada", 2)),
        ..Default::default()
    }
}

fn fields() -> Vec<FieldChange> {
    vec![
        FieldChange {
            path: "concurrency".into(),
            title: "concurrency".into(),
            base: Some("1".into()),
            target: Some("2".into()),
            source: Some("3".into()),
            changed_in_source: true,
            changed_in_target: true,
            ..Default::default()
        },
        FieldChange {
            title: "step \"Fetch\" · body".into(),
            body_diff: "@@ -1,2 +1,2 @@\n get('/');\n-old(); \u{1b}[2J\n+new();\n".into(),
            changed_in_source: true,
            ..Default::default()
        },
        FieldChange {
            title: "step \"Send\"".into(),
            source: Some("{\n  \"name\": \"Send\"\n}".into()),
            changed_in_source: true,
            ..Default::default()
        },
    ]
}

fn full() -> Plan {
    use MergeDecision::{Leave, Take};
    use ResourceKind::{Collection, Workflow};
    let mut renamed = listed("Sync contacts", Workflow, MergeLabel::Changed, Take);
    renamed.renamed_from = "Sync".into();
    renamed.fields = vec![FieldChange {
        title: "name".into(),
        target: Some("\"Sync\"".into()),
        source: Some("\"Sync contacts\"".into()),
        changed_in_source: true,
        ..Default::default()
    }];
    let mut diverged = listed("Billing run", Workflow, MergeLabel::Diverged, Leave);
    diverged.target_changed = Some(changed("Bob", 24 * 3));
    diverged.fields = fields();
    (diverged.source_etag, diverged.target_etag) = ("1".into(), "2".into());
    let mut moved_on = listed("Reports", Workflow, MergeLabel::TargetOnly, Leave);
    moved_on.target_changed = Some(changed("Bob", 5));
    let warning = MergeWarning {
        message: "The trigger of \"Intake\" arrives turned off.".into(),
        ..Default::default()
    };
    Plan {
        head: PlanHead {
            plan_token: "pt_4f8c".into(),
            source: Some(project("fix", "dev")),
            target: Some(project("acme", "main")),
            new_count: 1,
            changed_count: 1,
            deleted_count: 1,
            diverged_count: 1,
            target_only_count: 1,
            selected_count: 2,
            open_conflict_count: 0,
            retires_source: true,
            retired_descendants: vec![project("deep", "dev")],
            purge_time: Some(prost_types::Timestamp { seconds: NOW + 7 * 86_400, nanos: 0 }),
            warnings: vec![warning],
        },
        resources: vec![
            listed("Intake", Workflow, MergeLabel::New, Take),
            renamed,
            listed("patients", Collection, MergeLabel::Deleted, Leave),
            diverged,
            moved_on,
        ],
    }
}

fn rendered(of: &Plan) -> String {
    let now = Timestamp::from_second(NOW).unwrap();
    let look = Look { now, frame: Frame { shape: Shape::Unified, width: 100 } };
    plan("Merge", of, "sandbar merge apply fix --plan pt_4f8c", look)
}

#[test]
fn a_whole_plan_without_colour() {
    insta::assert_snapshot!(anstream::adapter::strip_str(&rendered(&full())).to_string());
}

#[test]
fn a_whole_plan_in_colour() {
    insta::assert_snapshot!(rendered(&full()).replace('\u{1b}', "␛"));
}

#[test]
fn conflicts_stand_with_the_flag_that_settles_them() {
    let side = |text: &str| Some(text.to_owned());
    let mut combined =
        listed("Billing run", ResourceKind::Workflow, MergeLabel::Diverged, MergeDecision::Combine);
    combined.conflicts = vec![
        MergeConflict {
            kind: Kind::Field.into(),
            path: "jobs/1/adaptor".into(),
            title: "step \"Fetch\" · adaptor".into(),
            source: side("\"http@1\""),
            target: side("\"http@2\""),
            ..Default::default()
        },
        MergeConflict {
            kind: Kind::Body.into(),
            path: "jobs/1/body".into(),
            title: "step \"Fetch\" · body".into(),
            clash_count: 3,
            clashes: vec![MergeClash {
                line: 3,
                base: "a\n".into(),
                source: "b\n".into(),
                target: "c \u{1b}[2J\nd".into(),
                before: "get();\n".into(),
                after: "end();\n".into(),
            }],
            ..Default::default()
        },
        MergeConflict {
            kind: Kind::InvalidResult.into(),
            title: "edges".into(),
            rule: "must not lead round in a circle".into(),
            ..Default::default()
        },
        MergeConflict { title: "name".into(), settled: true, ..Default::default() },
    ];
    let head = PlanHead { open_conflict_count: 3, selected_count: 1, diverged_count: 1, ..full().head };
    let plan = Plan { head, resources: vec![combined] };
    insta::assert_snapshot!(anstream::adapter::strip_str(&rendered(&plan)).to_string());
}

#[test]
fn an_empty_plan_says_so() {
    let head = PlanHead { plan_token: "pt_0".into(), ..Default::default() };
    let text = rendered(&Plan { head, resources: Vec::new() });
    insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string());
}

#[test]
fn a_warning_stands_at_what_it_is_about() {
    let mut plan = full();
    plan.head.warnings[0].resource.clone_from(&plan.resources[0].key);
    let text = anstream::adapter::strip_str(&rendered(&plan)).to_string();
    let place = |what: &str| text.find(what).unwrap();
    assert!(place("\"Intake\"") < place("    warning: The trigger"), "{text}");
    assert!(place("    warning: The trigger") < place("\"Sync contacts\""), "{text}");
}

#[test]
fn of_what_is_deleted_only_the_beginning_is_shown() {
    let mut plan = full();
    let body_diff = "@@ -1,9 +0,0 @@\n".to_owned() + &"-line\n".repeat(9);
    plan.resources[2].fields = vec![FieldChange { body_diff, ..Default::default() }];
    let text = anstream::adapter::strip_str(&rendered(&plan)).to_string();
    assert_eq!(text.matches("-line").count(), 3);
    assert!(text.contains("      … 6 more lines\n"), "{text}");
}

#[test]
fn text_of_others_brings_no_escapes() {
    assert!(!rendered(&full()).contains("\u{1b}[2J"));
}
