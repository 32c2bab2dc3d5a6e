//! The command line at a terminal: a person's keys and editor, over a real server.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is tests, also what clippy does not take for one"
)]

mod audit;
mod files;
mod large;
mod openfn;
mod report;
mod resolve;
mod stage;
mod subscription;
mod terminal;
mod webhook_auth;
