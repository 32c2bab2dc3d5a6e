//! Making a project equal to a document, in one atomic change that touches only what differs.

use std::{collections::BTreeSet, io::Read, sync::Arc};

use sandbar_model::{
    ContentHash, Error, Kind, Project, ProjectId, Result, Revision, Role,
    policy::Action,
    project::{Profile, Settings, slug},
};
use sandbar_store::{Tx, change::What, project};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{
    landing::{Landed, Landing},
    spool::Spooled,
};
use crate::{
    App, Call, Request, World,
    changing::Changing,
    etag,
    gate::{Caller, Entry},
    openfn::{self, Head, Piece, Stop},
    projects::{allowed, make},
    repeat::{Trace, conclude, repeated, retry},
    view::ProjectView,
};

/// Pieces read ahead of the database. Each may be a workflow with large bodies, so there are few.
const AHEAD: usize = 16;

/// How a document changes a project.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    /// Which; none: a new root.
    pub(super) project: Option<ProjectId>,
    /// As a client of `OpenFn` means it: see [`super::deploy`].
    pub(super) is_deploy: bool,
    /// Check everything and change nothing.
    pub(super) validate_only: bool,
    /// The newest revision that the project must have; none: any.
    pub(super) head: Option<Revision>,
}

/// Asks for a project to be as a document says.
#[derive(Clone, Debug)]
pub struct ImportProject {
    /// Which; none: a new root, named as the document says.
    pub project: Option<ProjectId>,
    /// See [`Request::request_id`].
    pub request_id: String,
    /// Check everything and change nothing.
    pub validate_only: bool,
    /// The newest revision that the project had when it was read; none: import over whatever is there.
    pub head: Option<Revision>,
}

/// What an import changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// The project afterwards.
    pub project: ProjectView,
    /// Whether there was no such project before.
    pub is_new: bool,
    /// Resources made.
    pub created: u64,
    /// Resources changed.
    pub updated: u64,
    /// Resources deleted.
    pub deleted: u64,
    /// Resources of the document that were so already.
    pub unchanged: u64,
    /// The document's size.
    pub bytes: u64,
}

