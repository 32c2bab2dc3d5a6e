//! Records of merges to the wire.

use std::collections::BTreeMap;

use prost::Message;
use sandbar_app::merges::{ChangeView, Chosen, MergeView, Named};
use sandbar_merge::combine::{ClashResolution, Resolution};
use sandbar_store::merge_record::{Direction, Filter, MergeKind, MergedResource};

use super::{decision_to_wire, etag, fields_to_wire, number, stamp_of};
use crate::{
    convert::{Fields, common::key_to_wire},
    wire::{self, clash_resolution, merge_resolution::How},
};

/// The most choices that come with a record, so that it fits a message however many there were.
const CHOICES: usize = 1000;
/// The longest value or text of one's own in a record, in bytes. All of it is in what the merge wrote.
const OWN_BYTES: usize = 64 * 1024;
/// The most bytes of resolutions of one resource, so that its message stays far from the limit of messages.
const RESOLUTION_BYTES: usize = 2 * 1024 * 1024;

impl Fields {
    /// Which merges of a project to list.
    pub fn merge_filter(&mut self, request: &wire::ListMergesRequest) -> Filter {
        let kind = |kind: wire::merge::Kind| match kind {
            wire::merge::Kind::Unspecified => None,
            wire::merge::Kind::Merge => Some(MergeKind::Merge),
            wire::merge::Kind::Sync => Some(MergeKind::Sync),
            wire::merge::Kind::Revert => Some(MergeKind::Revert),
        };
        let direction = |direction: wire::MergeDirection| match direction {
            wire::MergeDirection::Unspecified => None,
            wire::MergeDirection::Into => Some(Direction::Into),
            wire::MergeDirection::OutOf => Some(Direction::OutOf),
        };
        Filter {
            direction: self.optional_enum("direction", request.direction, direction),
            what: self.optional_enum("kind", request.kind, kind),
            other: self.optional_id("other_id", &request.other_id),
            resource: request.resource.clone().map(|key| self.key("resource", Some(key))),
        }
    }
}

/// A merge's record.
pub fn merge_to_wire(view: MergeView) -> wire::Merge {
    let record = view.record;
    let kind = match record.what {
        MergeKind::Merge => wire::merge::Kind::Merge,
        MergeKind::Sync => wire::merge::Kind::Sync,
        MergeKind::Revert => wire::merge::Kind::Revert,
    };
    let id = |id: Option<sandbar_model::MergeId>| id.map(|id| id.to_string()).unwrap_or_default();
    wire::Merge {
        id: record.id.to_string(),
        kind: kind.into(),
        source_id: record.source.to_string(),
        target_id: record.target.to_string(),
        stamp: Some(stamp_of(&view.stamp)),
        target_revision: record.target_revision.0,
        retired_source: record.retired_source,
        reverts_id: id(record.reverts),
        reverted_by_id: id(record.reverted_by),
        resource_count: record.resource_count,
        resources: view.resources.into_iter().map(merged_to_wire).collect(),
        unreviewed: record.unreviewed,
        choice_count: view.chosen.as_ref().map(|chosen| number(chosen.choices.len())).unwrap_or_default(),
        choices: view.chosen.map(chosen_to_wire),
    }
}

fn merged_to_wire(merged: MergedResource) -> wire::MergedResource {
    let label = match merged.label.as_str() {
        "new" => wire::MergeLabel::New,
        "changed" => wire::MergeLabel::Changed,
        "deleted" => wire::MergeLabel::Deleted,
        "diverged" => wire::MergeLabel::Diverged,
        _ => wire::MergeLabel::Unspecified,
    };
    let decision = match merged.decision.as_str() {
        "take" => wire::MergeDecision::Take,
        "overwrite" => wire::MergeDecision::Overwrite,
        "combine" => wire::MergeDecision::Combine,
        _ => wire::MergeDecision::Unspecified,
    };
    wire::MergedResource {
        key: Some(key_to_wire(merged.kind, merged.id)),
        label: label.into(),
        decision: decision.into(),
        before_etag: etag(merged.before),
        after_etag: etag(merged.after),
        before_name: merged.before_name,
        after_name: merged.after_name,
        revision: merged.revision.0,
        ..Default::default()
    }
}

