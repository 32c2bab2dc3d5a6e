//! Flags to choices and back.

use super::*;

const ID: &str = "0197d1f0-4d1c-7c7e-9d0a-6f3c1b0e2a11";

fn list(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn by_name(name: &str, decision: MergeDecision) -> MergeChoice {
    let resource = Some(Resource::WorkflowName(name.to_owned()));
    MergeChoice { resource, decision: decision.into(), resolutions: Vec::new() }
}

#[test]
fn conflicts_are_settled_in_what_is_combined() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a\n\"b\"").unwrap();
    let body = format!("A#1#jobs/1/body=@{}", file.path().display());
    let settle = ["A#1#name=target", "A#1#jobs/1/adaptor=\"a=b\"", &body];
    let flags = ChoiceFlags { combine: list(&["A#1"]), settle: list(&settle), ..Default::default() };
    let choices = flags.choices(&[]).unwrap().choices;
    let resolution = |path: &str, how| MergeResolution { path: path.into(), how: Some(how) };
    let expected = MergeChoice {
        resolutions: vec![
            resolution("name", How::Side(MergeSide::Target.into())),
            resolution("jobs/1/adaptor", How::Value("\"a=b\"".into())),
            resolution("jobs/1/body", How::Value("\"a\\n\\\"b\\\"\"".into())),
        ],
        ..by_name("A#1", MergeDecision::Combine)
    };
    assert_eq!(choices, [expected]);
    for (wrong, problem) in [
        ("A#1#name", "is not of the form X#PATH=HOW"),
        ("B#name=source", "is not combined; add --combine"),
        ("A#1#jobs/1/body=@/nowhere", "can't be read"),
    ] {
        let flags = ChoiceFlags { settle: list(&[wrong]), ..flags.clone() };
        let refusal = flags.choices(&[]).unwrap_err().to_string();
        assert!(refusal.contains(problem), "{refusal}");
    }
}

#[test]
fn a_value_and_a_path_of_a_config_settle_as_they_are() {
    let x = format!("config:{ID}");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\"a\": 1}").unwrap();
    let settle = [
        format!("{x}#value/theme/color=\"#fff=\""),
        format!("{x}#value/steps/id:a/t=source"),
        format!("{x}#value=@{}", file.path().display()),
    ];
    let flags = ChoiceFlags { combine: vec![x], settle: settle.to_vec(), ..Default::default() };
    let choices = flags.choices(&[]).unwrap().choices;
    let settled: Vec<_> = choices[0].resolutions.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(settled, ["value/theme/color", "value/steps/id:a/t", "value"]);
    assert_eq!(choices[0].resolutions[2].how, Some(How::Value("{\"a\": 1}".into())));
    assert_eq!(choices[0].resolutions[0].how, Some(How::Value("\"#fff=\"".into())));
}

#[test]
fn no_flags_are_the_defaults() {
    let choices = ChoiceFlags::default().choices(&[]).unwrap();
    assert_eq!(choices, MergeChoices { defaults: true, ..Default::default() });
}

#[test]
fn each_flag_is_a_decision() {
    let flags = ChoiceFlags {
        include: list(&["Gone"]),
        leave: list(&["Draft", "Draft"]),
        overwrite: list(&["Billing"]),
        keep_source: true,
        ..Default::default()
    };
    let choices = flags.choices(&[]).unwrap();
    assert!(choices.defaults);
    assert_eq!(choices.retire_source, Some(false));
    assert_eq!(
        choices.choices,
        [
            by_name("Gone", MergeDecision::Take),
            by_name("Draft", MergeDecision::Leave),
            by_name("Billing", MergeDecision::Overwrite),
        ]
    );
}

#[test]
fn only_starts_from_nothing() {
    let flags = ChoiceFlags {
        only: list(&["Sync", "Billing"]),
        overwrite: list(&["Billing"]),
        retire_source: true,
        ..Default::default()
    };
    let choices = flags.choices(&[]).unwrap();
    assert!(!choices.defaults);
    assert_eq!(choices.retire_source, Some(true));
    assert_eq!(
        choices.choices,
        [by_name("Sync", MergeDecision::Take), by_name("Billing", MergeDecision::Overwrite)]
    );
}

#[test]
fn one_thing_chosen_in_two_ways_is_refused() {
    let flags = ChoiceFlags { include: list(&["A"]), leave: list(&["A"]), ..Default::default() };
    assert_eq!(flags.choices(&[]).unwrap_err().to_string(), "\"A\" is chosen in two different ways");
}

