//! What there is to settle in a plan.

use std::hash::{DefaultHasher, Hash, Hasher};

use sandbar_client::Plan;
use sandbar_client::v1::{
    MergeClash, MergeConflict, MergeDecision, MergeLabel, PlanResource, ResourceKey, merge_conflict::Kind,
};

use crate::choices::kind_word;

/// From this length on a text of a clash may have been cut by the server.
const MAYBE_CUT: usize = 64 * 1024 - 4;

/// One thing that a person is to decide.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Question {
    /// The resource.
    pub(crate) key: ResourceKey,
    /// What the resource is called.
    pub(crate) name: String,
    /// What is asked.
    pub(crate) ask: Ask,
    /// What both sides have, as it was looked at: another one is another question.
    pub(crate) seen: String,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ask {
    /// Which side's version of a resource holds, as the two can't be combined.
    Whole,
    /// A field, or a part that one side removed.
    Field(MergeConflict),
    /// One place of a text.
    Clash {
        /// The text.
        conflict: MergeConflict,
        /// Which place; counted from 0.
        at: usize,
    },
    /// A text of which not all can be shown.
    Text(MergeConflict),
}

impl Ask {
    /// The conflict that this is, or is a place of.
    pub(crate) fn conflict(&self) -> Option<&MergeConflict> {
        match self {
            Self::Whole => None,
            Self::Field(conflict) | Self::Text(conflict) | Self::Clash { conflict, .. } => Some(conflict),
        }
    }

    /// The place that this is.
    pub(crate) fn clash(&self) -> Option<&MergeClash> {
        match self {
            Self::Clash { conflict, at } => conflict.clashes.get(*at),
            _ => None,
        }
    }

    /// Whether both sides' texts can hold, one after the other.
    pub(crate) fn takes_both(&self) -> bool {
        matches!(self, Self::Clash { .. } | Self::Text(_))
    }

    /// Whether a value of one's own can hold.
    pub(crate) fn takes_own(&self) -> bool {
        match self {
            Self::Field(conflict) => conflict.kind() != Kind::Removed,
            Self::Clash { .. } => true,
            Self::Whole | Self::Text(_) => false,
        }
    }
}

impl Question {
    /// Its name among those of a merge, also of a later look at it.
    pub(crate) fn id(&self) -> String {
        let resource = format!("{}:{}", kind_word(self.key.kind()), self.key.id);
        match &self.ask {
            Ask::Whole => resource,
            Ask::Field(conflict) | Ask::Text(conflict) => format!("{resource}#{}", conflict.path),
            Ask::Clash { conflict, at } => format!("{resource}#{}#{at}", conflict.path),
        }
    }

    /// For a person: `workflow "Billing" · step "Fetch" · body · place 2 of 3`.
    pub(crate) fn title(&self) -> String {
        let resource = format!("{} {:?}", kind_word(self.key.kind()), self.name);
        match &self.ask {
            Ask::Whole => resource,
            Ask::Field(conflict) | Ask::Text(conflict) => format!("{resource} · {}", conflict.title),
            Ask::Clash { conflict, at } => {
                let (at, all) = (at + 1, conflict.clashes.len());
                format!("{resource} · {} · place {at} of {all}", conflict.title)
            }
        }
    }
}

/// Everything to settle in what is combined, and which side's version holds of the `whole` ones. What `settled` says was
/// settled elsewhere is not asked.
pub(crate) fn questions(
    plan: &Plan,
    whole: &[ResourceKey],
    settled: impl Fn(&PlanResource, &MergeConflict) -> bool,
) -> Vec<Question> {
    let mut questions = Vec::new();
    for resource in &plan.resources {
        let Some(key) = &resource.key else { continue };
        if whole.contains(key) && resource.label() == MergeLabel::Diverged {
            questions.push(question(resource, key, Ask::Whole));
        }
        if resource.decision() == MergeDecision::Combine {
            let open = resource.conflicts.iter().filter(|conflict| conflict.kind() != Kind::InvalidResult);
            for conflict in open.filter(|conflict| !settled(resource, conflict)) {
                questions.extend(asks(conflict).into_iter().map(|ask| question(resource, key, ask)));
            }
        }
    }
    questions
}

/// A text place by place, if all places were sent.
fn asks(conflict: &MergeConflict) -> Vec<Ask> {
    let whole = usize::try_from(conflict.clash_count) == Ok(conflict.clashes.len());
    match conflict.kind() {
        Kind::Body if whole && !conflict.clashes.iter().any(maybe_cut) => {
            (0..conflict.clashes.len()).map(|at| Ask::Clash { conflict: conflict.clone(), at }).collect()
        }
        Kind::Body => vec![Ask::Text(conflict.clone())],
        _ => vec![Ask::Field(conflict.clone())],
    }
}

fn maybe_cut(clash: &MergeClash) -> bool {
    [&clash.base, &clash.source, &clash.target].iter().any(|text| text.len() >= MAYBE_CUT)
}

fn question(resource: &PlanResource, key: &ResourceKey, ask: Ask) -> Question {
    let mut seen = DefaultHasher::new();
    match &ask {
        // Not all of it was sent, so any other version may differ.
        Ask::Whole | Ask::Text(_) => {
            (&resource.base_etag, &resource.source_etag, &resource.target_etag).hash(&mut seen);
        }
        Ask::Field(conflict) => (&conflict.base, &conflict.source, &conflict.target).hash(&mut seen),
        Ask::Clash { conflict, .. } => {
            // Where a place is among the others matters too: a place that is new moves those behind it.
            (conflict.clashes.len(), ask.clash().map(|clash| (&clash.base, &clash.source, &clash.target)))
                .hash(&mut seen);
        }
    }
    Question { key: key.clone(), name: resource.name.clone(), ask, seen: format!("{:016x}", seen.finish()) }
}
