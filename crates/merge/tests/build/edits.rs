//! Edits as people make them to real projects: lines of bodies, steps between others, paths led elsewhere, documents that a
//! tool made anew. Every edit leaves a valid project valid.

use std::sync::Arc;

use proptest::prelude::*;
use sandbar_model::{
    ContentHash, JobId,
    workflow::{Condition, Cron, Edge, EdgeSource, Job, StoredWorkflow, Trigger, TriggerKind},
};
use uuid::Uuid;

use super::{
    body, edge,
    generate::{self, Editor, pick},
    history::HISTORIES,
    uuid,
    world::{Project, World, faults},
};

/// One edit. The numbers pick what it is about, modulo what there is.
#[derive(Clone, Debug)]
pub enum Change {
    Plain(generate::Edit),
    /// Of a step's body: 0 replaces a line, 1 adds one before it, 2 removes it, 3 swaps it with the next, 4 appends to the text
    /// as it ends, 5 takes its last character away.
    Line(usize, usize, usize, u8),
    CutStep(usize, usize),
    /// Deleted and made again under its name, in its place.
    RemakeStep(usize, usize),
    Connect(usize, usize, usize),
    CutEdge(usize, usize),
    LeadEdge(usize, usize, usize),
    Condition(usize, usize, u8),
    TurnEdge(usize, usize),
    Schedule(usize, u8),
    Cursor(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    use Change::*;
    let (w, p, q) = (0..8usize, 0..8usize, 0..8usize);
    prop_oneof![
        4 => generate::edit().prop_map(Plain),
        4 => (w.clone(), p.clone(), 0..400usize, 0..6u8).prop_map(|(w, p, at, how)| Line(w, p, at, how)),
        // Few lines, so that both sides meet.
        3 => (0..2usize, 0..2usize, 0..6usize, 0..6u8).prop_map(|(w, p, at, how)| Line(w, p, at, how)),
        1 => (w.clone(), p.clone()).prop_map(|(w, p)| CutStep(w, p)),
        1 => (w.clone(), p.clone()).prop_map(|(w, p)| RemakeStep(w, p)),
        1 => (w.clone(), p.clone(), q.clone()).prop_map(|(w, p, q)| Connect(w, p, q)),
        1 => (w.clone(), p.clone()).prop_map(|(w, p)| CutEdge(w, p)),
        1 => (w.clone(), p.clone(), q).prop_map(|(w, p, q)| LeadEdge(w, p, q)),
        1 => (w.clone(), p.clone(), 0..4u8).prop_map(|(w, p, n)| Condition(w, p, n)),
        1 => (w.clone(), p.clone()).prop_map(|(w, p)| TurnEdge(w, p)),
        1 => (w.clone(), 0..4u8).prop_map(|(w, n)| Schedule(w, n)),
        1 => (w, p).prop_map(|(w, p)| Cursor(w, p)),
    ]
}

pub fn script() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec(change(), 0..10)
}

/// A real project, forked and edited on both sides.
pub fn real_world() -> impl Strategy<Value = World> {
    (real_state(), script(), script()).prop_map(|(start, source, target)| {
        let mut world = World::fork(start);
        for (side, next, script) in [("source", 20_000, source), ("target", 30_000, target)] {
            let mut own = if side == "source" {
                std::mem::take(&mut world.source)
            } else {
                std::mem::take(&mut world.target)
            };
            run(&mut world, &mut own, &mut Editor::new(side, next), &script);
            if side == "source" { world.source = own } else { world.target = own }
        }
        world
    })
}

/// Any saved state that keeps every rule.
pub fn real_state() -> impl Strategy<Value = Project> {
    any::<prop::sample::Index>().prop_map(|index| {
        let mut all = HISTORIES.iter().flat_map(|history| &history.states);
        let count = all.clone().count();
        let first = all.nth(index.index(count)).expect("within the count");
        let mut valid =
            HISTORIES.iter().flat_map(|history| &history.states).filter(|state| faults(state).is_empty());
        if faults(first).is_empty() { first.clone() } else { valid.next().expect("most are").clone() }
    })
}

/// Runs the script on one side; `world` keeps its texts.
pub fn run(world: &mut World, side: &mut Project, editor: &mut Editor, script: &[Change]) {
    for change in script {
        if let Change::Plain(edit) = change {
            editor.edit(side, edit);
        } else {
            one(world, side, editor, change);
        }
    }
}

fn one(world: &mut World, side: &mut Project, editor: &mut Editor, change: &Change) {
    let (Change::Line(w, ..)
    | Change::CutStep(w, _)
    | Change::RemakeStep(w, _)
    | Change::Connect(w, ..)
    | Change::CutEdge(w, _)
    | Change::LeadEdge(w, ..)
    | Change::Condition(w, ..)
    | Change::TurnEdge(w, _)
    | Change::Schedule(w, _)
    | Change::Cursor(w, _)) = change
    else {
        return;
    };
    let fresh = editor.fresh();
    generate::workflow(side, *w, |workflow| {
        let before = workflow.clone();
        edit(world, workflow, fresh, change);
        if !workflow.violations("").0.is_empty() {
            *workflow = before;
        }
    });
}

