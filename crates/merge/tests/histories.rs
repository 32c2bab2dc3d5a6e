//! Merges between the saved states of real projects: base a, target b, source c.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what can't be fails the test, which says what it counted"
)]

mod build;
mod oracle;

use std::collections::BTreeMap;

use build::{
    combine_all,
    history::{HISTORIES, History, body_text},
    planned,
    world::{Project, World, faults},
};
use oracle::Case;
use sandbar_merge::{
    Choices, Context, Decision, Item, Label, Plan, Purpose, State, WarningKind, Write,
    combine::{ConflictKind, Resolution},
    plan,
};
use sandbar_model::{ContentHash, Document, Kind, workflow::Uses};

#[test]
fn real_states_merge_forward_back_and_undone() {
    let states = &HISTORIES[0].states;
    let (mut merges, mut blocked) = (0, 0);
    let mut labels = BTreeMap::new();
    for a in (0..states.len()).step_by(6) {
        for b in (a..states.len()).step_by(5) {
            for c in (b..states.len()).step_by(5) {
                let world = World {
                    base: states[a].clone(),
                    target: states[b].clone(),
                    source: states[c].clone(),
                    ..World::default()
                };
                let valid = faults(&world.source).is_empty() && faults(&world.target).is_empty();
                let plan = world.everything();
                for (label, count) in plan.counts() {
                    *labels.entry(label).or_insert(0) += count;
                }
                merges += 1;
                if plan.blocked().is_some() {
                    blocked += 1;
                } else {
                    check_applied(world, &plan, valid);
                }
            }
        }
    }
    assert!(merges > 500 && blocked * 20 < merges, "{merges} {blocked} {labels:?}");
    for label in [Label::New, Label::Changed, Label::Diverged] {
        assert!(labels.contains_key(&label), "{labels:?}");
    }
}

fn check_applied(mut world: World, plan: &Plan, valid: bool) {
    let before = world.target.clone();
    let writes: Vec<Write> = plan.writes().collect();
    world.apply(plan);
    if valid {
        assert_eq!(faults(&world.target), Vec::<String>::new());
    }
    assert!(world.defaults().items.iter().all(|item| item.label == Label::TargetOnly));
    for item in plan.selected().filter(|_| valid) {
        let source = world.source.get(&(item.kind, item.id)).map(|state| by_name(state, &world.source));
        let target =
            world.target.get(&(item.kind, item.target_id)).map(|state| by_name(state, &world.target));
        assert_eq!(source, target, "{}", item.name);
        assert!(item.warnings.iter().all(|warning| warning.kind == sandbar_merge::WarningKind::TriggerOff));
    }
    // A credential that the state before did not link can't come back.
    if faults(&before).is_empty() {
        assert_eq!(undone(&writes, &before, &world.target), before);
    }
}

/// The document with each step's credential by name: the history holds a link that was made again under its name.
fn by_name(state: &State, project: &Project) -> (Document, Vec<Option<String>>) {
    let Document::Workflow(mut workflow) = (*state.document).clone() else {
        return ((*state.document).clone(), Vec::new());
    };
    let name = |uses: Uses| name_of(uses, project);
    let names = workflow.jobs.iter_mut().map(|job| job.uses.take().map(name)).collect();
    (Document::Workflow(workflow), names)
}

fn undone(writes: &[Write], before: &Project, now: &Project) -> Project {
    let mut revert = World::revert(writes, before, now);
    let whole = World { target: now.clone(), ..World::default() };
    let context = Context { purpose: Purpose::Revert, ..whole.context() };
    let undo = plan(revert.all(), &context, &Choices::defaults()).unwrap();
    revert.apply(&undo);
    let mut result: Project = now
        .iter()
        .filter(|(key, _)| !writes.iter().any(|write| (write.kind, write.id) == **key))
        .map(|(k, s)| (*k, s.clone()))
        .collect();
    result.extend(revert.target);
    result
}

#[test]
fn a_chain_of_syncs_through_the_whole_history_stays_exact() {
    let states = &HISTORIES[0].states;
    let mut world = World::fork(states[0].clone());
    let mut steps = 0;
    for state in states {
        world.source = state.clone();
        let plan = world.everything();
        assert!(plan.items.iter().all(|item| item.label != Label::Diverged), "nobody else writes");
        if plan.blocked().is_none() {
            world.apply(&plan);
            steps += 1;
            assert_eq!(world.everything().items, []);
        }
    }
    assert!(steps > 60, "{steps}");
}

/// What was counted on the way.
#[derive(Debug, Default)]
struct Counts {
    triples: usize,
    combined: usize,
    untroubled: usize,
    fields: usize,
    bodies: usize,
    clashes: usize,
    removed: usize,
    one_side_deleted: usize,
    broken: usize,
    blocked: usize,
    applied: usize,
}

/// Every triple of states a < b < c, or as many as `MERGE_STRIDE` leaves: base a, target b, source c. What one side changed
/// is in the result, every conflict is one, and what is applied keeps every rule.
#[test]
fn real_edits_combine_and_every_conflict_is_one() {
    let stride = std::env::var("MERGE_STRIDE").map_or(499, |stride| stride.parse().expect("a number"));
    for (history, stride) in HISTORIES.iter().zip([stride, stride.min(3)]) {
        let mut counts = Counts::default();
        for triple in triples(history).step_by(stride) {
            check_triple(history, triple, &mut counts);
        }
        println!("{}, every {stride}. triple: {counts:?}", history.name);
        assert!(counts.combined > 0 && counts.applied > counts.blocked, "{counts:?}");
        let conflicts = counts.fields + counts.bodies + counts.removed;
        assert!(conflicts > 0 && counts.untroubled > 0, "{counts:?}");
    }
}

