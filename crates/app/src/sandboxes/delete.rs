//! Scheduling a sandbox for deletion, with what is below it or without.

use std::collections::HashSet;

use sandbar_model::{Error, Project, ProjectId, Result, policy::Action, project::Fork};
use sandbar_store::{Tx, flatten, project, view::View};
use serde::{Deserialize, Serialize};

use super::{
    retire::schedule,
    sandbox_only,
    unmerged::{UnmergedResource, unmerged},
};
use crate::{
    App, Call, Request,
    gate::{active, hidden},
    projects::{check_etag, lock_below, lock_tree, reread, views},
    repeat::{Trace, conclude, repeated, retry},
    view::ProjectView,
};

/// Asks for a sandbox to go.
#[derive(Clone, Debug)]
pub struct DeleteSandbox {
    /// Which.
    pub sandbox: ProjectId,
    /// Its active children move to its parent and keep what they see, instead of going with it.
    pub keep_children: bool,
    /// See [`crate::projects::etag`]; empty: delete whatever is there.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for DeleteSandbox {
    const ACTION: &'static str = "sandbox.delete";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// What became of a sandbox and what was below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// The sandbox, then those of its descendants that go with it.
    pub scheduled: Vec<ProjectView>,
    /// The children that moved up, by name.
    pub moved: Vec<ProjectView>,
    /// Work that was not merged from the scheduled ones, for a last look. At most 100.
    pub unmerged: Vec<UnmergedResource>,
}

/// Schedules a sandbox to be purged after the grace period. Needs admin on it or on the tree's root.
///
/// # Errors
/// [`Error::NotASandbox`], [`Error::ProjectScheduled`], [`Error::EtagMismatch`], [`Error::NameTaken`] when a child that
/// would move up has the name of a sandbox there, and the gate's.
pub async fn delete(app: &App, call: &Call, request: &DeleteSandbox) -> Result<Deleted> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &DeleteSandbox) -> Result<Deleted> {
    let mut tx = app.db.write().await?;
    let entry = app.enter_any(&mut tx, call, request.sandbox, Action::ManageSandbox).await?;
    sandbox_only(&entry.project)?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    lock_tree(&mut tx, &entry.project).await?;
    let below = lock_below(&mut tx, request.sandbox).await?;
    let sandbox = below.first().ok_or_else(|| hidden(request.sandbox))?;
    active(sandbox)?;
    check_etag(&request.etag, sandbox)?;
    let parted = part(sandbox, &below, request.keep_children);
    check_names(&mut tx, sandbox, &parted.moving).await?;
    let scheduled = schedule(app, &mut tx, &parted.going, app.now()).await?;
    let unmerged = unmerged(app, &mut tx, &scheduled).await?;
    let moved = move_up(app, &mut tx, sandbox, &parted.moving).await?;
    let scheduled = views(&mut tx, &entry.caller, scheduled).await?;
    let moved = views(&mut tx, &entry.caller, moved).await?;
    let answer = Deleted { scheduled, moved, unmerged };
    conclude(app, tx, by, request, trace(sandbox, &answer), &answer).await?;
    Ok(answer)
}

/// Who goes and who moves.
struct Parted {
    /// Parents before children.
    going: Vec<Project>,
    /// Only the topmost of them; what is below comes along.
    moving: Vec<Project>,
}

/// Parts a sandbox and everything below it (parents before children). Children that are scheduled already go with it.
fn part(sandbox: &Project, below: &[Project], keep_children: bool) -> Parted {
    let mut parted = Parted { going: Vec::new(), moving: Vec::new() };
    let mut kept = HashSet::new();
    for project in below {
        let parent = project.fork.map(|fork| fork.parent);
        let moves = keep_children && parent == Some(sandbox.id) && project.scheduled.is_none();
        if moves {
            parted.moving.push(project.clone());
        }
        if moves || parent.is_some_and(|parent| kept.contains(&parent)) {
            kept.insert(project.id);
        } else {
            parted.going.push(project.clone());
        }
    }
    parted
}

