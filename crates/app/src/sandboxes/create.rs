//! Cloning a project. One row and its members are written, whatever the project holds.

use sandbar_model::{
    DataclipId, Error, Project, ProjectId, Result, Revision, Role, Violations,
    policy::Action,
    project::{Fork, PALETTE, Profile, SANDBOX_ENVIRONMENT, sandbox_ttl_violations},
};
use sandbar_store::{
    member, project,
    tree::{self, TreeRow},
};

use super::guard;
use crate::{
    App, Call, Request, dataclips,
    gate::{Caller, active},
    projects::{lock, lock_tree, lowered},
    repeat::{Trace, conclude, repeated, retry},
    view::ProjectView,
};

/// Asks for a clone of a project.
#[derive(Clone, Debug)]
pub struct CreateSandbox {
    /// What to clone.
    pub parent: ProjectId,
    /// Its id; none: a new one.
    pub id: Option<ProjectId>,
    /// See [`Profile::name`].
    pub name: String,
    /// See [`Profile::description`].
    pub description: String,
    /// See [`Profile::color`]; empty: a random one of [`PALETTE`].
    pub color: String,
    /// See [`Profile::environment`]; empty: [`SANDBOX_ENVIRONMENT`].
    pub environment: String,
    /// After so many microseconds it is scheduled for deletion by itself; none: never.
    pub ttl: Option<i64>,
    /// Dataclips of the parent that it is given copies of: with a name, of a kind that people or triggers make.
    pub dataclips: Vec<DataclipId>,
    /// See [`Request::request_id`].
    pub request_id: String,
    /// Check everything and change nothing.
    pub validate_only: bool,
}

impl Request for CreateSandbox {
    const ACTION: &'static str = "sandbox.create";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Clones a project at its head. Needs editor on it, as a direct member, who owns the clone.
///
/// # Errors
/// In this order: the gate's, [`Error::ProjectScheduled`], [`Error::SandboxAllowanceReached`],
/// [`Error::NestingDepthReached`], [`Error::InvalidFields`] with every broken rule, [`Error::EnvironmentGuarded`],
/// [`Error::NameTaken`], [`Error::IdTaken`], and [`Error::DataclipNotFound`].
pub async fn create(app: &App, call: &Call, request: &CreateSandbox) -> Result<ProjectView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &CreateSandbox) -> Result<ProjectView> {
    let mut tx = app.db.write().await?;
    let entry = app.enter_any(&mut tx, call, request.parent, Action::CreateSandbox).await?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let tree = lock_tree(&mut tx, &entry.project).await?;
    let parent = lock(&mut tx, request.parent).await?;
    allowed(&tree, &parent, app.limits.max_depth)?;
    let sandbox = clone_of(app, &entry.caller, &parent, request);
    violations(&sandbox, request.ttl).into_result()?;
    let mut above = project::ancestors(&mut tx, parent.id).await?;
    above.insert(0, parent);
    guard::check(&mut tx, &entry.caller, &above, &sandbox.profile.environment).await?;
    project::insert(&mut tx, &sandbox).await?;
    member::copy_from_parent(&mut tx, request.parent, sandbox.id, entry.caller.id).await?;
    tree::add_active(&mut tx, sandbox.root, 1).await?;
    dataclips::copy(app, &mut tx, (request.parent, &sandbox), &request.dataclips).await?;
    let answer = ProjectView { role: lowered(&entry.caller, Some(Role::Owner)), project: sandbox };
    if !request.validate_only {
        conclude(app, tx, by, request, trace(&answer.project), &answer).await?;
    }
    Ok(answer)
}

/// Whether the tree and the parent, as they are under the tree's lock, have room for another sandbox.
fn allowed(tree: &TreeRow, parent: &Project, max_depth: u32) -> Result<()> {
    active(parent)?;
    if let Some(limit) = tree.max_active_sandboxes
        && tree.active_sandboxes >= limit
    {
        return Err(Error::SandboxAllowanceReached { used: tree.active_sandboxes, limit });
    }
    if parent.depth >= max_depth {
        return Err(Error::NestingDepthReached { limit: max_depth });
    }
    Ok(())
}

