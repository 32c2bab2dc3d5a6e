//! Callers who go away while something is under way leave nothing of it behind.

use std::pin::pin;

use futures::{future::join_all, poll};
use sandbar_store::{Db, Tx};

use crate::engine::cases;

cases! {
    a_beginning_that_nobody_waits_for_leaves_no_transaction_open
}

async fn a_beginning_that_nobody_waits_for_leaves_no_transaction_open(db: Db) {
    let mut left = 0;
    for round in 0..80 {
        left += usize::from(leaves(db.write(), round % 8).await);
        left += usize::from(leaves(db.read(), round % 8).await);
        // Connections that had to be closed are made anew, one at a time: a server takes only so many at once.
        assert_eq!(answer(&mut db.connection().await.unwrap()).await, 7);
    }
    assert!(left > 40, "too few were left for this to say anything: {left}");
    // Each connection that there is: none may be in a transaction, in which a snapshot can't begin.
    for reader in join_all((0..8).map(|_| db.read())).await {
        assert_eq!(answer(&mut reader.unwrap()).await, 7);
    }
    let mut tx = db.write().await.unwrap();
    assert_eq!(answer(&mut tx).await, 7);
    tx.commit().await.unwrap();
}

async fn answer(tx: &mut Tx) -> i64 {
    let (seven,): (i64,) = tx.sql("-- cancelled.answer\nSELECT CAST(7 AS BIGINT)").one().await.unwrap();
    seven
}

/// Waits a little for it, and tells whether that was not enough.
async fn leaves<T>(beginning: impl Future<Output = T>, patience: usize) -> bool {
    let mut beginning = pin!(beginning);
    for _ in 0..=patience {
        if poll!(beginning.as_mut()).is_ready() {
            return false;
        }
        tokio::task::yield_now().await;
    }
    true
}
