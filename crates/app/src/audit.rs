//! The audit trail: reading it, taking it elsewhere, and checking that it is as it was written. It is written by
//! `repeat::conclude` and `system::note`.

mod access;
mod export;
mod list;
mod verify;

use std::sync::Arc;

use sandbar_model::ProjectId;
use sandbar_store::audit::Chained;

pub use export::{Export, ExportEvents, export};
pub use list::{ListEvents, list};
pub use sandbar_store::audit::{Broken, Damage, Filter, Head, Walk};
pub use verify::{VerifyChain, verify};

/// Whose events. A project that was purged still has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trail {
    /// What belongs to no tree: users, service accounts, tokens of no project.
    Service,
    /// Those of one project.
    Project(ProjectId),
    /// Those of every project in the tree of this one.
    Tree(ProjectId),
}

/// An event as its reader sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct EventView {
    /// What is kept.
    pub kept: Chained,
    /// What the actor is called. None: nobody called, see [`crate::SYSTEM`].
    pub actor: Option<Arc<str>>,
}
