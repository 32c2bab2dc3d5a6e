//! Tokens' records.

use sandbar_model::{
    Error, Role, TokenId,
    access::{Scope, Token, TokenHash},
};
use sandbar_store::{Db, token};

use crate::{
    engine::cases,
    fixture::{NOW, add_root, add_user, id},
};

cases! { comes_back_as_it_went id_and_hash_are_unique pages_of_principal_and_project is_revoked_once use_only_moves_forward }

fn plain(number: u128) -> Token {
    Token {
        id: id(number),
        principal: id(1),
        name: format!("token-{number}"),
        scope: Scope::default(),
        create_time: NOW,
        expire_time: None,
        revoke_time: None,
        last_use_time: None,
        mfa: false,
    }
}

fn hash(number: u8) -> TokenHash {
    TokenHash([number; 32])
}

async fn comes_back_as_it_went(db: Db) {
    let mut tx = db.write().await.unwrap();
    let user = add_user(&mut tx, 1).await;
    let root = add_root(&mut tx, 10, user.id).await;
    let full = Token {
        scope: Scope { project: Some(root.id), max_role: Some(Role::Editor) },
        expire_time: Some(NOW.plus(1)),
        revoke_time: Some(NOW.plus(2)),
        last_use_time: Some(NOW.plus(3)),
        mfa: true,
        ..plain(101)
    };
    for (token, hash) in [(plain(100), hash(0)), (full, hash(1))] {
        token::insert(&mut tx, &token, &hash).await.unwrap();
        assert_eq!(token::get(&mut tx, token.id).await.unwrap(), Some(token));
    }
    assert_eq!(token::get(&mut tx, id(102)).await.unwrap(), None);
}

async fn id_and_hash_are_unique(db: Db) {
    let mut tx = db.write().await.unwrap();
    add_user(&mut tx, 1).await;
    token::insert(&mut tx, &plain(100), &hash(0)).await.unwrap();
    tx.commit().await.unwrap();
    for (number, bytes) in [(100, 1), (101, 0)] {
        let mut tx = db.write().await.unwrap();
        let refused = token::insert(&mut tx, &plain(number), &hash(bytes)).await.unwrap_err();
        assert!(matches!(&refused, Error::IdTaken { .. }), "{refused:?}");
    }
}

async fn pages_of_principal_and_project(db: Db) {
    let mut tx = db.write().await.unwrap();
    let user = add_user(&mut tx, 1).await;
    let other = add_user(&mut tx, 2).await;
    let root = add_root(&mut tx, 10, user.id).await;
    for number in 0..6_u8 {
        let principal = if number == 3 { other.id } else { user.id };
        let scope = Scope { project: (number % 2 == 1).then_some(root.id), max_role: None };
        let token = Token { principal, scope, ..plain(100 + u128::from(number)) };
        token::insert(&mut tx, &token, &hash(number)).await.unwrap();
    }
    let numbers = |tokens: Vec<Token>| tokens.into_iter().map(|token| token.id).collect::<Vec<TokenId>>();
    let first = numbers(token::page_of_principal(&mut tx, user.id, None, 3).await.unwrap());
    assert_eq!(first, [id(100), id(101), id(102)]);
    let second = numbers(token::page_of_principal(&mut tx, user.id, Some(id(102)), 3).await.unwrap());
    assert_eq!(second, [id(104), id(105)]);
    let first = numbers(token::page_of_project(&mut tx, root.id, None, 2).await.unwrap());
    assert_eq!(first, [id(101), id(103)]);
    let second = numbers(token::page_of_project(&mut tx, root.id, Some(id(103)), 2).await.unwrap());
    assert_eq!(second, [id(105)]);
}

async fn is_revoked_once(db: Db) {
    let mut tx = db.write().await.unwrap();
    add_user(&mut tx, 1).await;
    token::insert(&mut tx, &plain(100), &hash(0)).await.unwrap();
    token::insert(&mut tx, &plain(101), &hash(1)).await.unwrap();
    assert!(token::revoke(&mut tx, id(100), NOW).await.unwrap());
    assert!(!token::revoke(&mut tx, id(100), NOW.plus(1)).await.unwrap());
    assert!(!token::revoke(&mut tx, id(102), NOW).await.unwrap());
    assert_eq!(token::get(&mut tx, id(100)).await.unwrap().unwrap().revoke_time, Some(NOW));
    assert_eq!(token::get(&mut tx, id(101)).await.unwrap().unwrap().revoke_time, None);
}

async fn use_only_moves_forward(db: Db) {
    let mut tx = db.write().await.unwrap();
    add_user(&mut tx, 1).await;
    for number in 0..3_u8 {
        token::insert(&mut tx, &plain(100 + u128::from(number)), &hash(number)).await.unwrap();
    }
    let uses = [
        (id(101), NOW),
        (id(100), NOW.plus(5)),
        (id(101), NOW.plus(9)),
        (id(101), NOW.plus(3)),
        (id(999), NOW),
    ];
    token::note_use(&mut tx, &uses).await.unwrap();
    token::note_use(&mut tx, &[(id(100), NOW.plus(4))]).await.unwrap();
    token::note_use(&mut tx, &[]).await.unwrap();
    let mut times = Vec::new();
    for number in 100..103 {
        times.push(token::get(&mut tx, id(number)).await.unwrap().unwrap().last_use_time);
    }
    assert_eq!(times, [Some(NOW.plus(5)), Some(NOW.plus(9)), None]);
}
