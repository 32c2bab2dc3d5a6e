//! Rows that are changed, moved, swapped, brought back or taken away make a credential fail to open; others go on.

use std::collections::BTreeSet;

use sandbar_app::credentials::{self, RemoveValues};
use sandbar_model::{CredentialId, Error};
use uuid::Uuid;

use crate::{
    SECRET,
    harness::{Bench, Person, cases, refused},
};

cases! {
    values_moved_to_another_environment_do_not_open
    values_moved_to_another_credential_do_not_open
    an_older_row_does_not_open_nor_does_one_less
    a_data_key_of_another_credential_does_not_open
    a_changed_byte_does_not_open
    whoever_owns_a_damaged_credential_is_told_and_can_delete_it
}

/// Two credentials with values for two environments each.
async fn two(bench: &Bench) -> (Person, CredentialId, CredentialId) {
    let ann = bench.user("ann").await;
    let (one, other) = (bench.credential(&ann, "one").await, bench.credential(&ann, "other").await);
    for id in [one, other] {
        bench.set(&ann, id, "dev", SECRET).await.unwrap();
        bench.set(&ann, id, "main", "{}").await.unwrap();
    }
    assert_eq!(bench.damaged().await, []);
    (ann, one, other)
}

/// An id as a statement of either engine has it.
fn literal(bench: &Bench, id: Uuid) -> String {
    match bench.app.db.engine() {
        "sqlite" => format!("X'{}'", id.simple()),
        _ => format!("'{id}'"),
    }
}

async fn values_moved_to_another_environment_do_not_open(bench: Bench) {
    let (_, one, _) = two(&bench).await;
    let id = literal(&bench, one.0);
    bench.by_hand("CREATE TABLE kept AS SELECT * FROM value_sets").await;
    let take = |other: &str| {
        format!(
            "UPDATE value_sets SET sealed = (SELECT o.sealed FROM kept o WHERE o.credential_id = {id}
                AND o.environment {other} value_sets.environment) WHERE credential_id = {id}"
        )
    };
    assert_eq!(bench.by_hand(&take("<>")).await, 2);
    assert_eq!(bench.damaged().await, [one]);
    // Back again, and now the labels themselves.
    assert_eq!(bench.by_hand(&take("=")).await, 2);
    assert_eq!(bench.damaged().await, []);
    bench
        .by_hand(&format!(
            "UPDATE value_sets SET environment = 'prod' WHERE environment = 'main' AND credential_id = {id}"
        ))
        .await;
    assert_eq!(bench.damaged().await, [one]);
}

async fn values_moved_to_another_credential_do_not_open(bench: Bench) {
    let (_, one, other) = two(&bench).await;
    let (from, to) = (literal(&bench, one.0), literal(&bench, other.0));
    // The whole row: values, environment and version.
    let took = format!(
        "UPDATE value_sets SET sealed = (SELECT o.sealed FROM value_sets o WHERE o.credential_id = {from} AND o.environment = 'dev'),
            version = (SELECT o.version FROM value_sets o WHERE o.credential_id = {from} AND o.environment = 'dev')
        WHERE credential_id = {to} AND environment = 'dev'"
    );
    assert_eq!(bench.by_hand(&took).await, 1);
    assert_eq!(bench.damaged().await, [other]);
    // With the data key too: it is bound to the credential it was made for.
    bench.by_hand(&format!("UPDATE credentials SET data_key = (SELECT o.data_key FROM credentials o WHERE o.id = {from}) WHERE id = {to}")).await;
    assert_eq!(bench.damaged().await, [other]);
}

async fn an_older_row_does_not_open_nor_does_one_less(bench: Bench) {
    let (ann, one, _) = two(&bench).await;
    let id = literal(&bench, one.0);
    bench.by_hand("CREATE TABLE kept AS SELECT * FROM value_sets").await;
    bench.set(&ann, one, "dev", "{\"password\":\"new\"}").await.unwrap();
    assert_eq!(bench.damaged().await, []);
    let columns = "credential_id, environment, version, key_names, sealed, update_time";
    // The leaked password, just as it was kept then.
    bench
        .by_hand(&format!("DELETE FROM value_sets WHERE credential_id = {id} AND environment = 'dev'"))
        .await;
    assert_eq!(bench.damaged().await, [one], "a row that is gone is missed");
    bench
        .by_hand(&format!(
            "INSERT INTO value_sets ({columns}) SELECT {columns} FROM kept WHERE credential_id = {id} AND environment = 'dev'"
        ))
        .await;
    assert_eq!(bench.damaged().await, [one], "an older row is noticed");
    // Nor can a removed set be brought back.
    let mine = bench.credential(&ann, "mine").await;
    bench.set(&ann, mine, "dev", SECRET).await.unwrap();
    bench
        .by_hand(&format!(
            "INSERT INTO kept SELECT * FROM value_sets WHERE credential_id = {}",
            literal(&bench, mine.0)
        ))
        .await;
    let remove = RemoveValues {
        id: mine,
        environment: "dev".to_owned(),
        etag: String::new(),
        request_id: String::new(),
    };
    credentials::remove_values(&bench.app, &ann.call, &remove).await.unwrap();
    assert_eq!(bench.damaged().await, [one]);
    bench
        .by_hand(&format!(
            "INSERT INTO value_sets ({columns}) SELECT {columns} FROM kept WHERE credential_id = {}",
            literal(&bench, mine.0)
        ))
        .await;
    assert_eq!(bench.damaged().await.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([one, mine]));
}

async fn a_data_key_of_another_credential_does_not_open(bench: Bench) {
    let ann = bench.user("ann").await;
    let (one, other) = (bench.credential(&ann, "one").await, bench.credential(&ann, "other").await);
    bench
        .by_hand(&format!(
            "UPDATE credentials SET data_key = (SELECT o.data_key FROM credentials o WHERE o.id = {}) WHERE id = {}",
            literal(&bench, one.0),
            literal(&bench, other.0)
        ))
        .await;
    assert_eq!(bench.damaged().await, [other], "even without any values");
}

async fn a_changed_byte_does_not_open(bench: Bench) {
    let (ann, one, _) = two(&bench).await;
    let id = literal(&bench, one.0);
    for (table, column, key) in [("value_sets", "sealed", "credential_id"), ("credentials", "data_key", "id")]
    {
        let changed = match bench.app.db.engine() {
            "sqlite" => format!("CAST(substr({column}, 1, length({column}) - 1) || X'00' AS BLOB)"),
            _ => format!("set_byte({column}, length({column}) - 1, 0)"),
        };
        bench.by_hand(&format!("UPDATE {table} SET {column} = {changed} WHERE {key} = {id}")).await;
        assert_eq!(bench.damaged().await, [one], "{table}");
    }
    refused!(bench.set(&ann, one, "dev", SECRET).await, Error::CredentialDamaged { id } if id == one);
}

async fn whoever_owns_a_damaged_credential_is_told_and_can_delete_it(bench: Bench) {
    let (ann, one, other) = two(&bench).await;
    bench
        .by_hand(&format!(
            "DELETE FROM value_sets WHERE environment = 'dev' AND credential_id = {}",
            literal(&bench, one.0)
        ))
        .await;
    refused!(bench.set(&ann, one, "main", SECRET).await, Error::CredentialDamaged { .. });
    bench.set(&ann, other, "main", SECRET).await.unwrap();
    bench.delete(&ann, one).await.unwrap();
    assert_eq!(bench.damaged().await, []);
}
