//! Merges that race: with writes on both sides, with each other, with what takes their projects away.

use std::{
    collections::BTreeSet,
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures::FutureExt;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sandbar_client::{
    Client, Reason,
    v1::{
        ApplyMergeRequest, DeleteSandboxRequest, ListMergesRequest, Merge, MergeChoices, MergeDecision,
        MergeLabel, PlanResource, RestoreSandboxRequest, Workflow,
    },
};
use sandbar_tests::on_both_engines;
use tokio::time::{Instant, sleep};

use crate::{
    concurrency::children,
    flow::{accept, assert_sound, at_once, fork, get, put, random, revisions, root, subscription, workflow},
    merging::{apply, applying, assert_recorded, defaults, everything, preview, selected, try_preview},
};

on_both_engines! {
    async fn an_apply_does_what_its_preview_said_or_is_stale(server: Server) {
        let client = server.user("owner").await;
        let field = Arc::new(Field::new(&client).await);
        let stop = Arc::new(AtomicBool::new(false));
        let writer = |side: &String, seed| tokio::spawn(keep_writing(client.clone(), side.clone(), seed, Arc::clone(&stop)));
        let mut random = random("merges against writes");
        let writers = [writer(&field.target, random.random()), writer(&field.source, random.random())];
        let (mut applied, mut stale) = (Vec::new(), 0);
        for round in 0..30 {
            let choices = everything(&preview(&client, &field.source, &field.target, &defaults()).await);
            // A choice may be overtaken by a write before it is looked at again.
            let plan = try_preview(&client, &field.source, &field.target, &choices).await;
            if accept(&plan, &[Reason::ChoiceUnknown], "preview").is_some() { continue }
            let plan = plan.unwrap();
            sleep(Duration::from_millis(random.random_range(0..40))).await;
            let merged = apply(&client, applying(&field.source, &field.target, &choices, &plan)).await;
            let refused = accept(&merged, &[Reason::PlanStale, Reason::NothingSelected, Reason::ChoiceUnknown], "apply");
            match refused {
                None => {
                    let merge = merged.unwrap();
                    assert_recorded(&merge, &plan, true, &format!("round {round}"));
                    applied.push(merge);
                }
                Some(_) => stale += 1,
            }
        }
        stop.store(true, Ordering::Relaxed);
        let mut acknowledged = Vec::new();
        for writer in writers {
            acknowledged.push(writer.await.unwrap());
        }
        assert!(stale > 0 && !acknowledged[0].is_empty(), "{} applied, {stale} stale: nothing raced", applied.len());
        // Nobody writes now, so the next one is sure to go through.
        applied.push(merge_now(&client, &field.source, &field.target).await.expect("the source has moved"));
        assert_history(&client, &field.target, &acknowledged[0], &applied).await;
        assert_history(&client, &field.source, &acknowledged[1], &[]).await;
        assert_sound(&server);
    }

    async fn merges_of_eight_sandboxes_into_one_target_lose_nothing(server: Server) {
        let client = server.user("owner").await;
        let root = root(&client, "target").await;
        let shared = put(&client, &root, workflow("shared", "at first"), "*").await.unwrap();
        let mut sources = Vec::new();
        for number in 0..8 {
            let source = fork(&client, &root, &format!("source-{number}")).await;
            let mut edited = get(&client, &source, &shared.id).await;
            edited.jobs[0].body = format!("by {number}");
            let edited = put(&client, &source, edited, "").await.unwrap();
            let own = put(&client, &source, workflow(&format!("own {number}"), "own"), "*").await.unwrap();
            sources.push((source, own, edited));
        }
        let merge = |(source, ..): &(String, Workflow, Workflow)| {
            merge_until_done(client.clone(), source.clone(), root.clone()).boxed()
        };
        let merges = at_once(sources.iter().map(merge).collect()).await;
        let etags: BTreeSet<_> = revisions(&client, &root, &shared.id).await.into_iter().map(|one| one.etag).collect();
        for ((source, own, edited), merge) in sources.iter().zip(&merges) {
            assert_eq!(get(&client, &root, &own.id).await.etag, own.etag);
            assert!(etags.contains(&edited.etag), "the edit of {source} is in the history");
            assert!(merge.retired_source);
        }
        let revisions: BTreeSet<_> = merges.iter().map(|merge| merge.target_revision).collect();
        assert_eq!(revisions.len(), 8, "each merge has revisions of its own");
        let now = get(&client, &root, &shared.id).await;
        let last = merges.iter().max_by_key(|merge| merge.target_revision).unwrap();
        assert!(last.resources.iter().any(|one| one.after_etag == now.etag), "the last merge is what is read");
        let listed = client.list(ListMergesRequest { project_id: root.clone(), ..Default::default() }).all().await;
        assert_eq!(listed.unwrap().len(), 8);
        assert_eq!(subscription(&client, &root).await.active_sandboxes, 0, "all sources are retired");
        assert!(children(&client, &root).await.is_empty());
        assert_sound(&server);
    }

    async fn whatever_crosses_nobody_gets_stuck(server: Server) {
        let client = server.user("owner").await;
        let mut random = random("crossing");
        for _ in 0..3 {
            let field = Field::new(&client).await;
            let other = fork(&client, &field.target, "other").await;
            let below = fork(&client, &field.source, "below").await;
            let projects = Arc::new([field.target.clone(), field.source.clone(), other, below]);
            let cross = |_| cross(client.clone(), Arc::clone(&projects), random.random()).boxed();
            let begun = Instant::now();
            let done: usize = at_once((0..12).map(cross).collect()).await.into_iter().sum();
            assert!(done > 10, "only {done} calls had an effect");
            assert!(begun.elapsed() < Duration::from_mins(1), "somebody waited for long");
            let active = i64::try_from(crate::concurrency::sandboxes(&client, &field.target, false).await.len());
            assert_eq!(subscription(&client, &field.target).await.active_sandboxes, active.unwrap());
        }
        assert_sound(&server);
    }
}

/// A root with some workflows and a sandbox of it.
struct Field {
    target: String,
    source: String,
}

impl Field {
    async fn new(client: &Client) -> Self {
        let target = root(client, "target").await;
        for number in 0..4 {
            put(client, &target, workflow(&format!("workflow {number}"), "at first"), "*").await.unwrap();
        }
        let source = fork(client, &target, "source").await;
        Self { target, source }
    }
}

/// Edits one workflow after the other, with etags, until told to stop; gives what was acknowledged.
async fn keep_writing(client: Client, project: String, seed: u64, stop: Arc<AtomicBool>) -> Vec<Workflow> {
    let mut random = StdRng::seed_from_u64(seed);
    let ids: Vec<_> = crate::flow::workflows(&client, &project).await.into_iter().map(|one| one.id).collect();
    let mut written = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        sleep(Duration::from_millis(random.random_range(0..60))).await;
        let mut edited = get(&client, &project, &ids[random.random_range(0..ids.len())]).await;
        edited.jobs[0].body = format!("{seed} {}", written.len());
        let etag = edited.etag.clone();
        let saved = put(&client, &project, edited, &etag).await;
        if accept(&saved, &[Reason::EtagMismatch], "write").is_none() {
            written.push(saved.unwrap());
        }
    }
    written
}

