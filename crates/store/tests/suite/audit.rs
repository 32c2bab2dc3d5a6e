//! The audit trail: what it keeps, that its chains are exact whoever writes at once, and that they tell of whoever
//! changes them behind the service's back.

use std::collections::BTreeSet;

use sandbar_model::{ContentHash, ProjectId, Time};
use sandbar_store::{
    Db, Tx,
    audit::{self, Broken, Chain, Damage, Event, Filter, Head, Subject, Walk},
};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    engine::cases,
    fixture::{NOW, id},
};

cases! {
    an_event_comes_back_as_it_was
    writers_at_once_make_one_chain
    an_undone_event_leaves_no_gap
    chains_are_apart
    pages_go_both_ways
    filters_leave_what_they_say
    rare_events_are_found_far_away
    a_chain_is_walked_in_pieces
    a_changed_event_is_found
    a_hash_made_to_fit_is_found
    a_removed_event_is_found
    an_inserted_event_is_found
    reordered_events_are_found
    a_cut_off_end_is_found
    a_rewritten_chain_is_found_from_what_was_kept
    a_tree_of_a_purged_project_is_known
}

const ALL: i64 = 1_000_000;

fn event(number: u128, root: Chain) -> Event {
    Event {
        id: id(number),
        root,
        project: root.map(|root| ProjectId(Uuid::from_u128(root.0.as_u128() + number % 3))),
        time: NOW.plus(i64::try_from(number).unwrap()),
        principal: id(1 + number % 2),
        token: id(100),
        address: "192.0.2.7".to_owned(),
        request_id: format!("r{number}"),
        action: if number % 10 == 0 { "project.delete" } else { "workflow.put" }.to_owned(),
        subject: Some(Subject { kind: "workflow".to_owned(), id: id(1000 + number % 5) }),
        detail: format!("{{\"number\":{number}}}"),
    }
}

fn root() -> Chain {
    Some(id(10))
}

/// A chain of this many events of [`root`], committed.
async fn chain(db: &Db, events: u128) -> Head {
    let mut tx = db.write().await.unwrap();
    let mut head = Head::START;
    for number in 1..=events {
        head = audit::append(&mut tx, &event(number, root())).await.unwrap();
    }
    tx.commit().await.unwrap();
    head
}

async fn walk(db: &Db, after: Head) -> Walk {
    let mut tx = db.read().await.unwrap();
    audit::walk(&mut tx, root(), after, ALL).await.unwrap()
}

