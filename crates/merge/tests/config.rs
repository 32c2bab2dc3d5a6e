//! Configs in plans: what is said of them, what they refer to, and how their conflicts can't be settled.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what can't be fails the test"
)]

mod build;

use std::collections::BTreeMap;

use build::{id, simple, world::World};
use sandbar_merge::{
    Choices, Decision, Item, Label, Plan, Selector, WarningKind,
    combine::{ConflictKind, Resolution},
    config::{ConfigVersions, combine_configs},
};
use sandbar_model::{Config, Document, Error, Kind, config::Reference};
use serde_json::{Value, json};

fn config(name: &str, references: &[(Kind, u128)], value: Value) -> Config {
    let references = references.iter().map(|(kind, n)| Reference { kind: *kind, id: id(*n) }).collect();
    Config { kind: "journey".into(), name: name.into(), references, value }
}

fn document(name: &str, references: &[(Kind, u128)], value: Value) -> Document {
    Document::Config(config(name, references, value).tidy())
}

fn workflow(n: u128) -> (u128, Document) {
    (n, Document::Workflow(simple(n, "Flow", "body")))
}

fn warned(item: &Item) -> Vec<WarningKind> {
    item.warnings.iter().map(|warning| warning.kind).collect()
}

/// The config with this number.
fn of(plan: &Plan, n: u128) -> &Item {
    plan.items.iter().find(|item| item.kind == Kind::Config && item.id == id(n)).expect("it is listed")
}

fn only(item: (Kind, u128), decision: Decision) -> Choices {
    Choices { choices: vec![(Selector::Key(item.0, id(item.1)), decision)], ..Choices::default() }
}

#[test]
fn a_plan_says_what_differs_by_path() {
    let base = json!({ "title": "Solar", "steps": [{ "id": "intro", "t": 1 }, { "id": "roof", "t": 2 }] });
    let source =
        json!({ "title": "Sun", "steps": [{ "id": "roof", "t": 2 }, { "id": "intro", "t": 7 }], "n": null });
    let world = World::of(
        [(1, document("Solar", &[], base.clone()))],
        [(1, document("Sun", &[], source))],
        [(1, document("Solar", &[], base))],
    );
    let item = world.defaults().items.remove(0);
    assert_eq!(
        (item.label, &*item.name, item.renamed_from.as_deref()),
        (Label::Changed, "journey/Sun", Some("journey/Solar"))
    );
    let fields = item.fields();
    let said: Vec<_> = fields.iter().map(|field| (&*field.path, &*field.title)).collect();
    assert_eq!(
        said,
        [
            ("name", "name"),
            ("value/n", "n"),
            ("value/steps/id:intro/t", "steps[intro].t"),
            ("value/steps/order", "steps · order"),
            ("value/title", "title"),
        ]
    );
    assert_eq!((&fields[1].target, &fields[1].source), (&None, &Some(Value::Null)));
    assert_eq!((&fields[2].target, &fields[2].source), (&Some(json!(1)), &Some(json!(7))));
    assert_eq!(fields[3].source, Some(json!(["roof", "intro"])));
}

#[test]
fn a_new_config_and_one_that_goes_are_said_as_a_whole() {
    let world = World::of([], [(1, document("Solar", &[], json!({ "a": 1 })))], []);
    let of = |world: &World| {
        let item = world.defaults().items.remove(0);
        item.fields().into_iter().map(|field| (field.path, field.target, field.source)).collect::<Vec<_>>()
    };
    let new = of(&world);
    assert_eq!(
        new.iter().map(|field| &*field.0).collect::<Vec<_>>(),
        ["kind", "name", "references", "value"]
    );
    assert_eq!((&new[3].1, &new[3].2), (&None, &Some(json!({ "a": 1 }))));
    let gone = World {
        base: world.source.clone(),
        source: BTreeMap::new(),
        target: world.source,
        ..World::default()
    };
    assert_eq!(of(&gone)[3], ("value".to_owned(), Some(json!({ "a": 1 })), None));
}

