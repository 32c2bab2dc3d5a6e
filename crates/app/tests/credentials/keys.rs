//! Master keys: wrong and missing ones are told at the start, and old ones are taken out of use while others write.

use std::sync::Arc;

use sandbar_app::{
    App, Limits, Sealer,
    credentials::{self, key_use, rewrap},
    vault::{KeyProblem, KeyRing},
};
use sandbar_model::Error;

use crate::{
    SECRET,
    harness::{Bench, cases, refused},
};

cases! {
    a_wrong_or_missing_key_is_told_at_the_start
    every_data_key_is_encrypted_anew_in_batches_that_can_stop_anywhere
    a_server_without_the_key_says_so_and_changes_nothing
}

fn line(id: &str, byte: &str) -> String {
    format!("{id}:{}\n", byte.repeat(32))
}

/// Another server of the same database, with these keys.
fn server(bench: &Bench, keys: &str) -> App {
    let sealer = Sealer::new(b"a key for the tests").unwrap();
    let keys = Arc::new(KeyRing::parse(keys).unwrap());
    App::new(bench.app.db.clone(), Arc::clone(&bench.world) as _, sealer, keys, Limits::default())
}

async fn a_wrong_or_missing_key_is_told_at_the_start(bench: Bench) {
    // `5a` is the harness's own.
    let (right, wrong, new) = (line("k1", "5a"), line("k1", "5b"), line("k2", "77"));
    bench.app.check_master_keys().await.unwrap();
    bench.app.check_master_keys().await.unwrap();
    let check = async |keys: String| server(&bench, &keys).check_master_keys().await;
    let problem = check(wrong.clone()).await.unwrap_err();
    assert!(matches!(&problem, KeyProblem::Wrong { key } if key == "k1"), "{problem:?}");
    assert!(!problem.to_string().contains("5b"));
    check(new.clone()).await.unwrap();
    let ann = bench.user("ann").await;
    bench.credential(&ann, "one").await;
    let problem = check(new.clone()).await.unwrap_err();
    assert!(
        matches!(&problem, KeyProblem::Missing { key, secrets: 1, given } if key == "k1" && given == &["k2"]),
        "{problem:?}"
    );
    check(format!("{right}{new}")).await.unwrap();
    check(format!("{wrong}{new}")).await.unwrap_err();
    check(format!("{right}{}", line("k2", "78"))).await.unwrap_err();
}

async fn every_data_key_is_encrypted_anew_in_batches_that_can_stop_anywhere(bench: Bench) {
    let ann = bench.user("ann").await;
    let mut ids = Vec::new();
    for number in 0..7 {
        let id = bench.credential(&ann, &format!("c{number}")).await;
        bench.set(&ann, id, "main", SECRET).await.unwrap();
        ids.push(id);
    }
    // In the order in which they are gone through.
    ids.sort();
    let after = server(&bench, &format!("{}{}", line("k1", "5a"), line("k2", "77")));
    let part = rewrap(&after, None, 3).await.unwrap();
    assert_eq!((part.done, part.next), (3, Some(ids[2])));
    assert_eq!(key_use(&after).await.unwrap(), [("k1".to_owned(), 4), ("k2".to_owned(), 3)]);
    // Whoever begins again goes on with what is left; one was deleted, one was written by the old server meanwhile.
    bench.delete(&ann, ids[4]).await.unwrap();
    bench.set(&ann, ids[5], "dev", SECRET).await.unwrap();
    let part = rewrap(&after, None, 100).await.unwrap();
    assert_eq!(part.done, 3);
    assert_eq!(rewrap(&after, part.next, 100).await.unwrap().next, None);
    assert_eq!(key_use(&after).await.unwrap(), [("k2".to_owned(), 6)]);
    let all = credentials::verify(&after, None, 100).await.unwrap();
    assert_eq!((all.done, all.damaged), (6, vec![]));
    // The old key may go now.
    let only = server(&bench, &line("k2", "77"));
    only.check_master_keys().await.unwrap();
    assert_eq!(credentials::verify(&only, None, 100).await.unwrap().done, 6);
}

async fn a_server_without_the_key_says_so_and_changes_nothing(bench: Bench) {
    let ann = bench.user("ann").await;
    let id = bench.credential(&ann, "one").await;
    bench.set(&ann, id, "main", SECRET).await.unwrap();
    let after = server(&bench, &format!("{}{}", line("k1", "5a"), line("k2", "77")));
    rewrap(&after, None, 100).await.unwrap();
    refused!(bench.set(&ann, id, "dev", "{}").await, Error::MasterKeyMissing { key } if key == "k2");
    assert_eq!(bench.count("value_sets").await, 1);
    assert_eq!(credentials::verify(&after, None, 100).await.unwrap().damaged, []);
}
