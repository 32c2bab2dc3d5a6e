//! Merging: seeing what a merge would do, doing exactly that, and undoing it.

mod apply;
mod bring;
mod changes;
mod chosen;
mod diff;
mod gather;
mod lines;
pub(crate) mod lost;
mod preview;
mod record;
mod relation;
mod revert;

pub use apply::{ApplyMerge, Review, apply};
pub use changes::{ChangeView, Changes, GetChanges, changes};
pub use chosen::{Chosen, Named};
pub use preview::{
    ItemView, PlanView, PreviewMerge, PreviewRevert, Retirement, describe, preview, preview_revert,
};
pub use record::{ListMerges, MergeView, get, list};
pub use revert::{RevertMerge, Reverted, revert};
