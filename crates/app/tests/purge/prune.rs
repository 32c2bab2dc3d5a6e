//! Old history goes, and nobody who can see something sees anything else afterwards.

use sandbar_app::purge::Worker;
use sandbar_model::{Error, ResourceId, Revision, time::DAY};

use super::{work, worker};
use crate::harness::{Bench, cases, refused};

cases! {
    what_a_fork_sees_stays
    what_is_gone_is_never_shown_as_something_else
    nothing_young_goes
    the_window_for_undoing_counts_too
    upkeep_is_done_now_and_then
}

async fn what_a_fork_sees_stays(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id: ResourceId = bench.app.new_id().into();
    let mut sandboxes = Vec::new();
    for number in 1..=6 {
        bench.write(&owner, root, id, &format!("w-{number}"), &format!("body {number}")).await;
        if number % 2 == 0 {
            let sandbox = bench.sandbox(&owner, root, &format!("s-{number}")).await;
            sandboxes.push((sandbox, bench.sandbox(&owner, sandbox, "below").await));
        }
        bench.world.pass(DAY);
    }
    let mut before = Vec::new();
    for (sandbox, below) in &sandboxes {
        for project in [*sandbox, *below, root] {
            let seen = bench.read(&owner, project, id, None).await.unwrap();
            before.push((project, seen, bench.names(&owner, project).await));
        }
    }
    assert_eq!(before[0].1, ("w-2".to_owned(), "body 2".to_owned()));
    bench.world.pass(100 * DAY);
    let round = work(&bench, &worker("w")).await;
    // Of six versions the newest stays, and the second and fourth, which sandboxes see.
    assert_eq!((round.versions, bench.count("versions").await), (3, 3));
    // Of the names likewise; the triggers' ids are held by one claim throughout.
    assert_eq!((round.claims, bench.count("claims").await), (3, 4));
    // Each had a document and a body.
    assert_eq!((round.contents, bench.count("contents").await), (6, 6));
    for (project, seen, names) in &before {
        assert_eq!(bench.read(&owner, *project, id, None).await.unwrap(), *seen);
        assert_eq!(bench.names(&owner, *project).await, *names);
    }
    // When the first sandbox goes, so does what only it could see.
    bench.delete_sandbox(&owner, sandboxes[0].0).await;
    bench.world.pass(bench.app.limits.grace);
    let round = work(&bench, &worker("w")).await;
    assert_eq!((round.purged, round.versions, round.claims, round.contents), (2, 1, 1, 2));
}

async fn what_is_gone_is_never_shown_as_something_else(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id: ResourceId = bench.app.new_id().into();
    bench.write(&owner, root, id, "w", "inherited").await;
    let sandbox = bench.sandbox(&owner, root, "s").await;
    // 2 has what the fork shows, 4 what the next sandbox sees at 1.
    let bodies = ["one", "inherited", "two", "one", "three"];
    for (number, body) in bodies.into_iter().enumerate() {
        bench.write(&owner, sandbox, id, "w", body).await;
        if number == 0 {
            bench.sandbox(&owner, sandbox, "below").await;
        }
    }
    let truth: Vec<_> = std::iter::once("inherited").chain(bodies).collect();
    for pass in 0..2 {
        for (revision, body) in truth.iter().enumerate() {
            let at = Revision(i64::try_from(revision).unwrap());
            match bench.read(&owner, sandbox, id, Some(at)).await {
                Ok((_, found)) => assert_eq!(found, *body, "at {at} in pass {pass}"),
                Err(Error::RevisionNotFound { .. }) => assert_eq!(pass, 1, "at {at}"),
                Err(error) => panic!("{error:?}"),
            }
        }
        if pass == 0 {
            bench.world.pass(100 * DAY);
            assert_eq!(work(&bench, &worker("w")).await.versions, 2);
        }
    }
    refused!(bench.read(&owner, sandbox, id, Some(Revision(2))).await, Error::RevisionNotFound { .. });
    for (at, body) in [(0, "inherited"), (1, "one"), (4, "one"), (5, "three")] {
        assert_eq!(bench.read(&owner, sandbox, id, Some(Revision(at))).await.unwrap().1, body);
    }
}

async fn nothing_young_goes(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id: ResourceId = bench.app.new_id().into();
    bench.write(&owner, root, id, "w", "old").await;
    bench.world.pass(400 * DAY);
    // Written long ago, but what there was until now.
    bench.write(&owner, root, id, "w", "new").await;
    assert_eq!(work(&bench, &worker("w")).await.versions, 0);
    bench.world.pass(90 * DAY);
    assert_eq!(work(&bench, &worker("w")).await.versions, 0);
    assert_eq!(bench.read(&owner, root, id, Some(Revision(1))).await.unwrap().1, "old");
    bench.world.pass(DAY);
    assert_eq!(work(&bench, &worker("w")).await.versions, 1);
    refused!(bench.read(&owner, root, id, Some(Revision(1))).await, Error::RevisionNotFound { .. });
}

async fn the_window_for_undoing_counts_too(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id: ResourceId = bench.app.new_id().into();
    for body in ["old", "new"] {
        bench.write(&owner, root, id, "w", body).await;
    }
    let worker = Worker { retention: 0, undo_window: 30 * DAY, ..worker("w") };
    bench.world.pass(30 * DAY);
    assert_eq!(work(&bench, &worker).await.versions, 0);
    bench.world.pass(DAY);
    assert_eq!(work(&bench, &worker).await.versions, 1);
}

async fn upkeep_is_done_now_and_then(bench: Bench) {
    let owner = bench.user("owner").await;
    for name in ["one", "two"] {
        bench.root(&owner, name).await;
    }
    let worker = worker("w");
    assert_eq!(work(&bench, &worker).await.trees, 2);
    assert_eq!(work(&bench, &worker).await.trees, 0);
    bench.world.pass(worker.upkeep);
    assert_eq!(work(&bench, &worker).await.trees, 2);
    assert_eq!(bench.count("leases").await, 0);
}
