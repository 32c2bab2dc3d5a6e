//! The section of Sandbar's own for keychains, out and back in.

use sandbar_model::{Config, Error, Keychain, ResourceId};
use serde_json::json;
use uuid::Uuid;

use super::{Head, Piece, read_all, write_all};

fn keychain(n: u128, default_link: Option<u128>) -> Piece {
    let default_link = default_link.map(|id| ResourceId(Uuid::from_u128(id)));
    let keychain =
        Keychain { name: format!("Clinics {n}"), json_path: "$['a'].\u{e9}".to_owned(), default_link };
    Piece::Keychain { id: Some(ResourceId(Uuid::from_u128(n))), keychain, delete: false }
}

#[test]
fn keychains_come_back_as_they_were_with_configs_and_without() {
    let config =
        Config { kind: "a".to_owned(), name: "b".to_owned(), references: Vec::new(), value: json!({}) };
    let config = Piece::Config { id: Some(ResourceId(Uuid::from_u128(7))), config, delete: false };
    for pieces in [
        vec![keychain(1, Some(9)), keychain(2, None)],
        vec![config.clone(), keychain(1, None)],
        vec![config],
        vec![],
    ] {
        let document = write_all(&Head::default(), &pieces);
        let text = String::from_utf8(document.clone()).unwrap();
        let (head, read) = read_all(&document).unwrap();
        assert_eq!(read, pieces, "{text}");
        let has = |wanted: fn(&Piece) -> bool| pieces.iter().any(wanted);
        assert_eq!(head.sections.keychains, has(|piece| matches!(piece, Piece::Keychain { .. })), "{text}");
        assert_eq!(head.sections.configs, has(|piece| matches!(piece, Piece::Config { .. })), "{text}");
        assert!(head.sections.workflows && head.sections.credentials && head.sections.collections);
    }
    assert!(
        read_all(br#"{"keychains": {}}"#).unwrap().0.sections.keychains,
        "an empty one says that there are none"
    );
}

#[test]
fn a_keychain_needs_name_and_path_unless_it_goes() {
    match read_all(br#"{"keychains": [{"name": "a"}]}"#) {
        Err(Error::InvalidFields { violations }) => assert_eq!(violations[0].field, "keychains[0].path"),
        other => panic!("{other:?}"),
    }
    let id = Uuid::from_u128(7);
    let (_, pieces) =
        read_all(format!(r#"{{"keychains": [{{"id": "{id}", "delete": true}}]}}"#).as_bytes()).unwrap();
    assert!(matches!(&pieces[..], [Piece::Keychain { id: Some(found), delete: true, .. }] if found.0 == id));
}
