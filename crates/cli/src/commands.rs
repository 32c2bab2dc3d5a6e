//! The commands: each takes its arguments, asks the server and prints what it says.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod collection;
pub(crate) mod config;
pub(crate) mod credential;
pub(crate) mod edit;
pub(crate) mod keychain;
pub(crate) mod login;
pub(crate) mod merge;
pub(crate) mod project;
pub(crate) mod put;
pub(crate) mod run;
pub(crate) mod sandbox;
pub(crate) mod subscription;
pub(crate) mod sync;
mod transfer;
pub(crate) mod usage;
pub(crate) mod watch;
pub(crate) mod webhook_auth;
pub(crate) mod workflow;
