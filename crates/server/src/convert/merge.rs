//! Merges: choices from the wire, plans and records to it.

mod conflict;
mod record;

use prost::Message;
use sandbar_app::{
    merges::{ItemView, PlanView},
    view::Stamp,
};
use sandbar_merge::{Choices, Decision, FieldChange, Item, Label, Selector, State, Warning, WarningKind};
use sandbar_model::{ContentHash, Kind, ResourceId};

use conflict::conflicts_to_wire;

use super::{
    Fields,
    common::{key_to_wire, stamp_to_wire},
    project::{project_to_wire, view_to_wire},
    time,
};
use crate::wire;

pub use record::{change_to_wire, merge_to_wire};

/// The most bytes of differences of one resource, so that its message stays far from the limit of messages.
const FIELD_BYTES: usize = 8 * 1024 * 1024;
/// What a difference takes in its resource beside itself.
const FIELD_OVERHEAD: usize = 8;

impl Fields {
    /// What a caller decides about a plan, and whether the source shall be retired. Absent: nothing is chosen.
    pub fn choices(&mut self, field: &str, choices: Option<wire::MergeChoices>) -> (Choices, Option<bool>) {
        let choices = choices.unwrap_or_default();
        let mut read = Choices { defaults: choices.defaults, ..Choices::default() };
        for (at, choice) in choices.choices.into_iter().enumerate() {
            let field = format!("{field}.choices[{at}]");
            let selector = match choice.resource {
                Some(wire::merge_choice::Resource::Key(key)) => {
                    let (kind, id) = self.key(&format!("{field}.key"), Some(key));
                    Selector::Key(kind, id)
                }
                Some(wire::merge_choice::Resource::WorkflowName(name)) => Selector::WorkflowName(name),
                None => {
                    self.add(format!("{field}.resource"), "is required: a key or a workflow's name");
                    continue;
                }
            };
            let decision =
                self.required_enum(&format!("{field}.decision"), choice.decision, decision, Decision::Leave);
            let resolutions = self.resolutions(&field, choice.resolutions);
            if !resolutions.is_empty() {
                read.resolutions.push((selector.clone(), resolutions));
            }
            read.choices.push((selector, decision));
        }
        (read, choices.retire_source)
    }
}

fn decision(decision: wire::MergeDecision) -> Option<Decision> {
    match decision {
        wire::MergeDecision::Unspecified => None,
        wire::MergeDecision::Leave => Some(Decision::Leave),
        wire::MergeDecision::Take => Some(Decision::Take),
        wire::MergeDecision::Overwrite => Some(Decision::Overwrite),
        wire::MergeDecision::Combine => Some(Decision::Combine),
    }
}

/// The most warnings of one message, so that each stays far from the limit of messages.
const WARNINGS: usize = 1000;

/// What a whole plan says, and the warnings for which there is no room in it.
pub fn head_to_wire(view: &PlanView) -> (wire::PlanHead, Vec<wire::MoreWarnings>) {
    let mut head = whole_head(view);
    let rest = head.warnings.split_off(head.warnings.len().min(WARNINGS));
    let more = rest.chunks(WARNINGS).map(|warnings| wire::MoreWarnings { warnings: warnings.to_vec() });
    (head, more.collect())
}

fn whole_head(view: &PlanView) -> wire::PlanHead {
    let counts = view.plan.counts();
    let count = |label| number(counts.get(&label).copied().unwrap_or_default());
    let retired = view.retirement.as_ref();
    let listed = view.plan.items.iter().flat_map(|item| {
        item.warnings.iter().map(move |warning| warning_to_wire(item.kind, item.id, warning))
    });
    let withheld = view.plan.withheld.iter().flat_map(|withheld| {
        withheld.warnings.iter().map(move |warning| warning_to_wire(withheld.kind, withheld.id, warning))
    });
    let descendants =
        retired.filter(|retired| !retired.descendants.is_empty()).map(|retired| wire::MergeWarning {
            kind: wire::merge_warning::Kind::DescendantsRetired.into(),
            resource: None,
            message: format!(
                "{} sandbox(es) below the source would be scheduled for deletion with it",
                retired.descendants.len()
            ),
            part_id: String::new(),
        });
    let missing = view.missing.iter().map(|missing| wire::MergeWarning {
        kind: wire::merge_warning::Kind::CredentialMissing.into(),
        resource: Some(key_to_wire(Kind::CredentialLink, missing.link)),
        message: missing.say(),
        part_id: missing.steps.first().map(|step| step.job.to_string()).unwrap_or_default(),
    });
    wire::PlanHead {
        plan_token: view.token.clone(),
        source: Some(view_to_wire(view.source.clone())),
        target: Some(view_to_wire(view.target.clone())),
        new_count: count(Label::New),
        changed_count: count(Label::Changed),
        deleted_count: count(Label::Deleted),
        diverged_count: count(Label::Diverged),
        target_only_count: count(Label::TargetOnly),
        selected_count: number(view.plan.selected().count()),
        retires_source: retired.is_some(),
        retired_descendants: retired
            .map(|retired| retired.descendants.iter().map(|p| project_to_wire(p.clone(), None)).collect())
            .unwrap_or_default(),
        purge_time: retired.map(|retired| time::to_wire(retired.purge_time)),
        warnings: listed.chain(withheld).chain(missing).chain(descendants).collect(),
        open_conflict_count: number(view.plan.items.iter().flat_map(Item::open_conflicts).count()),
    }
}

