//! What the audit trail tells of whoever changes it behind the service's back.

use sandbar_model::ContentHash;
use sandbar_store::{
    Db, Tx,
    audit::{self, Broken, Damage, Event, Filter, Head, Walk},
};

use crate::{
    audit::{ALL, ROOT, chain, event, walk},
    engine::cases,
};

cases! {
    a_changed_event_is_found
    a_hash_made_to_fit_is_found
    a_removed_event_is_found
    an_inserted_event_is_found
    reordered_events_are_found
    a_cut_off_end_is_found
    a_rewritten_chain_is_found_from_what_was_kept
}

/// What somebody does who has the database.
async fn tamper(tx: &mut Tx, text: &'static str, position: i64) {
    let rows = tx.sql(text).bind(ROOT.map(|root| root.0)).bind(position).execute().await.unwrap();
    assert!(rows > 0, "nothing was changed by {text}");
}

/// Does it to a chain of twelve events and answers what a walk says.
async fn after_tampering(db: &Db, deeds: &[(&'static str, i64)]) -> Walk {
    let mut tx = db.write().await.unwrap();
    for (text, position) in deeds {
        tamper(&mut tx, text, *position).await;
    }
    tx.commit().await.unwrap();
    walk(db, Head::START).await
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with what a walk says")]
fn found(position: i64, damage: Damage) -> Option<Broken> {
    Some(Broken { position, damage })
}

async fn a_changed_event_is_found(db: Db) {
    chain(&db, 12).await;
    let deeds = [
        "UPDATE audit_events SET detail = '{}' WHERE chain_id = $1 AND position = $2",
        "UPDATE audit_events SET action = 'nothing' WHERE chain_id = $1 AND position = $2",
        "UPDATE audit_events SET address = '' WHERE chain_id = $1 AND position = $2",
        "UPDATE audit_events SET request_id = '' WHERE chain_id = $1 AND position = $2",
        "UPDATE audit_events SET event_time = event_time - 1 WHERE chain_id = $1 AND position = $2",
        "UPDATE audit_events SET principal_id = token_id WHERE chain_id = $1 AND position = $2",
        "UPDATE audit_events SET token_id = principal_id WHERE chain_id = $1 AND position = $2",
        "UPDATE audit_events SET project_id = NULL WHERE chain_id = $1 AND position = $2",
        "UPDATE audit_events SET subject_id = NULL WHERE chain_id = $1 AND position = $2",
        "UPDATE audit_events SET subject_kind = '' WHERE chain_id = $1 AND position = $2",
        "UPDATE audit_events SET id = token_id WHERE chain_id = $1 AND position = $2",
        "UPDATE audit_events SET hash = prev_hash WHERE chain_id = $1 AND position = $2",
        "UPDATE audit_events SET prev_hash = hash WHERE chain_id = $1 AND position = $2",
    ];
    for text in deeds {
        for position in [1, 5, 12] {
            let mut tx = db.write().await.unwrap();
            tamper(&mut tx, text, position).await;
            let walk = audit::walk(&mut tx, ROOT, Head::START, ALL).await.unwrap();
            assert_eq!(walk.broken, found(position, Damage::Changed), "{text}");
            assert_eq!((walk.checked, walk.head.position), (position - 1, position - 1), "{text}");
            // Every deed begins with a whole chain.
            drop(tx);
        }
    }
    assert_eq!(walk(&db, Head::START).await.broken, None);
}

/// Writes an event over the one at a position, with a hash that fits what is before.
async fn forge(tx: &mut Tx, position: i64) {
    let before = audit::following(tx, ROOT, &Filter::default(), position - 2, 2).await.unwrap().events;
    let mut event = before[1].event.clone();
    "{\"forged\":true}".clone_into(&mut event.detail);
    let hash = event.hash(position, &before[0].hash);
    tx.sql("UPDATE audit_events SET detail = $3, hash = $4 WHERE chain_id = $1 AND position = $2")
        .bind(ROOT.map(|root| root.0))
        .bind(position)
        .bind(event.detail.as_str())
        .bind(hash.0.as_slice())
        .execute()
        .await
        .unwrap();
}

async fn a_hash_made_to_fit_is_found(db: Db) {
    chain(&db, 12).await;
    for position in [5, 12] {
        let mut tx = db.write().await.unwrap();
        forge(&mut tx, position).await;
        // However small the pieces are in which it is walked.
        for limit in [2, 3, 4, 5, ALL] {
            let mut walk = audit::walk(&mut tx, ROOT, Head::START, limit).await.unwrap();
            while !walk.complete && walk.broken.is_none() {
                walk = audit::walk(&mut tx, ROOT, walk.head, limit).await.unwrap();
            }
            assert_eq!(walk.broken, found(position, Damage::Changed), "in pieces of {limit}");
            assert_eq!(walk.head.position, position - 1);
        }
    }
}

const REMOVE: &str = "DELETE FROM audit_events WHERE chain_id = $1 AND position = $2";
/// Twice, so that no two events are ever at one position.
const CLOSE_GAP: [&str; 2] = [
    "UPDATE audit_events SET position = 999999 + position WHERE chain_id = $1 AND position > $2",
    "UPDATE audit_events SET position = position - 1000000 WHERE chain_id = $1 AND position > 999999 + $2",
];
const MAKE_GAP: [&str; 2] = [
    "UPDATE audit_events SET position = 1000000 + position WHERE chain_id = $1 AND position >= $2",
    "UPDATE audit_events SET position = position - 999999 WHERE chain_id = $1 AND position >= 1000000 + $2",
];
const SHORTEN: &str = "UPDATE audit_chains SET position = $2 WHERE chain_id = $1";

async fn a_removed_event_is_found(db: Db) {
    chain(&db, 12).await;
    let gap = after_tampering(&db, &[(REMOVE, 5)]).await;
    assert_eq!((gap.broken, gap.checked), (found(5, Damage::Removed), 4));
    let closed = after_tampering(&db, &[(CLOSE_GAP[0], 5), (CLOSE_GAP[1], 5), (SHORTEN, 11)]).await;
    assert_eq!(closed.broken, found(5, Damage::Removed));
    // The first one of all.
    let first = after_tampering(&db, &[(REMOVE, 1)]).await;
    assert_eq!((first.broken, first.checked), (found(1, Damage::Removed), 0));
}

const COPY: &str = "INSERT INTO audit_events (chain_id, position, id, project_id, event_time, principal_id, token_id, address,
        request_id, action, subject_kind, subject_id, detail, prev_hash, hash)
    SELECT chain_id, $2, id, project_id, event_time, principal_id, token_id, address, request_id, action, subject_kind,
        subject_id, detail, prev_hash, hash FROM audit_events WHERE chain_id = $1 AND position = 2";
const RUBBISH: &str = "UPDATE audit_events SET detail = 'rubbish' WHERE chain_id = $1 AND position = $2";

async fn an_inserted_event_is_found(db: Db) {
    chain(&db, 12).await;
    // After the end, and before the beginning.
    for position in [13, 0, -7] {
        let mut tx = db.write().await.unwrap();
        tamper(&mut tx, COPY, position).await;
        let walk = audit::walk(&mut tx, ROOT, Head::START, ALL).await.unwrap();
        assert_eq!(walk.broken, found(position, Damage::Inserted));
    }
    let gap = [(MAKE_GAP[0], 6), (MAKE_GAP[1], 6), (COPY, 6), (SHORTEN, 13)];
    let copy = after_tampering(&db, &gap).await;
    assert_eq!((copy.broken, copy.checked), (found(6, Damage::Inserted), 5));
    let rubbish = after_tampering(&db, &[(RUBBISH, 6)]).await;
    assert_eq!(rubbish.broken, found(6, Damage::Inserted));
    // With a hash that fits what is before.
    let mut tx = db.write().await.unwrap();
    forge(&mut tx, 6).await;
    tamper(
        &mut tx,
        "UPDATE audit_events SET prev_hash = (SELECT o.hash FROM audit_events o WHERE o.chain_id = $1
        AND o.position = $2 - 1) WHERE chain_id = $1 AND position = $2",
        6,
    )
    .await;
    let walk = audit::walk(&mut tx, ROOT, Head::START, ALL).await.unwrap();
    assert_eq!(walk.broken, found(6, Damage::Inserted));
}

async fn reordered_events_are_found(db: Db) {
    chain(&db, 12).await;
    let swap = [
        ("UPDATE audit_events SET position = 1000 WHERE chain_id = $1 AND position = $2", 4),
        ("UPDATE audit_events SET position = 4 WHERE chain_id = $1 AND position = $2", 9),
        ("UPDATE audit_events SET position = $2 WHERE chain_id = $1 AND position = 1000", 9),
    ];
    let walk = after_tampering(&db, &swap).await;
    assert_eq!((walk.broken, walk.checked), (found(4, Damage::Reordered), 3));
    // One that was only moved away.
    let back = [
        ("UPDATE audit_events SET position = 1000 WHERE chain_id = $1 AND position = $2", 4),
        ("UPDATE audit_events SET position = 4 WHERE chain_id = $1 AND position = $2", 9),
    ];
    let walk = after_tampering(&db, &back).await;
    assert_eq!(walk.broken, found(9, Damage::Reordered));
}

async fn a_cut_off_end_is_found(db: Db) {
    let end = chain(&db, 12).await;
    let cut = "DELETE FROM audit_events WHERE chain_id = $1 AND position >= $2";
    let walked = after_tampering(&db, &[(cut, 9)]).await;
    assert_eq!((walked.broken, walked.checked), (found(9, Damage::Removed), 8));
    // With the chain's own row made to fit only who kept the end can tell.
    let fit =
        "UPDATE audit_chains SET position = $2, hash = (SELECT hash FROM audit_events e WHERE e.chain_id = $1
        AND e.position = $2) WHERE chain_id = $1";
    let walked = after_tampering(&db, &[(fit, 8)]).await;
    assert_eq!((walked.broken, walked.complete), (None, true));
    let walked = walk(&db, end).await;
    assert_eq!((walked.broken, walked.checked), (found(9, Damage::Removed), 0));
    // Everything, its end included.
    let all = [(cut, 1), ("DELETE FROM audit_chains WHERE chain_id = $1 AND position >= $2", 0)];
    assert_eq!(after_tampering(&db, &all).await.broken, found(1, Damage::Removed));
}

async fn a_rewritten_chain_is_found_from_what_was_kept(db: Db) {
    let kept = chain(&db, 6).await;
    let mut tx = db.write().await.unwrap();
    tamper(&mut tx, "DELETE FROM audit_events WHERE chain_id = $1 AND position >= $2", 1).await;
    tamper(&mut tx, "DELETE FROM audit_chains WHERE chain_id = $1 AND position >= $2", 1).await;
    for number in 1..=9 {
        let event = Event { detail: "{}".to_owned(), ..event(number, ROOT) };
        audit::append(&mut tx, &event).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(walk(&db, Head::START).await.broken, None);
    assert_eq!(walk(&db, kept).await.broken, found(6, Damage::Changed));
    let made_up = Head { position: 6, hash: ContentHash([7; 32]) };
    assert_eq!(walk(&db, made_up).await.broken, found(6, Damage::Changed));
}
