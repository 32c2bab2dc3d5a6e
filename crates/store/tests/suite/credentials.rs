//! Credentials, their encrypted values, and where they are linked.

use sandbar_model::{
    Credential, CredentialId, CredentialLink, Document, Error, Kind, PrincipalId, Project, ProjectId,
    credential::ValueSet,
};
use sandbar_store::{
    Db, Tx,
    credential::{self, Whose, WrappedKey},
    master_key, project,
    value_set::{self, SealedSet},
    view::Views,
    write::{Write, Writer},
};

use crate::{
    engine::cases,
    fixture::{self, NOW, add_sandbox, add_user, id},
};

cases! {
    a_credential_comes_back_as_it_went_and_changes
    names_are_unique_among_an_owners
    lists_are_by_name_of_one_owner_or_of_all
    sets_are_kept_by_environment
    a_link_is_found_through_every_fork_that_still_sees_it
    data_keys_are_counted_and_walked_by_master_key
    a_master_key_is_noted_once
}

fn plain(number: u128, owner: PrincipalId, name: &str) -> Credential {
    Credential {
        id: id(number),
        owner,
        name: name.to_owned(),
        schema: "raw".to_owned(),
        external_id: String::new(),
        version: 1,
        create_time: NOW,
        update_time: NOW,
    }
}

fn key(master: &str) -> WrappedKey {
    WrappedKey { master: master.to_owned(), bytes: vec![1, 2, 3] }
}

fn set(environment: &str, version: i64) -> SealedSet {
    SealedSet {
        set: ValueSet {
            environment: environment.to_owned(),
            keys: vec!["a".to_owned(), "é\"".to_owned()],
            update_time: NOW.plus(version),
        },
        version,
        sealed: vec![0, 255, u8::try_from(version).unwrap()],
    }
}

async fn a_credential_comes_back_as_it_went_and_changes(db: Db) {
    let mut tx = db.write().await.unwrap();
    let (ann, bob) = (add_user(&mut tx, 1).await.id, add_user(&mut tx, 2).await.id);
    let before = Credential { external_id: "x-1".to_owned(), ..plain(100, ann, "DHIS2") };
    credential::insert(&mut tx, &before, &key("k1")).await.unwrap();
    assert_eq!(credential::get(&mut tx, before.id).await.unwrap().as_ref(), Some(&before));
    assert_eq!(credential::lock(&mut tx, before.id).await.unwrap().as_ref(), Some(&before));
    assert_eq!(credential::named(&mut tx, ann, "DHIS2").await.unwrap().as_ref(), Some(&before));
    assert_eq!(credential::named(&mut tx, bob, "DHIS2").await.unwrap(), None);
    let after = Credential {
        owner: bob,
        name: "b".to_owned(),
        schema: "oauth".to_owned(),
        external_id: String::new(),
        version: 9,
        update_time: NOW.plus(5),
        ..before.clone()
    };
    credential::set(&mut tx, &after).await.unwrap();
    assert_eq!(credential::get(&mut tx, before.id).await.unwrap().as_ref(), Some(&after));
    assert_eq!(credential::many(&mut tx, &[id(99), before.id]).await.unwrap(), [after]);
    assert_eq!(credential::key(&mut tx, before.id).await.unwrap(), Some(key("k1")));
    credential::set_key(&mut tx, before.id, &key("k2")).await.unwrap();
    assert_eq!(credential::key(&mut tx, before.id).await.unwrap(), Some(key("k2")));
    value_set::put(&mut tx, before.id, &set("main", 2)).await.unwrap();
    credential::delete(&mut tx, before.id).await.unwrap();
    assert_eq!(credential::lock(&mut tx, before.id).await.unwrap(), None);
    assert_eq!(value_set::versions(&mut tx, before.id).await.unwrap(), []);
}