/// Refuses to move children beside a sandbox of the same name, before anything is done.
async fn check_names(tx: &mut Tx, sandbox: &Project, moving: &[Project]) -> Result<()> {
    let fork = own_fork(sandbox)?;
    if moving.is_empty() {
        return Ok(());
    }
    let siblings = project::sibling_names(tx, fork.parent).await?;
    match clash(&sandbox.profile.name, &siblings, moving) {
        None => Ok(()),
        Some(name) => Err(Error::NameTaken {
            name: name.to_owned(),
            place: "by a sandbox of the project that it would move to",
        }),
    }
}

/// The first name that two siblings would share. The sandbox's own becomes free.
fn clash<'a>(own: &str, siblings: &[String], moving: &'a [Project]) -> Option<&'a str> {
    let mut names = moving.iter().map(|project| project.profile.name.as_str());
    names.find(|name| *name != own && siblings.iter().any(|sibling| sibling == name))
}

/// Gives children what they saw through the sandbox, and its parent.
async fn move_up(app: &App, tx: &mut Tx, sandbox: &Project, moving: &[Project]) -> Result<Vec<Project>> {
    let fork = own_fork(sandbox)?;
    let view = app.views.of(tx, sandbox).await?;
    let above = View { root: view.root, levels: view.inherited().to_vec() };
    let mut moved = Vec::with_capacity(moving.len());
    for child in moving {
        flatten::flatten(tx, sandbox, child, &above).await?;
        project::move_up(tx, child, fork, 1, app.now()).await?;
        moved.push(reread(tx, child.id).await?);
    }
    Ok(moved)
}

fn own_fork(sandbox: &Project) -> Result<Fork> {
    sandbox.fork.ok_or(Error::NotASandbox { project: sandbox.id })
}

fn trace(sandbox: &Project, answer: &Deleted) -> Trace {
    let ids = |views: &[ProjectView]| views.iter().map(|view| view.project.id).collect::<Vec<ProjectId>>();
    let detail = serde_json::json!({
        "name": sandbox.profile.name, "scheduled": ids(&answer.scheduled), "moved": ids(&answer.moved),
    });
    Trace { root: Some(sandbox.root), project: Some(sandbox.id), subject: None, detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projects::sample::{id, root, sandbox, scheduled};

    /// 2 with the children 3 (which has 4), 5 (scheduled, with 6) and 7.
    fn family() -> Vec<Project> {
        let top = sandbox(2, &root(1), "top");
        let (three, five) = (sandbox(3, &top, "three"), scheduled(sandbox(5, &top, "five")));
        let seven = sandbox(7, &top, "top");
        let (four, six) = (sandbox(4, &three, "four"), scheduled(sandbox(6, &five, "six")));
        vec![top, five, three, seven, four, six]
    }

    fn ids(projects: &[Project]) -> Vec<ProjectId> {
        projects.iter().map(|project| project.id).collect()
    }

    #[test]
    fn everything_goes_unless_children_are_kept() {
        let below = family();
        let parted = part(&below[0], &below, false);
        assert_eq!(ids(&parted.going), ids(&below));
        assert!(parted.moving.is_empty());
    }

    #[test]
    fn kept_children_take_along_what_is_below_them() {
        let below = family();
        let parted = part(&below[0], &below, true);
        assert_eq!(ids(&parted.going), [2, 5, 6].map(id));
        assert_eq!(ids(&parted.moving), [3, 7].map(id));
    }

    #[test]
    fn a_child_may_have_the_name_that_becomes_free_and_no_other_that_is_taken() {
        let below = family();
        let moving = part(&below[0], &below, true).moving;
        let siblings = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(clash("top", &siblings(&["top", "other"]), &moving), None);
        assert_eq!(clash("top", &siblings(&["three", "top"]), &moving), Some("three"));
        assert_eq!(clash("else", &siblings(&["else", "top"]), &moving), Some("top"));
    }
}
