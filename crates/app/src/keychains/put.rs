//! Making a keychain or replacing it.

use sandbar_model::{Document, Error, Keychain, Kind, ProjectId, ResourceId, Result, policy::Action};
use sandbar_store::{Tx, change::What, resource, view::View, write::Write};
use serde::{Deserialize, Serialize};

use super::missing;
use crate::{
    App, Call, Etag, Request,
    changing::Changing,
    gate::Entry,
    repeat::{conclude, repeated, retry},
    view::KeychainView,
};

/// Asks for a keychain to be as given.
#[derive(Clone, Debug)]
pub struct PutKeychain {
    /// Where.
    pub project: ProjectId,
    /// Which; a new one when there is none of that id.
    pub id: ResourceId,
    /// What it shall be.
    pub keychain: Keychain,
    /// What it must be now.
    pub etag: Etag,
    /// See [`Request::request_id`].
    pub request_id: String,
    /// Check everything and change nothing.
    pub validate_only: bool,
}

impl Request for PutKeychain {
    const ACTION: &'static str = "keychain.put";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// What is remembered of the answer. The keychain itself is in the history.
#[derive(Serialize, Deserialize)]
struct Done {
    id: ResourceId,
}

/// Makes a keychain or replaces it, as one revision; saving it unchanged takes none. Needs admin.
///
/// # Errors
/// [`Error::InvalidFields`] with every broken rule, [`Error::NameTaken`], [`Error::KeychainDefaultNotLinked`],
/// [`Error::EtagMismatch`], [`Error::ProjectScheduled`], and the gate's.
pub async fn put(app: &App, call: &Call, request: &PutKeychain) -> Result<KeychainView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &PutKeychain) -> Result<KeychainView> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::ManageKeychains).await?;
    let by = (call, &entry.caller);
    let before: Option<Done> = repeated(app, &mut tx, by, request).await?;
    if let Some(done) = before {
        return now(app, &mut tx, &entry, done.id).await;
    }
    // Before it is put in order, so that the limits are on what the caller sent.
    request.keychain.violations("keychain").into_result()?;
    let keychain = request.keychain.clone().tidy();
    let mut change = Changing::begin(app, &mut tx, &entry.caller, request.project).await?;
    let there = resource::resolve(&mut tx, &change.view, Kind::Keychain, request.id).await?;
    request.etag.check(there.and_then(|found| found.hash))?;
    check_default(&mut tx, &change.view, &keychain).await?;
    let write = Write { kind: Kind::Keychain, id: request.id, document: Some(Document::Keychain(keychain)) };
    let written = change.write_one(&mut tx, write).await?;
    change.end(&mut tx, What::Write).await?;
    let entry_now = Entry { project: change.project.clone(), ..entry.clone() };
    let answer = now(app, &mut tx, &entry_now, request.id).await?;
    if !request.validate_only {
        let trace = change.trace((Kind::Keychain, request.id), written.as_ref());
        conclude(app, tx, by, request, trace, &Done { id: request.id }).await?;
    }
    Ok(answer)
}

/// Checks that what a keychain falls back on is linked.
async fn check_default(tx: &mut Tx, view: &View, keychain: &Keychain) -> Result<()> {
    let Some(link) = keychain.default_link else { return Ok(()) };
    let there = resource::resolve(tx, view, Kind::CredentialLink, link).await?;
    match there.and_then(|found| found.hash) {
        Some(_) => Ok(()),
        None => Err(Error::KeychainDefaultNotLinked { keychain: keychain.name.clone(), link }),
    }
}

async fn now(app: &App, tx: &mut Tx, entry: &Entry, id: ResourceId) -> Result<KeychainView> {
    let view = app.views.of(tx, &entry.project).await?;
    let found = resource::resolve(tx, &view, Kind::Keychain, id).await?.ok_or_else(|| missing(&id))?;
    app.keychain_view(tx, entry.project.root, id, found).await
}
