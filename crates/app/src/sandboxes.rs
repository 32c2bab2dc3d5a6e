//! Sandboxes: cloning a project in an instant, and throwing the clone away with a grace period.

mod create;
mod delete;
mod get;
pub(crate) mod guard;
mod list;
mod restore;
mod retire;
mod tree;
mod unmerged;
mod unretire;
mod update;

use sandbar_model::{Error, Project, Result};

pub use create::{CreateSandbox, create};
pub use delete::{DeleteSandbox, Deleted, delete};
pub use get::{GetSandbox, SandboxView, get};
pub use list::{ListSandboxes, list};
pub use restore::{RestoreSandbox, restore};
pub use tree::{GetSandboxTree, tree};
pub use unmerged::UnmergedResource;
pub use update::{UpdateSandbox, update};

pub(crate) use retire::{retire, schedule};
pub(crate) use unretire::unretire;

/// Refuses roots.
pub(crate) fn sandbox_only(project: &Project) -> Result<()> {
    if project.is_sandbox() { Ok(()) } else { Err(Error::NotASandbox { project: project.id }) }
}
