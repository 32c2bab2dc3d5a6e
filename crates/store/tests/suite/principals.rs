//! Users and service accounts.

use sandbar_model::{
    Error, PrincipalId,
    access::{Principal, PrincipalKind},
};
use sandbar_store::{Db, principal};

use crate::{
    engine::cases,
    fixture::{add_user, id, user},
};

cases! { comes_back_as_it_went email_is_unique_where_given id_is_unique pages_follow_names_by_byte names_of_many }

async fn comes_back_as_it_went(db: Db) {
    let mut tx = db.write().await.unwrap();
    let kinds = [PrincipalKind::User, PrincipalKind::ServiceAccount, PrincipalKind::Support];
    for (number, kind) in (1..).zip(kinds) {
        let principal = Principal { kind, administrator: number == 2, ..user(number) };
        principal::insert(&mut tx, &principal).await.unwrap();
        assert_eq!(principal::get(&mut tx, principal.id).await.unwrap(), Some(principal));
    }
    assert_eq!(principal::get(&mut tx, id(9)).await.unwrap(), None);
}

async fn email_is_unique_where_given(db: Db) {
    let mut tx = db.write().await.unwrap();
    for number in [1, 2] {
        let nameless = Principal { email: String::new(), ..user(number) };
        principal::insert(&mut tx, &nameless).await.unwrap();
    }
    add_user(&mut tx, 3).await;
    let twin = Principal { email: user(3).email, ..user(4) };
    let refused = principal::insert(&mut tx, &twin).await.unwrap_err();
    assert!(
        matches!(&refused, Error::NameTaken { name, place: "by another user" } if *name == twin.email),
        "{refused:?}"
    );
}

async fn id_is_unique(db: Db) {
    let mut tx = db.write().await.unwrap();
    add_user(&mut tx, 3).await;
    let twin = Principal { email: String::new(), ..user(3) };
    let refused = principal::insert(&mut tx, &twin).await.unwrap_err();
    assert!(matches!(&refused, Error::IdTaken { id, .. } if *id == twin.id.to_string()), "{refused:?}");
}

async fn pages_follow_names_by_byte(db: Db) {
    let mut tx = db.write().await.unwrap();
    let names = ["b", "B", "é", "a", "b"];
    for (number, name) in (1..).zip(names) {
        principal::insert(&mut tx, &Principal { name: name.to_owned(), ..user(number) }).await.unwrap();
    }
    let mut seen: Vec<(String, PrincipalId)> = Vec::new();
    loop {
        let after = seen.last().map(|(name, id)| (name.clone(), *id));
        let after = after.as_ref().map(|(name, id)| (name.as_str(), *id));
        let page = principal::page(&mut tx, after, 2).await.unwrap();
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        seen.extend(page.into_iter().map(|principal| (principal.name, principal.id)));
    }
    let wanted = [("B", 2), ("a", 4), ("b", 1), ("b", 5), ("é", 3)];
    assert_eq!(seen, wanted.map(|(name, number)| (name.to_owned(), id(number))));
}

async fn names_of_many(db: Db) {
    let mut tx = db.write().await.unwrap();
    for number in 1..=600 {
        add_user(&mut tx, number).await;
    }
    let ids: Vec<_> = (1..=601).map(id).collect();
    let names = principal::names(&mut tx, &ids).await.unwrap();
    assert_eq!(names.len(), 600);
    assert_eq!(names[&id(600)], "user-600");
    assert!(principal::names(&mut tx, &[]).await.unwrap().is_empty());
}
