//! Making a config or replacing it.

use sandbar_model::{
    Config, ContentHash, Document, Error, Kind, ProjectId, ResourceId, Result, config::Reference,
    policy::Action,
};
use sandbar_store::{Tx, change::What, resource, view::View, write::Write};
use serde::{Deserialize, Serialize};

use super::{as_config, missing, present};
use crate::{
    App, Call, Etag, Request,
    changing::Changing,
    gate::Entry,
    repeat::{conclude, repeated, retry},
    view::ConfigView,
};

/// Asks for a config to be as given.
#[derive(Clone, Debug)]
pub struct PutConfig {
    /// Where.
    pub project: ProjectId,
    /// Which; a new one when there is none of that id.
    pub id: ResourceId,
    /// What it shall be.
    pub config: Config,
    /// What it must be now.
    pub etag: Etag,
    /// See [`Request::request_id`].
    pub request_id: String,
    /// Check everything and change nothing.
    pub validate_only: bool,
}

impl Request for PutConfig {
    const ACTION: &'static str = "config.put";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// What is remembered of the answer. The config itself is in the history.
#[derive(Serialize, Deserialize)]
struct Done {
    id: ResourceId,
}

/// Makes a config or replaces it, as one revision; saving it unchanged takes none. Needs editor.
///
/// # Errors
/// [`Error::InvalidFields`] with every broken rule, [`Error::NameTaken`], [`Error::ReferenceNotFound`],
/// [`Error::EtagMismatch`], [`Error::ProjectScheduled`], and the gate's.
pub async fn put(app: &App, call: &Call, request: &PutConfig) -> Result<ConfigView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &PutConfig) -> Result<ConfigView> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::Write).await?;
    let by = (call, &entry.caller);
    let before: Option<Done> = repeated(app, &mut tx, by, request).await?;
    if let Some(done) = before {
        return now(app, &mut tx, &entry, done.id).await;
    }
    // Before it is put in order, so that the limits are on what the caller sent.
    request.config.violations("config").into_result()?;
    let config = request.config.clone().tidy();
    let mut change = Changing::begin(app, &mut tx, &entry.caller, request.project).await?;
    let there = resource::resolve(&mut tx, &change.view, Kind::Config, request.id).await?;
    let there = there.and_then(|found| found.hash);
    request.etag.check(there)?;
    check_references(app, &mut tx, &change.view, (request.id, &config), there).await?;
    let write = Write { kind: Kind::Config, id: request.id, document: Some(Document::Config(config)) };
    let written = change.write_one(&mut tx, write).await?;
    change.end(&mut tx, What::Write).await?;
    let answer =
        now(app, &mut tx, &Entry { project: change.project.clone(), ..entry.clone() }, request.id).await?;
    if !request.validate_only {
        let trace = change.trace((Kind::Config, request.id), written.as_ref());
        conclude(app, tx, by, request, trace, &Done { id: request.id }).await?;
    }
    Ok(answer)
}

/// Checks that what a config newly refers to is there, or is the config itself. What it referred to before may have gone
/// since: that must not keep anybody from editing the rest.
///
/// # Errors
/// [`Error::ReferenceNotFound`] for the first that is not.
async fn check_references(
    app: &App,
    tx: &mut Tx,
    view: &View,
    (id, config): (ResourceId, &Config),
    before: Option<ContentHash>,
) -> Result<()> {
    let itself = Reference { kind: Kind::Config, id };
    let mut new: Vec<_> = config.references.iter().copied().filter(|one| *one != itself).collect();
    if let (Some(hash), false) = (before, new.is_empty()) {
        let before = app.contents.document(tx, view.root, hash).await?;
        let known = &as_config(&before)?.references;
        new.retain(|one| !known.contains(one));
    }
    let there = present(tx, view, new.clone()).await?;
    match new.into_iter().find(|one| !there.contains(&(one.kind, one.id))) {
        None => Ok(()),
        Some(Reference { kind, id }) => Err(Error::ReferenceNotFound { config: config.key(), kind, id }),
    }
}

async fn now(app: &App, tx: &mut Tx, entry: &Entry, id: ResourceId) -> Result<ConfigView> {
    let view = app.views.of(tx, &entry.project).await?;
    let found = resource::resolve(tx, &view, Kind::Config, id).await?.ok_or_else(|| missing(&id))?;
    app.config_view(tx, entry.project.root, id, found).await
}