/// The sandbox that is asked for: what is not said is as in the parent.
fn clone_of(app: &App, caller: &Caller, parent: &Project, request: &CreateSandbox) -> Project {
    let now = app.now();
    let said = |text: &str, default: &str| if text.is_empty() { default.to_owned() } else { text.to_owned() };
    let color = if request.color.is_empty() { color(app.world.random()) } else { "" };
    Project {
        id: request.id.unwrap_or_else(|| app.new_id().into()),
        fork: Some(Fork { parent: parent.id, at: parent.head }),
        depth: parent.depth + 1,
        version: 1,
        profile: Profile {
            name: request.name.clone(),
            description: request.description.clone(),
            color: said(&request.color, color),
            environment: said(&request.environment, SANDBOX_ENVIRONMENT),
            settings: parent.profile.settings.clone(),
        },
        head: Revision(0),
        scheduled: None,
        expire_time: request.ttl.map(|ttl| now.plus(ttl)),
        create_time: now,
        update_time: now,
        creator: caller.id,
        trigger_version: 0,
        ..*parent
    }
}

/// One of the palette; 16 divides 256, so each is as likely.
fn color(random: [u8; 32]) -> &'static str {
    let [first, ..] = random;
    PALETTE.get(usize::from(first) % PALETTE.len()).copied().unwrap_or_default()
}

fn violations(sandbox: &Project, ttl: Option<i64>) -> Violations {
    let mut found = sandbox.profile.violations("");
    if let Some(ttl) = ttl {
        found.append(sandbox_ttl_violations(ttl, "ttl"));
    }
    found
}

fn trace(sandbox: &Project) -> Trace {
    let Project { root, id, profile, fork, .. } = sandbox;
    let detail =
        serde_json::json!({ "name": profile.name, "environment": profile.environment, "fork": fork });
    Trace { root: Some(*root), project: Some(*id), subject: None, detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projects::sample::{root, scheduled};

    fn parent(depth: u32) -> Project {
        Project { depth, ..root(1) }
    }

    fn tree(active: i64, max: Option<i64>) -> TreeRow {
        TreeRow { root: root(1).id, version: 1, max_active_sandboxes: max, active_sandboxes: active }
    }

    #[test]
    fn an_allowance_is_used_to_the_last_one() {
        assert!(allowed(&tree(9, Some(10)), &parent(0), 5).is_ok());
        assert!(allowed(&tree(1_000, None), &parent(0), 5).is_ok());
        for (is, most) in [(10, 10), (11, 10), (0, 0)] {
            match allowed(&tree(is, Some(most)), &parent(0), 5) {
                Err(Error::SandboxAllowanceReached { used, limit }) => assert_eq!((used, limit), (is, most)),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn the_deepest_sandbox_has_none() {
        assert!(allowed(&tree(0, None), &parent(4), 5).is_ok());
        for (depth, most) in [(5, 5), (0, 0), (3, 2)] {
            match allowed(&tree(0, None), &parent(depth), most) {
                Err(Error::NestingDepthReached { limit }) => assert_eq!(limit, most),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn the_first_reason_is_the_one_given() {
        let full = tree(1, Some(1));
        assert!(matches!(allowed(&full, &parent(5), 5), Err(Error::SandboxAllowanceReached { .. })));
        assert!(matches!(allowed(&full, &scheduled(parent(5)), 5), Err(Error::ProjectScheduled { .. })));
    }

    #[test]
    fn every_color_of_the_palette_comes_up() {
        let colors: std::collections::BTreeSet<_> = (0..=255).map(|byte| color([byte; 32])).collect();
        assert_eq!(colors, PALETTE.into_iter().collect());
    }
}
