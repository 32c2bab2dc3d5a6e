//! What must hold when it matters: real histories replayed, writers that race, servers and workers that are killed.
//!
//! Everything is seen from outside, through the SDK. What is random comes from a seed that a failing test prints; set
//! `SANDBAR_TEST_SEED` to run it again with the same choices. `SANDBAR_TEST_ROUNDS` makes the walk at random longer:
//! `SANDBAR_TEST_ROUNDS=5000 cargo test -p sandbar-tests --test fault walk`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is tests, also what clippy does not take for one"
)]

mod bases;
mod branches;
mod canaries;
mod collections;
mod concurrency;
mod faults;
mod flow;
mod history;
mod kin;
mod large;
mod logs;
mod merging;
mod model;
mod oracle;
mod purge;
mod races;
mod replay;
mod revoked;
mod rotation;
mod runs;
mod secrets;
mod stop;
mod strangers;
mod walk;
mod watch;
