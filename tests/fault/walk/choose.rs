//! What somebody decides about a plan, at random, and what must come of that.

use std::collections::BTreeMap;

use sandbar_client::v1::{
    ClashResolution, ClashResolutions, MergeChoice, MergeChoices, MergeDecision, MergeLabel, MergeResolution,
    MergeSide, ResourceKey, ResourceKind, clash_resolution, merge_choice, merge_resolution,
};
use serde_json::{Value, json};

use crate::oracle::{
    Subject, Taken,
    combine::{Choice, Combined, Conflict, How, combine},
    content::{Words, text},
};

/// Decisions on a plan.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) choices: MergeChoices,
    /// On every workflow of the plan.
    pub(crate) decisions: BTreeMap<String, MergeDecision>,
    /// What is combined, with its conflicts as far as they are settled.
    pub(crate) combined: BTreeMap<String, Combined>,
    /// How they are settled.
    pub(crate) settled: BTreeMap<String, BTreeMap<String, How>>,
}

type Plan = BTreeMap<String, Subject>;

impl Chosen {
    /// Decides on each workflow; conflicts stay open.
    pub(crate) fn at_random(words: &mut Words, plan: &Plan, undo: bool) -> Self {
        let decisions: BTreeMap<_, _> =
            plan.iter().map(|(id, subject)| (id.clone(), decision(words, id, subject, undo))).collect();
        let choices = MergeChoices { defaults: words.chance(0.8), ..no_choices() };
        Self::new(words, plan, undo, (choices, decisions), BTreeMap::new())
    }

    /// The same with every conflict settled.
    pub(crate) fn settle(self, words: &mut Words, plan: &Plan, undo: bool) -> Self {
        let mut settled = BTreeMap::new();
        for (id, combined) in &self.combined {
            let how = combined.conflicts.iter().map(|(path, conflict)| {
                let how = how(words, path, conflict);
                (path.clone(), how)
            });
            settled.insert(id.clone(), how.collect());
        }
        let choices = MergeChoices { choices: Vec::new(), ..self.choices };
        Self::new(words, plan, undo, (choices, self.decisions), settled)
    }

    /// Makes one of both sides' edits wherever both have some, and takes all else, deletions too.
    pub(crate) fn keep_all(words: &mut Words, plan: &Plan) -> Self {
        let decide = |subject: &Subject| match (subject.label, &subject.source, &subject.target) {
            (MergeLabel::TargetOnly, ..) => MergeDecision::Leave,
            (MergeLabel::Diverged, Some(_), Some(_)) => MergeDecision::Combine,
            (MergeLabel::Diverged, ..) => MergeDecision::Overwrite,
            _ => MergeDecision::Take,
        };
        let decisions = plan.iter().map(|(id, subject)| (id.clone(), decide(subject))).collect();
        let choices = MergeChoices { defaults: true, ..no_choices() };
        Self::new(words, plan, false, (choices, decisions), BTreeMap::new())
    }

    /// Leaves everything.
    pub(crate) fn nothing(plan: &Plan) -> Self {
        let decisions = plan.keys().map(|id| (id.clone(), MergeDecision::Leave)).collect();
        let (combined, settled) = (BTreeMap::new(), BTreeMap::new());
        Self { choices: no_choices(), decisions, combined, settled }
    }

    fn new(
        words: &mut Words,
        plan: &Plan,
        undo: bool,
        (mut choices, decisions): (MergeChoices, BTreeMap<String, MergeDecision>),
        settled: BTreeMap<String, BTreeMap<String, How>>,
    ) -> Self {
        let mut combined = BTreeMap::new();
        for (id, subject) in plan {
            let decision = decisions[id];
            let how = settled.get(id).cloned().unwrap_or_default();
            if decision == MergeDecision::Combine {
                combined.insert(id.clone(), of(id, subject, &how));
            }
            if !choices.defaults || decision != by_default(subject.label, undo) {
                choices.choices.push(MergeChoice {
                    resource: Some(named(words, id, subject)),
                    decision: decision.into(),
                    resolutions: how.iter().map(|(path, how)| resolution(path, how)).collect(),
                });
            }
        }
        Self { choices, decisions, combined, settled }
    }

    /// What an apply must leave behind.
    pub(crate) fn taken(&self, plan: &Plan) -> BTreeMap<String, Taken> {
        let taken = plan.iter().filter_map(|(id, subject)| {
            let agreed = subject.source.clone();
            match self.decisions[id] {
                MergeDecision::Take | MergeDecision::Overwrite => {
                    Some((id.clone(), Taken { after: agreed.clone(), agreed }))
                }
                MergeDecision::Combine => {
                    Some((id.clone(), Taken { after: Some(self.combined[id].content.clone()), agreed }))
                }
                _ => None,
            }
        });
        taken.collect()
    }