/// What somebody does who has the database.
async fn tamper(tx: &mut Tx, text: &'static str, position: i64) {
    let rows = tx.sql(text).bind(id::<ProjectId>(10).0).bind(position).execute().await.unwrap();
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

fn found(position: i64, damage: Damage) -> Option<Broken> {
    Some(Broken { position, damage })
}

async fn an_event_comes_back_as_it_was(db: Db) {
    let full = event(1, root());
    let bare = Event { project: None, subject: None, address: String::new(), ..event(2, None) };
    let mut tx = db.write().await.unwrap();
    for event in [&full, &bare] {
        let head = audit::append(&mut tx, event).await.unwrap();
        assert_eq!(head.position, 1);
        let filter = Filter::default();
        let kept = audit::newest(&mut tx, event.root, &filter, None, 10).await.unwrap();
        let [kept] = &kept.events[..] else { panic!("{kept:?}") };
        assert_eq!((&kept.event, kept.previous), (event, Head::START.hash));
        assert_eq!(Head { position: kept.position, hash: kept.hash }, head);
        assert_eq!(kept.hash, event.hash(1, &Head::START.hash));
    }
}

async fn writers_at_once_make_one_chain(db: Db) {
    let mut tasks = JoinSet::new();
    for writer in 0..32 {
        let db = db.clone();
        tasks.spawn(async move {
            for number in 0..5 {
                let mut tx = db.write().await.unwrap();
                audit::append(&mut tx, &event(1 + writer * 5 + number, root())).await.unwrap();
                tx.commit().await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let walk = walk(&db, Head::START).await;
    assert_eq!((walk.checked, walk.complete, walk.broken), (160, true, None));
    let mut tx = db.read().await.unwrap();
    let all = audit::following(&mut tx, root(), &Filter::default(), 0, ALL).await.unwrap().events;
    assert_eq!(all.iter().map(|one| one.event.id).collect::<BTreeSet<_>>().len(), 160);
    assert!(all.iter().map(|one| one.position).eq(1..=160));
}

async fn an_undone_event_leaves_no_gap(db: Db) {
    chain(&db, 3).await;
    let mut tx = db.write().await.unwrap();
    audit::append(&mut tx, &event(4, root())).await.unwrap();
    drop(tx);
    let mut tx = db.write().await.unwrap();
    assert_eq!(audit::append(&mut tx, &event(5, root())).await.unwrap().position, 4);
    tx.commit().await.unwrap();
    let walk = walk(&db, Head::START).await;
    assert_eq!((walk.checked, walk.broken), (4, None));
}

async fn chains_are_apart(db: Db) {
    let head = chain(&db, 3).await;
    let mut tx = db.write().await.unwrap();
    let other = audit::append(&mut tx, &event(1, Some(id(50)))).await.unwrap();
    // The same event has another hash in another chain, so that none can be moved there.
    assert_eq!(other.position, 1);
    assert_ne!(other.hash, Event { root: root(), ..event(1, Some(id(50))) }.hash(1, &Head::START.hash));
    assert_eq!(audit::head(&mut tx, root()).await.unwrap(), Some(head));
    assert_eq!(audit::head(&mut tx, Some(id(51))).await.unwrap(), None);
}

async fn pages_go_both_ways(db: Db) {
    chain(&db, 7).await;
    let mut tx = db.read().await.unwrap();
    let (mut down, mut before) = (Vec::new(), None);
    loop {
        let page = audit::newest(&mut tx, root(), &Filter::default(), before, 3).await.unwrap();
        down.push(page.events.iter().map(|one| one.position).collect::<Vec<_>>());
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(down, [vec![7, 6, 5], vec![4, 3, 2], vec![1]]);
    let page = audit::following(&mut tx, root(), &Filter::default(), 4, 2).await.unwrap();
    assert!(page.events.iter().map(|one| one.position).eq([5, 6]));
    assert_eq!(page.next, Some(6));
}

async fn filters_leave_what_they_say(db: Db) {
    chain(&db, 40).await;
    let filters = [
        (Filter { project: Some(id(10)), ..Filter::default() }, 13),
        (Filter { principal: Some(id(2)), ..Filter::default() }, 20),
        (Filter { action: "project.delete".to_owned(), ..Filter::default() }, 4),
        (Filter { since: Some(NOW.plus(11)), until: Some(NOW.plus(21)), ..Filter::default() }, 10),
        (Filter { subject: Some(id(1003)), ..Filter::default() }, 8),
        (Filter { principal: Some(id(2)), action: "project.delete".to_owned(), ..Filter::default() }, 0),
        (Filter { project: Some(id(11)), principal: Some(id(2)), ..Filter::default() }, 7),
    ];
    let mut tx = db.read().await.unwrap();
    for (filter, count) in filters {
        let mut down = audit::newest(&mut tx, root(), &filter, None, ALL).await.unwrap().events;
        let up = audit::following(&mut tx, root(), &filter, 0, ALL).await.unwrap().events;
        down.reverse();
        assert_eq!(down, up, "{filter:?}");
        assert_eq!(up.len(), count, "{filter:?}");
        let fits = |one: &Event| {
            filter.project.is_none_or(|project| one.project == Some(project))
                && filter.principal.is_none_or(|principal| one.principal == principal)
                && (filter.action.is_empty() || one.action == filter.action)
                && one.time >= filter.since.unwrap_or(Time(i64::MIN))
                && one.time < filter.until.unwrap_or(Time(i64::MAX))
                && filter.subject.is_none_or(|id| one.subject.as_ref().is_some_and(|one| one.id == id))
        };
        assert!(up.iter().all(|one| fits(&one.event)), "{filter:?}");
        assert_eq!((1..=40).filter(|number| fits(&event(*number, root()))).count(), count, "{filter:?}");
    }
}

async fn rare_events_are_found_far_away(db: Db) {
    // More than one look passes over, of which only the first is wanted.
    chain(&db, 1).await;
    let mut tx = db.write().await.unwrap();
    tx.sql(
        "INSERT INTO audit_events (chain_id, position, id, project_id, event_time, principal_id, token_id, address,
            request_id, action, subject_kind, subject_id, detail, prev_hash, hash)
        WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20500)
        SELECT chain_id, n, id, project_id, event_time, token_id, token_id, address, request_id, action, subject_kind,
            subject_id, detail, prev_hash, hash FROM audit_events CROSS JOIN numbers",
    )
    .execute()
    .await
    .unwrap();
    for project in [None, event(1, root()).project] {
        let filter = Filter { project, principal: Some(id(2)), ..Filter::default() };
        let (mut looks, mut before, mut found) = (0, None, Vec::new());
        loop {
            let look = audit::newest(&mut tx, root(), &filter, before, 10).await.unwrap();
            found.extend(look.events);
            looks += 1;
            before = look.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!((looks, found.len(), found[0].position), (3, 1, 1));
    }
}

async fn a_chain_is_walked_in_pieces(db: Db) {
    let end = chain(&db, 10).await;
    let mut tx = db.read().await.unwrap();
    let (mut at, mut checked, mut pieces) = (Head::START, 0, 0);
    loop {
        let walk = audit::walk(&mut tx, root(), at, 3).await.unwrap();
        assert_eq!(walk.broken, None);
        (at, checked, pieces) = (walk.head, checked + walk.checked, pieces + 1);
        if walk.complete {
            break;
        }
    }
    assert_eq!((at, checked), (end, 10));
    assert!(pieces > 3);
    // From its end there is nothing left to check, and all is well.
    let rest = audit::walk(&mut tx, root(), end, ALL).await.unwrap();
    assert_eq!(rest, Walk { checked: 0, head: end, complete: true, broken: None });
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
            let walk = audit::walk(&mut tx, root(), Head::START, ALL).await.unwrap();
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
    let before = audit::following(tx, root(), &Filter::default(), position - 2, 2).await.unwrap().events;
    let mut event = before[1].event.clone();
    event.detail = "{\"forged\":true}".to_owned();
    let hash = event.hash(position, &before[0].hash);
    tx.sql("UPDATE audit_events SET detail = $3, hash = $4 WHERE chain_id = $1 AND position = $2")
        .bind(id::<ProjectId>(10).0)
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
            let mut walk = audit::walk(&mut tx, root(), Head::START, limit).await.unwrap();
            while !walk.complete && walk.broken.is_none() {
                walk = audit::walk(&mut tx, root(), walk.head, limit).await.unwrap();
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
        let walk = audit::walk(&mut tx, root(), Head::START, ALL).await.unwrap();
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
    let walk = audit::walk(&mut tx, root(), Head::START, ALL).await.unwrap();
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
        let event = Event { detail: "{}".to_owned(), ..event(number, root()) };
        audit::append(&mut tx, &event).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(walk(&db, Head::START).await.broken, None);
    assert_eq!(walk(&db, kept).await.broken, found(6, Damage::Changed));
    let made_up = Head { position: 6, hash: ContentHash([7; 32]) };
    assert_eq!(walk(&db, made_up).await.broken, found(6, Damage::Changed));
}

async fn a_tree_of_a_purged_project_is_known(db: Db) {
    chain(&db, 3).await;
    let mut tx = db.write().await.unwrap();
    assert_eq!(audit::chain_of_project(&mut tx, id(11)).await.unwrap(), root());
    assert_eq!(audit::chain_of_project(&mut tx, id(77)).await.unwrap(), None);
    // What was done to its tokens after it was gone is of no tree.
    audit::append(&mut tx, &Event { project: Some(id(78)), ..event(9, None) }).await.unwrap();
    assert_eq!(audit::chain_of_project(&mut tx, id(78)).await.unwrap(), None);
}
