//! Sandboxes whose time is up are deleted as if somebody had.

use sandbar_app::{
    SYSTEM,
    projects::{self, GetSubscription},
    sandboxes::{self, CreateSandbox, GetSandbox, RestoreSandbox},
};
use sandbar_model::time::HOUR;
use tokio::task::JoinSet;

use super::{work, worker};
use crate::harness::{Bench, cases, new_sandbox};

cases! {
    what_expires_is_scheduled_with_all_below
    what_was_restored_does_not_expire_again
    of_many_workers_one_schedules
}

async fn what_expires_is_scheduled_with_all_below(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let request = CreateSandbox { ttl: Some(HOUR), ..new_sandbox(root, "short") };
    let short = bench.try_sandbox(&owner, &request).await.unwrap();
    let below = bench.sandbox(&owner, short, "below").await;
    let stays = bench.sandbox(&owner, root, "stays").await;
    let id = bench.app.new_id().into();
    bench.write(&owner, below, id, "w", "").await;
    bench.turn_on(&owner, below, id).await;
    bench.world.pass(HOUR - 1);
    assert_eq!(work(&bench, &worker("w")).await.expired, 0);
    bench.world.pass(1);
    assert_eq!(work(&bench, &worker("w")).await.expired, 1);
    let purge_time = bench.app.now().plus(bench.app.limits.grace);
    for (sandbox, scheduled) in [(short, true), (below, true), (stays, false)] {
        let view = sandboxes::get(&bench.app, &owner.call, &GetSandbox { sandbox }).await.unwrap();
        let schedule = view.sandbox.project.scheduled;
        assert_eq!(schedule.map(|schedule| schedule.purge_time), scheduled.then_some(purge_time));
    }
    let subscription =
        projects::subscription(&bench.app, &owner.call, &GetSubscription { project: root }).await;
    assert_eq!(subscription.unwrap().active_sandboxes, 1);
    let mut tx = bench.app.db.connection().await.unwrap();
    let (by,): (uuid::Uuid,) = tx
        .sql("SELECT principal_id FROM audit_events WHERE action = 'sandbox.expire' AND project_id = $1")
        .bind(short.0)
        .one()
        .await
        .unwrap();
    drop(tx);
    assert_eq!(by, SYSTEM.0);
    bench.world.pass(bench.app.limits.grace);
    assert_eq!(work(&bench, &worker("w")).await.purged, 2);
}

async fn what_was_restored_does_not_expire_again(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let request = CreateSandbox { ttl: Some(HOUR), ..new_sandbox(root, "short") };
    let sandbox = bench.try_sandbox(&owner, &request).await.unwrap();
    let id = bench.app.new_id().into();
    bench.write(&owner, sandbox, id, "w", "").await;
    bench.turn_on(&owner, sandbox, id).await;
    bench.world.pass(2 * HOUR);
    assert_eq!(work(&bench, &worker("w")).await.expired, 1);
    let restore = RestoreSandbox { sandbox, name: String::new(), request_id: String::new() };
    let restored = sandboxes::restore(&bench.app, &owner.call, &restore).await.unwrap();
    assert_eq!((restored.restored.len(), restored.triggers_turned_off.len()), (1, 1));
    assert_eq!(work(&bench, &worker("w")).await.expired, 0);
}

async fn of_many_workers_one_schedules(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    for number in 0..8 {
        let request = CreateSandbox { ttl: Some(HOUR), ..new_sandbox(root, &format!("s-{number}")) };
        bench.try_sandbox(&owner, &request).await.unwrap();
    }
    bench.world.pass(HOUR);
    let mut workers = JoinSet::new();
    for number in 0..4 {
        let bench = bench.limited(bench.app.limits);
        workers.spawn(async move { work(&bench, &worker(&format!("w-{number}"))).await.expired });
    }
    assert_eq!(workers.join_all().await.iter().sum::<u64>(), 8);
    assert_eq!(bench.told("sandbox.expire", None).await, 8);
    let subscription =
        projects::subscription(&bench.app, &owner.call, &GetSubscription { project: root }).await;
    assert_eq!(subscription.unwrap().active_sandboxes, 0);
}
