//! What happened to a resource on both sides since they last agreed on it: the table of 3-merge §1.

use serde::Serialize;

/// See `MergeLabel` in `merge.proto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// Only in the source.
    New,
    /// Changed in the source only.
    Changed,
    /// Deleted in the source, unchanged in the target.
    Deleted,
    /// Both sides moved.
    Diverged,
    /// Changed in the target only. Nothing to do.
    TargetOnly,
}

/// Where a resource is and who moved it since the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the columns of a truth table")]
pub(crate) struct Facts {
    /// Taking the source's would leave the target as it is.
    pub(crate) equal: bool,
    pub(crate) in_base: bool,
    pub(crate) in_source: bool,
    pub(crate) in_target: bool,
    pub(crate) source_moved: bool,
    pub(crate) target_moved: bool,
}

impl Facts {
    /// None: not listed.
    pub(crate) fn label(self) -> Option<Label> {
        if self.equal || !(self.source_moved || self.target_moved) {
            None
        } else if !self.source_moved {
            Some(Label::TargetOnly)
        } else if !self.in_base && !self.in_target {
            Some(Label::New)
        } else if self.target_moved {
            Some(Label::Diverged)
        } else if self.in_source {
            Some(Label::Changed)
        } else {
            Some(Label::Deleted)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The label by hashes alone: 0 is absent, other numbers are contents.
    fn label(base: u8, source: u8, target: u8) -> Option<Label> {
        Facts {
            equal: source == target,
            in_base: base != 0,
            in_source: source != 0,
            in_target: target != 0,
            source_moved: source != base,
            target_moved: target != base,
        }
        .label()
    }

    #[test]
    fn every_row_of_the_table() {
        for (base, source, target, expected) in [
            // Nothing anywhere, or the two agree, whatever the base.
            (0, 0, 0, None),
            (1, 1, 1, None),
            (1, 2, 2, None),
            (0, 1, 1, None),
            (1, 0, 0, None),
            // S = B, T ≠ B: changed, deleted or made in the target.
            (1, 1, 2, Some(Label::TargetOnly)),
            (1, 1, 0, Some(Label::TargetOnly)),
            (0, 0, 1, Some(Label::TargetOnly)),
            // B = ∅, T = ∅.
            (0, 1, 0, Some(Label::New)),
            // T = B, S ≠ B.
            (1, 2, 1, Some(Label::Changed)),
            (1, 0, 1, Some(Label::Deleted)),
            // Both moved: to two contents, made twice, deleted on one side and changed on the other.
            (1, 2, 3, Some(Label::Diverged)),
            (0, 1, 2, Some(Label::Diverged)),
            (1, 0, 2, Some(Label::Diverged)),
            (1, 2, 0, Some(Label::Diverged)),
        ] {
            assert_eq!(label(base, source, target), expected, "B={base} S={source} T={target}");
        }
    }
}