/// Every acknowledged write and every line of every merge is in the history, at the revision that was told, and nothing
/// else is; the newest is what is read.
async fn assert_history(client: &Client, project: &str, written: &[Workflow], merges: &[Merge]) {
    for one in crate::flow::workflows(client, project).await {
        let mut told: Vec<_> = written
            .iter()
            .filter(|workflow| workflow.id == one.id)
            .map(|workflow| (workflow.revision, workflow.etag.clone()))
            .chain(merges.iter().flat_map(|merge| &merge.resources).filter_map(|line| {
                let same = line.key.as_ref().unwrap().id == one.id;
                same.then(|| (line.revision, line.after_etag.clone()))
            }))
            .collect();
        told.sort_unstable();
        let kept = revisions(client, project, &one.id).await;
        let mut kept: Vec<_> = kept
            .into_iter()
            .filter(|revision| revision.project_id == project)
            .map(|revision| (revision.revision, revision.etag))
            .collect();
        kept.sort_unstable();
        // Those of before the race are known to nobody here.
        kept.retain(|line| told.contains(line) || told.first().is_some_and(|first| line.0 > first.0));
        assert_eq!(kept, told, "{}", one.name);
        if let Some(last) = told.last() {
            assert_eq!((one.revision, one.etag), *last, "{}", one.name);
        }
    }
}

