//! Making a root project.

use sandbar_model::{
    Error, Project, ProjectId, Result, Revision, Role,
    access::{Member, PrincipalKind},
    project::{Profile, ROOT_ENVIRONMENT},
};
use sandbar_store::{Tx, member, project, tree};

use crate::{
    App, Call, Request,
    gate::Caller,
    repeat::{Trace, conclude, repeated, retry},
    view::ProjectView,
};

/// Asks for a new root, empty, owned by the caller.
#[derive(Clone, Debug)]
pub struct CreateProject {
    /// What it shall be; an empty environment means [`ROOT_ENVIRONMENT`].
    pub profile: Profile,
    /// Its id; none: a new one.
    pub id: Option<ProjectId>,
    /// See [`Request::request_id`].
    pub request_id: String,
    /// Check everything and change nothing.
    pub validate_only: bool,
}

impl Request for CreateProject {
    const ACTION: &'static str = "project.create";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Makes a root. For users and service accounts, with a token that is limited in nothing.
///
/// # Errors
/// [`Error::TokenLimited`], [`Error::AdministratorRequired`] to support users, [`Error::InvalidFields`] with every
/// broken rule, [`Error::IdTaken`], and the gate's.
pub async fn create(app: &App, call: &Call, request: &CreateProject) -> Result<ProjectView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &CreateProject) -> Result<ProjectView> {
    let mut tx = app.db.write().await?;
    let caller = app.caller(&mut tx, call).await?;
    allowed(&caller)?;
    let by = (call, &caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    caller.may_require_mfa((false, request.profile.settings.requires_mfa), "project")?;
    let project = make(app, &mut tx, &caller, request.id, request.profile.clone()).await?;
    let answer = ProjectView { project, role: Some(Role::Owner) };
    if !request.validate_only {
        let (id, name) = (answer.project.id, &answer.project.profile.name);
        let detail = serde_json::json!({ "name": name });
        let trace = Trace { root: Some(id), project: Some(id), subject: None, detail };
        conclude(app, tx, by, request, trace, &answer).await?;
    }
    Ok(answer)
}

/// Who may found a tree: whoever does owns it, which a limited token can't give, and support users own nothing.
pub(crate) fn allowed(caller: &Caller) -> Result<()> {
    caller.unlimited()?;
    if caller.scope.max_role.is_some_and(|limit| limit < Role::Owner) {
        return Err(Error::TokenLimited);
    }
    match caller.kind {
        PrincipalKind::User | PrincipalKind::ServiceAccount => Ok(()),
        PrincipalKind::Support => Err(Error::AdministratorRequired),
    }
}

/// Makes a root, its tree and its owner, inside a transaction. Whether the caller is [`allowed`] was asked before.
pub(crate) async fn make(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    id: Option<ProjectId>,
    profile: Profile,
) -> Result<Project> {
    let project = root(app, caller, id, profile);
    project.profile.violations("project").into_result()?;
    tree::insert(tx, project.id, None).await?;
    project::insert(tx, &project).await?;
    member::put(tx, project.id, &Member { principal: caller.id, role: Role::Owner }).await?;
    Ok(project)
}

fn root(app: &App, caller: &Caller, id: Option<ProjectId>, mut profile: Profile) -> Project {
    let (id, now) = (id.unwrap_or_else(|| app.new_id().into()), app.now());
    if profile.environment.is_empty() {
        ROOT_ENVIRONMENT.clone_into(&mut profile.environment);
    }
    Project {
        id,
        root: id,
        fork: None,
        depth: 0,
        head: Revision(0),
        version: 1,
        profile,
        workflow_count: 0,
        collection_count: 0,
        scheduled: None,
        expire_time: None,
        create_time: now,
        update_time: now,
        creator: caller.id,
        trigger_version: 0,
    }
}
