//! The server as its callers and its operator meet it, on real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod binary;
mod calls;
mod health;
mod limits;
mod place;
mod reflection;
mod shutdown;
mod traces;
mod web;