/// One resource of a plan. `stamps`: who wrote it last, in the source and in the target.
pub fn item_to_wire(
    view: ItemView<'_>,
    stamps: Option<&(Option<Stamp>, Option<Stamp>)>,
) -> wire::PlanResource {
    let Item { kind, id, target_id, label, name, renamed_from, decision, base, source, target, .. } =
        view.item;
    let stamp = |stamp: &Option<Stamp>| stamp.as_ref().map(stamp_of);
    let (fields, omitted_field_count) = fields_to_wire(view.fields);
    wire::PlanResource {
        key: Some(key_to_wire(*kind, *id)),
        target_id: if target_id == id { String::new() } else { target_id.to_string() },
        label: label_to_wire(*label).into(),
        name: name.clone(),
        renamed_from: renamed_from.clone().unwrap_or_default(),
        decision: decision_to_wire(*decision).into(),
        base_etag: state_etag(base.as_ref()),
        source_etag: state_etag(source.as_ref()),
        target_etag: state_etag(target.as_ref()),
        source_changed: stamps.and_then(|(source, _)| stamp(source)),
        target_changed: stamps.and_then(|(_, target)| stamp(target)),
        fields,
        conflicts: conflicts_to_wire(&view.item.conflicts),
        omitted_field_count,
        item_count: i64::try_from(view.item.collection_items).unwrap_or(i64::MAX),
    }
}

/// As many of these differences as have room, and how many more there are.
fn fields_to_wire(fields: Vec<(FieldChange, String)>) -> (Vec<wire::FieldChange>, i64) {
    let count = fields.len();
    let mut left = FIELD_BYTES;
    let fitting = fields.into_iter().map(field_to_wire).map_while(|field| {
        left = left.checked_sub(field.encoded_len() + FIELD_OVERHEAD)?;
        Some(field)
    });
    let sent: Vec<_> = fitting.collect();
    let omitted = number(count - sent.len());
    (sent, omitted)
}

fn field_to_wire((change, body_diff): (FieldChange, String)) -> wire::FieldChange {
    let json = |value: Option<serde_json::Value>| value.map(|value| value.to_string());
    wire::FieldChange {
        path: change.path,
        title: change.title,
        base: json(change.base),
        target: json(change.target),
        source: json(change.source),
        body_diff,
        changed_in_source: change.changed_in_source,
        changed_in_target: change.changed_in_target,
    }
}

fn warning_to_wire(kind: Kind, id: ResourceId, warning: &Warning) -> wire::MergeWarning {
    use wire::merge_warning::Kind as Wire;
    let what = match warning.kind {
        WarningKind::CredentialNotLinked => Wire::CredentialNotLinked,
        WarningKind::KeychainDefaultDropped => Wire::KeychainDefaultDropped,
        WarningKind::KeychainNeedsAdmin => Wire::KeychainNeedsAdmin,
        WarningKind::TriggerOff => Wire::TriggerOff,
        WarningKind::AuthMethodsDropped => Wire::AuthMethodsDropped,
        WarningKind::CollectionDeleted => Wire::CollectionDeleted,
        WarningKind::EdgeDropped => Wire::EdgeDropped,
        WarningKind::ReferenceMissing => Wire::ReferenceMissing,
        WarningKind::NameTaken => Wire::NameTaken,
        WarningKind::InvalidResult => Wire::InvalidResult,
    };
    wire::MergeWarning {
        kind: what.into(),
        resource: Some(key_to_wire(kind, id)),
        message: warning.message.clone(),
        part_id: warning.part.map(|part| part.to_string()).unwrap_or_default(),
    }
}

fn label_to_wire(label: Label) -> wire::MergeLabel {
    match label {
        Label::New => wire::MergeLabel::New,
        Label::Changed => wire::MergeLabel::Changed,
        Label::Deleted => wire::MergeLabel::Deleted,
        Label::Diverged => wire::MergeLabel::Diverged,
        Label::TargetOnly => wire::MergeLabel::TargetOnly,
    }
}

fn decision_to_wire(decision: Decision) -> wire::MergeDecision {
    match decision {
        Decision::Leave => wire::MergeDecision::Leave,
        Decision::Take => wire::MergeDecision::Take,
        Decision::Overwrite => wire::MergeDecision::Overwrite,
        Decision::Combine => wire::MergeDecision::Combine,
    }
}

fn stamp_of(stamp: &Stamp) -> wire::Stamp {
    stamp_to_wire(stamp.time, stamp.actor.id, &stamp.actor.name)
}

fn state_etag(state: Option<&State>) -> String {
    etag(state.map(|state| state.hash))
}

fn etag(hash: Option<ContentHash>) -> String {
    hash.map(|hash| hash.to_string()).unwrap_or_default()
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
