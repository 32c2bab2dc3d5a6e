//! The section of Sandbar's own: configs, out and back in.

use sandbar_model::{Config, Error, Kind, ResourceId, config::Reference};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Head, Piece, read_all, write_all};

fn config(value: Value) -> Piece {
    let references = vec![
        Reference { kind: Kind::Workflow, id: ResourceId(Uuid::from_u128(8)) },
        Reference { kind: Kind::CredentialLink, id: ResourceId(Uuid::from_u128(9)) },
    ];
    let config = Config { kind: "journey".to_owned(), name: "a/b c".to_owned(), references, value };
    Piece::Config { id: Some(ResourceId(Uuid::from_u128(7))), config: config.tidy(), delete: false }
}

fn problem(entry: &str) -> (String, String) {
    match read_all(format!(r#"{{"configs": {{"c": {entry}}}}}"#).as_bytes()) {
        Err(Error::InvalidFields { violations }) if violations.len() == 1 => {
            (violations[0].field.clone(), violations[0].problem.clone())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_config_comes_back_as_it_was() {
    let value =
        json!({ "z": [u64::MAX, i64::MIN, 5e-324, 1e300, "\0\u{1f71a}\n"], "a": { "": [] , "b": null } });
    let pieces = [config(value)];
    let document = write_all(&Head::default(), &pieces);
    let (head, read) = read_all(&document).unwrap();
    assert!(head.sections.configs && head.sections.workflows);
    assert_eq!(read, pieces);
    let text = String::from_utf8(document).unwrap();
    assert!(text.contains(r#""kind": "credential_link""#), "{text}");
    assert!(text.contains(r#""journey/a/b c": {"#), "{text}");
    assert!(text.contains("[18446744073709551615,-9223372036854775808,5e-324,1e+300,"), "{text}");
}

#[test]
fn a_project_without_configs_has_no_section_for_them() {
    let text = String::from_utf8(write_all(&Head::default(), &[])).unwrap();
    assert!(text.contains("workflows") && !text.contains("configs"), "{text}");
    let (head, _) = read_all(text.as_bytes()).unwrap();
    assert!(!head.sections.configs);
    assert!(
        read_all(br#"{"configs": []}"#).unwrap().0.sections.configs,
        "an empty one says that there are none"
    );
}

#[test]
fn what_would_be_lost_is_refused() {
    let (field, said) = problem(r#"{"kind": "a", "name": "b", "value": {"x": 1, "x": 2}}"#);
    assert_eq!(field, "configs.c.value");
    assert!(said.contains("twice"), "{said}");
    let (_, said) = problem(r#"{"kind": "a", "name": "b", "value": {"x": 0.10000000000000000001}}"#);
    assert!(said.contains("can't be kept exactly"), "{said}");
    assert_eq!(problem(r#"{"kind": "a", "name": "b"}"#), ("configs.c.value".into(), "is required".into()));
    assert_eq!(problem(r#"{"kind": "a", "value": {}}"#).0, "configs.c.name");
    let unknown = read_all(br#"{"configs": [{"references": [{"kind": "journey", "id": "x"}]}]}"#);
    assert!(
        matches!(unknown, Err(Error::InvalidDocument { problem, .. }) if problem.starts_with("configs[0].references[0].kind"))
    );
}

#[test]
fn one_that_goes_needs_nothing_but_its_id() {
    let id = Uuid::from_u128(7);
    let (_, pieces) =
        read_all(format!(r#"{{"configs": [{{"id": "{id}", "delete": true}}]}}"#).as_bytes()).unwrap();
    assert!(matches!(&pieces[..], [Piece::Config { id: Some(found), delete: true, .. }] if found.0 == id));
}