fn edit(world: &mut World, workflow: &mut StoredWorkflow, fresh: u128, change: &Change) {
    let step = |workflow: &StoredWorkflow, at: usize| pick(&workflow.jobs, at).map(|job| job.id);
    match *change {
        Change::Line(_, p, at, how) => {
            let count = workflow.jobs.len().max(1);
            if let Some(job) = workflow.jobs.get_mut(p % count) {
                let text = line(&world.text(job.body).expect("a known text"), at, how, fresh);
                job.body = body(&text);
                world.texts.insert(job.body, Arc::from(text));
            }
        }
        Change::CutStep(_, p) => {
            let Some(gone) = step(workflow, p) else { return };
            workflow.jobs.retain(|job| job.id != gone);
            workflow.edges.retain(|edge| edge.target != gone && edge.source != EdgeSource::Job(gone));
            workflow.positions.remove(&gone.0);
        }
        Change::RemakeStep(_, p) => {
            if let Some(old) = step(workflow, p) {
                *workflow = renumbered(workflow, &|id| if id == old.0 { uuid(fresh) } else { id });
            }
        }
        Change::Connect(_, p, q) => {
            if let (Some(from), Some(to)) = (step(workflow, p), step(workflow, q)) {
                workflow.edges.push(edge(fresh, EdgeSource::Job(from), to));
            }
        }
        Change::CutEdge(_, p) if !workflow.edges.is_empty() => {
            workflow.edges.remove(p % workflow.edges.len());
        }
        Change::LeadEdge(_, p, q) => {
            let to = step(workflow, q);
            with_edge(workflow, p, |edge| edge.target = to.unwrap_or(edge.target));
        }
        Change::Condition(_, p, n) => with_edge(workflow, p, |edge| {
            edge.condition = [
                Condition::Always,
                Condition::OnJobSuccess,
                Condition::OnJobFailure,
                Condition::JsExpression,
            ][usize::from(n) % 4];
            if edge.condition == Condition::JsExpression {
                edge.label = Some(format!("when {fresh}"));
                edge.expression = Some(format!("state.n > {fresh}"));
            }
        }),
        Change::TurnEdge(_, p) => with_edge(workflow, p, |edge| edge.enabled = !edge.enabled),
        Change::Schedule(_, n) => with_cron(workflow, |cron| cron.expression = format!("0 {n} * * *")),
        Change::Cursor(_, p) => {
            let cursor = step(workflow, p);
            with_cron(workflow, |cron| cron.cursor_job = cursor);
        }
        Change::Plain(_) | Change::CutEdge(..) => {}
    }
}

fn with_edge(workflow: &mut StoredWorkflow, at: usize, change: impl FnOnce(&mut Edge)) {
    let count = workflow.edges.len().max(1);
    if let Some(edge) = workflow.edges.get_mut(at % count) {
        change(edge);
    }
}

fn with_cron(workflow: &mut StoredWorkflow, change: impl FnOnce(&mut Cron)) {
    if let Some(TriggerKind::Cron(cron)) = workflow.triggers.first_mut().map(|trigger| &mut trigger.kind) {
        change(cron);
    }
}

fn line(text: &str, at: usize, how: u8, fresh: u128) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let at = at % lines.len().max(1);
    let end =
        lines.get(at).map_or("\n", |line| &line[line.trim_end_matches(['\r', '\n']).len()..]).to_owned();
    match how {
        0 if !lines.is_empty() => lines[at] = format!("changed {fresh}{end}"),
        1 => lines.insert(at, format!("added {fresh}\n")),
        2 if !lines.is_empty() => drop(lines.remove(at)),
        3 if at + 1 < lines.len() => lines.swap(at, at + 1),
        4 => lines.push(format!("appended {fresh}")),
        5 => drop(lines.last_mut().map(String::pop)),
        _ => {}
    }
    lines.concat()
}

/// The same workflow made anew by somebody who gives ids of their own.
pub fn rebuilt(workflow: &StoredWorkflow) -> StoredWorkflow {
    renumbered(workflow, &|id| uuid(id.as_u128() ^ (0xabcd << 64)))
}

/// The same workflow under other ids; edges that lead from or to such a part get others too.
fn renumbered(workflow: &StoredWorkflow, new: &dyn Fn(Uuid) -> Uuid) -> StoredWorkflow {
    let job = |id: JobId| JobId(new(id.0));
    let end = |source: EdgeSource| match source {
        EdgeSource::Job(id) => EdgeSource::Job(job(id)),
        EdgeSource::Trigger(id) => EdgeSource::Trigger(new(id.0).into()),
    };
    let kind = |kind: &TriggerKind| match kind {
        TriggerKind::Cron(cron) => {
            TriggerKind::Cron(Cron { cursor_job: cron.cursor_job.map(job), ..cron.clone() })
        }
        TriggerKind::Webhook(_) => kind.clone(),
    };
    let edges = workflow.edges.iter().map(|edge| Edge {
        id: new(edge.id.0).into(),
        source: end(edge.source),
        target: job(edge.target),
        ..edge.clone()
    });
    let triggers = workflow.triggers.iter();
    StoredWorkflow {
        jobs: workflow
            .jobs
            .iter()
            .map(|own: &Job<ContentHash>| Job { id: job(own.id), ..own.clone() })
            .collect(),
        triggers: triggers.map(|own| Trigger { id: new(own.id.0).into(), kind: kind(&own.kind) }).collect(),
        edges: edges.collect(),
        positions: workflow.positions.iter().map(|(id, at)| (new(*id), *at)).collect(),
        ..workflow.clone()
    }
    .tidy()
}
