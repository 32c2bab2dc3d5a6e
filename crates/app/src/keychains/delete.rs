//! Deleting a keychain. Its history stays: reading it at a revision and writing it again brings it back.

use std::collections::BTreeSet;

use sandbar_model::{Error, Kind, ProjectId, ResourceId, Result, Revision, policy::Action, workflow::Uses};
use sandbar_store::{change::What, resource, write::Write};

use super::{as_keychain, missing};
use crate::{
    App, Call, Etag, Request,
    changing::Changing,
    repeat::{conclude, repeated, retry},
    resources::users::{User, users},
};

/// Asks for a keychain to go.
#[derive(Clone, Debug)]
pub struct DeleteKeychain {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub id: ResourceId,
    /// What it must be now.
    pub etag: Etag,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for DeleteKeychain {
    const ACTION: &'static str = "keychain.delete";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Deletes a keychain that no step uses; answers the revision that did. Needs admin. Sandboxes that were made before keep
/// theirs.
///
/// # Errors
/// [`Error::KeychainInUse`] with the steps that use it, [`Error::ResourceNotFound`], [`Error::EtagMismatch`], and the
/// gate's.
pub async fn delete(app: &App, call: &Call, request: &DeleteKeychain) -> Result<Revision> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &DeleteKeychain) -> Result<Revision> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::ManageKeychains).await?;
    let by = (call, &entry.caller);
    if let Some(revision) = repeated(app, &mut tx, by, request).await? {
        return Ok(revision);
    }
    let (kind, id) = (Kind::Keychain, request.id);
    let mut change = Changing::begin(app, &mut tx, &entry.caller, request.project).await?;
    let there = resource::resolve(&mut tx, &change.view, kind, id).await?;
    let hash = there.and_then(|found| found.hash).ok_or_else(|| missing(&id))?;
    request.etag.check(Some(hash))?;
    let needed = BTreeSet::from([Uses::Keychain(id)]);
    let users = users(app, &mut tx, &change.view, &needed, &BTreeSet::new()).await?;
    if !users.is_empty() {
        let document = app.contents.document(&mut tx, change.view.root, hash).await?;
        let steps = users.iter().take(10).map(User::phrase).collect();
        let (keychain, count) = (as_keychain(&document)?.name.clone(), users.len() as u64);
        return Err(Error::KeychainInUse { keychain, count, steps });
    }
    let written = change.write_one(&mut tx, Write { kind, id, document: None }).await?;
    change.end(&mut tx, What::Write).await?;
    let (revision, trace) = (change.project.head, change.trace((kind, id), written.as_ref()));
    conclude(app, tx, by, request, trace, &revision).await?;
    Ok(revision)
}
