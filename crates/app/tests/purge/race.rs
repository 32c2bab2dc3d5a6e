//! A restore at the last moment: it comes first, or it comes too late. There is nothing in between.

use sandbar_app::{
    projects::Restored,
    sandboxes::{self, RestoreSandbox},
};
use sandbar_model::{Error, ProjectId, Result, time::SECOND};
use sandbar_store::purge::{self, Begun};

use super::{work, worker};
use crate::harness::{Bench, Person, cases, refused};

cases! {
    whoever_is_first_wins
    what_has_begun_is_as_good_as_gone
    what_was_restored_is_not_purged
    what_has_begun_ends_even_if_an_ancestor_is_scheduled_anew
}

async fn restore(bench: &Bench, by: &Person, sandbox: ProjectId) -> Result<Restored> {
    let request = RestoreSandbox { sandbox, name: String::new(), request_id: String::new() };
    sandboxes::restore(&bench.app, &by.call, &request).await
}

/// The same database for a program whose clock is a second ahead.
fn ahead(bench: &Bench) -> Bench {
    let ahead = Bench::with_limits(bench.app.db.clone(), bench.app.limits);
    ahead.world.pass(bench.app.now().0 - ahead.app.now().0 + SECOND);
    ahead
}

/// A sandbox with a workflow, one second before it is due.
async fn nearly_due(bench: &Bench, owner: &Person, root: ProjectId, name: &str) -> ProjectId {
    let sandbox = bench.sandbox(owner, root, name).await;
    for number in 0..4 {
        bench.write(owner, sandbox, bench.app.new_id().into(), &format!("w-{number}"), name).await;
    }
    bench.delete_sandbox(owner, sandbox).await;
    bench.world.pass(bench.app.limits.grace - SECOND);
    sandbox
}

async fn begin(bench: &Bench, root: ProjectId, sandbox: ProjectId) -> Begun {
    let mut tx = bench.app.db.write().await.unwrap();
    let (now, until) = (bench.app.now(), bench.app.now().plus(SECOND));
    let begun = purge::begin(&mut tx, (root, sandbox), "w", now, until).await.unwrap();
    tx.commit().await.unwrap();
    begun
}

async fn whoever_is_first_wins(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    for number in 0..20 {
        let sandbox = nearly_due(&bench, &owner, root, &format!("s-{number}")).await;
        let worker_bench = ahead(&bench);
        let purging = tokio::spawn(async move { work(&worker_bench, &worker("w")).await.purged });
        let restored = restore(&bench, &owner, sandbox).await;
        let purged = purging.await.unwrap();
        match restored {
            Ok(_) => {
                assert_eq!(purged, 0);
                assert_eq!(bench.names(&owner, sandbox).await.len(), 4);
                bench.write(&owner, sandbox, bench.app.new_id().into(), "w", "").await;
            }
            Err(Error::ProjectNotFound { .. }) => {
                assert_eq!(purged, 1);
                refused!(restore(&bench, &owner, sandbox).await, Error::ProjectNotFound { .. });
            }
            Err(error) => panic!("{error:?}"),
        }
        // So that the next worker's ids are others.
        bench.world.pass(SECOND);
    }
}

async fn what_has_begun_is_as_good_as_gone(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let sandbox = nearly_due(&bench, &owner, root, "s").await;
    assert!(matches!(begin(&bench, root, sandbox).await, Begun::No));
    let ahead = ahead(&bench);
    assert!(matches!(begin(&ahead, root, sandbox).await, Begun::Yes(_)));
    // By this clock there is a second left.
    refused!(restore(&bench, &owner, sandbox).await, Error::ProjectNotFound { .. });
    ahead.world.pass(SECOND);
    assert_eq!(work(&ahead, &worker("other")).await.purged, 1);
}

async fn what_was_restored_is_not_purged(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let sandbox = nearly_due(&bench, &owner, root, "s").await;
    restore(&bench, &owner, sandbox).await.unwrap();
    let ahead = ahead(&bench);
    assert!(matches!(begin(&ahead, root, sandbox).await, Begun::No));
    assert_eq!(work(&ahead, &worker("w")).await.purged, 0);
    assert_eq!(bench.names(&owner, sandbox).await.len(), 4);
}

async fn what_has_begun_ends_even_if_an_ancestor_is_scheduled_anew(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let sandbox = nearly_due(&bench, &owner, root, "s").await;
    bench.world.pass(SECOND);
    assert!(matches!(begin(&bench, root, sandbox).await, Begun::Yes(_)));
    // Its date is replaced by the root's, a week from now.
    bench.delete_root(&owner, root).await;
    bench.world.pass(SECOND);
    assert_eq!(work(&bench, &worker("other")).await.purged, 1);
    assert_eq!((bench.count("projects").await, bench.count("leases").await), (1, 0));
}
