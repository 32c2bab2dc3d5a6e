//! Hints from one server to another.

use std::time::Duration;

use sandbar_store::{Db, db::Hints};
use tokio::time::timeout;

use crate::engine::cases;

cases! {
    who_listens_hears_what_others_tell
}

async fn who_listens_hears_what_others_tell(db: Db) {
    let (here, there) = (db.hints(), db.hints());
    let mut listener = here.listen().await.unwrap();
    there.tell().await.unwrap();
    let heard =
        timeout(Duration::from_secs(if matches!(here, Hints::Sqlite) { 1 } else { 20 }), listener.heard());
    match here {
        // Nobody else is there to be told.
        Hints::Sqlite => assert!(heard.await.is_err()),
        Hints::Postgres(_) => heard.await.unwrap().unwrap(),
    }
    drop(listener);
    here.close().await;
    assert_eq!(here.tell().await.is_ok(), matches!(here, Hints::Sqlite));
    there.close().await;
}
