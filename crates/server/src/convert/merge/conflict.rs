//! Conflicts to the wire, and how they are settled from it.

use std::collections::BTreeMap;

use sandbar_merge::combine::{Clash, ClashResolution, Conflict, ConflictKind, Resolution};

use super::Fields;
use crate::wire::{self, merge_conflict::Kind, merge_resolution::How};

/// The longest text of a clash in a preview, in bytes. Whoever needs more has the bodies.
const CLASH_BYTES: usize = 64 * 1024;
/// The longest text that is shown before or after a clash, in bytes: a line may be as long as a body.
const AROUND_BYTES: usize = 1024;
/// The most bytes of clashes of one resource, so that its message stays far from the limit of messages.
const RESOURCE_BYTES: usize = 2 * 1024 * 1024;
/// What a clash takes beside its texts, generously.
const CLASH_OVERHEAD: usize = 32;

impl Fields {
    /// How conflicts are settled, by their path.
    pub(super) fn resolutions(
        &mut self,
        field: &str,
        resolutions: Vec<wire::MergeResolution>,
    ) -> BTreeMap<String, Resolution> {
        let mut read = BTreeMap::new();
        for (at, resolution) in resolutions.into_iter().enumerate() {
            let field = format!("{field}.resolutions[{at}]");
            let Some(how) = self.resolution(&field, resolution.how) else { continue };
            if read.insert(resolution.path, how).is_some() {
                self.add(format!("{field}.path"), "is settled more than once; settle it once");
            }
        }
        read
    }

    fn resolution(&mut self, field: &str, how: Option<How>) -> Option<Resolution> {
        match how {
            Some(How::Side(side)) if side == i32::from(wire::MergeSide::Source) => Some(Resolution::Source),
            Some(How::Side(side)) if side == i32::from(wire::MergeSide::Target) => Some(Resolution::Target),
            Some(How::Side(_)) => {
                self.add(format!("{field}.side"), "must be SOURCE or TARGET");
                None
            }
            Some(How::Value(json)) => match settling_value(&json) {
                Ok(value) => Some(Resolution::Value(value)),
                Err(problem) => {
                    self.add(format!("{field}.value"), problem);
                    None
                }
            },
            Some(How::Clashes(clashes)) => {
                let each = clashes.clashes.into_iter().enumerate();
                let each = each.map(|(at, clash)| self.clash(&format!("{field}.clashes[{at}]"), clash.how));
                // All are looked at, so that all that is wrong is said at once.
                let read: Vec<_> = each.collect();
                read.into_iter().collect::<Option<_>>().map(Resolution::Clashes)
            }
            None => {
                self.add(field, "must say how: a side, a value or clashes");
                None
            }
        }
    }

    fn clash(&mut self, field: &str, how: Option<wire::clash_resolution::How>) -> Option<ClashResolution> {
        use wire::clash_resolution::How;
        let side = match how {
            Some(How::Text(text)) => return Some(ClashResolution::Text(text)),
            Some(How::Side(side)) => wire::MergeSide::try_from(side).unwrap_or_default(),
            None => wire::MergeSide::Unspecified,
        };
        match side {
            wire::MergeSide::Source => Some(ClashResolution::Source),
            wire::MergeSide::Target => Some(ClashResolution::Target),
            wire::MergeSide::Both => Some(ClashResolution::Both),
            wire::MergeSide::Unspecified => {
                self.add(field, "must be a side or a text");
                None
            }
        }
    }
}

/// A body may be longer than any value of a config, and has no numbers to lose.
fn settling_value(text: &str) -> Result<serde_json::Value, String> {
    match serde_json::from_str::<String>(text) {
        Ok(body) => Ok(body.into()),
        Err(_) => sandbar_model::json::parse(text),
    }
}

/// The conflicts of one resource.
pub(super) fn conflicts_to_wire(conflicts: &[Conflict]) -> Vec<wire::MergeConflict> {
    let mut left = RESOURCE_BYTES;
    conflicts.iter().map(|conflict| conflict_to_wire(conflict, &mut left)).collect()
}

fn conflict_to_wire(conflict: &Conflict, left: &mut usize) -> wire::MergeConflict {
    let json = |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string);
    let (kind, rule) = match &conflict.kind {
        ConflictKind::Field => (Kind::Field, ""),
        ConflictKind::Body => (Kind::Body, ""),
        ConflictKind::Removed => (Kind::Removed, ""),
        ConflictKind::InvalidResult(rule) => (Kind::InvalidResult, rule.as_str()),
    };
    wire::MergeConflict {
        kind: kind.into(),
        path: conflict.path.clone(),
        title: conflict.title.clone(),
        base: json(&conflict.base),
        source: json(&conflict.source),
        target: json(&conflict.target),
        clashes: conflict.clashes.iter().map_while(|clash| clash_to_wire(clash, left)).collect(),
        clash_count: i64::try_from(conflict.clashes.len()).unwrap_or(i64::MAX),
        rule: rule.to_owned(),
        settled: conflict.resolution.is_some(),
    }
}

/// None: there is no room left.
fn clash_to_wire(clash: &Clash, left: &mut usize) -> Option<wire::MergeClash> {
    let cut =
        |text: &String| text.get(..text.floor_char_boundary(CLASH_BYTES)).unwrap_or_default().to_owned();
    let near = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let clash = wire::MergeClash {
        line: i64::from(clash.line),
        base: cut(&clash.base),
        source: cut(&clash.source),
        target: cut(&clash.target),
        before: near(
            clash
                .before
                .get(clash.before.ceil_char_boundary(clash.before.len().saturating_sub(AROUND_BYTES))..),
        ),
        after: near(clash.after.get(..clash.after.floor_char_boundary(AROUND_BYTES))),
    };
    let around = clash.before.len() + clash.after.len();
    let size = clash.base.len() + clash.source.len() + clash.target.len() + around + CLASH_OVERHEAD;
    *left = left.checked_sub(size)?;
    Some(clash)
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    fn body(clashes: usize, text: &str) -> Conflict {
        let clash = Clash {
            line: 1,
            base: text.into(),
            source: text.into(),
            target: text.into(),
            ..Clash::default()
        };
        Conflict {
            path: "jobs/1/body".into(),
            title: "body".into(),
            kind: ConflictKind::Body,
            base: None,
            source: None,
            target: None,
            clashes: vec![clash; clashes],
            resolution: None,
        }
    }

    #[test]
    fn however_much_clashes_a_message_stays_small_and_says_how_much_there_is() {
        for conflicts in
            [[body(3, "a\n"), body(1_000_000, "a\n")], [body(9, &"ä".repeat(1_000_000)), body(1, "")]]
        {
            let sent = conflicts_to_wire(&conflicts);
            assert!(sent.iter().map(Message::encoded_len).sum::<usize>() < RESOURCE_BYTES + CLASH_BYTES);
            for (sent, conflict) in sent.iter().zip(&conflicts) {
                assert_eq!(sent.clash_count, i64::try_from(conflict.clashes.len()).unwrap());
            }
            assert!(sent.iter().any(|sent| !sent.clashes.is_empty()));
        }
    }
}
