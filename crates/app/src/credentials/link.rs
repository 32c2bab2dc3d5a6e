//! Letting a project use a credential.

use sandbar_model::{
    Credential, CredentialId, CredentialLink, Document, Error, Kind, ProjectId, ResourceId, Result,
    claim::Claim, policy::Action,
};
use sandbar_store::{Tx, change::What, claim, credential, principal, resource, view::View, write::Write};
use serde::{Deserialize, Serialize};

use super::{links::LinkView, owned};
use crate::{
    App, Call, Etag, Request,
    changing::Changing,
    gate::Entry,
    repeat::{conclude, repeated, retry},
    resources::missing,
};

/// Asks for a project to be allowed a credential.
#[derive(Clone, Debug)]
pub struct LinkCredential {
    /// Where.
    pub project: ProjectId,
    /// Which; the caller's own.
    pub credential: CredentialId,
    /// The link to put it behind, such as one that was imported, so that the steps that use it get this credential. None:
    /// the project's imported link of the credential's owner and name, if it has one, else a new link.
    pub link: Option<ResourceId>,
    /// What is known of the link that it is put behind.
    pub etag: Etag,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for LinkCredential {
    const ACTION: &'static str = "credential.link";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// What is remembered of the answer. The link itself is in the history.
#[derive(Serialize, Deserialize)]
struct Done {
    id: ResourceId,
}

/// Links a credential of the caller's to a project, as a revision of it; where it is linked already nothing changes. Needs
/// editor, and a token without limits. The link is a resource like others: sandboxes made from now on have it, and merges
/// carry it. The values stay with the credential.
///
/// # Errors
/// [`Error::CredentialNotFound`], [`Error::CredentialNotOwned`], [`Error::ResourceNotFound`] for a link that the project
/// does not have, [`Error::EtagMismatch`], [`Error::NameTaken`] when another link leads to the credential, and the gate's.
pub async fn link(app: &App, call: &Call, request: &LinkCredential) -> Result<LinkView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &LinkCredential) -> Result<LinkView> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::LinkCredentials).await?;
    entry.caller.whole()?;
    let by = (call, &entry.caller);
    let before: Option<Done> = repeated(app, &mut tx, by, request).await?;
    if let Some(done) = before {
        return now(app, &mut tx, &entry, done.id).await;
    }
    let mut change = Changing::begin(app, &mut tx, &entry.caller, request.project).await?;
    // Locked, so that it can't be deleted meanwhile as one that nobody links.
    let found = credential::lock(&mut tx, request.credential).await?;
    let credential = owned(&entry.caller, found, request.credential)?;
    let document = document(&mut tx, &credential).await?;
    let id = place(app, &mut tx, &change.view, request.link, &document).await?;
    let there = resource::resolve(&mut tx, &change.view, Kind::CredentialLink, id).await?;
    request.etag.check(there.and_then(|found| found.hash))?;
    let write = Write { kind: Kind::CredentialLink, id, document: Some(Document::CredentialLink(document)) };
    let written = change.write_one(&mut tx, write).await?;
    change.end(&mut tx, What::Write).await?;
    let entry_now = Entry { project: change.project.clone(), ..entry.clone() };
    let answer = now(app, &mut tx, &entry_now, id).await?;
    let trace = change.trace((Kind::CredentialLink, id), written.as_ref());
    conclude(app, tx, by, request, trace, &Done { id }).await?;
    Ok(answer)
}

/// What a link to a credential holds.
pub(crate) async fn document(tx: &mut Tx, credential: &Credential) -> Result<CredentialLink> {
    let owner = principal::get(tx, credential.owner).await?;
    let owner = owner.ok_or(Error::Bug("a credential's owner is gone"))?.address();
    Ok(CredentialLink { credential: Some(credential.id), name: credential.name.clone(), owner })
}

/// The link to write.
async fn place(
    app: &App,
    tx: &mut Tx,
    view: &View,
    wanted: Option<ResourceId>,
    document: &CredentialLink,
) -> Result<ResourceId> {
    if let Some(id) = wanted {
        let there = resource::resolve(tx, view, Kind::CredentialLink, id).await?;
        return there
            .filter(|found| found.hash.is_some())
            .map(|_| id)
            .ok_or_else(|| missing(Kind::CredentialLink, &id));
    }
    for key in [document.key(), document.title()] {
        let claim = Claim::Name(Kind::CredentialLink, key);
        if let Some(id) = claim::holders(tx, view, vec![claim]).await?.into_values().next() {
            return Ok(id);
        }
    }
    Ok(ResourceId(app.new_id()))
}

async fn now(app: &App, tx: &mut Tx, entry: &Entry, id: ResourceId) -> Result<LinkView> {
    let view = app.views.of(tx, &entry.project).await?;
    let links = app.link_views(tx, &view, vec![id]).await?;
    links.into_iter().next().ok_or_else(|| missing(Kind::CredentialLink, &id))
}