async fn names_are_unique_among_an_owners(db: Db) {
    let mut tx = db.write().await.unwrap();
    let (ann, bob) = (add_user(&mut tx, 1).await.id, add_user(&mut tx, 2).await.id);
    for (number, owner, name) in [(100, ann, "a"), (101, bob, "a"), (102, ann, "A")] {
        credential::insert(&mut tx, &plain(number, owner, name), &key("k")).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut tx = db.write().await.unwrap();
    let refused = credential::insert(&mut tx, &plain(103, ann, "a"), &key("k")).await.unwrap_err();
    assert!(matches!(&refused, Error::NameTaken { name, .. } if name == "a"), "{refused:?}");
    drop(tx);
    let mut tx = db.write().await.unwrap();
    let refused = credential::insert(&mut tx, &plain(100, bob, "z"), &key("k")).await.unwrap_err();
    assert!(matches!(refused, Error::IdTaken { .. }), "{refused:?}");
    drop(tx);
    let mut tx = db.write().await.unwrap();
    let refused = credential::set(&mut tx, &plain(102, ann, "a")).await.unwrap_err();
    assert!(matches!(refused, Error::NameTaken { .. }), "{refused:?}");
}

async fn lists_are_by_name_of_one_owner_or_of_all(db: Db) {
    let mut tx = db.write().await.unwrap();
    let (ann, bob) = (add_user(&mut tx, 1).await.id, add_user(&mut tx, 2).await.id);
    for (number, owner, name) in [(100, ann, "c"), (101, bob, "b"), (102, ann, "a"), (103, bob, "a")] {
        credential::insert(&mut tx, &plain(number, owner, name), &key("k")).await.unwrap();
    }
    let mut list = async |whose, after: Option<(&str, CredentialId)>, limit| {
        let found = credential::page(&mut tx, whose, after, limit).await.unwrap();
        found.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(list(Whose::Of(ann), None, 9).await, [id(102), id(100)]);
    assert_eq!(list(Whose::All, None, 3).await, [id(102), id(103), id(101)]);
    assert_eq!(list(Whose::All, Some(("b", id(101))), 3).await, [id(100)]);
    assert_eq!(list(Whose::Of(bob), Some(("a", id(103))), 3).await, [id(101)]);
}

async fn sets_are_kept_by_environment(db: Db) {
    let mut tx = db.write().await.unwrap();
    let ann = add_user(&mut tx, 1).await.id;
    for number in [100, 101] {
        credential::insert(&mut tx, &plain(number, ann, &format!("{number}")), &key("k")).await.unwrap();
    }
    for (environment, version) in [("main", 2), ("dev", 3), ("main", 4)] {
        value_set::put(&mut tx, id(100), &set(environment, version)).await.unwrap();
    }
    value_set::put(&mut tx, id(101), &set("main", 2)).await.unwrap();
    assert_eq!(
        value_set::versions(&mut tx, id(100)).await.unwrap(),
        [("dev".to_owned(), 3), ("main".to_owned(), 4)]
    );
    let told = value_set::of(&mut tx, &[id(100), id(101), id(102)]).await.unwrap();
    assert_eq!(told[&id(100)], [set("dev", 3).set, set("main", 4).set]);
    assert_eq!(told[&id(101)], [set("main", 2).set]);
    assert_eq!(told.len(), 2);
    let sealed = value_set::sealed(&mut tx, id(100), "main").await.unwrap();
    assert_eq!(sealed, Some((4, set("main", 4).sealed)));
    assert!(value_set::delete(&mut tx, id(100), "main").await.unwrap());
    assert!(!value_set::delete(&mut tx, id(100), "main").await.unwrap());
    assert_eq!(value_set::sealed(&mut tx, id(100), "main").await.unwrap(), None);
    assert_eq!(value_set::versions(&mut tx, id(101)).await.unwrap().len(), 1);
}

/// Writes the link with id 7 to the credential 100, or removes it.
async fn link(tx: &mut Tx, project: &mut Project, there: bool) {
    let document = there.then(|| {
        let (credential, name) = (Some(id(100)), "DHIS2".to_owned());
        Document::CredentialLink(CredentialLink { credential, name, owner: String::new() })
    });
    let view = Views::default().of(tx, &*project).await.unwrap();
    let writer = project.creator;
    let write = Write { kind: Kind::CredentialLink, id: id(7), document };
    Writer { project, view: &view, now: NOW, writer }.write(tx, vec![write]).await.unwrap();
    project::set_head_and_counts(tx, project.id, project.head, 0, 0, NOW).await.unwrap();
}

async fn linked(tx: &mut Tx) -> Vec<ProjectId> {
    let found = credential::linked(tx, id(100)).await.unwrap();
    assert!(found.iter().all(|one| one.link == id(7)));
    found.into_iter().map(|one| one.project).collect()
}

async fn a_link_is_found_through_every_fork_that_still_sees_it(db: Db) {
    let [mut root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    assert_eq!(linked(&mut tx).await, []);
    link(&mut tx, &mut root, true).await;
    assert_eq!(linked(&mut tx).await, [root.id], "its sandboxes were made before");
    let mut sees = add_sandbox(&mut tx, 50, &root).await;
    let below = add_sandbox(&mut tx, 51, &sees).await;
    assert_eq!(linked(&mut tx).await, [root.id, sees.id, below.id]);
    link(&mut tx, &mut root, false).await;
    let after = add_sandbox(&mut tx, 52, &root).await;
    assert_eq!(linked(&mut tx).await, [sees.id, below.id], "what was forked before still sees it");
    link(&mut tx, &mut sees, false).await;
    let last = add_sandbox(&mut tx, 53, &sees).await;
    assert_eq!(linked(&mut tx).await, [below.id]);
    link(&mut tx, &mut sees, true).await;
    assert_eq!(linked(&mut tx).await, [sees.id, below.id]);
    link(&mut tx, &mut root, true).await;
    assert_eq!(linked(&mut tx).await, [root.id, sees.id, below.id]);
    assert!(after.id < last.id);
}

async fn data_keys_are_counted_and_walked_by_master_key(db: Db) {
    let mut tx = db.write().await.unwrap();
    let ann = add_user(&mut tx, 1).await.id;
    for (number, master) in [(100, "k1"), (101, "k2"), (102, "k1"), (103, "k1")] {
        credential::insert(&mut tx, &plain(number, ann, &format!("{number}")), &key(master)).await.unwrap();
    }
    let counted = credential::by_master_key(&mut tx).await.unwrap();
    assert_eq!(counted, [("k1".to_owned(), 3), ("k2".to_owned(), 1)]);
    let mut walk =
        async |after: u128, except| credential::ids_after(&mut tx, id(after), except, 2).await.unwrap();
    assert_eq!(walk(0, Some("k2")).await, [id(100), id(102)]);
    assert_eq!(walk(102, Some("k2")).await, [id(103)]);
    assert_eq!(walk(100, None).await, [id(101), id(102)]);
    assert_eq!(walk(103, None).await, []);
}

async fn a_master_key_is_noted_once(db: Db) {
    let mut tx = db.write().await.unwrap();
    for (key, proof) in [("k2", [1, 0]), ("k1", [2, 255]), ("k2", [3, 3])] {
        master_key::note(&mut tx, key, &proof, NOW).await.unwrap();
    }
    let all = master_key::all(&mut tx).await.unwrap();
    assert_eq!(all, [("k1".to_owned(), vec![2, 255]), ("k2".to_owned(), vec![1, 0])]);
}
