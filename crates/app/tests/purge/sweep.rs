//! Garbage goes, and nothing that anybody relies on, not even from one moment to the next.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sandbar_app::{merges, purge::Worker};
use sandbar_merge::{Choices, Label};
use sandbar_model::{
    ContentHash, Error, ProjectId, ResourceId,
    time::{DAY, HOUR},
};
use sandbar_store::{
    content::{self, NewContent},
    sweep, tree,
};

use super::{work, worker};
use crate::harness::{Bench, Person, cases, refused};

cases! {
    garbage_goes_when_it_has_been_garbage_for_long
    what_a_writer_has_just_put_stays
    what_a_writer_has_just_taken_over_stays
    what_the_record_of_a_merge_names_stays
    what_two_trees_agreed_on_stays
    writers_and_sweepers_do_not_meet
}

/// A tree with a content that nothing refers to, which is old.
async fn with_garbage(bench: &Bench, owner: &Person) -> (ProjectId, NewContent) {
    let root = bench.root(owner, "root").await;
    bench.write(owner, root, bench.app.new_id().into(), "w", "kept").await;
    let garbage = NewContent::of(b"garbage".to_vec());
    let mut tx = bench.app.db.write().await.unwrap();
    content::put(&mut tx, root, vec![garbage.clone()], bench.app.now()).await.unwrap();
    tree::note_garbage(&mut tx, root, bench.app.now()).await.unwrap();
    tx.commit().await.unwrap();
    (root, garbage)
}

/// Every content of a tree.
async fn contents(bench: &Bench, root: ProjectId) -> BTreeSet<ContentHash> {
    let mut tx = bench.app.db.connection().await.unwrap();
    let rows: Vec<(Vec<u8>,)> =
        tx.sql("SELECT hash FROM contents WHERE root_id = $1").bind(root.0).all().await.unwrap();
    rows.into_iter().map(|(hash,)| ContentHash(hash.try_into().unwrap())).collect()
}

async fn noted(bench: &Bench, root: ProjectId) -> bool {
    let mut tx = bench.app.db.connection().await.unwrap();
    tree::garbage_time(&mut tx, root).await.unwrap().is_some()
}

async fn garbage_goes_when_it_has_been_garbage_for_long(bench: Bench) {
    let owner = bench.user("owner").await;
    let (root, garbage) = with_garbage(&bench, &owner).await;
    bench.world.pass(DAY);
    assert_eq!(work(&bench, &worker("w")).await.contents, 0);
    // It is there still, and that is known.
    assert!(contents(&bench, root).await.contains(&garbage.hash) && noted(&bench, root).await);
    bench.world.pass(DAY);
    assert_eq!(work(&bench, &worker("w")).await.contents, 1);
    assert_eq!(contents(&bench, root).await.len(), 2);
    assert!(!noted(&bench, root).await);
    bench.world.pass(DAY);
    assert_eq!(work(&bench, &worker("w")).await.contents, 0);
}

