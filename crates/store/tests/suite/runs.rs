//! Runs, their queues and tokens, and dataclips.

use sandbar_model::{
    ContentHash, Dataclip, ProjectId, Revision, Run, RunId,
    access::TokenHash,
    run::{Cause, DataclipKind, Ending, RunState},
    time::{DAY, HOUR, MINUTE},
};
use sandbar_store::{
    Db, dataclip,
    run::{self, Filter, Holder, queue, token},
};

use crate::{
    engine::cases,
    fixture::{NOW, family, id},
};

cases! {
    a_run_goes_from_hand_to_hand
    a_look_passes_over_what_the_filter_leaves_out
    a_queue_serves_who_waits_longest
    what_a_run_needs_is_not_erased
}

/// A queued run of workflow 50.
pub(crate) fn queued(project: ProjectId, number: u128) -> Run {
    Run {
        id: id(number),
        root: id(10),
        project,
        workflow: id(50),
        workflow_name: "Sync".to_owned(),
        revision: Revision(1),
        content: ContentHash([7; 32]),
        cause: Cause::Manual,
        trigger: None,
        job: None,
        dataclip: id(number),
        concurrency: None,
        state: RunState::Queued,
        attempt: 0,
        creator: id(1),
        create_time: NOW,
        worker: None,
        claim_time: None,
        lease_time: None,
        deadline: None,
        cancel_time: None,
        finish_time: None,
        ending: Ending::default(),
        output: None,
    }
}

/// A dataclip that some run began with.
pub(crate) fn clip(project: ProjectId, number: u128, name: &str) -> Dataclip {
    Dataclip {
        id: id(number),
        project,
        kind: DataclipKind::SavedInput,
        name: name.to_owned(),
        size: 2,
        run: None,
        job: None,
        create_time: NOW,
        creator: id(1),
        erase_time: None,
    }
}

fn holder() -> Holder {
    let (lease, deadline) = (NOW.plus(MINUTE), NOW.plus(HOUR));
    Holder { worker: id(1), token: id(9), now: NOW, lease, deadline }
}

async fn a_run_goes_from_hand_to_hand(db: Db) {
    family(&db).await;
    let mut tx = db.write().await.unwrap();
    let mut wanted = queued(id(20), 100);
    wanted.concurrency = Some(2);
    run::insert(&mut tx, &wanted).await.unwrap();
    assert_eq!(run::get(&mut tx, id(20), wanted.id).await.unwrap(), Some(wanted.clone()));
    assert_eq!(run::get(&mut tx, id(21), wanted.id).await.unwrap(), None, "another project's");
    let taken = run::take(&mut tx, wanted.id, holder()).await.unwrap().unwrap();
    assert_eq!((taken.state, taken.attempt, taken.worker), (RunState::Running, 1, Some(id(1))));
    assert_eq!(run::take(&mut tx, wanted.id, holder()).await.unwrap(), None, "taken twice");
    // A lease never goes beyond the deadline, and nobody keeps what is another attempt's or ran out.
    let kept = run::keep(&mut tx, wanted.id, 1, NOW, NOW.plus(DAY)).await.unwrap().unwrap();
    assert_eq!(kept.lease_time, kept.deadline);
    assert_eq!(run::keep(&mut tx, wanted.id, 2, NOW, NOW.plus(DAY)).await.unwrap(), None);
    assert_eq!(run::keep(&mut tx, wanted.id, 1, NOW.plus(HOUR), NOW.plus(DAY)).await.unwrap(), None);
    assert!(run::abandoned(&mut tx, NOW.plus(HOUR - 1), 9).await.unwrap().is_empty());
    assert_eq!(run::abandoned(&mut tx, NOW.plus(HOUR), 9).await.unwrap(), [(id(20), wanted.id)]);
    // A token is replaced within its attempt only.
    for (attempt, hash) in [(1, 1), (1, 2), (2, 3)] {
        let run = Run { attempt, ..taken.clone() };
        token::replace(&mut tx, &run, &TokenHash([hash; 32]), NOW).await.unwrap();
    }
    let mut attempts = Vec::new();
    for hash in 1..=3 {
        let found = token::bearer(&mut tx, &TokenHash([hash; 32]), NOW).await.unwrap();
        assert!(found.is_none_or(|found| !found.holds), "there is no such API token");
        attempts.push(found.map(|found| found.attempt));
    }
    assert_eq!(attempts, [None, Some(1), Some(2)]);
    let ending = Ending { message: "no".to_owned(), ..Ending::default() };
    run::finish(&mut tx, wanted.id, (RunState::Failed, NOW), &ending, Some(id(5))).await.unwrap();
    let over = run::get(&mut tx, id(20), wanted.id).await.unwrap().unwrap();
    assert_eq!((over.state, over.finish_time, over.output), (RunState::Failed, Some(NOW), Some(id(5))));
    assert_eq!(run::due(&mut tx, id(20), RunState::Success, NOW.plus(1), 9).await.unwrap(), []);
    let due = run::due(&mut tx, id(20), RunState::Failed, NOW.plus(1), 9).await.unwrap();
    assert_eq!(run::erase(&mut tx, &due).await.unwrap(), 1);
    let rows: (i64,) = tx.sql("SELECT COUNT(*) FROM run_tokens").one().await.unwrap();
    assert_eq!(rows, (0,), "the tokens go with the run");
}

