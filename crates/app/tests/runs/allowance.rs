//! What a tree may use in a period is kept to exactly, and counted where it is used.

use std::{collections::BTreeMap, sync::Arc};

use sandbar_app::{
    projects::{self, DeleteProject},
    purge::{self, Worker},
    sandboxes::{self, DeleteSandbox},
    usage::{self, RecordUsage, Usage},
};
use sandbar_model::{
    Error, ProjectId, Result,
    time::DAY,
    usage::{Allowances, Period, Used},
};
use tokio::{sync::Barrier, task::JoinSet};

use crate::{
    Field,
    harness::{Bench, Person, START, cases, refused},
};

cases! {
    ten_thousand_starts_fill_an_allowance_of_a_thousand
    tokens_asked_for_at_once_are_given_to_the_last_one_that_fits
    the_next_month_begins_at_nothing
    what_runs_used_counts_whatever_is_allowed
    what_a_purged_sandbox_used_stays_used
}

/// More than there are workers, connections or sandboxes.
const STARTS: usize = 10_000;

fn runs(max: i64) -> Allowances {
    Allowances { max_runs: Some(max), max_ai_tokens: None }
}

fn tokens(max: i64) -> Allowances {
    Allowances { max_runs: None, max_ai_tokens: Some(max) }
}

async fn record(bench: &Bench, by: &Person, project: ProjectId, ai_tokens: i64) -> Result<Usage> {
    let request = RecordUsage { project, ai_tokens, spent: false, request_id: String::new() };
    usage::record(&bench.app, &by.call, &request).await
}

