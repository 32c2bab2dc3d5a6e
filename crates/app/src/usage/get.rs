//! Reading what a tree used.

use sandbar_model::{
    ProjectId, Result, Time,
    policy::Action,
    usage::{Period, Used},
};
use sandbar_store::usage;

use super::Usage;
use crate::{App, Call, projects::visible_tree};

/// Asks what a tree used.
#[derive(Clone, Copy, Debug)]
pub struct GetUsage {
    /// Any project of the tree.
    pub project: ProjectId,
    /// A point in time of the period that is asked for; none: the one that goes on.
    pub time: Option<Time>,
}

/// What a tree used, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageView {
    /// In all.
    pub usage: Usage,
    /// The projects of the tree that the caller sees and that used something, parents before children.
    pub projects: Vec<ProjectUsage>,
    /// What those used that the caller does not see, or that are gone.
    pub others: Used,
}

/// What a project used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectUsage {
    /// Which.
    pub project: ProjectId,
    /// What it is called.
    pub name: String,
    /// What it used, without its sandboxes.
    pub used: Used,
}

/// Answers what the projects of a tree used in a period. Needs to see the project.
///
/// # Errors
/// The gate's.
pub async fn get(app: &App, call: &Call, request: &GetUsage) -> Result<UsageView> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let root = entry.project.root;
    let usage = Usage::read(&mut tx, root, Period::of(request.time.unwrap_or_else(|| app.now()))).await?;
    let parts = usage::parts(&mut tx, root, usage.period).await?;
    let visible = visible_tree(&mut tx, &entry.caller, root, true).await?;
    let used = |row: sandbar_store::project::Visible| {
        let (project, name) = (row.project.id, row.project.profile.name);
        parts.get(&project).map(|used| ProjectUsage { project, name, used: *used })
    };
    let projects: Vec<_> = visible.into_iter().filter_map(used).collect();
    let others = projects.iter().fold(usage.used, |left, part| left.without(part.used));
    Ok(UsageView { usage, projects, others })
}
