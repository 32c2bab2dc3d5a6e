//! What the record of a merge says of each resource.

use std::collections::BTreeMap;

use sandbar_merge::{Decision, Item, Label};
use sandbar_model::{ContentHash, Kind, ResourceId, Revision};
use sandbar_store::{merge_record::MergedResource, write::Written};

use super::{preview::Planned, relation::Key};

/// What two projects agreed on about a resource of the target before and after something.
pub(super) type Bases = BTreeMap<Key, (Option<ContentHash>, Option<ContentHash>)>;

/// The record's lines. `bases` gives, in an undo, what the two agreed on; else the plan says.
pub(super) fn merged(
    planned: &Planned,
    written: &BTreeMap<(Kind, ResourceId), Written>,
    bases: Option<&Bases>,
) -> Vec<MergedResource> {
    let name = |state: &Option<sandbar_merge::State>| {
        state.as_ref().map(|state| state.document.title()).unwrap_or_default()
    };
    let line = |item: &Item| {
        let here = item.target.as_ref().map(|target| target.hash);
        let (before, after, revision) = match written.get(&(item.kind, item.target_id)) {
            Some(done) => (done.before, done.after, done.revision),
            // Everything was settled for the target: only what the two agree on is new, and who settled it how.
            None => (here, here, Revision(0)),
        };
        let (base_before, base_after) = match bases {
            Some(bases) => bases.get(&(item.kind, item.target_id)).copied().unwrap_or_default(),
            None => (item.base.as_ref().map(|base| base.hash), item.agreed_hash()),
        };
        MergedResource {
            kind: item.kind,
            id: item.target_id,
            source_id: item.id,
            label: label_word(item.label).to_owned(),
            decision: decision_word(item.decision).to_owned(),
            before,
            after,
            before_name: name(&item.target),
            after_name: name(&item.after),
            revision,
            base_before,
            base_after,
        }
    };
    planned.plan.selected().map(line).collect()
}

/// How many there are.
pub(super) fn count(resources: &[MergedResource]) -> i64 {
    i64::try_from(resources.len()).unwrap_or(i64::MAX)
}

/// The word in the record.
fn label_word(label: Label) -> &'static str {
    match label {
        Label::New => "new",
        Label::Changed => "changed",
        Label::Deleted => "deleted",
        Label::Diverged => "diverged",
        Label::TargetOnly => "target_only",
    }
}

/// The word in the record.
fn decision_word(decision: Decision) -> &'static str {
    match decision {
        Decision::Leave => "leave",
        Decision::Take => "take",
        Decision::Overwrite => "overwrite",
        Decision::Combine => "combine",
    }
}