    /// How many conflicts are not settled.
    pub(crate) fn open(&self) -> usize {
        let open = |(id, combined): (&String, &Combined)| {
            let settled = self.settled.get(id);
            combined.conflicts.keys().filter(|path| !settled.is_some_and(|s| s.contains_key(*path))).count()
        };
        self.combined.iter().map(open).sum()
    }
}

/// What combining a workflow must give.
fn of(id: &str, subject: &Subject, settled: &BTreeMap<String, How>) -> Combined {
    let Subject { base, source, target, .. } = subject;
    combine(id, [base.as_ref(), source.as_ref(), target.as_ref()], settled)
}

fn decision(words: &mut Words, id: &str, subject: &Subject, undo: bool) -> MergeDecision {
    let take = match subject.label {
        MergeLabel::TargetOnly => 0.0,
        MergeLabel::Deleted if !undo => 0.5,
        _ => 0.85,
    };
    if !words.chance(take) {
        return MergeDecision::Leave;
    }
    if subject.label != MergeLabel::Diverged {
        return MergeDecision::Take;
    }
    let both = subject.source.is_some() && subject.target.is_some();
    if both && !of(id, subject, &BTreeMap::new()).is_odd && words.chance(0.8) {
        return MergeDecision::Combine;
    }
    MergeDecision::Overwrite
}

fn by_default(label: MergeLabel, undo: bool) -> MergeDecision {
    match label {
        MergeLabel::New | MergeLabel::Changed => MergeDecision::Take,
        MergeLabel::Deleted if undo => MergeDecision::Take,
        _ => MergeDecision::Leave,
    }
}

fn no_choices() -> MergeChoices {
    MergeChoices { defaults: false, choices: Vec::new(), retire_source: Some(false) }
}

fn named(words: &mut Words, id: &str, subject: &Subject) -> merge_choice::Resource {
    if words.chance(0.3) {
        let content = subject.source.as_ref().or(subject.target.as_ref()).unwrap();
        return merge_choice::Resource::WorkflowName(content.name.clone());
    }
    merge_choice::Resource::Key(ResourceKey { kind: ResourceKind::Workflow.into(), id: id.to_owned() })
}

fn how(words: &mut Words, path: &str, conflict: &Conflict) -> How {
    let side = if words.chance(0.5) { How::Source } else { How::Target };
    match conflict {
        Conflict::Removed => side,
        Conflict::Field(_) if words.chance(0.7) => side,
        Conflict::Field(_) => How::Own(own(words, path), Vec::new()),
        Conflict::Body(clashes, places) => match words.one_of(6) {
            0 | 1 => side,
            2 => {
                let own: Vec<_> =
                    places.iter().map(|place| place.clone().unwrap_or_else(|| words.lines())).collect();
                How::Own(json!(text(&own)), own)
            }
            _ => {
                // Without a base, a clash is the whole body.
                let whole = clashes[0].0 == 1;
                How::Clashes(clashes.iter().map(|_| choice(words, whole)).collect())
            }
        },
    }
}

fn own(words: &mut Words, path: &str) -> Value {
    match path.rsplit('/').next().unwrap() {
        "concurrency" => json!(words.number()),
        "adaptor" => json!(format!("@openfn/language-http@{}.0.0", words.number())),
        what => json!(words.word(&what.replace('_', "-"))),
    }
}

fn choice(words: &mut Words, whole: bool) -> Choice {
    match words.one_of(if whole { 2 } else { 4 }) {
        0 => Choice::Source,
        1 => Choice::Target,
        2 => Choice::Both,
        _ => Choice::Own(words.lines()),
    }
}

fn resolution(path: &str, how: &How) -> MergeResolution {
    use merge_resolution::How as Wire;
    let how = match how {
        How::Source => Wire::Side(MergeSide::Source.into()),
        How::Target => Wire::Side(MergeSide::Target.into()),
        How::Own(value, _) => Wire::Value(value.to_string()),
        How::Clashes(chosen) => {
            Wire::Clashes(ClashResolutions { clashes: chosen.iter().map(clash).collect() })
        }
    };
    MergeResolution { path: path.to_owned(), how: Some(how) }
}

fn clash(choice: &Choice) -> ClashResolution {
    use clash_resolution::How as Wire;
    let how = match choice {
        Choice::Source => Wire::Side(MergeSide::Source.into()),
        Choice::Target => Wire::Side(MergeSide::Target.into()),
        Choice::Both => Wire::Side(MergeSide::Both.into()),
        Choice::Own(lines) => Wire::Text(lines.clone()),
    };
    ClashResolution { how: Some(how) }
}
