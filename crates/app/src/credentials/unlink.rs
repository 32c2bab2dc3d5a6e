//! Taking a credential from a project.

use std::collections::BTreeSet;

use sandbar_model::{Kind, ProjectId, ResourceId, Result, Revision, policy::Action, workflow::Uses};
use sandbar_store::{change::What, resource, write::Write};

use crate::{
    App, Call, Etag, Request,
    changing::Changing,
    repeat::{conclude, repeated, retry},
    resources::{missing, users::users},
};

/// Asks for a link to go.
#[derive(Clone, Debug)]
pub struct UnlinkCredential {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub link: ResourceId,
    /// What it must be now.
    pub etag: Etag,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for UnlinkCredential {
    const ACTION: &'static str = "credential.unlink";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Removes a link from a project; answers the revision that did. Needs editor; the credential may be anybody's. Sandboxes
/// that were made before keep the link.
///
/// # Errors
/// [`sandbar_model::Error::LinkInUse`] while a step uses it, [`sandbar_model::Error::LinkInKeychain`] while a keychain falls back on it,
/// [`sandbar_model::Error::ResourceNotFound`], [`sandbar_model::Error::EtagMismatch`], and the gate's.
pub async fn unlink(app: &App, call: &Call, request: &UnlinkCredential) -> Result<Revision> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &UnlinkCredential) -> Result<Revision> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::LinkCredentials).await?;
    let by = (call, &entry.caller);
    if let Some(revision) = repeated(app, &mut tx, by, request).await? {
        return Ok(revision);
    }
    let (kind, id) = (Kind::CredentialLink, request.link);
    let mut change = Changing::begin(app, &mut tx, &entry.caller, request.project).await?;
    let there = resource::resolve(&mut tx, &change.view, kind, id).await?;
    let hash = there.and_then(|found| found.hash).ok_or_else(|| missing(kind, &id))?;
    request.etag.check(Some(hash))?;
    let needed = BTreeSet::from([Uses::CredentialLink(id)]);
    if let Some(user) = users(app, &mut tx, &change.view, &needed, &BTreeSet::new()).await?.into_iter().next()
    {
        return Err(user.keeps(id));
    }
    let written = change.write_one(&mut tx, Write { kind, id, document: None }).await?;
    change.end(&mut tx, What::Write).await?;
    let (revision, trace) = (change.project.head, change.trace((kind, id), written.as_ref()));
    conclude(app, tx, by, request, trace, &revision).await?;
    Ok(revision)
}