/// Sweeps with marks that were made before what `write` does, which ends while the sweep waits for it.
async fn sweep_beside(bench: &Bench, root: ProjectId, write: impl AsyncFnOnce(&mut sandbar_store::Tx)) {
    let mut tx = bench.app.db.read().await.unwrap();
    let marks = sweep::mark(&mut tx, root).await.unwrap();
    drop(tx);
    let mut writer = bench.app.db.write().await.unwrap();
    write(&mut writer).await;
    let (db, before) = (bench.app.db.clone(), bench.app.now().plus(-DAY));
    let sweeping = tokio::spawn(async move {
        let mut tx = db.write().await.unwrap();
        let swept = sweep::sweep(&mut tx, root, &marks, None, before, 100).await.unwrap();
        tx.commit().await.unwrap();
        swept
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!sweeping.is_finished(), "the sweep did not wait for the writer");
    writer.commit().await.unwrap();
    let swept = sweeping.await.unwrap();
    assert_eq!((swept.removed, swept.fresh, swept.next), (0, true, None));
}

async fn what_a_writer_has_just_put_stays(bench: Bench) {
    let owner = bench.user("owner").await;
    let (root, garbage) = with_garbage(&bench, &owner).await;
    bench.world.pass(3 * DAY);
    let now = bench.app.now();
    let again = garbage.clone();
    sweep_beside(&bench, root, async |tx| content::put(tx, root, vec![again], now).await.unwrap()).await;
    assert!(contents(&bench, root).await.contains(&garbage.hash));
}

async fn what_a_writer_has_just_taken_over_stays(bench: Bench) {
    let owner = bench.user("owner").await;
    let (root, garbage) = with_garbage(&bench, &owner).await;
    bench.world.pass(3 * DAY);
    let now = bench.app.now();
    let document = ContentHash([1; 32]);
    let parts = [(document, garbage.hash)];
    sweep_beside(&bench, root, async |tx| content::put_parts(tx, root, &parts, now).await.unwrap()).await;
    assert!(contents(&bench, root).await.contains(&garbage.hash));
    // Who comes after the sweep is told that it is gone.
    bench.world.pass(3 * DAY);
    assert_eq!(work(&bench, &worker("w")).await.contents, 1);
    let mut tx = bench.app.db.write().await.unwrap();
    refused!(content::put_parts(&mut tx, root, &parts, bench.app.now()).await, Error::Contention);
}

/// The defaults.
fn merging(source: ProjectId, target: ProjectId) -> merges::ApplyMerge {
    merges::ApplyMerge {
        source,
        target: Some(target),
        choices: Choices::defaults(),
        retire: None,
        review: merges::Review::Unreviewed,
        request_id: String::new(),
        validate_only: false,
    }
}

async fn what_the_record_of_a_merge_names_stays(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id: ResourceId = bench.app.new_id().into();
    bench.write(&owner, root, id, "w", "before").await;
    let sandbox = bench.sandbox(&owner, root, "s").await;
    bench.write(&owner, sandbox, id, "w", "after").await;
    let merge = merges::ApplyMerge { retire: Some(true), ..merging(sandbox, root) };
    let merge = merges::apply(&bench.app, &owner.call, &merge).await.unwrap().record.id;
    bench.write(&owner, root, id, "w", "later").await;
    bench.write(&owner, root, id, "w", "now").await;
    let before = contents(&bench, root).await;
    bench.world.pass(400 * DAY);
    let round = work(&bench, &worker("w")).await;
    assert_eq!((round.purged, round.versions), (1, 3));
    // The document and the body of "later".
    assert_eq!((before.len(), round.contents), (8, 2));
    assert_eq!(contents(&bench, root).await.len(), 6);
    // So the report is whole, though the source is gone and the history with it.
    bench.app.forget();
    let request = merges::GetChanges { merge, resource: None, after: None };
    let mut changes = merges::changes(&bench.app, &owner.call, &request).await.unwrap();
    let one = changes.next(&bench.app).await.unwrap().unwrap();
    assert_eq!(one.resource.id, id);
    let diffs: Vec<_> = one.fields.iter().map(|(_, diff)| diff.as_str()).collect();
    assert!(diffs.len() == 1 && diffs[0].contains("-before") && diffs[0].contains("+after"), "{diffs:?}");
    assert!(changes.next(&bench.app).await.unwrap().is_none());
}

/// Neither tree's own versions keep it alive, once both went on and their histories were pruned. Whichever of the two ids is
/// the lower one: so both ways.
async fn what_two_trees_agreed_on_stays(bench: Bench) {
    let owner = bench.user("owner").await;
    let (one, other) = (bench.root(&owner, "one").await, bench.root(&owner, "other").await);
    for (source, target) in [(one, other), (other, one)] {
        let (taken, alike): (ResourceId, ResourceId) = (bench.app.new_id().into(), bench.app.new_id().into());
        bench.write(&owner, source, taken, &format!("taken {source}"), "agreed").await;
        for project in [source, target] {
            bench.write(&owner, project, alike, &format!("alike {source}"), "agreed as well").await;
        }
        merges::apply(&bench.app, &owner.call, &merging(source, target)).await.unwrap();
        for (project, id) in [(source, taken), (target, taken), (source, alike), (target, alike)] {
            let name = if id == taken { format!("taken {source}") } else { format!("alike {source}") };
            for text in ["later", "now"] {
                bench.write(&owner, project, id, &name, &format!("{text} in {project}")).await;
            }
        }
        bench.world.pass(400 * DAY);
        assert!(work(&bench, &worker("w")).await.contents > 0);
        bench.app.forget();
        let preview =
            merges::PreviewMerge { source, target: Some(target), choices: Choices::defaults(), retire: None };
        let plan = merges::preview(&bench.app, &owner.call, &preview).await.unwrap().plan;
        for id in [taken, alike] {
            let item = plan.items.iter().find(|item| item.id == id).unwrap();
            assert!(item.label == Label::Diverged && item.base.is_some(), "{item:?}");
        }
    }
}

async fn writers_and_sweepers_do_not_meet(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let ids: Vec<ResourceId> = (0..4).map(|_| bench.app.new_id().into()).collect();
    let sweeper = bench.limited(bench.app.limits);
    let swept = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&swept);
    // The clock runs so fast here that a lease of the usual length would be over before the first batch.
    let worker = Worker { lease: 100_000 * DAY, ..worker("w") };
    let sweeping = tokio::spawn(async move {
        loop {
            count.fetch_add(work(&sweeper, &worker).await.contents, Ordering::SeqCst);
            // What was the newest just now is past its retention a moment later.
            sweeper.world.pass(200 * DAY);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    // Of each only a few contents, over and over, so that what is written has often just become garbage; until enough was
    // swept meanwhile, as a sweeper on a busy machine may come late.
    for turn in 0_usize.. {
        if turn >= 120 && swept.load(Ordering::SeqCst) >= 10 {
            break;
        }
        assert!(turn < 5_000 && !sweeping.is_finished(), "{swept:?} contents were swept in {turn} turns");
        let id = ids[turn % ids.len()];
        let body = format!("body {}", (turn / ids.len()) % 3);
        bench.write(&owner, root, id, &format!("w {}", turn % ids.len()), &body).await;
        assert_eq!(bench.read(&owner, root, id, None).await.unwrap().1, body);
        bench.world.pass(HOUR);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sweeping.abort();
    assert!(sweeping.await.unwrap_err().is_cancelled(), "the sweeper panicked");
    for id in ids {
        bench.read(&owner, root, id, None).await.unwrap();
    }
}
