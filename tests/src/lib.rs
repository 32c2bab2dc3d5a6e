//! Runs the real binaries for the tests: a server on its own data, on either engine, and purge workers beside it.
//!
//! A test here sees what a customer sees: it may kill, restart and call, and it never looks inside. What can't be done
//! (a binary that is missing, no PostgreSQL) fails the test with what to do; nothing is ever skipped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]
#![allow(clippy::missing_panics_doc, reason = "everything here panics to fail the test")]

mod both;
mod calls;
pub mod canary;
mod collector;
mod database;
mod process;
mod purge_worker;
pub mod scenario;
mod server;

pub use calls::{User, expect_refusal, import};
pub use process::binary;
pub use purge_worker::PurgeWorker;
pub use sandbar_client as client;
pub use server::{Engine, Options, Server};