/// One resource that a merge wrote, with what changed.
pub fn change_to_wire(view: ChangeView) -> wire::MergedResource {
    let (fields, omitted_field_count) = fields_to_wire(view.fields);
    let (resolutions, resolutions_cut) = resolutions_to_wire(view.resolutions);
    wire::MergedResource {
        fields,
        omitted_field_count,
        resolutions,
        resolutions_cut,
        ..merged_to_wire(view.resource)
    }
}

fn chosen_to_wire(chosen: Chosen) -> wire::MergeChoices {
    let choices = chosen.choices.into_iter().take(CHOICES).map(|choice| wire::MergeChoice {
        resource: Some(match choice.resource {
            Named::Key { kind, id } => wire::merge_choice::Resource::Key(key_to_wire(kind, id)),
            Named::Name(name) => wire::merge_choice::Resource::WorkflowName(name),
        }),
        decision: decision_to_wire(choice.decision).into(),
        resolutions: Vec::new(),
    });
    wire::MergeChoices { defaults: chosen.defaults, choices: choices.collect(), retire_source: chosen.retire }
}

/// As many as have room, and whether that is less than all of them.
fn resolutions_to_wire(resolutions: BTreeMap<String, Resolution>) -> (Vec<wire::MergeResolution>, bool) {
    let (count, mut left, mut cut) = (resolutions.len(), RESOLUTION_BYTES, false);
    let sent = resolutions.into_iter().map_while(|(path, resolution)| {
        let how = how_to_wire(resolution, left.saturating_sub(path.len() + CLASH_OVERHEAD), &mut cut);
        let sent = wire::MergeResolution { path, how: Some(how) };
        left = left.checked_sub(sent.encoded_len())?;
        Some(sent)
    });
    let sent: Vec<_> = sent.collect();
    let cut = cut || sent.len() < count;
    (sent, cut)
}

fn how_to_wire(resolution: Resolution, left: usize, cut: &mut bool) -> How {
    match resolution {
        Resolution::Source => How::Side(wire::MergeSide::Source.into()),
        Resolution::Target => How::Side(wire::MergeSide::Target.into()),
        Resolution::Value(value) => How::Value(own(value.to_string(), cut)),
        Resolution::Clashes(clashes) => {
            let (count, mut left) = (clashes.len(), left);
            let sent = clashes.into_iter().map_while(|clash| {
                let sent = wire::ClashResolution { how: Some(clash_to_wire(clash, cut)) };
                left = left.checked_sub(sent.encoded_len() + CLASH_OVERHEAD)?;
                Some(sent)
            });
            let clashes: Vec<_> = sent.collect();
            *cut = *cut || clashes.len() < count;
            How::Clashes(wire::ClashResolutions { clashes })
        }
    }
}

/// What a clash takes in its list beside itself, generously.
const CLASH_OVERHEAD: usize = 8;

fn clash_to_wire(clash: ClashResolution, cut: &mut bool) -> clash_resolution::How {
    use clash_resolution::How;
    match clash {
        ClashResolution::Source => How::Side(wire::MergeSide::Source.into()),
        ClashResolution::Target => How::Side(wire::MergeSide::Target.into()),
        ClashResolution::Both => How::Side(wire::MergeSide::Both.into()),
        ClashResolution::Text(text) => How::Text(own(text, cut)),
    }
}

fn own(mut text: String, cut: &mut bool) -> String {
    if text.len() > OWN_BYTES {
        *cut = true;
        text.truncate(text.floor_char_boundary(OWN_BYTES));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_much_was_settled_a_message_stays_small_and_says_that_it_was_cut() {
        let text = |text: &str| ClashResolution::Text(text.to_owned());
        for (resolution, is_cut) in [
            (Resolution::Target, false),
            (Resolution::Value("short".into()), false),
            (Resolution::Value("ä".repeat(1_000_000).into()), true),
            (Resolution::Clashes(vec![ClashResolution::Both, text("a\n")]), false),
            (Resolution::Clashes(vec![text(&"x".repeat(OWN_BYTES)); 100]), true),
            (Resolution::Clashes(vec![ClashResolution::Source; 3_000_000]), true),
        ] {
            let all = ["a", "b"].map(|path| (path.to_owned(), resolution.clone()));
            let (sent, cut) = resolutions_to_wire(all.into());
            let bytes: usize = sent.iter().map(Message::encoded_len).sum();
            assert!(bytes <= RESOLUTION_BYTES + OWN_BYTES, "{bytes}");
            assert!(!sent.is_empty());
            assert_eq!(cut, is_cut, "{bytes}");
        }
    }
}