fn triples(history: &History) -> impl Iterator<Item = [usize; 3]> {
    let count = history.states.len();
    (0..count).flat_map(move |a| (a + 1..count).flat_map(move |b| (b + 1..count).map(move |c| [a, b, c])))
}

fn check_triple(history: &History, triple: [usize; 3], counts: &mut Counts) {
    let [base, target, source] = triple.map(|at| history.states[at].clone());
    let world = World { base, source, target, ..World::default() };
    let valid = faults(&world.source).is_empty() && faults(&world.target).is_empty();
    let open = combine_all(&world, None);
    let shown = planned(&world, &open);
    counts.triples += 1;
    for item in &shown.items {
        let deleted = item.label == Label::Diverged && (item.source.is_none() || item.target.is_none());
        counts.one_side_deleted += usize::from(deleted);
        if item.decision == Decision::Combine {
            counts.combined += 1;
            count(item, counts);
            let found = wrong(&world, &shown, item);
            assert!(found.is_empty(), "{} {triple:?}: {found:#?}", history.name);
        }
    }
    for resolution in [Resolution::Source, Resolution::Target] {
        let settled = planned(&world, &combine_all(&world, Some(&resolution)));
        if settled.blocked().is_some() {
            counts.blocked += 1;
            // A condition of one side and the expression of the other can break a rule together; that is said.
            for open in settled.items.iter().flat_map(Item::open_conflicts) {
                assert!(matches!(open.kind, ConflictKind::InvalidResult(_)), "{triple:?}: {open:#?}");
                counts.broken += 1;
            }
            continue;
        }
        let mut after = world.clone();
        after.apply(&settled);
        counts.applied += 1;
        let broken = faults(&after.target);
        assert!(!valid || broken.is_empty(), "{} {triple:?}: {broken:?}", history.name);
        untouched_stays(&world, &settled, &after.target, valid);
    }
}

fn count(item: &Item, counts: &mut Counts) {
    counts.untroubled += usize::from(item.conflicts.is_empty());
    for conflict in &item.conflicts {
        match &conflict.kind {
            ConflictKind::Field => counts.fields += 1,
            ConflictKind::Body => {
                counts.bodies += 1;
                counts.clashes += conflict.clashes.len();
            }
            ConflictKind::Removed => counts.removed += 1,
            ConflictKind::InvalidResult(rule) => panic!("{}: {rule}", item.name),
        }
    }
}

/// What the oracle has to say.
fn wrong(world: &World, plan: &Plan, item: &Item) -> Vec<String> {
    let of = |state: &Option<State>| match state.as_ref().map(|state| &*state.document) {
        Some(Document::Workflow(workflow)) => workflow.clone().tidy(),
        _ => build::workflow(""),
    };
    let [base, source, target, result] = [&item.base, &item.source, &item.target, &item.after].map(of);
    let text = |hash: ContentHash| {
        item.bodies.get(&hash).cloned().unwrap_or_else(|| body_text(hash).expect("a text").to_string())
    };
    let mut after = world.target.clone();
    after.extend(plan.writes().filter_map(|write| Some(((write.kind, write.id), write.after?))));
    let sides = [&world.base, &world.source, &world.target, &after];
    // One state has steps whose credentials it does not link; others may know them.
    let credential = |side: usize, uses: Uses| {
        let mut all = [sides[side]].into_iter().chain(sides);
        let names = |project: &&Project| name_of(uses, project) != name_of(uses, &Project::new());
        name_of(uses, all.find(names).unwrap_or(sides[side]))
    };
    let conflicts = item.conflicts.iter().map(|conflict| conflict.path.clone()).collect();
    let case = Case {
        base: &base,
        source: &source,
        target: &target,
        result: &result,
        conflicts,
        text: &text,
        credential: &credential,
    };
    // A credential that can't follow is said, and not lost in silence.
    let said = |fault: &String| {
        item.warnings.iter().any(|warning| {
            let job = warning.part.map(|part| format!("jobs/{part}/uses:"));
            warning.kind == WarningKind::CredentialNotLinked && job.is_some_and(|job| fault.starts_with(&job))
        })
    };
    case.faults().into_iter().filter(|fault| !said(fault)).collect()
}

/// As a person knows it, since the history holds links that were made again under their names.
fn name_of(uses: Uses, project: &Project) -> String {
    match uses {
        Uses::CredentialLink(id) => project
            .get(&(Kind::CredentialLink, id))
            .map_or_else(|| id.to_string(), |link| link.document.name()),
        Uses::Keychain(id) => id.to_string(),
    }
}

/// What only one side touched, or none, is that side's.
fn untouched_stays(world: &World, plan: &Plan, after: &Project, valid: bool) {
    let pairs = plan.items.iter().filter(|item| item.id != item.target_id);
    let paired: Vec<_> = pairs.flat_map(|item| [item.id, item.target_id]).collect();
    let keys = world.all().into_iter().filter(|one| !paired.contains(&one.id));
    for one in keys {
        let key = (one.kind, one.id);
        let result = after.get(&key);
        if one.source == one.base {
            assert_eq!(result, one.target.as_ref(), "only the target touched {key:?}");
        } else if let (true, Some(source), Some(result)) = (one.target == one.base, &one.source, result) {
            let [result, source] = [by_name(result, after), by_name(source, &world.source)];
            assert_eq!(result.0, source.0, "only the source touched {key:?}");
            // A credential that the source does not link itself can't follow.
            assert!(!valid || result.1 == source.1, "only the source touched {key:?}");
        }
    }
}