#[test]
fn ids_and_kinds_make_keys() {
    let key =
        |kind: ResourceKind| Selector::Ready(Resource::Key(ResourceKey { kind: kind.into(), id: ID.into() }));
    assert_eq!(select(ID), key(ResourceKind::Workflow));
    assert_eq!(select(&format!("collection:{ID}")), key(ResourceKind::Collection));
    assert_eq!(select(&format!("config:{ID}")), key(ResourceKind::Config));
    let named = Selector::Named(ResourceKind::Config, "journey/Solar".to_owned());
    assert_eq!(select("config:journey/Solar"), named);
    assert_eq!(select("workflow:collection:x"), workflow_name("collection:x"));
    assert_eq!(select("Sync: daily"), workflow_name("Sync: daily"));
}

#[test]
fn other_kinds_are_found_by_name_in_the_plan() {
    let flags = ChoiceFlags { include: list(&["collection:patients"]), ..Default::default() };
    assert!(flags.needs_listing());
    assert!(flags.choices(&[]).is_err());
    let key = ResourceKey { kind: ResourceKind::Collection.into(), id: ID.into() };
    let listing = [PlanResource { key: Some(key.clone()), name: "patients".into(), ..Default::default() }];
    let choices = flags.choices(&listing).unwrap().choices;
    assert_eq!(choices.first().and_then(|choice| choice.resource.clone()), Some(Resource::Key(key)));
}

#[test]
fn flags_come_back_as_arguments() {
    let flags = ChoiceFlags { leave: list(&["A b"]), keep_source: true, ..Default::default() };
    assert_eq!(flags.arguments(), ["--leave", "A b", "--keep-source"]);
}

#[test]
fn choices_come_back_as_the_flags_that_make_them() {
    let flags = ChoiceFlags {
        include: list(&["Gone"]),
        leave: list(&["collection:x"]),
        combine: list(&[ID]),
        settle: list(&[
            &format!("{ID}#name=source"),
            &format!("{ID}#concurrency=3"),
            &format!("{ID}#jobs/1/body=clashes:source,both,target"),
        ]),
        keep_source: true,
        ..Default::default()
    };
    let key = ResourceKey { kind: ResourceKind::Collection.into(), id: ID.replace('0', "1") };
    let listing = [PlanResource { key: Some(key), name: "x".into(), ..Default::default() }];
    let choices = flags.choices(&listing).unwrap();
    let arguments = arguments_of(&choices).unwrap();
    let parsed = parse(&arguments);
    assert_eq!(parsed.choices(&[]).unwrap(), choices, "{arguments:?}");
    let only = ChoiceFlags { only: list(&["A", "B"]), combine: list(&["B"]), ..Default::default() };
    let choices = only.choices(&[]).unwrap();
    let parsed = parse(&arguments_of(&choices).unwrap());
    assert_eq!(parsed.choices(&[]).unwrap(), choices);
    assert_eq!(arguments_of(&MergeChoices::default()), None, "flags start from the defaults");
}

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    flags: ChoiceFlags,
}

fn parse(arguments: &[String]) -> ChoiceFlags {
    use clap::Parser;
    let words = std::iter::once("sandbar").chain(arguments.iter().map(String::as_str));
    Line::parse_from(words).flags
}

#[test]
fn a_file_says_all_that_is_chosen() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), r#"{"choices": {"defaults": true, "retire_source": false}}"#).unwrap();
    let flags = ChoiceFlags { choices: Some(file.path().to_owned()), ..Default::default() };
    assert_eq!(flags.choices(&[]).unwrap().retire_source, Some(false));
    assert_eq!(flags.arguments(), ["--choices".to_owned(), file.path().display().to_string()]);
    let both = ChoiceFlags { leave: list(&["A"]), ..flags.clone() };
    assert!(both.choices(&[]).unwrap_err().to_string().contains("leave out the other flags"));
    let missing = ChoiceFlags { choices: Some("/nowhere/choices".into()), ..Default::default() };
    assert!(missing.choices(&[]).unwrap_err().to_string().contains("there is no file"));
    let wrong = ChoiceFlags {
        combine: list(&["A"]),
        settle: list(&["A#b=clashes:source,mine"]),
        ..Default::default()
    };
    assert!(wrong.choices(&[]).unwrap_err().to_string().contains("neither source, target nor both"));
}