impl Request for ImportProject {
    const ACTION: &'static str = "project.import";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Refuses an import that would be refused anyway, before its document is taken in.
///
/// # Errors
/// The gate's.
pub async fn admit(app: &App, call: &Call, request: &ImportProject) -> Result<()> {
    let mut tx = app.db.connection().await?;
    match request.project {
        Some(project) => app.enter(&mut tx, call, project, Action::Write).await.map(|_| ()),
        None => allowed(&app.caller(&mut tx, call).await?),
    }
}

/// Imports a document. What a section of it does not name is deleted; a section that it does not have stays as it is.
/// Name and environment of an existing project stay (they are its place in the tree, not its content). Needs editor;
/// settings, collections and keychains that differ need admin.
///
/// # Errors
/// [`Error::InvalidDocument`], [`Error::InvalidFields`] with every broken rule of the workflow that breaks one,
/// [`Error::NameTaken`], [`Error::IdTaken`], [`Error::CredentialNotLinked`], [`Error::KeychainNotFound`],
/// [`Error::KeychainDefaultNotLinked`], [`Error::EtagMismatch`], and the gate's. Nothing is changed then.
pub async fn import(app: &App, call: &Call, request: &ImportProject, document: &Spooled) -> Result<Imported> {
    // A repeat must come with the same header and the same document.
    let digest = ContentHash::of(&[call.digest.0, document.hash.0].concat());
    let call = Call { digest, ..call.clone() };
    let ImportProject { project, validate_only, head, .. } = *request;
    let how = How { project, is_deploy: false, validate_only, head };
    retry(|| once(app, &call, request, how, document)).await
}

/// Changes a project as a document says, in one transaction.
pub(super) async fn once<R: Request>(
    app: &App,
    call: &Call,
    request: &R,
    how: How,
    document: &Spooled,
) -> Result<Imported> {
    let mut tx = app.db.write().await?;
    let entry = entered(app, &mut tx, call, how).await?;
    let caller = match &entry {
        Some(entry) => entry.caller.clone(),
        None => founder(app, &mut tx, call).await?,
    };
    let by = (call, &caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let before = match &entry {
        Some(entry) => entry.project.clone(),
        None => new_root(app, &mut tx, &caller, how.project).await?,
    };
    let change = Changing::begin(app, &mut tx, &caller, before.id).await?;
    let first = change.first();
    let head = Revision(first.0 - 1).to_string();
    etag::check(&how.head.map(|head| head.to_string()).unwrap_or_default(), head)?;
    let mut landing = Landing::new(app, change, entry.is_none(), how.is_deploy);
    let head = feed(&mut tx, &mut landing, Arc::clone(&app.world), document.reader()).await?;
    let Landed { counts, mut change, wrote } = landing.finish(&mut tx, head.sections).await?;
    entry.iter().try_for_each(|entry| may_write(entry, &wrote))?;
    change.end(&mut tx, What::Import).await?;
    apply_head(app, &mut tx, (&caller, entry.as_ref()), (&before, how), &head).await?;
    let project = project::get(&mut tx, before.id).await?.ok_or(Error::Bug("an imported project is gone"))?;
    let role = entry.as_ref().map_or(Some(Role::Owner), Entry::role);
    let answer = Imported {
        project: ProjectView { project, role },
        is_new: entry.is_none(),
        created: counts.created,
        updated: counts.updated,
        deleted: counts.deleted,
        unchanged: counts.unchanged,
        bytes: document.size,
    };
    if !how.validate_only {
        let trace = trace(&answer, first);
        conclude(app, tx, by, request, trace, &answer).await?;
    }
    Ok(answer)
}

/// Who may make a new root.
async fn founder(app: &App, tx: &mut Tx, call: &Call) -> Result<Caller> {
    let caller = app.caller(tx, call).await?;
    allowed(&caller)?;
    Ok(caller)
}

/// The project, if it is there. One that a client deploys and that is not, is to be made.
async fn entered(app: &App, tx: &mut Tx, call: &Call, how: How) -> Result<Option<Entry>> {
    let Some(project) = how.project else { return Ok(None) };
    match app.enter(tx, call, project, Action::Write).await {
        Err(Error::ProjectNotFound { .. }) if how.is_deploy => Ok(None),
        entry => entry.map(Some),
    }
}

/// Some kinds of resources are an admin's to write.
fn may_write(entry: &Entry, wrote: &BTreeSet<Kind>) -> Result<()> {
    for kind in wrote {
        match kind {
            Kind::Keychain => entry.may(Action::ManageKeychains)?,
            Kind::Collection => entry.may(Action::ManageCollections)?,
            Kind::CredentialLink => entry.may(Action::LinkCredentials)?,
            Kind::Workflow | Kind::Config => {}
        }
    }
    Ok(())
}

/// Reads the document on a thread of its own and lands it piece by piece. What the reader says counts more than what the
/// landing says, but for the landing's own refusal.
async fn feed(
    tx: &mut Tx,
    landing: &mut Landing<'_>,
    world: Arc<dyn World>,
    document: impl Read + Send + 'static,
) -> Result<Head> {
    let (sender, mut pieces) = mpsc::channel::<Piece>(AHEAD);
    let reader = tokio::task::spawn_blocking(move || {
        let sink = |piece| {
            // The other end is dropped only when the import has failed; what this says is then not looked at.
            sender.blocking_send(piece).map_err(|_| Stop(Error::Bug("an import was given up")))
        };
        openfn::read(document, || world.new_id(), sink)
    });
    while let Some(piece) = pieces.recv().await {
        landing.take(tx, piece).await?;
    }
    reader.await.map_err(|_| Error::Bug("reading a document panicked"))?
}

/// A new root for the document, called by its id until the document's own name is known, at its end.
async fn new_root(app: &App, tx: &mut Tx, caller: &Caller, id: Option<ProjectId>) -> Result<Project> {
    let id = id.unwrap_or_else(|| ProjectId(app.new_id()));
    let profile = Profile {
        name: id.to_string(),
        description: String::new(),
        color: String::new(),
        environment: String::new(),
        settings: Settings::default(),
    };
    make(app, tx, caller, Some(id), profile).await
}

/// Changes the project's own record where the document says otherwise. `entry`: none in a new root, of which the caller
/// is the owner.
async fn apply_head(
    app: &App,
    tx: &mut Tx,
    (caller, entry): (&Caller, Option<&Entry>),
    (before, how): (&Project, How),
    head: &Head,
) -> Result<()> {
    let mut profile = before.profile.clone();
    match entry {
        None => {
            head.apply(&mut profile);
            name(&mut profile, head, how.is_deploy)?;
        }
        // Clients send every setting back that they were told of, however long ago: only these two are people's to deploy.
        Some(_) if how.is_deploy => {
            head.name.iter().try_for_each(|_| name(&mut profile, head, true))?;
            head.description.iter().for_each(|said| profile.description.clone_from(said));
        }
        Some(_) => {
            head.apply(&mut profile);
            profile.environment.clone_from(&before.profile.environment);
        }
    }
    if profile == before.profile {
        return Ok(());
    }
    if let Some(entry) = entry {
        entry.may(Action::ManageSettings)?;
    }
    profile.violations("document").into_result()?;
    let mfa = (before.profile.settings.requires_mfa, profile.settings.requires_mfa);
    caller.may_require_mfa(mfa, "document")?;
    project::set_profile(tx, before.id, &profile, before.expire_time, app.now()).await
}

/// Gives a project the document's name; one that a client deploys has it as somebody typed it.
fn name(profile: &mut Profile, head: &Head, is_deploy: bool) -> Result<()> {
    let name = head.name.as_deref();
    let name = name.ok_or_else(|| Error::invalid("document.name", "must be given for a new project"))?;
    let slug = slug(name).filter(|_| is_deploy);
    profile.name = slug.unwrap_or_else(|| name.to_owned());
    Ok(())
}

fn trace(answer: &Imported, first: Revision) -> Trace {
    let project = &answer.project.project;
    let detail = serde_json::json!({
        "created": answer.created, "updated": answer.updated, "deleted": answer.deleted,
        "unchanged": answer.unchanged, "bytes": answer.bytes,
        "first_revision": first, "revision": project.head,
    });
    Trace { root: Some(project.root), project: Some(project.id), subject: None, detail }
}
