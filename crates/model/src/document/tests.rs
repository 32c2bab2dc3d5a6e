use super::*;

fn fields_of(credential: Option<CredentialId>, owner: &str, name: &str) -> Vec<String> {
    let link = Document::CredentialLink(CredentialLink {
        credential,
        owner: owner.to_owned(),
        name: name.to_owned(),
    });
    link.violations("link").0.into_iter().map(|violation| violation.field).collect()
}

#[test]
fn numbers_of_kinds_are_kept() {
    for (kind, number) in Kind::ALL.into_iter().zip(1..) {
        assert_eq!(kind as i64, number);
        assert_eq!(Kind::from_number(number), Some(kind));
    }
    for number in [i64::MIN, 0, 6] {
        assert_eq!(Kind::from_number(number), None);
    }
}

#[test]
fn a_collection_has_a_name() {
    let problems =
        |name: &str| Document::Collection(Collection { name: name.to_owned() }).violations("").0.len();
    assert_eq!(problems(&"é".repeat(255)), 0);
    for name in ["", "a\0", &"é".repeat(256)] {
        assert_eq!(problems(name), 1, "{name:?}");
    }
}

#[test]
fn a_link_has_an_owner_and_a_name() {
    assert!(fields_of(None, "user-1@example.org", "DHIS2 (raw)|2").is_empty());
    assert_eq!(fields_of(None, "", ""), ["link.name", "link.owner"]);
    assert_eq!(fields_of(None, "user-1", "x"), ["link.owner"]);
    assert_eq!(fields_of(None, "a@b|c", "x"), ["link.owner"], "its key could be another's");
    let credential = Some(CredentialId(uuid::Uuid::from_u128(7)));
    assert!(fields_of(credential, "a@b|c", "x").is_empty(), "its key is the credential's id");
    assert_eq!(fields_of(credential, "", ""), ["link.name", "link.owner"]);
}

#[test]
fn a_link_is_known_by_its_credential_and_called_by_its_name() {
    let link = |credential| CredentialLink { credential, owner: "a@b".to_owned(), name: "DHIS2".to_owned() };
    let real = Document::CredentialLink(link(Some(CredentialId(uuid::Uuid::from_u128(7)))));
    assert_eq!(real.name(), "00000000-0000-0000-0000-000000000007");
    assert_eq!(real.title(), "a@b|DHIS2");
    assert_eq!(Document::CredentialLink(link(None)).name(), "a@b|DHIS2");
}
