//! Which triggers are on.

use std::collections::BTreeSet;

use sandbar_model::TriggerId;
use sandbar_store::{Db, project, trigger};

use crate::{
    engine::cases,
    fixture::{family, id},
};

cases! { absent_means_off version_moves_with_every_switch many_are_set_at_once suspended_ones_are_told_once deleting_forgets_all }

async fn absent_means_off(db: Db) {
    family(&db).await;
    let mut tx = db.write().await.unwrap();
    trigger::set(&mut tx, id(10), id(100), true).await.unwrap();
    trigger::set(&mut tx, id(10), id(101), true).await.unwrap();
    trigger::set(&mut tx, id(10), id(101), false).await.unwrap();
    trigger::set(&mut tx, id(10), id(102), false).await.unwrap();
    trigger::set(&mut tx, id(20), id(101), true).await.unwrap();
    let states = trigger::states(&mut tx, id(10), &[id(100), id(101), id(103)]).await.unwrap();
    assert_eq!(states, [(id(100), true), (id(101), false), (id(103), false)].into());
    assert_eq!(trigger::states_of_project(&mut tx, id(10)).await.unwrap(), [id(100)].into());
    assert_eq!(trigger::states_of_project(&mut tx, id(20)).await.unwrap(), [id(101)].into());
    assert!(trigger::states(&mut tx, id(10), &[]).await.unwrap().is_empty());
    // What was never on costs no row.
    let rows: (i64,) = tx.sql("SELECT COUNT(*) FROM trigger_states").one().await.unwrap();
    assert_eq!(rows, (3,));
}

async fn version_moves_with_every_switch(db: Db) {
    let [root, one, ..] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    for (on, version) in [(true, 1), (false, 2)] {
        trigger::set(&mut tx, one.id, id(100), on).await.unwrap();
        let found = project::get(&mut tx, one.id).await.unwrap().unwrap();
        assert_eq!((found.trigger_version, found.version), (version, one.version));
    }
    assert_eq!(project::get(&mut tx, root.id).await.unwrap(), Some(root));
}

async fn many_are_set_at_once(db: Db) {
    family(&db).await;
    let mut tx = db.write().await.unwrap();
    let all: Vec<(TriggerId, bool)> = (1..=1500).map(|number| (id(number), true)).collect();
    trigger::set_many(&mut tx, id(10), &all).await.unwrap();
    let odd: Vec<_> = all.iter().map(|(trigger, _)| *trigger).step_by(2).collect();
    let mut off: Vec<_> = odd.iter().map(|trigger| (*trigger, false)).collect();
    // The last word counts.
    off.insert(0, (id(2), false));
    off.push((id(2), true));
    trigger::set_many(&mut tx, id(10), &off).await.unwrap();
    let even: BTreeSet<TriggerId> = (1..=750).map(|number| id(number * 2)).collect();
    assert_eq!(trigger::states_of_project(&mut tx, id(10)).await.unwrap(), even);
    let ids: Vec<_> = all.iter().map(|(trigger, _)| *trigger).collect();
    let states = trigger::states(&mut tx, id(10), &ids).await.unwrap();
    assert!(states.iter().all(|(trigger, on)| even.contains(trigger) == *on));
    assert_eq!(states.len(), 1500);
}

async fn suspended_ones_are_told_once(db: Db) {
    family(&db).await;
    let mut tx = db.write().await.unwrap();
    for (project, number, on) in
        [(10, 100, true), (20, 103, true), (20, 102, true), (20, 101, false), (30, 100, true)]
    {
        trigger::set(&mut tx, id(project), id(number), true).await.unwrap();
        trigger::set(&mut tx, id(project), id(number), on).await.unwrap();
    }
    let both = [id(30), id(20)];
    assert_eq!(trigger::suspend(&mut tx, &both).await.unwrap(), 3);
    // Scheduled once more, to a later date: what was on is not forgotten.
    assert_eq!(trigger::suspend(&mut tx, &both).await.unwrap(), 0);
    assert!(trigger::states_of_project(&mut tx, id(20)).await.unwrap().is_empty());
    assert_eq!(trigger::states_of_project(&mut tx, id(10)).await.unwrap(), [id(100)].into());
    let were_on = trigger::resume_list(&mut tx, &both).await.unwrap();
    assert_eq!(were_on, [(id(20), id(102)), (id(20), id(103)), (id(30), id(100))]);
    assert!(trigger::resume_list(&mut tx, &both).await.unwrap().is_empty());
    assert!(trigger::states_of_project(&mut tx, id(20)).await.unwrap().is_empty());
}

async fn deleting_forgets_all(db: Db) {
    family(&db).await;
    let mut tx = db.write().await.unwrap();
    for number in 100..103 {
        trigger::set(&mut tx, id(20), id(number), number % 2 == 0).await.unwrap();
        trigger::set(&mut tx, id(10), id(number), true).await.unwrap();
    }
    assert_eq!(trigger::delete_of(&mut tx, id(20)).await.unwrap(), 2);
    assert_eq!(trigger::states_of_project(&mut tx, id(10)).await.unwrap().len(), 3);
}
