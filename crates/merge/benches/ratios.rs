//! How the time of combining grows, in ratios taken within one run: `cargo bench -p sandbar-merge`. Each thing is measured at
//! one size and at ten times that, by turns, so that a busy neighbour slows both alike; 1.0 is linear, 10 would be quadratic.
//! Nothing here passes or fails, and nothing has a time limit.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a benchmark, for a person")]

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use sandbar_merge::combine::{Versions, combine};
use sandbar_model::{
    ContentHash, JobId, TriggerId,
    workflow::{
        Condition, DEFAULT_ADAPTOR, Edge, EdgeSource, Job, StoredWorkflow, Trigger, TriggerKind, Webhook,
    },
};
use uuid::Uuid;

const ROUNDS: usize = 5;
/// Bytes of the smaller bodies; the larger ones have the most that a body can.
const BYTES: usize = 1024 * 1024;
/// Steps of the smaller workflows.
const STEPS: u128 = 1000;

type Input = Box<dyn Fn(usize) -> Three>;

/// Base, source and target, with the texts of their bodies.
struct Three {
    versions: [StoredWorkflow; 3],
    texts: BTreeMap<ContentHash, Arc<str>>,
}

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    let rounds = if std::env::args().any(|word| word == "--bench") { ROUNDS } else { 0 };
    println!("| what | at 1 | at 10 | growth / 10 |\n|---|---|---|---|");
    for (name, input) in bodies().into_iter().chain(graphs()) {
        if rounds > 0 {
            let (small, large) = (input(1), input(10));
            let (mut short, mut long) = (Vec::new(), Vec::new());
            for _ in 0..rounds {
                short.push(timed(&small));
                long.push(timed(&large));
            }
            let [short, long] = [median(short), median(long)];
            let growth = long.as_secs_f64() / short.as_secs_f64() / 10.0;
            println!("| {name} | {short:.1?} | {long:.1?} | {growth:.2} |");
        }
    }
}