#[test]
fn what_differs_in_very_many_long_places_is_said_as_one_and_settled_as_one() {
    let value = |n: i32| {
        let members = (0..20_000).map(|at| (format!("{at:0>100}"), json!(n))).collect();
        Value::Object(members)
    };
    let [base, source, target] = [0, 1, 2].map(|n| document("Solar", &[], value(n)));
    let world = World::of([(1, base)], [(1, source)], [(1, target)]);
    let plan = world.plan(&only((Kind::Config, 1), Decision::Combine));
    let item = &plan.items[0];
    let conflicts: Vec<_> = item.conflicts.iter().map(|conflict| &*conflict.path).collect();
    assert_eq!(conflicts, ["value"]);
    let world =
        World { base: world.base.clone(), source: world.source, target: world.base, ..World::default() };
    let paths: Vec<_> = world.defaults().items[0].fields().into_iter().map(|field| field.path).collect();
    assert_eq!(paths, ["value"]);
}

#[test]
fn a_very_long_key_above_many_values_costs_little_more_than_a_long_one() {
    let merge = |length: usize| {
        let value = |changed: i32, apart: i32| {
            let members = (0..30_000).map(|at| (at.to_string(), json!(changed))).collect();
            json!({ "x".repeat(length): Value::Object(members), "apart": apart })
        };
        let start = std::time::Instant::now();
        for (source, target) in [(value(1, 0), value(0, 2)), (value(1, 1), value(2, 2))] {
            let [base, source, target] =
                [value(0, 0), source, target].map(|value| document("Solar", &[], value));
            let world = World::of([(1, base)], [(1, source)], [(1, target)]);
            let plan = world.plan(&only((Kind::Config, 1), Decision::Combine));
            let item = &plan.items[0];
            assert!(item.conflicts.len() <= 1 && item.fields().len() <= 2, "{}", item.conflicts.len());
        }
        start.elapsed()
    };
    // In paths of every value it would be gigabytes.
    let (short, long) = (merge(5_000), merge(300_000));
    assert!(long < short * 10, "{short:?}, {long:?}");
}

#[test]
fn a_reference_that_leads_nowhere_in_the_target_is_a_warning_that_names_both() {
    let journey = || (1, document("Solar", &[(Kind::Workflow, 7)], json!({})));
    let world = World::of([], [journey(), workflow(7)], []);
    let alone = world.plan(&only((Kind::Config, 1), Decision::Take));
    let item = of(&alone, 1);
    assert_eq!(warned(item), [WarningKind::ReferenceMissing]);
    let said = &item.warnings[0].message;
    for word in ["journey/Solar", "workflow", "Flow", &id(7).to_string()] {
        assert!(said.contains(word), "{said}");
    }
    assert!(alone.blocked().is_none(), "it is a warning, not a refusal");
    assert_eq!(warned(of(&world.defaults(), 1)), [], "it crosses");
    let there = World::of([workflow(7)], [workflow(7), journey()], [workflow(7)]);
    assert_eq!(warned(of(&there.defaults(), 1)), [], "the target has it");
    let gone = World::of([workflow(7)], [workflow(7), journey()], []);
    assert_eq!(warned(of(&gone.defaults(), 1)), [WarningKind::ReferenceMissing], "the target deleted it");
    let itself = World::of([], [(1, document("Solar", &[(Kind::Config, 1)], json!({})))], []);
    assert_eq!(warned(of(&itself.defaults(), 1)), []);
}

#[test]
fn a_reference_to_what_the_merge_deletes_is_a_warning() {
    let journey = |value: i32| (1, document("Solar", &[(Kind::Workflow, 7)], json!({ "v": value })));
    let world = World::of([journey(1), workflow(7)], [journey(2)], [journey(1), workflow(7)]);
    let kept = world.defaults();
    assert_eq!(warned(of(&kept, 1)), []);
    let mut choices = only((Kind::Workflow, 7), Decision::Take);
    choices.defaults = true;
    let plan = world.plan(&choices);
    assert_eq!(warned(of(&plan, 1)), [WarningKind::ReferenceMissing]);
}