/// All of them at once, in a root and its sandboxes.
async fn ten_thousand_starts_fill_an_allowance_of_a_thousand(bench: Bench) {
    let field = bench.field().await;
    let mut places = vec![field.root];
    for number in 0..4 {
        places.push(bench.sandbox(&field.owner, field.root, &format!("s-{number}")).await);
    }
    bench.allow(&field, runs(1000)).await;
    let barrier = Arc::new(Barrier::new(STARTS));
    let mut tasks = JoinSet::new();
    for number in 0..STARTS {
        let (bench, field, barrier) = (bench.clone(), field.clone(), Arc::clone(&barrier));
        let place = places[number % places.len()];
        tasks.spawn(async move {
            barrier.wait().await;
            bench.start(&field.owner, place, field.workflow).await.map(|run| run.project)
        });
    }
    let (mut made, mut refused) = (BTreeMap::<ProjectId, i64>::new(), 0);
    for result in tasks.join_all().await {
        match result {
            Ok(project) => *made.entry(project).or_default() += 1,
            Err(Error::RunAllowanceReached { used: 1000, limit: 1000, .. }) => refused += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!((made.values().sum::<i64>(), refused), (1000, 9000));
    assert_eq!(bench.count("runs").await, 1000);
    assert_eq!(bench.count("dataclips").await, 1000, "what was refused left nothing");
    let view = bench.usage(&field.owner, field.root, None).await;
    assert_eq!((view.usage.used, view.others), (Used { runs: 1000, ai_tokens: 0 }, Used::default()));
    let counted: BTreeMap<_, _> = view.projects.iter().map(|one| (one.project, one.used.runs)).collect();
    assert_eq!(counted, made);
}

async fn tokens_asked_for_at_once_are_given_to_the_last_one_that_fits(bench: Bench) {
    let field = bench.field().await;
    bench.allow(&field, tokens(100)).await;
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let (bench, field) = (bench.clone(), field.clone());
        tasks.spawn(async move { record(&bench, &field.worker, field.root, 3).await });
    }
    let (mut used, mut refused) = (Vec::new(), 0);
    for result in tasks.join_all().await {
        match result {
            Ok(usage) => used.push(usage.used.ai_tokens),
            Err(Error::AiTokenAllowanceReached { used: 99, needed: 3, limit: 100, .. }) => refused += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    used.sort_unstable();
    let expected: Vec<i64> = (1..=33).map(|count| count * 3).collect();
    assert_eq!((used, refused), (expected, 31), "each saw what the one before had left");
    assert_eq!(record(&bench, &field.worker, field.root, 1).await.unwrap().used.ai_tokens, 100);
}

async fn the_next_month_begins_at_nothing(bench: Bench) {
    let field = bench.field().await;
    bench.allow(&field, runs(1)).await;
    let Field { owner, root, workflow, .. } = &field;
    let period = Period::of(START);
    bench.start(owner, *root, *workflow).await.unwrap();
    // The last moment of the period, and the first of the next one.
    bench.world.pass(period.end.0 - START.0 - 1);
    refused!(
        bench.start(owner, *root, *workflow).await,
        Error::RunAllowanceReached { used: 1, limit: 1, reset_time } if reset_time == period.end
    );
    bench.world.pass(1);
    bench.start(owner, *root, *workflow).await.unwrap();
    refused!(
        bench.start(owner, *root, *workflow).await,
        Error::RunAllowanceReached { reset_time, .. } if reset_time > period.end
    );
    for time in [None, Some(START), Some(START.plus(-40 * DAY))] {
        let runs = bench.usage(owner, *root, time).await.usage.used.runs;
        assert_eq!(runs, i64::from(time.is_none_or(|time| time == START)), "{time:?}");
    }
    bench.allow(&field, Allowances::default()).await;
    bench.start(owner, *root, *workflow).await.unwrap();
    bench.allow(&field, runs(0)).await;
    refused!(
        bench.start(owner, *root, *workflow).await,
        Error::RunAllowanceReached { used: 2, limit: 0, .. }
    );
}

async fn what_runs_used_counts_whatever_is_allowed(bench: Bench) {
    let field = bench.field().await;
    bench.allow(&field, Allowances { max_runs: Some(2), max_ai_tokens: Some(5) }).await;
    let sandbox = bench.sandbox(&field.owner, field.root, "a").await;
    bench.start(&field.owner, sandbox, field.workflow).await.unwrap();
    bench.run_one(&field.worker, 7).await.unwrap();
    let Usage { used, .. } = bench.usage(&field.owner, sandbox, None).await.usage;
    assert_eq!(used, Used { runs: 1, ai_tokens: 7 });
    refused!(
        record(&bench, &field.worker, field.root, 1).await,
        Error::AiTokenAllowanceReached { used: 7, needed: 1, limit: 5, .. }
    );
    bench.start(&field.owner, sandbox, field.workflow).await.unwrap();
    refused!(bench.run_one(&field.worker, i64::MAX).await, Error::InvalidFields { .. });
}

async fn what_a_purged_sandbox_used_stays_used(bench: Bench) {
    let field = bench.field().await;
    let sandbox = bench.sandbox(&field.owner, field.root, "a").await;
    bench.start(&field.owner, sandbox, field.workflow).await.unwrap();
    bench.start(&field.owner, field.root, field.workflow).await.unwrap();
    let gone =
        DeleteSandbox { sandbox, keep_children: false, etag: String::new(), request_id: String::new() };
    sandboxes::delete(&bench.app, &field.owner.call, &gone).await.unwrap();
    bench.world.pass(8 * DAY);
    let worker = Worker::new("one");
    while purge::round(&bench.app, &worker).await.unwrap().removed() > 0 {}
    let view = bench.usage(&field.owner, field.root, None).await;
    assert_eq!((view.usage.used.runs, view.projects.len(), view.others), (2, 1, Used::RUN));
    assert_eq!(bench.count("usage_parts").await, 1);

    bench.allow(&field, runs(9)).await;
    let gone = DeleteProject { project: field.root, etag: String::new(), request_id: String::new() };
    projects::delete(&bench.app, &field.owner.call, &gone).await.unwrap();
    bench.world.pass(8 * DAY);
    while purge::round(&bench.app, &worker).await.unwrap().removed() > 0 {}
    for table in ["projects", "trees", "allowances", "usage_totals", "usage_parts"] {
        assert_eq!(bench.count(table).await, 0, "{table}");
    }
}
