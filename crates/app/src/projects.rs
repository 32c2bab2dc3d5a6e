//! Projects: the roots, and what all projects have in common.

mod create;
mod delete;
mod get;
mod list;
mod patch;
mod restore;
#[cfg(test)]
pub(crate) mod sample;
mod subscription;
mod update;
mod update_subscription;

use std::collections::{HashMap, HashSet};

use sandbar_model::{Error, Project, ProjectId, Result, Role, access::PrincipalKind};
use sandbar_store::{
    Tx, member, project,
    project::{Viewer, Visible},
    tree::{self, TreeRow},
};

pub use create::{CreateProject, create};
pub use delete::{DeleteProject, delete};
pub use get::{GetProject, get};
pub use list::{ListProjects, list};
pub use patch::{ProfilePatch, SettingsPatch};
pub use restore::{RestoreProject, Restored, restore};
pub use subscription::{GetSubscription, Subscription, subscription};
pub use update::{UpdateProject, update};
pub use update_subscription::{UpdateSubscription, update_subscription};

pub(crate) use create::{allowed, make};
pub(crate) use list::{Cursor, one_more, page};
pub(crate) use update::nothing;

use crate::{
    etag,
    gate::{Caller, hidden},
    view::ProjectView,
};

/// The etag of a project: changes with every write to its record, and with none to its resources.
pub fn etag(project: &Project) -> String {
    project.version.to_string()
}

/// Refuses when the project is not as the caller read it; an empty etag takes it as it is.
pub(crate) fn check_etag(sent: &str, project: &Project) -> Result<()> {
    etag::check(sent, etag(project))
}

/// Refuses sandboxes.
pub(crate) fn root_only(project: &Project) -> Result<()> {
    if project.is_sandbox() { Err(Error::NotARoot { project: project.id }) } else { Ok(()) }
}

/// Takes the lock of a project's tree: the first one of everything that changes its shape, state or allowance.
pub(crate) async fn lock_tree(tx: &mut Tx, project: &Project) -> Result<TreeRow> {
    // No row: the tree was purged since the caller was let in.
    tree::lock(tx, project.root).await?.ok_or_else(|| hidden(project.id))
}

/// Takes the write lock of a project and answers it as the writer before left it.
pub(crate) async fn lock(tx: &mut Tx, id: ProjectId) -> Result<Project> {
    project::lock(tx, id).await?.ok_or_else(|| hidden(id))
}

/// A project as this transaction left it.
pub(crate) async fn reread(tx: &mut Tx, id: ProjectId) -> Result<Project> {
    project::get(tx, id).await?.ok_or(Error::Bug("a project is gone while its lock is held"))
}

/// Takes the write locks of a project and everything below it, in the order of their ids, and answers them as they are
/// then, parents before children. The caller holds the tree's lock, so nothing is added or moved meanwhile.
pub(crate) async fn lock_below(tx: &mut Tx, id: ProjectId) -> Result<Vec<Project>> {
    let mut below = project::descendants(tx, id).await?;
    let mut ids: Vec<_> = below.iter().map(|project| project.id).collect();
    ids.sort_unstable();
    let mut locked = HashMap::with_capacity(ids.len());
    for id in ids {
        locked.insert(id, lock(tx, id).await?);
    }
    for project in &mut below {
        if let Some(now) = locked.remove(&project.id) {
            *project = now;
        }
    }
    Ok(below)
}

/// How the store knows who looks.
pub(crate) fn viewer(caller: &Caller) -> Viewer {
    Viewer { principal: caller.id, support: caller.kind == PrincipalKind::Support }
}

/// What the caller is in a project, as far as the token goes.
pub(crate) fn lowered(caller: &Caller, role: Option<Role>) -> Option<Role> {
    role.map(|role| caller.scope.max_role.map_or(role, |limit| role.min(limit)))
}

/// A row of a list, for its caller.
pub(crate) fn seen(caller: &Caller, row: Visible) -> ProjectView {
    ProjectView { role: lowered(caller, row.role), project: row.project }
}

/// Projects that an operation on one of their ancestors touched, with what the caller is in each.
pub(crate) async fn views(tx: &mut Tx, caller: &Caller, projects: Vec<Project>) -> Result<Vec<ProjectView>> {
    let ids: Vec<_> = projects.iter().map(|project| project.id).collect();
    let roles = member::roles(tx, caller.id, &ids).await?;
    let view =
        |project: Project| ProjectView { role: lowered(caller, roles.get(&project.id).copied()), project };
    Ok(projects.into_iter().map(view).collect())
}

/// What the caller may see of a tree. A token that is limited to one project sees that one and those below it.
pub(crate) async fn visible_tree(
    tx: &mut Tx,
    caller: &Caller,
    root: ProjectId,
    show_scheduled: bool,
) -> Result<Vec<Visible>> {
    let mut visible = project::visible_tree(tx, root, viewer(caller), show_scheduled).await?;
    if let Some(top) = caller.scope.project {
        let below: HashSet<_> =
            project::descendants(tx, top).await?.into_iter().map(|project| project.id).collect();
        visible.retain(|row| below.contains(&row.project.id));
    }
    Ok(visible)
}
