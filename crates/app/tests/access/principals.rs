//! Users and service accounts.

use sandbar_app::access::{self, CreatePrincipal, ListPrincipals};
use sandbar_model::{Error, Result, Role, access::Principal, access::PrincipalKind};

use super::scope;
use crate::harness::{Bench, Person, cases, fields, refused};

cases! {
    only_administrators_make_and_list_them
    every_broken_rule_is_told
    an_address_is_one_users
    a_repeat_has_one_effect
    they_are_listed_by_name
    everybody_knows_who_they_are
}

fn new(name: &str, email: &str) -> CreatePrincipal {
    CreatePrincipal {
        kind: PrincipalKind::User,
        name: name.to_owned(),
        email: email.to_owned(),
        administrator: false,
        request_id: String::new(),
    }
}

async fn make(bench: &Bench, by: &Person, request: &CreatePrincipal) -> Result<Principal> {
    access::create_principal(&bench.app, &by.says(request), request).await
}

async fn only_administrators_make_and_list_them(bench: Bench) {
    let (operator, user) = (bench.operator().await, bench.user("user").await);
    let root = bench.root(&operator, "root").await;
    let limited = bench.token(operator.id, scope(root, None), None).await;
    let lowered = bench.token(operator.id, scope(None, Role::Owner), None).await;
    let list = ListPrincipals { page_size: 0, page_token: String::new() };
    refused!(make(&bench, &user, &new("a", "")).await, Error::AdministratorRequired);
    refused!(make(&bench, &limited, &new("a", "")).await, Error::TokenLimited);
    refused!(make(&bench, &lowered, &new("a", "")).await, Error::AdministratorRequired);
    refused!(access::list_principals(&bench.app, &user.call, &list).await, Error::AdministratorRequired);
    refused!(access::list_principals(&bench.app, &limited.call, &list).await, Error::TokenLimited);
    assert_eq!(bench.count("principals").await, 2);
    make(&bench, &operator, &new("a", "")).await.unwrap();
    assert_eq!(bench.count("principals").await, 3);
}

async fn every_broken_rule_is_told(bench: Bench) {
    let operator = bench.operator().await;
    assert_eq!(
        fields(make(&bench, &operator, &new(" \n", "nobody")).await),
        ["principal.name", "principal.email"]
    );
    let long = "a".repeat(101);
    assert_eq!(fields(make(&bench, &operator, &new(&long, "")).await), ["principal.name"]);
}

async fn an_address_is_one_users(bench: Bench) {
    let operator = bench.operator().await;
    let ada = make(&bench, &operator, &new(" Ada ", "Ada@Example.org")).await.unwrap();
    assert_eq!((ada.name.as_str(), ada.email.as_str()), ("Ada", "ada@example.org"));
    refused!(make(&bench, &operator, &new("Ada", "ADA@example.org")).await, Error::NameTaken { name, .. } if name == "ada@example.org");
    // Without an address, there may be any number.
    for _ in 0..2 {
        make(&bench, &operator, &new("Ada", "")).await.unwrap();
    }
}

async fn a_repeat_has_one_effect(bench: Bench) {
    let operator = bench.operator().await;
    let request = CreatePrincipal { request_id: "one".to_owned(), ..new("Ada", "ada@example.org") };
    let made = make(&bench, &operator, &request).await.unwrap();
    assert_eq!(make(&bench, &operator, &request).await.unwrap(), made);
    let other = CreatePrincipal { name: "Eve".to_owned(), ..request };
    refused!(make(&bench, &operator, &other).await, Error::RequestIdReused { .. });
    assert_eq!(bench.count("principals").await, 2);
    // The audit trail has no address.
    let values = crate::harness::catalog::dump(&bench.app.db).await;
    let with_address =
        values.iter().filter(|(_, value)| String::from_utf8_lossy(value).contains("ada@example.org"));
    let places: Vec<_> = with_address.map(|(place, _)| place.as_str()).collect();
    assert!(places.contains(&"principals.email") && !places.iter().any(|place| place.starts_with("audit")));
}

async fn they_are_listed_by_name(bench: Bench) {
    let operator = bench.operator().await;
    for name in ["b", "a a", "a", "c", "a"] {
        make(&bench, &operator, &new(name, "")).await.unwrap();
    }
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListPrincipals { page_size: 2, page_token };
        let page = access::list_principals(&bench.app, &operator.call, &request).await.unwrap();
        assert!(page.rows.len() <= 2);
        names.extend(page.rows.into_iter().map(|principal| principal.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["a", "a", "a a", "b", "c", "operator"]);
    let wrong = ListPrincipals { page_size: 2, page_token: "x".to_owned() };
    refused!(access::list_principals(&bench.app, &operator.call, &wrong).await, Error::InvalidPageToken);
    let negative = ListPrincipals { page_size: -1, page_token: String::new() };
    assert_eq!(fields(access::list_principals(&bench.app, &operator.call, &negative).await), ["page_size"]);
}

async fn everybody_knows_who_they_are(bench: Bench) {
    let user = bench.user("user").await;
    let root = bench.root(&user, "root").await;
    let limited = bench.token(user.id, scope(root, Role::Viewer), None).await;
    let identity = access::who_am_i(&bench.app, &limited.call).await.unwrap();
    assert_eq!((identity.principal.id, identity.principal.name.as_str()), (user.id, "user"));
    assert_eq!(identity.token.scope, scope(root, Role::Viewer));
    let nobody = sandbar_app::Call { credentials: sandbar_app::Credentials::Missing, ..user.call.clone() };
    refused!(access::who_am_i(&bench.app, &nobody).await, Error::TokenMissing);
    let malformed = sandbar_app::Call { credentials: sandbar_app::Credentials::bearer("sbr_x"), ..user.call };
    refused!(access::who_am_i(&bench.app, &malformed).await, Error::TokenInvalid);
}