async fn merge_now(client: &Client, source: &str, target: &str) -> Option<Merge> {
    let choices = everything(&preview(client, source, target, &defaults()).await);
    let plan = preview(client, source, target, &choices).await;
    if selected(&plan).is_empty() {
        return None;
    }
    let merge = apply(client, applying(source, target, &choices, &plan)).await.unwrap();
    assert_recorded(&merge, &plan, true, "nobody else writes");
    Some(merge)
}

/// Previews and applies until an apply is not stale; the source is retired.
async fn merge_until_done(client: Client, source: String, target: String) -> Merge {
    let give_up = Instant::now() + Duration::from_mins(1);
    loop {
        let choices = everything(&preview(&client, &source, &target, &defaults()).await);
        let choices = MergeChoices { retire_source: None, ..choices };
        let plan = try_preview(&client, &source, &target, &choices).await;
        // A Diverged one was merged elsewhere, so that the choice for it has nothing to choose.
        if accept(&plan, &[Reason::ChoiceUnknown], "preview").is_none() {
            let plan = plan.unwrap();
            // A Changed one has become Diverged, which is left as it is unless it is chosen.
            let left = |one: &PlanResource| {
                one.label() == MergeLabel::Diverged && one.decision() == MergeDecision::Leave
            };
            if plan.resources.iter().any(left) {
                continue;
            }
            let merged = apply(&client, applying(&source, &target, &choices, &plan)).await;
            if accept(&merged, &[Reason::PlanStale, Reason::ChoiceUnknown], "apply").is_none() {
                let merge = merged.unwrap();
                assert_recorded(&merge, &plan, true, &source);
                return merge;
            }
        }
        assert!(Instant::now() < give_up, "{source} never got through");
    }
}

/// Merges in all directions, writes, deletes and restores, at random. Gives how many calls had an effect.
async fn cross(client: Client, projects: Arc<[String; 4]>, seed: u64) -> usize {
    let mut random = StdRng::seed_from_u64(seed);
    let mut done = 0;
    for round in 0..6 {
        let one = projects[random.random_range(0..4)].clone();
        let two = projects[random.random_range(0..4)].clone();
        let refused = match random.random_range(0..8) {
            0 => {
                let request = DeleteSandboxRequest { sandbox_id: one, ..DeleteSandboxRequest::default() };
                let reasons = [Reason::ProjectScheduled, Reason::NotASandbox];
                accept(&client.sandboxes().delete_sandbox(request).await, &reasons, "delete")
            }
            1 | 2 => {
                let request = RestoreSandboxRequest { sandbox_id: one, ..RestoreSandboxRequest::default() };
                let reasons = [Reason::ProjectNotScheduled, Reason::AncestorScheduled, Reason::NotASandbox];
                accept(&client.sandboxes().restore_sandbox(request).await, &reasons, "restore")
            }
            3 | 4 => {
                let saved = put(&client, &one, workflow(&format!("{seed} {round}"), "new"), "*").await;
                accept(&saved, &[Reason::ProjectScheduled], "write")
            }
            _ => {
                let request = ApplyMergeRequest {
                    source_id: one,
                    target_id: two,
                    choices: Some(MergeChoices {
                        retire_source: random.random_bool(0.2).then_some(true),
                        ..defaults()
                    }),
                    allow_unreviewed: true,
                    ..ApplyMergeRequest::default()
                };
                let reasons = [
                    Reason::ProjectScheduled,
                    Reason::MergeIntoItself,
                    Reason::NothingSelected,
                    Reason::CannotRetire,
                ];
                accept(&apply(&client, request).await, &reasons, "merge")
            }
        };
        done += usize::from(refused.is_none());
    }
    done
}
