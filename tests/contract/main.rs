//! What every call of the contract must do, whichever it is. The calls are counted by its descriptors, so one that is new
//! fails here until it has its place.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is tests, also what clippy does not take for one"
)]

mod audit;
mod etags;
mod matrix;
