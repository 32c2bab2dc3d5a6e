//! What the projects of one tree share.

use sandbar_model::{
    Error, ProjectId,
    time::{HOUR, MINUTE},
};
use sandbar_store::{
    Db,
    tree::{self, TreeRow},
};
use tokio::task::JoinSet;

use crate::{
    engine::cases,
    fixture::{NOW, id},
};

cases! { root_is_unique upkeep_comes_when_it_is_due lock_counts_and_tells allowance_is_exact_under_the_lock garbage_is_noted_once_a_minute_until_swept is_deleted }

async fn lock_counts_and_tells(db: Db) {
    let mut tx = db.write().await.unwrap();
    tree::insert(&mut tx, id(10), Some(3)).await.unwrap();
    let made = TreeRow { root: id(10), version: 1, max_active_sandboxes: Some(3), active_sandboxes: 0 };
    assert_eq!(tree::get(&mut tx, id(10)).await.unwrap(), Some(made));
    assert_eq!(tree::lock(&mut tx, id(10)).await.unwrap(), Some(TreeRow { version: 2, ..made }));
    let unlimited = TreeRow { version: 3, max_active_sandboxes: None, ..made };
    assert_eq!(tree::set_allowance(&mut tx, id(10), None).await.unwrap(), Some(unlimited));
    tree::add_active(&mut tx, id(10), 4).await.unwrap();
    tree::add_active(&mut tx, id(10), -1).await.unwrap();
    assert_eq!(tree::get(&mut tx, id(10)).await.unwrap(), Some(TreeRow { active_sandboxes: 3, ..unlimited }));
    assert_eq!(tree::get(&mut tx, id(11)).await.unwrap(), None);
    assert_eq!(tree::lock(&mut tx, id(11)).await.unwrap(), None);
    assert_eq!(tree::set_allowance(&mut tx, id(11), None).await.unwrap(), None);
}

async fn allowance_is_exact_under_the_lock(db: Db) {
    let mut tx = db.write().await.unwrap();
    tree::insert(&mut tx, id(10), Some(10)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let db = db.clone();
        tasks.spawn(async move {
            let mut tx = db.write().await.unwrap();
            let tree = tree::lock(&mut tx, id(10)).await.unwrap().unwrap();
            let allowed = tree.max_active_sandboxes.is_none_or(|most| tree.active_sandboxes < most);
            if allowed {
                tree::add_active(&mut tx, id(10), 1).await.unwrap();
            }
            tx.commit().await.unwrap();
            allowed
        });
    }
    let made = tasks.join_all().await.into_iter().filter(|made| *made).count();
    assert_eq!(made, 10);
    let tree = tree::get(&mut db.connection().await.unwrap(), id(10)).await.unwrap().unwrap();
    assert_eq!((tree.active_sandboxes, tree.version), (10, 65));
}

async fn garbage_is_noted_once_a_minute_until_swept(db: Db) {
    let mut tx = db.write().await.unwrap();
    for number in 10..14 {
        tree::insert(&mut tx, id(number), None).await.unwrap();
    }
    let late = NOW.plus(10 * MINUTE);
    assert!(tree::roots_with_garbage(&mut tx, late, 9).await.unwrap().is_empty());
    tree::note_garbage(&mut tx, id(12), NOW.plus(MINUTE)).await.unwrap();
    tree::note_garbage(&mut tx, id(10), NOW).await.unwrap();
    tree::note_garbage(&mut tx, id(10), NOW.plus(MINUTE)).await.unwrap();
    tree::note_garbage(&mut tx, id(11), NOW).await.unwrap();
    tree::note_garbage(&mut tx, id(11), NOW.plus(MINUTE + 1)).await.unwrap();
    let waiting = [(id(10), NOW), (id(12), NOW.plus(MINUTE)), (id(11), NOW.plus(MINUTE + 1))];
    assert_eq!(tree::roots_with_garbage(&mut tx, late, 9).await.unwrap(), waiting);
    assert_eq!(tree::roots_with_garbage(&mut tx, late, 2).await.unwrap(), waiting[..2]);
    assert_eq!(tree::roots_with_garbage(&mut tx, NOW.plus(MINUTE), 9).await.unwrap(), waiting[..1]);
    // Newer garbage came while tree 11 was swept.
    assert!(!tree::clear_garbage(&mut tx, id(11), NOW).await.unwrap());
    assert!(tree::clear_garbage(&mut tx, id(10), NOW).await.unwrap());
    assert_eq!(tree::roots_with_garbage(&mut tx, late, 9).await.unwrap(), waiting[1..]);
}

async fn root_is_unique(db: Db) {
    let mut tx = db.write().await.unwrap();
    tree::insert(&mut tx, id(10), None).await.unwrap();
    let refused = tree::insert(&mut tx, id(10), None).await.unwrap_err();
    assert!(
        matches!(&refused, Error::IdTaken { id, .. } if *id == self::id::<ProjectId>(10).to_string()),
        "{refused:?}"
    );
}

async fn upkeep_comes_when_it_is_due(db: Db) {
    let mut tx = db.write().await.unwrap();
    for number in 10..13 {
        tree::insert(&mut tx, id(number), None).await.unwrap();
    }
    for (number, hours) in [(10, 3), (11, 1), (12, 2)] {
        tree::set_upkeep(&mut tx, id(number), NOW.plus(hours * HOUR)).await.unwrap();
    }
    let due = async |tx: &mut _, hours, limit| {
        tree::due_for_upkeep(tx, NOW.plus(hours * HOUR), limit).await.unwrap()
    };
    assert_eq!(due(&mut tx, 0, 9).await, []);
    assert_eq!(due(&mut tx, 2, 9).await, [id(11), id(12)]);
    assert_eq!(due(&mut tx, 3, 2).await, [id(11), id(12)]);
    assert_eq!(due(&mut tx, 3, 9).await, [id(11), id(12), id(10)]);

    assert_eq!(tree::garbage_time(&mut tx, id(10)).await.unwrap(), None);
    tree::note_garbage(&mut tx, id(10), NOW).await.unwrap();
    assert_eq!(tree::garbage_time(&mut tx, id(10)).await.unwrap(), Some(NOW));
    assert_eq!(tree::garbage_time(&mut tx, id(99)).await.unwrap(), None);
}

async fn is_deleted(db: Db) {
    let mut tx = db.write().await.unwrap();
    tree::insert(&mut tx, id(10), None).await.unwrap();
    assert!(tree::delete_row(&mut tx, id(10)).await.unwrap());
    assert!(!tree::delete_row(&mut tx, id(10)).await.unwrap());
    assert_eq!(tree::get(&mut tx, id(10)).await.unwrap(), None);
}
