//! Repeats and leases.

use sandbar_model::{ContentHash, PrincipalId, time::HOUR};
use sandbar_store::{
    Db,
    idempotency::{self, Claim},
    lease,
};
use tokio::task::JoinSet;

use crate::{
    engine::cases,
    fixture::{NOW, id},
};

cases! {
    repeat_gets_the_first_answer
    of_many_claims_one_is_new
    undone_claim_is_free_again
    old_answers_are_erased_in_batches
    lease_has_one_holder
    two_takers_of_an_expired_lease
}

const SAME: ContentHash = ContentHash([1; 32]);
const OTHER: ContentHash = ContentHash([2; 32]);

async fn repeat_gets_the_first_answer(db: Db) {
    let who: PrincipalId = id(1);
    let mut tx = db.write().await.unwrap();
    assert_eq!(idempotency::claim(&mut tx, who, "r", &SAME, NOW).await.unwrap(), Claim::New);
    idempotency::answer(&mut tx, who, "r", "{\"a\":1}").await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.write().await.unwrap();
    let repeat = Claim::Repeat { answer: "{\"a\":1}".to_owned() };
    assert_eq!(idempotency::claim(&mut tx, who, "r", &SAME, NOW).await.unwrap(), repeat);
    assert_eq!(idempotency::claim(&mut tx, who, "r", &OTHER, NOW).await.unwrap(), Claim::Reused);
    // Another's ids are another's.
    assert_eq!(idempotency::claim(&mut tx, id(2), "r", &OTHER, NOW).await.unwrap(), Claim::New);
    assert_eq!(idempotency::claim(&mut tx, who, "R", &SAME, NOW).await.unwrap(), Claim::New);
}

async fn of_many_claims_one_is_new(db: Db) {
    let mut tasks = JoinSet::new();
    for number in 0..64 {
        let db = db.clone();
        tasks.spawn(async move {
            let mut tx = db.write().await.unwrap();
            let claim = idempotency::claim(&mut tx, id(1), "r", &SAME, NOW).await.unwrap();
            if claim == Claim::New {
                idempotency::answer(&mut tx, id(1), "r", &format!("{number}")).await.unwrap();
            }
            tx.commit().await.unwrap();
            (number, claim)
        });
    }
    let claims = tasks.join_all().await;
    let new: Vec<i32> =
        claims.iter().filter(|(_, claim)| *claim == Claim::New).map(|(number, _)| *number).collect();
    let [first] = new[..] else { panic!("{} claims were new", new.len()) };
    let repeat = Claim::Repeat { answer: first.to_string() };
    assert_eq!(claims.iter().filter(|(_, claim)| *claim == repeat).count(), 63);
}

async fn undone_claim_is_free_again(db: Db) {
    let mut first = db.write().await.unwrap();
    assert_eq!(idempotency::claim(&mut first, id(1), "r", &SAME, NOW).await.unwrap(), Claim::New);
    let second = tokio::spawn({
        let db = db.clone();
        async move {
            let mut tx = db.write().await.unwrap();
            idempotency::claim(&mut tx, id(1), "r", &OTHER, NOW).await.unwrap()
        }
    });
    drop(first);
    assert_eq!(second.await.unwrap(), Claim::New);
}

async fn old_answers_are_erased_in_batches(db: Db) {
    let mut tx = db.write().await.unwrap();
    for number in 0..10 {
        let name = format!("r{number}");
        idempotency::claim(&mut tx, id(1), &name, &SAME, NOW.plus(number * HOUR)).await.unwrap();
    }
    let before = NOW.plus(7 * HOUR);
    let mut erased = Vec::new();
    loop {
        match idempotency::erase_before(&mut tx, before, 3).await.unwrap() {
            0 => break,
            rows => erased.push(rows),
        }
    }
    assert_eq!(erased, [3, 3, 1]);
    let left: Vec<(String,)> =
        tx.sql("SELECT request_id FROM idempotency ORDER BY request_id").all().await.unwrap();
    assert_eq!(left, ["r7", "r8", "r9"].map(|name| (name.to_owned(),)));
}

async fn lease_has_one_holder(db: Db) {
    let mut tx = db.write().await.unwrap();
    let (now, until, later) = (NOW, NOW.plus(10), NOW.plus(20));
    assert!(lease::take(&mut tx, "purge", "a", now, until).await.unwrap());
    assert!(!lease::take(&mut tx, "purge", "b", now, until).await.unwrap());
    assert!(lease::take(&mut tx, "sweep", "b", now, until).await.unwrap());
    assert!(lease::take(&mut tx, "purge", "a", now, until).await.unwrap());
    assert!(!lease::renew(&mut tx, "purge", "b", now, later).await.unwrap());
    assert!(lease::renew(&mut tx, "purge", "a", now, later).await.unwrap());
    assert!(!lease::take(&mut tx, "purge", "b", until, later).await.unwrap());
    // It ran out: the old holder has to notice, and another may take it.
    assert!(!lease::renew(&mut tx, "purge", "a", later, later.plus(5)).await.unwrap());
    assert!(lease::take(&mut tx, "purge", "b", later, later.plus(5)).await.unwrap());
    assert!(!lease::release(&mut tx, "purge", "a").await.unwrap());
    assert!(lease::release(&mut tx, "purge", "b").await.unwrap());
    assert!(lease::take(&mut tx, "purge", "a", now, until).await.unwrap());
}

async fn two_takers_of_an_expired_lease(db: Db) {
    let mut tx = db.write().await.unwrap();
    assert!(lease::take(&mut tx, "purge", "lost", NOW, NOW.plus(1)).await.unwrap());
    tx.commit().await.unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..16 {
        let db = db.clone();
        tasks.spawn(async move {
            let mut tx = db.write().await.unwrap();
            let name = format!("worker-{number}");
            let taken = lease::take(&mut tx, "purge", &name, NOW.plus(1), NOW.plus(HOUR)).await.unwrap();
            tx.commit().await.unwrap();
            taken
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|taken| *taken).count(), 1);
}
