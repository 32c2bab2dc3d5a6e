//! Reading what a tree may use.

use sandbar_model::{ProjectId, Result, policy::Action};
use sandbar_store::tree::{self, TreeRow};
use serde::{Deserialize, Serialize};

use crate::{App, Call, gate::hidden};

/// Asks for the allowances of a tree.
#[derive(Clone, Debug)]
pub struct GetSubscription {
    /// Any project of the tree.
    pub project: ProjectId,
}

/// What a root and the sandboxes of its tree may use together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The root.
    pub root: ProjectId,
    /// How many sandboxes there may be at once; none: no limit.
    pub max_active_sandboxes: Option<i64>,
    /// How many there are that are not scheduled for deletion.
    pub active_sandboxes: i64,
}

impl From<TreeRow> for Subscription {
    fn from(row: TreeRow) -> Self {
        let TreeRow { root, max_active_sandboxes, active_sandboxes, .. } = row;
        Self { root, max_active_sandboxes, active_sandboxes }
    }
}

/// Answers the allowances of a tree. Needs to see the project.
///
/// # Errors
/// The gate's.
pub async fn subscription(app: &App, call: &Call, request: &GetSubscription) -> Result<Subscription> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let row = tree::get(&mut tx, entry.project.root).await?;
    row.map(Subscription::from).ok_or_else(|| hidden(request.project))
}