#[test]
fn one_made_on_both_sides_under_one_name_is_one() {
    let world = World::of(
        [],
        [(1, document("Solar", &[], json!({ "a": 1 })))],
        [(2, document("Solar", &[], json!({ "b": 2 })))],
    );
    let plan = world.plan(&only((Kind::Config, 1), Decision::Combine));
    let item = &plan.items[0];
    assert_eq!(
        (item.label, item.id, item.target_id, item.conflicts.len()),
        (Label::Diverged, id(1), id(2), 0)
    );
    let Document::Config(combined) = &*item.after.as_ref().unwrap().document else { panic!() };
    assert_eq!(combined.value, json!({ "a": 1, "b": 2 }));
}

#[test]
fn names_are_taken_per_kind_and_rules_are_said() {
    let theme = Document::Config(Config { kind: "theme".into(), ..config("Solar", &[], json!({})) });
    let world = World::of([], [(1, theme)], [(2, document("Solar", &[], json!({})))]);
    let plan = world.defaults();
    assert_eq!((of(&plan, 1).label, warned(of(&plan, 1))), (Label::New, vec![]));
    let broken = Document::Config(config("Solar", &[], json!([])));
    let plan = World::of([], [(1, broken)], []).defaults();
    assert_eq!(warned(&plan.items[0]), [WarningKind::InvalidResult]);
    assert!(matches!(plan.blocked(), Some(Error::InvalidResult { .. })));
}

#[test]
fn what_can_not_be_settled_so_is_refused() {
    let of = |value: Value| config("Solar", &[], value);
    let base = of(json!({ "t": 1, "gone": 1, "steps": [{ "id": "a" }, { "id": "b" }, { "id": "c" }] }));
    let source = of(json!({ "t": 2, "steps": [{ "id": "c" }, { "id": "a" }, { "id": "b" }] }));
    let target = Config {
        name: "Sun".into(),
        ..of(json!({ "t": 3, "gone": 2, "steps": [{ "id": "b" }, { "id": "a" }, { "id": "c" }] }))
    };
    let source = Config { name: "Roof".into(), ..source };
    let settle = |path: &str, how: Resolution| {
        let versions = ConfigVersions { base: Some(&base), source: &source, target: &target };
        combine_configs(versions, &[(path.to_owned(), how)].into())
    };
    let value = |value: Value| Resolution::Value(value);
    for (path, how, said) in [
        ("value/t", Resolution::Clashes(vec![]), "only a body"),
        ("value/gone", Resolution::Clashes(vec![]), "only a body"),
        ("value/gone", value(json!(1)), "one side removed it"),
        ("value/steps/order", Resolution::Clashes(vec![]), "only a body"),
        ("value/steps/order", value(json!(["a", "b"])), "the same ids"),
        ("value/steps/order", value(json!(["a", "b", "b"])), "the same ids"),
        ("value/steps/order", value(json!("abc")), "the same ids"),
        ("name", value(json!(5)), "give a JSON string"),
        ("value/steps", Resolution::Source, "nothing is in conflict there"),
        ("jobs/1/body", Resolution::Source, "nothing is in conflict there"),
    ] {
        match settle(path, how) {
            Err(Error::ChoiceUnknown { resource, problem }) => {
                assert_eq!(resource, path);
                assert!(problem.contains(said), "{path}: {problem}");
            }
            other => panic!("{path}: {other:?}"),
        }
    }
    let open = settle("value/t", value(json!(1.0))).unwrap();
    let paths: Vec<_> = open.open().map(|conflict| &*conflict.path).collect();
    assert_eq!(paths, ["name", "value/gone", "value/steps/order"]);
    assert_eq!(open.config.value["t"].to_string(), "1", "kept as it would be after a put");
}

#[test]
fn a_result_that_is_too_large_is_refused() {
    let of = |key: &str, bytes: usize| {
        let mut members = serde_json::Map::new();
        members.insert(key.to_owned(), Value::from("x".repeat(bytes)));
        config("Solar", &[], Value::Object(members))
    };
    let (base, source, target) = (config("Solar", &[], json!({})), of("a", 600_000), of("b", 600_000));
    let versions = ConfigVersions { base: Some(&base), source: &source, target: &target };
    let combined = combine_configs(versions, &BTreeMap::new()).unwrap();
    let open: Vec<_> = combined.open().collect();
    assert_eq!((open.len(), &*open[0].path), (1, "value"));
    assert!(matches!(&open[0].kind, ConflictKind::InvalidResult(rule) if rule.contains("bytes")), "{open:?}");
}