async fn a_look_passes_over_what_the_filter_leaves_out(db: Db) {
    family(&db).await;
    let mut tx = db.write().await.unwrap();
    for number in 100..110 {
        let mut run = queued(id(20), number);
        run.create_time = NOW.plus(i64::try_from(number).unwrap());
        run.workflow = id(50 + number % 2);
        run::insert(&mut tx, &run).await.unwrap();
    }
    let ids = |runs: &[Run]| runs.iter().map(|run| run.id).collect::<Vec<_>>();
    let all = run::page(&mut tx, id(20), &Filter::default(), None, 4).await.unwrap();
    assert_eq!(ids(&all.runs), [109, 108, 107, 106].map(id::<RunId>));
    let rest = run::page(&mut tx, id(20), &Filter::default(), all.next, 6).await.unwrap();
    assert_eq!((rest.runs.len(), rest.next), (6, None));
    let even = Filter { workflow: Some(id(50)), until: Some(NOW.plus(106)), ..Filter::default() };
    let even = run::page(&mut tx, id(20), &even, None, 9).await.unwrap();
    assert_eq!((ids(&even.runs), even.next), ([104, 102, 100].map(id::<RunId>).to_vec(), None));
    let none = Filter { state: Some(RunState::Lost), cause: Some(Cause::Cron), ..Filter::default() };
    assert!(run::page(&mut tx, id(20), &none, None, 9).await.unwrap().runs.is_empty());
}

async fn a_queue_serves_who_waits_longest(db: Db) {
    family(&db).await;
    let mut tx = db.write().await.unwrap();
    for (project, number) in [(20, 100), (20, 101), (21, 102)] {
        let mut run = queued(id(project), number);
        run.concurrency = Some(1);
        queue::add(&mut tx, run.project, run.root, NOW).await.unwrap();
        run::insert(&mut tx, &run).await.unwrap();
    }
    let waiting = queue::waiting(&mut tx, id(1), None, 9).await.unwrap();
    assert_eq!(waiting, [id(20), id(21)]);
    assert!(queue::serve(&mut tx, id(20), NOW.plus(1)).await.unwrap());
    assert_eq!(queue::waiting(&mut tx, id(1), None, 9).await.unwrap(), [id(21), id(20)]);
    assert_eq!(queue::waiting(&mut tx, id(1), Some(id(20)), 9).await.unwrap(), [id(20)]);
    assert!(queue::waiting(&mut tx, id(2), None, 9).await.unwrap().is_empty(), "no member of the root");
    // The workflow's concurrency: the second waits for the first.
    let next = queue::next(&mut tx, id(20), 9).await.unwrap();
    assert_eq!(next.len(), 2);
    run::take(&mut tx, next[0].id, holder()).await.unwrap().unwrap();
    queue::count(&mut tx, id(20), -1).await.unwrap();
    assert!(queue::next(&mut tx, id(20), 9).await.unwrap().is_empty());
    assert_eq!(queue::length(&mut tx, id(20)).await.unwrap(), (1, 1));
    assert_eq!(queue::running(&mut tx, id(20), Some(id(50))).await.unwrap(), 1);
    queue::clear(&mut tx, &[id(20), id(21)], NOW).await.unwrap();
    assert_eq!(queue::length(&mut tx, id(20)).await.unwrap(), (0, 0));
    let stopped = run::get(&mut tx, id(20), id(100)).await.unwrap().unwrap();
    assert_eq!((stopped.state, stopped.cancel_time), (RunState::Running, Some(NOW)));
    let ended = run::get(&mut tx, id(21), id(102)).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.finish_time), (RunState::Cancelled, Some(NOW)));
}

async fn what_a_run_needs_is_not_erased(db: Db) {
    family(&db).await;
    let mut tx = db.write().await.unwrap();
    for (number, name) in [(100, ""), (101, ""), (102, "kept")] {
        dataclip::insert(&mut tx, &clip(id(20), number, name), "{}").await.unwrap();
    }
    run::insert(&mut tx, &queued(id(20), 100)).await.unwrap();
    let later = NOW.plus(DAY);
    assert_eq!(dataclip::erase_old(&mut tx, id(20), NOW, later, 9).await.unwrap(), 0, "not before it is due");
    assert_eq!(dataclip::erase_old(&mut tx, id(20), later, later, 9).await.unwrap(), 1);
    let bodies = async |tx: &mut sandbar_store::Tx| {
        let mut bodies = Vec::new();
        for number in [100, 101, 102] {
            bodies.push(dataclip::body(tx, id(number)).await.unwrap().unwrap_or_default());
        }
        bodies
    };
    assert_eq!(bodies(&mut tx).await, ["{}", "", "{}"]);
    assert_eq!(dataclip::delete_unused(&mut tx, id(20), later, 9).await.unwrap(), 1, "the one of no run");
    run::finish(&mut tx, id(100), (RunState::Success, NOW), &Ending::default(), None).await.unwrap();
    assert_eq!(run::beginning_with(&mut tx, id(100)).await.unwrap(), None);
    assert_eq!(dataclip::erase_old(&mut tx, id(20), later, later, 9).await.unwrap(), 1);
    assert_eq!(bodies(&mut tx).await, ["", "", "{}"]);
}
