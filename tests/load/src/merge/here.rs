//! Sandbar's own merge, in a process of its own, so that its memory can be told.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use sandbar_merge::{Candidate, Choices, Context, Purpose, State, claims, plan, text::unified};
use sandbar_model::{
    ContentHash, Document, Kind, ResourceId,
    workflow::{Condition, Edge, EdgeSource, Job, StoredWorkflow, Trigger, TriggerKind, Webhook},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::projects::{Projects, text};
use crate::{Result, figures::median, machine};

/// The longest diff of a body in a preview, as in the product.
const DIFF_BYTES: usize = 64 * 1024;

/// What `merge` starts this program again with.
#[derive(Clone, Debug, Args)]
pub(crate) struct MergeHereArgs {
    /// The folder with the projects.
    folder: PathBuf,
    /// How long to merge.
    seconds: u64,
}

/// Starts this program once more and gives what it says.
pub(crate) fn time(projects: &Projects, seconds: u64) -> Result<Value> {
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.arg("merge-here").arg(&projects.folder).arg(seconds.to_string()).output()?;
    if !output.status.success() {
        return Err(format!("merge-here failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Merges one project into another, again and again, and prints how long that takes.
pub(crate) fn run(args: &MergeHereArgs) -> Result<()> {
    let mut bodies = Bodies::new();
    let target = read(&args.folder.join("target.json"), &mut bodies)?;
    let source = read(&args.folder.join("source.json"), &mut bodies)?;
    let candidate = |(id, was): (&ResourceId, &State)| Candidate {
        kind: Kind::Workflow,
        id: *id,
        base: Some(was.clone()),
        source: source.get(id).cloned(),
        target: Some(was.clone()),
    };
    let all: Vec<_> = target.iter().map(candidate).collect();
    let touched: Vec<_> = all.iter().filter(|one| one.source != one.base).cloned().collect();
    fs::write("/proc/self/clear_refs", "5")?;
    let loaded = machine::peak_mib(std::process::id())?;
    let mut merged = target.clone();
    let contexts = [context(&touched, &target), context(&all, &target)];
    let few = timed(args.seconds, || merge(&touched, &contexts[0], &bodies, &mut merged))?;
    let many = timed(args.seconds, || merge(&all, &contexts[1], &bodies, &mut merged))?;
    if merged != source {
        return Err("the merge did not take all of the source".into());
    }
    let peak = machine::peak_mib(std::process::id())?;
    let results: Vec<_> =
        touched.iter().filter_map(|one| Some(result(one.id, merged.get(&one.id)?, &bodies))).collect();
    fs::write(args.folder.join("here.json"), serde_json::to_vec(&results)?)?;
    let said = json!({
        "ms": few.0, "runs": few.1, "all_ms": many.0, "loaded_mib": loaded, "peak_mib": peak, "touched": touched.len(),
    });
    writeln(&said)
}

fn writeln(value: &Value) -> Result<()> {
    use std::io::Write;
    Ok(writeln!(std::io::stdout(), "{value}")?)
}

type Bodies = BTreeMap<ContentHash, Arc<str>>;
type Held = BTreeMap<ResourceId, State>;

/// Plans, works out all that a preview shows, and writes what an apply would.
fn merge(candidates: &[Candidate], context: &Context, bodies: &Bodies, target: &mut Held) -> Result<()> {
    let plan = plan(candidates.to_vec(), context, &Choices::defaults())?;
    for item in &plan.items {
        for field in item.fields() {
            let text =
                |hash: Option<ContentHash>| hash.and_then(|hash| bodies.get(&hash)).map_or("", |body| body);
            if let Some(body) = field.body {
                std::hint::black_box(unified(text(body.target), text(body.source), DIFF_BYTES));
            }
        }
    }
    for write in plan.writes() {
        match write.after {
            Some(after) => target.insert(write.id, after),
            None => target.remove(&write.id),
        };
    }
    Ok(())
}

/// The median of so many seconds, after a third as long that does not count; in milliseconds, with the number of runs.
fn timed(seconds: u64, mut run: impl FnMut() -> Result<()>) -> Result<(f64, usize)> {
    let mut times = Vec::new();
    for part in [Duration::from_secs(seconds) / 3, Duration::from_secs(seconds)] {
        times.clear();
        let begun = Instant::now();
        while begun.elapsed() < part || times.len() < 5 {
            let start = Instant::now();
            run()?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok((median(&times), times.len()))
}

/// As the store hands it over: the target has no links, and each claim of a source is its own resource's or free.
fn context(candidates: &[Candidate], target: &Held) -> Context {
    let holders = candidates
        .iter()
        .filter_map(|one| target.get(&one.id).map(|state| (one.id, state)))
        .flat_map(|(id, state)| claims(&state.document).into_iter().map(move |claim| (claim, id)));
    Context {
        purpose: Purpose::Merge,
        same_root: true,
        target_links: std::collections::BTreeSet::new(),
        target_keychains: std::collections::BTreeSet::new(),
        may_write_keychains: true,
        target_resources: std::collections::BTreeSet::new(),
        holders: holders.collect(),
        collection_items: BTreeMap::new(),
        bodies: BTreeMap::new(),
    }
}

fn read(file: &Path, bodies: &mut Bodies) -> Result<Held> {
    let state: Value = serde_json::from_slice(&fs::read(file)?)?;
    let workflows = parts(&state, "workflows").map(|value| {
        let document = Document::Workflow(workflow(value, bodies)?);
        Ok((id(value, "id")?.into(), State::of(document)?))
    });
    workflows.collect()
}

fn workflow(value: &Value, bodies: &mut Bodies) -> Result<StoredWorkflow> {
    let jobs = parts(value, "jobs").map(|job| {
        let body = text(job, "body");
        let hash = ContentHash::of(body.as_bytes());
        bodies.entry(hash).or_insert_with(|| body.into());
        let (name, adaptor) = (text(job, "name").to_owned(), text(job, "adaptor").to_owned());
        Ok(Job { id: id(job, "id")?.into(), name, adaptor, body: hash, uses: None })
    });
    let triggers = parts(value, "triggers")
        .map(|one| Ok(Trigger { id: id(one, "id")?.into(), kind: TriggerKind::Webhook(Webhook::default()) }));
    let workflow = StoredWorkflow {
        name: text(value, "name").to_owned(),
        concurrency: None,
        enable_job_logs: true,
        positions: BTreeMap::new(),
        jobs: jobs.collect::<Result<_>>()?,
        triggers: triggers.collect::<Result<_>>()?,
        edges: parts(value, "edges").map(edge).collect::<Result<_>>()?,
    };
    Ok(workflow.tidy())
}

fn edge(value: &Value) -> Result<Edge> {
    let source = match id(value, "source_trigger_id") {
        Ok(trigger) => EdgeSource::Trigger(trigger.into()),
        Err(_) => EdgeSource::Job(id(value, "source_job_id")?.into()),
    };
    let condition = match text(value, "condition_type") {
        "always" => Condition::Always,
        _ => Condition::OnJobSuccess,
    };
    let target = id(value, "target_job_id")?.into();
    Ok(Edge {
        id: id(value, "id")?.into(),
        source,
        target,
        condition,
        label: None,
        expression: None,
        enabled: true,
    })
}

/// In the words of `merge.mjs`.
fn result(id: ResourceId, state: &State, bodies: &Bodies) -> Value {
    let Document::Workflow(workflow) = &*state.document else { return Value::Null };
    let mut steps: Vec<_> = workflow
        .jobs
        .iter()
        .map(|job| json!([job.id, job.name, job.adaptor, bodies.get(&job.body).map(|body| &**body)]))
        .collect();
    let mut edges: Vec<_> = workflow
        .edges
        .iter()
        .map(|edge| {
            let source = match edge.source {
                EdgeSource::Job(id) => id.0,
                EdgeSource::Trigger(id) => id.0,
            };
            json!([edge.id, source, edge.target, edge.condition])
        })
        .collect();
    // Their ids come first.
    steps.sort_by_key(ToString::to_string);
    edges.sort_by_key(ToString::to_string);
    json!({ "id": id, "name": workflow.name, "steps": steps, "edges": edges })
}

fn parts<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value.get(key).and_then(Value::as_object).into_iter().flat_map(Map::values)
}

fn id(value: &Value, key: &str) -> Result<Uuid> {
    Ok(Uuid::try_parse(text(value, key))?)
}
