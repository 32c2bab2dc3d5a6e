//! Reports of merges, as snapshots.

use jiff::Timestamp;
use sandbar_client::prost_types;
use sandbar_client::v1::{
    Actor, ClashResolution, ClashResolutions, FieldChange, MergeChoice, MergeDecision, MergeLabel,
    ResourceKind, Stamp, merge,
};

use super::*;
use crate::render::diff::{Frame, Shape};

const NOW: i64 = 1_800_000_000;

struct Known;

impl Names for Known {
    fn of<'a>(&'a self, id: &'a str) -> &'a str {
        if id == "s" { "acme/fix" } else { id }
    }
}

fn look(shape: Shape) -> Look {
    Look { now: Timestamp::from_second(NOW).unwrap(), frame: Frame { shape, width: 90 } }
}

fn record() -> Merge {
    let named = |name: &str, decision: MergeDecision| MergeChoice {
        resource: Some(Resource::WorkflowName(name.into())),
        decision: decision.into(),
        resolutions: Vec::new(),
    };
    Merge {
        id: "m-1".into(),
        kind: merge::Kind::Merge.into(),
        source_id: "s".into(),
        target_id: "gone".into(),
        stamp: Some(Stamp {
            time: Some(prost_types::Timestamp { seconds: NOW - 7_300, nanos: 0 }),
            actor: Some(Actor { name: "Ada".into(), ..Default::default() }),
        }),
        target_revision: 7,
        resource_count: 2,
        unreviewed: true,
        reverted_by_id: "m-2".into(),
        choices: Some(MergeChoices {
            defaults: true,
            choices: vec![named("Billing", MergeDecision::Combine), named("Draft", MergeDecision::Leave)],
            retire_source: Some(false),
        }),
        choice_count: 12,
        ..Default::default()
    }
}

fn changed() -> MergedResource {
    let own = |text: &str| ClashResolution { how: Some(clash_resolution::How::Text(text.into())) };
    let side = |side: MergeSide| ClashResolution { how: Some(clash_resolution::How::Side(side.into())) };
    let clashes = ClashResolutions { clashes: vec![side(MergeSide::Both), own("1\n2\n3\n4\n5\n6\n7\n")] };
    MergedResource {
        key: Some(ResourceKey { kind: ResourceKind::Workflow.into(), id: "w".into() }),
        label: MergeLabel::Diverged.into(),
        decision: MergeDecision::Combine.into(),
        before_etag: "1234567890abcdef".into(),
        after_etag: "fedcba0987654321".into(),
        before_name: "Billing".into(),
        after_name: "Billing run".into(),
        revision: 7,
        fields: vec![
            FieldChange {
                path: "jobs/1/body".into(),
                title: "step \"Fetch\" · body".into(),
                body_diff: "@@ -1,2 +1,2 @@\n get('/');\n-old();\n+new(); \u{1b}[2J\n".into(),
                changed_in_source: true,
                changed_in_target: true,
                ..Default::default()
            },
            FieldChange {
                path: "jobs/2".into(),
                title: "step \"Send\"".into(),
                source: Some(r#"{"id":"2","name":"Send","adaptor":"http@1"}"#.into()),
                body_diff: "@@ -0,0 +1 @@\n+send();\n".into(),
                changed_in_source: true,
                ..Default::default()
            },
        ],
        omitted_field_count: 3,
        resolutions: vec![
            MergeResolution { path: "jobs/1/body".into(), how: Some(How::Clashes(clashes)) },
            MergeResolution { path: "name".into(), how: Some(How::Value("\"Billing run\"".into())) },
            MergeResolution { path: "concurrency".into(), how: Some(How::Side(MergeSide::Target.into())) },
        ],
        resolutions_cut: true,
    }
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn a_whole_report() {
    let look = look(Shape::Unified);
    insta::assert_snapshot!(plain(&(head(&record(), &Known, look) + &resource(&changed(), look))));
}

#[test]
fn a_report_in_columns() {
    insta::assert_snapshot!(plain(&resource(&changed(), look(Shape::SideBySide))));
}

#[test]
fn what_was_settled_for_the_target_says_that_nothing_was_written() {
    let settled = MergedResource { revision: 0, fields: Vec::new(), omitted_field_count: 0, ..changed() };
    assert!(plain(&resource(&settled, look(Shape::Unified))).contains("so nothing was written"));
}

#[test]
fn text_of_others_brings_no_escapes() {
    assert!(!resource(&changed(), look(Shape::SideBySide)).contains("\u{1b}[2J"));
    assert!(!resource(&changed(), look(Shape::Unified)).contains("\u{1b}[2J"));
}
