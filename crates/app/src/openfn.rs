//! `OpenFn`'s project state document (version 1): what `openfn` keeps as a project's state, and what imports and exports
//! speak. One JSON object: the project's settings, and its credentials, collections and workflows, each either an object
//! keyed by slug or a list. Keys carry no meaning; ids are in the values.
//!
//! Configs and keychains have no place in `OpenFn`'s format (but a job's `keychain_credential_id` has). A project that has
//! some gets sections of their own for them, `configs` and `keychains`, which `OpenFn`'s tools pass over, so that nothing is
//! lost on the way out and back in.
//!
//! Both ways are streams: at no time is more than one workflow in memory, however large the project is.

pub mod read;
pub mod write;

mod convert;
mod head;
mod keys;
mod meter;
mod piece;
mod section;
mod wire;

#[cfg(test)]
mod tests;

use sandbar_store::resource::Found;

pub use head::{Given, Head, Sections};
pub use piece::{Piece, Silent, SilentTrigger, WorkflowPiece};
pub use read::{Stop, read};
pub use write::{Shape, SpecWriter, Stamps, StateWriter, digest};

/// What a client sends back to say which state of a workflow it has changed. Grows with each change in a project; what a
/// sandbox sees of its ancestors counts from far above its own.
pub fn lock_version(found: &Found) -> i64 {
    /// More revisions than a project takes in its life. JavaScript counts exactly up to 2^53.
    const LEVEL: i64 = 1 << 40;
    found.revision.0 + LEVEL * i64::try_from(found.level).unwrap_or(0)
}
