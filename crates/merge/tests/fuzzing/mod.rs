//! Three versions of workflows, choices and texts from any bytes, and what must hold for all of them. Used by the fuzz target
//! (`fuzz/fuzz_targets/merge.rs`) and by `tests/fuzzed.rs`, which runs a little of it on stable Rust.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use arbitrary::{Result, Unstructured};
use sandbar_merge::{
    Candidate, Choices, Context, Decision, Purpose, Selector, State,
    combine::{ClashResolution, Conflict, ConflictKind, Resolution, Versions, combine},
    plan,
};
use sandbar_model::{
    ContentHash, CredentialLink, Document, JobId, Keychain, Kind, ResourceId, TriggerId,
    workflow::{
        Condition, Cron, Edge, EdgeSource, Job, Position, StoredWorkflow, Trigger, TriggerKind, Uses, Webhook,
    },
};
use uuid::Uuid;

type Texts = BTreeMap<ContentHash, Arc<str>>;

/// Panics where something does not hold. Versions may break every rule of a workflow: what came of them is then said to be invalid.
pub(crate) fn holds(data: &[u8]) {
    // Too few bytes are no case.
    let _ = combined(data);
    let _ = planned(data);
}

fn combined(data: &[u8]) -> Result<()> {
    let (mut from, mut texts) = (Unstructured::new(data), Texts::new());
    let with_base = from.arbitrary::<bool>()?;
    let versions = [(); 3].map(|()| workflow(&mut from, &mut texts));
    let [base, source, target] = versions;
    let (base, source, target) = (base?, source?, target?);
    let versions = Versions { base: with_base.then_some(&base), source: &source, target: &target };
    let text = |hash: ContentHash| texts.get(&hash).cloned();
    let run = |settled: &BTreeMap<String, Resolution>| combine(versions, &text, settled);
    let open = run(&BTreeMap::new()).expect("nothing is settled that is no conflict");
    assert_eq!(open, run(&BTreeMap::new()).expect("as before"), "the same twice");
    let is_open = open.open().next().is_some();
    assert!(is_open || open.workflow.violations("").0.is_empty(), "valid, or a conflict");
    let settled = resolutions(&open.conflicts, &mut from)?;
    if let Ok(done) = run(&settled) {
        assert_eq!(done, run(&settled).expect("as before"), "the same twice");
        let broken = done.open().any(|conflict| matches!(conflict.kind, ConflictKind::InvalidResult(_)));
        let valid = done.workflow.violations("").0.is_empty();
        assert!(done.open().count() > 0 || valid, "valid, or a conflict");
        assert!(
            !broken || !valid || done.bodies.values().any(|text| text.len() > 1 << 20),
            "{:?}",
            done.conflicts
        );
    }
    Ok(())
}

fn resolutions(conflicts: &[Conflict], from: &mut Unstructured<'_>) -> Result<BTreeMap<String, Resolution>> {
    let mut settled = BTreeMap::new();
    for conflict in conflicts {
        let how = match from.int_in_range(0..=4)? {
            0 => Resolution::Source,
            1 => Resolution::Target,
            2 => Resolution::Value(conflict.source.clone().unwrap_or_default()),
            3 => Resolution::Clashes(vec![ClashResolution::Both; conflict.clashes.len()]),
            _ => continue,
        };
        settled.insert(conflict.path.clone(), how);
    }
    Ok(settled)
}

fn planned(data: &[u8]) -> Result<()> {
    let (mut from, mut texts) = (Unstructured::new(data), Texts::new());
    let mut candidates = Vec::new();
    for n in 0..from.int_in_range(0..=4)? {
        let mut sides = [None, None, None];
        for side in &mut sides {
            if from.arbitrary()? {
                *side = State::of(document(n, &mut from, &mut texts)?).ok();
            }
        }
        let [base, source, target] = sides;
        let kind = match n {
            3 => Kind::CredentialLink,
            4 => Kind::Keychain,
            _ => Kind::Workflow,
        };
        candidates.push(Candidate { kind, id: resource(n), base, source, target });
    }
    let context = Context {
        purpose: if from.arbitrary()? { Purpose::Merge } else { Purpose::Revert },
        same_root: from.arbitrary()?,
        target_links: BTreeSet::new(),
        target_keychains: [resource(9)].into(),
        may_write_keychains: from.arbitrary()?,
        target_resources: BTreeSet::new(),
        holders: BTreeMap::new(),
        collection_items: BTreeMap::new(),
        bodies: texts,
    };
    let mut choices = Choices { defaults: from.arbitrary()?, ..Choices::default() };
    for candidate in &candidates {
        let decision = [Decision::Leave, Decision::Take, Decision::Overwrite, Decision::Combine];
        if from.arbitrary()? {
            choices.choices.push((Selector::Key(candidate.kind, candidate.id), *from.choose(&decision)?));
        }
    }
    let run = |candidates| plan(candidates, &context, &choices).map_err(|refusal| refusal.to_string());
    let made = run(candidates.clone());
    assert_eq!(made, run(candidates.clone()), "the same twice");
    candidates.reverse();
    assert_eq!(made, run(candidates), "in any order");
    let Ok(made) = made else { return Ok(()) };
    assert!(made.wanted.is_empty(), "every text is there");
    if made.blocked().is_none() {
        for write in made.writes().filter_map(|write| write.after) {
            assert!(write.document.violations("").0.is_empty() || write.document.kind() != Kind::Workflow);
        }
    }
    Ok(())
}