fn timed(three: &Three) -> Duration {
    let [base, source, target] = &three.versions;
    let versions = Versions { base: Some(base), source, target };
    let start = Instant::now();
    let combined = combine(versions, &|hash| three.texts.get(&hash).cloned(), &BTreeMap::new());
    let took = start.elapsed();
    assert!(combined.expect("it combines").wanted.is_empty());
    took
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// Both sides edit one body, at its two ends or all over.
fn bodies() -> Vec<(&'static str, Input)> {
    let ends = |middle: fn(usize) -> String| -> Input {
        Box::new(move |times| {
            let middle = middle(times * BYTES - 100);
            let text = |first: &str, last: &str| format!("{first}\n{middle}{last}\n");
            body([text("1", "2"), text("one", "2"), text("1", "two")])
        })
    };
    let all_over = |line: fn(usize, usize, usize) -> String| -> Input {
        Box::new(move |times| {
            let lines = times * BYTES / 16;
            body([0, 1, 2].map(|side| (0..lines).map(|at| line(at, side, lines)).collect()))
        })
    };
    vec![
        ("lines of code", ends(|bytes| filled(bytes, |n| format!("fn(state => state.data[{n}]);\n")))),
        (
            "lines of code with CRLF",
            ends(|bytes| filled(bytes, |n| format!("fn(state => state.data[{n}]);\r\n"))),
        ),
        ("short lines", ends(|bytes| filled(bytes, |n| format!("{}\n", n % 1000)))),
        ("equal lines", ends(|bytes| filled(bytes, |_| "same\n".to_owned()))),
        ("empty lines", ends(|bytes| "\n".repeat(bytes))),
        ("one line", ends(|bytes| "x".repeat(bytes))),
        ("every 10th line by each side", all_over(every_tenth)),
        ("two lines by turns, others on each side", all_over(by_turns)),
        ("lines in another order on each side", all_over(reordered)),
        (
            "few words in any order",
            all_over(|at, side, _| format!("word {:>10}\n", (at * (7919 + side)) % 97)),
        ),
    ]
}

fn every_tenth(at: usize, side: usize, _: usize) -> String {
    match at % 10 {
        3 if side == 1 => format!("source {at:>9}\n"),
        7 if side == 2 => format!("target {at:>9}\n"),
        _ => format!("line {at:010}\n"),
    }
}

fn by_turns(at: usize, side: usize, _: usize) -> String {
    format!("{:>15}\n", (at % 2 + side) % 3)
}

/// Backwards in the source; in the target as cards fall when they are dealt to seven.
fn reordered(at: usize, side: usize, lines: usize) -> String {
    let line = match side {
        1 => lines - at,
        2 => at * 7 % lines,
        _ => at,
    };
    format!("{line:015}\n")
}

fn filled(bytes: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(bytes);
    for at in 0.. {
        let line = line(at);
        if text.len() + line.len() > bytes {
            break;
        }
        text.push_str(&line);
    }
    text
}

fn body(texts: [String; 3]) -> Three {
    let step = |text: &String| job(1, "Step", ContentHash::of(text.as_bytes()));
    let versions = texts.each_ref().map(|text| workflow(vec![step(text)], Vec::new()));
    let texts = texts.into_iter().map(|text| (ContentHash::of(text.as_bytes()), Arc::from(text)));
    Three { versions, texts: texts.collect() }
}

/// Steps that were all made anew and renamed, told by nothing but their places.
fn graphs() -> Vec<(&'static str, Input)> {
    let graph = |before: fn(u128) -> Option<u128>, same_body: bool| -> Input {
        Box::new(move |times| {
            let steps = STEPS * u128::try_from(times).unwrap_or(1);
            let version = |offset: u128, name: &str| {
                let hash = |n: u128| {
                    ContentHash::of(
                        if same_body { b"same".to_vec() } else { n.to_le_bytes().to_vec() }.as_slice(),
                    )
                };
                let jobs = (1..=steps).map(|n| job(offset + n, &format!("{name} {n}"), hash(n)));
                let edges = (1..=steps)
                    .map(|n| edge(2 * offset + n, before(n).map(|from| offset + from), offset, offset + n));
                workflow_behind(offset, jobs.collect(), edges.collect())
            };
            let base = version(1 << 40, "step");
            Three { versions: [base.clone(), version(1 << 60, "new"), base], texts: BTreeMap::new() }
        })
    };
    vec![
        ("10,000 steps in a row", graph(|n| n.checked_sub(1).filter(|before| *before > 0), true)),
        ("10,000 steps behind one", graph(|n| (n > 1).then_some(1), false)),
        ("10,000 steps in a tree", graph(|n| (n > 1).then_some(n / 2), false)),
        ("10,000 steps, all alike, behind one", graph(|n| (n > 1).then_some(1), true)),
    ]
}

fn job(n: u128, name: &str, body: ContentHash) -> Job<ContentHash> {
    let (id, adaptor) = (JobId(Uuid::from_u128(n)), DEFAULT_ADAPTOR.to_owned());
    Job { id, name: name.to_owned(), adaptor, body, uses: None }
}

/// From a step, or from the trigger.
fn edge(n: u128, from: Option<u128>, trigger: u128, to: u128) -> Edge {
    let source = from.map_or_else(
        || EdgeSource::Trigger(TriggerId(Uuid::from_u128(trigger))),
        |step| EdgeSource::Job(JobId(Uuid::from_u128(step))),
    );
    let (id, target) = (Uuid::from_u128(n | 1 << 80).into(), JobId(Uuid::from_u128(to)));
    Edge { id, source, target, condition: Condition::default(), label: None, expression: None, enabled: true }
}

fn workflow_behind(trigger: u128, jobs: Vec<Job<ContentHash>>, edges: Vec<Edge>) -> StoredWorkflow {
    let kind = TriggerKind::Webhook(Webhook::default());
    let triggers = vec![Trigger { id: TriggerId(Uuid::from_u128(trigger)), kind }];
    StoredWorkflow { triggers, ..workflow(jobs, edges) }
}

fn workflow(jobs: Vec<Job<ContentHash>>, edges: Vec<Edge>) -> StoredWorkflow {
    StoredWorkflow {
        name: "W".to_owned(),
        concurrency: None,
        enable_job_logs: true,
        positions: BTreeMap::new(),
        jobs,
        triggers: Vec::new(),
        edges,
    }
    .tidy()
}
