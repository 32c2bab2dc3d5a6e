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

pub use head::{Given, Head, Sections};
pub use piece::{Piece, WorkflowPiece};
pub use read::{Stop, read};
pub use write::{Stamps, StateWriter};