fn document(n: u8, from: &mut Unstructured<'_>, texts: &mut Texts) -> Result<Document> {
    let owner = "amy@example.org".to_owned();
    Ok(match n {
        3 => Document::CredentialLink(CredentialLink { credential: None, name: name(from)?, owner }),
        4 => Document::Keychain(Keychain {
            name: name(from)?,
            json_path: (*from.choose(&["$.a", "$.b", "no path"])?).to_owned(),
            default_link: if from.arbitrary()? { Some(resource(3)) } else { None },
        }),
        _ => Document::Workflow(workflow(from, texts)?),
    })
}

fn resource(n: u8) -> ResourceId {
    ResourceId(Uuid::from_u128(1000 + u128::from(n)))
}

/// Few ids and names, so that versions share some; those of jobs, triggers and edges may be the same.
fn id(from: &mut Unstructured<'_>) -> Result<Uuid> {
    Ok(Uuid::from_u128(from.int_in_range(0..=11)?))
}

fn name(from: &mut Unstructured<'_>) -> Result<String> {
    Ok((*from.choose(&["a", "b", "c", "d", "A step", "é", "e\u{301}", ""])?).to_owned())
}

fn workflow(from: &mut Unstructured<'_>, texts: &mut Texts) -> Result<StoredWorkflow> {
    let mut made = StoredWorkflow {
        name: name(from)?,
        concurrency: from.arbitrary::<Option<u8>>()?.map(u32::from),
        enable_job_logs: from.arbitrary()?,
        positions: BTreeMap::new(),
        jobs: Vec::new(),
        triggers: Vec::new(),
        edges: Vec::new(),
    };
    for _ in 0..from.int_in_range(0..=5)? {
        made.jobs.push(job(from, texts)?);
    }
    for _ in 0..from.int_in_range(0..=3)? {
        made.triggers.push(trigger(from)?);
    }
    for _ in 0..from.int_in_range(0..=7)? {
        made.edges.push(edge(from)?);
    }
    for _ in 0..from.int_in_range(0..=2)? {
        made.positions.insert(id(from)?, Position { x: f64::from(from.arbitrary::<i8>()?), y: 0.0 });
    }
    // As it is stored; sometimes as nobody stores it.
    Ok(if from.ratio(7, 8)? { made.tidy() } else { made })
}

fn job(from: &mut Unstructured<'_>, texts: &mut Texts) -> Result<Job<ContentHash>> {
    let mut text = String::new();
    for _ in 0..from.int_in_range(0..=6)? {
        text.push_str(from.choose(&["a\n", "b\n", "c\r\n", "\n", "d", "👩‍👧\n", "\u{feff}", "\r"])?);
    }
    let body = ContentHash::of(text.as_bytes());
    texts.insert(body, Arc::from(text));
    let uses = match from.int_in_range(0..=3)? {
        0 => Some(Uses::CredentialLink(resource(3))),
        1 => Some(Uses::Keychain(resource(*from.choose(&[4, 9])?))),
        _ => None,
    };
    let adaptor = (*from.choose(&["x@1", "x@2"])?).to_owned();
    Ok(Job { id: JobId(id(from)?), name: name(from)?, adaptor, body, uses })
}

fn trigger(from: &mut Unstructured<'_>) -> Result<Trigger> {
    let kind = if from.arbitrary()? {
        let custom_path = from.arbitrary::<bool>()?.then(|| "in".to_owned());
        let auth_methods = if from.arbitrary()? { vec![Uuid::from_u128(7)] } else { Vec::new() };
        TriggerKind::Webhook(Webhook { custom_path, auth_methods, ..Webhook::default() })
    } else {
        let cursor_job = if from.arbitrary()? { Some(JobId(id(from)?)) } else { None };
        let expression = (*from.choose(&["0 1 * * *", "0 2 * * *", "never"])?).to_owned();
        TriggerKind::Cron(Cron { expression, cursor_job })
    };
    Ok(Trigger { id: TriggerId(id(from)?), kind })
}

fn edge(from: &mut Unstructured<'_>) -> Result<Edge> {
    let source = id(from)?;
    let conditions =
        [Condition::Always, Condition::OnJobSuccess, Condition::OnJobFailure, Condition::JsExpression];
    Ok(Edge {
        id: id(from)?.into(),
        source: if from.arbitrary()? {
            EdgeSource::Job(JobId(source))
        } else {
            EdgeSource::Trigger(TriggerId(source))
        },
        target: JobId(id(from)?),
        condition: *from.choose(&conditions)?,
        label: from.arbitrary::<bool>()?.then(|| "when".to_owned()),
        expression: from.arbitrary::<bool>()?.then(|| "state.ok".to_owned()),
        enabled: from.arbitrary()?,
    })
}
