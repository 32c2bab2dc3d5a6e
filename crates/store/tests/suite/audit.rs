//! The audit trail: what it keeps, how it is read, and that its chains are exact whoever writes at once.

use std::collections::BTreeSet;

use sandbar_model::{ProjectId, Time};
use sandbar_store::{
    Db,
    audit::{self, Chain, Event, Filter, Head, Subject, Walk},
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
    a_tree_of_a_purged_project_is_known
    the_ends_of_many_chains_are_read_at_once
}

pub(crate) const ALL: i64 = 1_000_000;

pub(crate) fn event(number: u128, root: Chain) -> Event {
    Event {
        id: id(number),
        root,
        project: root.map(|root| ProjectId(Uuid::from_u128(root.0.as_u128() + number % 3))),
        time: NOW.plus(i64::try_from(number).unwrap()),
        principal: id(1 + number % 2),
        token: id(100),
        address: "192.0.2.7".to_owned(),
        request_id: format!("r{number}"),
        action: if number.is_multiple_of(10) { "project.delete" } else { "workflow.put" }.to_owned(),
        subject: Some(Subject { kind: "workflow".to_owned(), id: id(1000 + number % 5) }),
        detail: format!("{{\"number\":{number}}}"),
    }
}

/// The tree of most cases.
pub(crate) const ROOT: Chain = Some(ProjectId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_000a)));

/// A chain of this many events of [`ROOT`], committed.
pub(crate) async fn chain(db: &Db, events: u128) -> Head {
    let mut tx = db.write().await.unwrap();
    let mut head = Head::START;
    for number in 1..=events {
        head = audit::append(&mut tx, &event(number, ROOT)).await.unwrap();
    }
    tx.commit().await.unwrap();
    head
}

pub(crate) async fn walk(db: &Db, after: Head) -> Walk {
    let mut tx = db.read().await.unwrap();
    audit::walk(&mut tx, ROOT, after, ALL).await.unwrap()
}

async fn an_event_comes_back_as_it_was(db: Db) {
    let full = event(1, ROOT);
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
                audit::append(&mut tx, &event(1 + writer * 5 + number, ROOT)).await.unwrap();
                tx.commit().await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let walk = walk(&db, Head::START).await;
    assert_eq!((walk.checked, walk.complete, walk.broken), (160, true, None));
    let mut tx = db.read().await.unwrap();
    let all = audit::following(&mut tx, ROOT, &Filter::default(), 0, ALL).await.unwrap().events;
    assert_eq!(all.iter().map(|one| one.event.id).collect::<BTreeSet<_>>().len(), 160);
    assert!(all.iter().map(|one| one.position).eq(1..=160));
}

async fn an_undone_event_leaves_no_gap(db: Db) {
    chain(&db, 3).await;
    let mut tx = db.write().await.unwrap();
    audit::append(&mut tx, &event(4, ROOT)).await.unwrap();
    drop(tx);
    let mut tx = db.write().await.unwrap();
    assert_eq!(audit::append(&mut tx, &event(5, ROOT)).await.unwrap().position, 4);
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
    assert_ne!(other.hash, Event { root: ROOT, ..event(1, Some(id(50))) }.hash(1, &Head::START.hash));
    assert_eq!(audit::head(&mut tx, ROOT).await.unwrap(), Some(head));
    assert_eq!(audit::head(&mut tx, Some(id(51))).await.unwrap(), None);
}

async fn pages_go_both_ways(db: Db) {
    chain(&db, 7).await;
    let mut tx = db.read().await.unwrap();
    let (mut down, mut before) = (Vec::new(), None);
    loop {
        let page = audit::newest(&mut tx, ROOT, &Filter::default(), before, 3).await.unwrap();
        down.push(page.events.iter().map(|one| one.position).collect::<Vec<_>>());
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(down, [vec![7, 6, 5], vec![4, 3, 2], vec![1]]);
    let page = audit::following(&mut tx, ROOT, &Filter::default(), 4, 2).await.unwrap();
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
        let mut down = audit::newest(&mut tx, ROOT, &filter, None, ALL).await.unwrap().events;
        let up = audit::following(&mut tx, ROOT, &filter, 0, ALL).await.unwrap().events;
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
        assert_eq!((1..=40).filter(|number| fits(&event(*number, ROOT))).count(), count, "{filter:?}");
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
    for project in [None, event(1, ROOT).project] {
        let filter = Filter { project, principal: Some(id(2)), ..Filter::default() };
        let (mut looks, mut before, mut found) = (0, None, Vec::new());
        loop {
            let look = audit::newest(&mut tx, ROOT, &filter, before, 10).await.unwrap();
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
        let walk = audit::walk(&mut tx, ROOT, at, 3).await.unwrap();
        assert_eq!(walk.broken, None);
        (at, checked, pieces) = (walk.head, checked + walk.checked, pieces + 1);
        if walk.complete {
            break;
        }
    }
    assert_eq!((at, checked), (end, 10));
    assert!(pieces > 3);
    // From its end there is nothing left to check, and all is well.
    let rest = audit::walk(&mut tx, ROOT, end, ALL).await.unwrap();
    assert_eq!(rest, Walk { checked: 0, head: end, complete: true, broken: None });
}

async fn a_tree_of_a_purged_project_is_known(db: Db) {
    chain(&db, 3).await;
    let mut tx = db.write().await.unwrap();
    assert_eq!(audit::chain_of_project(&mut tx, id(11)).await.unwrap(), ROOT);
    assert_eq!(audit::chain_of_project(&mut tx, id(77)).await.unwrap(), None);
    // What was done to its tokens after it was gone is of no tree.
    audit::append(&mut tx, &Event { project: Some(id(78)), ..event(9, None) }).await.unwrap();
    assert_eq!(audit::chain_of_project(&mut tx, id(78)).await.unwrap(), None);
}

async fn the_ends_of_many_chains_are_read_at_once(db: Db) {
    let mut tx = db.write().await.unwrap();
    let roots: Vec<Chain> = (1..=600).map(|number| Some(id(10 * number))).collect();
    for (number, root) in (1..).zip(&roots).take(550) {
        for _ in 0..=number % 3 {
            audit::append(&mut tx, &event(number, *root)).await.unwrap();
        }
    }
    audit::append(&mut tx, &event(1, None)).await.unwrap();
    tx.commit().await.unwrap();
    let asked = [roots.clone(), vec![None]].concat();
    let heads = audit::heads(&mut db.connection().await.unwrap(), &asked).await.unwrap();
    let expected = (1..).zip(roots).take(550).map(|(number, root)| (root, number % 3 + 1));
    assert_eq!(heads.len(), 551, "those without events are left out, and none comes twice");
    assert_eq!(heads.into_iter().collect::<BTreeSet<_>>(), expected.chain([(None, 1)]).collect());
}
