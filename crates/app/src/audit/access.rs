//! Who may read which events.

use sandbar_model::{Error, Project, ProjectId, Result, policy::Action};
use sandbar_store::{
    Tx,
    audit::{self, Chain},
    project,
};

use super::Trail;
use crate::{App, Call, gate::hidden};

/// What a caller was let in to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admitted {
    /// The chain.
    pub(super) chain: Chain,
    /// Only this project's part of it.
    pub(super) project: Option<ProjectId>,
}

/// Lets a caller in who is an admin of the project, or of the tree's root, or a service administrator. Scheduled and
/// purged projects have their events still.
///
/// # Errors
/// [`Error::ProjectNotFound`] when there never was such a project or the caller may not know of it,
/// [`Error::PermissionDenied`] when the role is too low, [`Error::AdministratorRequired`].
pub(super) async fn admit(app: &App, tx: &mut Tx, call: &Call, trail: Trail) -> Result<Admitted> {
    let caller = app.caller(tx, call).await?;
    let (id, whole) = match trail {
        Trail::Service => {
            caller.administrator()?;
            return Ok(Admitted { chain: None, project: None });
        }
        Trail::Project(id) => (id, false),
        Trail::Tree(id) => (id, true),
    };
    let there = project::get(tx, id).await?;
    let chain = match &there {
        Some(project) => Some(project.root),
        None => audit::chain_of_project(tx, id).await?,
    };
    let root = chain.ok_or_else(|| hidden(id))?;
    if caller.administrator().is_err() {
        by_role(app, tx, call, (id, there.as_ref()), (root, whole)).await?;
    }
    Ok(Admitted { chain: Some(root), project: (!whole).then_some(id) })
}

/// Asks the policy. `there`: none when the project was purged, and only its tree's admins can know of it.
async fn by_role(
    app: &App,
    tx: &mut Tx,
    call: &Call,
    (id, there): (ProjectId, Option<&Project>),
    (root, whole): (ProjectId, bool),
) -> Result<()> {
    if there.is_none() {
        return match app.enter_any(tx, call, root, Action::ReadAudit).await {
            Err(
                Error::ProjectNotFound { .. } | Error::PermissionDenied { .. } | Error::MfaRequired { .. },
            ) => Err(hidden(id)),
            entered => entered.map(drop),
        };
    }
    let entry = app.enter_any(tx, call, id, Action::ReadAudit).await?;
    if !whole || id == root {
        return Ok(());
    }
    match app.enter_any(tx, call, root, Action::ReadAudit).await {
        // Whoever sees a sandbox knows its root's id.
        Err(Error::ProjectNotFound { .. }) => Err(Error::PermissionDenied {
            action: Action::ReadAudit,
            needs: Action::ReadAudit.needs(),
            project: entry.project.root,
        }),
        entered => entered.map(drop),
    }
}
