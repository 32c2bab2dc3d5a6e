//! What the operations on sandboxes promise, on both engines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is tests, also what clippy does not take for one"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod create;
mod delete;
mod guard;
mod keep_children;
mod race;
mod repeat;
mod restore;
mod see;
mod update;
