//! The whole tree that a project belongs to.

use sandbar_model::{ProjectId, Result, policy::Action};

use crate::{
    App, Call,
    projects::{seen, visible_tree},
    view::ProjectView,
};

/// Asks for a tree.
#[derive(Clone, Debug)]
pub struct GetSandboxTree {
    /// Any project of the tree.
    pub project: ProjectId,
    /// Also those that are scheduled for deletion.
    pub show_scheduled: bool,
}

/// Answers what the caller may see of a tree, parents before children. Needs to see the project.
///
/// # Errors
/// The gate's.
pub async fn tree(app: &App, call: &Call, request: &GetSandboxTree) -> Result<Vec<ProjectView>> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let rows = visible_tree(&mut tx, &entry.caller, entry.project.root, request.show_scheduled).await?;
    Ok(rows.into_iter().map(|row| seen(&entry.caller, row)).collect())
}
