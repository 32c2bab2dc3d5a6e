//! What the store promises, proved on both engines.
//!
//! Each case is an `async fn case(db: Db)`; `cases!` makes of it one test on each engine, with a fresh, migrated
//! database. A missing PostgreSQL fails the suite, it does not skip.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is tests, also what clippy does not take for one"
)]

mod engine;

mod audit;
mod bookkeeping;
mod cancelled;
mod collections;
mod configs;
mod credentials;
mod fixture;
mod gate;
mod hints;
mod kin;
mod members;
mod merges;
mod parity;
mod principals;
mod projects;
mod purge;
mod resources;
mod runs;
mod statements;
mod tampering;
mod tokens;
mod trees;
mod triggers;
mod usage;
mod webhooks;
mod workflow_versions;
