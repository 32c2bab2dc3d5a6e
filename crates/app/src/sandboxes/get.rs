//! Reading one sandbox.

use sandbar_model::{ProjectId, Result, policy::Action};
use sandbar_store::resource;

use super::sandbox_only;
use crate::{App, Call, view::ProjectView};

/// Asks for a sandbox.
#[derive(Clone, Debug)]
pub struct GetSandbox {
    /// Which.
    pub sandbox: ProjectId,
}

/// A sandbox with what a person wants to know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxView {
    /// The sandbox.
    pub sandbox: ProjectView,
    /// How many of its resources differ from what it last agreed on with its parent.
    pub unmerged_count: i64,
}

/// Answers one sandbox, scheduled or not. Needs to see it.
///
/// # Errors
/// [`sandbar_model::Error::NotASandbox`], and the gate's.
pub async fn get(app: &App, call: &Call, request: &GetSandbox) -> Result<SandboxView> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.sandbox, Action::See).await?;
    sandbox_only(&entry.project)?;
    let unmerged_count = resource::unmerged_count(&mut tx, request.sandbox).await?;
    let sandbox = ProjectView { role: entry.role(), project: entry.project };
    Ok(SandboxView { sandbox, unmerged_count })
}
