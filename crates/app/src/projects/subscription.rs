//! Reading what a tree may use.

use sandbar_model::{ProjectId, Result, policy::Action, usage::Allowances};
use sandbar_store::{
    Tx,
    tree::{self, TreeRow},
    usage,
};
use serde::{Deserialize, Serialize};

use crate::{App, Call, etag, gate::hidden};

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
    /// What they may use in a period. What they did: [`crate::usage::get`].
    pub allowances: Allowances,
}

impl Subscription {
    /// Its etag: names the limits, not what was used of them.
    pub fn etag(&self) -> String {
        let Allowances { max_runs, max_ai_tokens } = self.allowances;
        etag::of(&(self.max_active_sandboxes, max_runs, max_ai_tokens))
    }

    /// With what is kept beside the tree's row.
    pub(super) async fn read(tx: &mut Tx, row: TreeRow) -> Result<Self> {
        let TreeRow { root, max_active_sandboxes, active_sandboxes, .. } = row;
        let allowances = usage::allowances(tx, root).await?;
        Ok(Self { root, max_active_sandboxes, active_sandboxes, allowances })
    }
}

/// Answers the allowances of a tree. Needs to see the project.
///
/// # Errors
/// The gate's.
pub async fn subscription(app: &App, call: &Call, request: &GetSubscription) -> Result<Subscription> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let row = tree::get(&mut tx, entry.project.root).await?.ok_or_else(|| hidden(request.project))?;
    Subscription::read(&mut tx, row).await
}
