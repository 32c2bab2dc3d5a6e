//! Listing a project's credential links.

use std::collections::HashMap;

use sandbar_model::{
    ContentHash, CredentialId, CredentialLink, Document, Error, Kind, ProjectId, ResourceId, Result,
    Revision, policy::Action,
};
use sandbar_store::{Tx, credential, resource, view::View};

use crate::{
    App, Call,
    view::{Actor, Page, Stamp, stamp},
};

/// Asks for a page of a project's links.
#[derive(Clone, Debug)]
pub struct ListLinks {
    /// Where.
    pub project: ProjectId,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// A link as members of its project see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// Its id, which steps name.
    pub id: ResourceId,
    /// What was linked.
    pub link: CredentialLink,
    /// The credential as it is now. None: it was imported and nothing stands behind it, or the credential was deleted.
    pub credential: Option<LinkedCredential>,
    /// The project's (or an ancestor's) revision that wrote it.
    pub revision: Revision,
    /// The hash of its content, which is its etag.
    pub hash: ContentHash,
    /// Who wrote it.
    pub updated: Stamp,
}

/// What members of a project that links a credential may know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedCredential {
    /// Which.
    pub id: CredentialId,
    /// What it is called now.
    pub name: String,
    /// What it is for.
    pub schema: String,
    /// Whose it is.
    pub owner: Actor,
}

/// Lists a project's credential links, in the order of their keys. Needs to see the project.
///
/// # Errors
/// [`Error::InvalidPageToken`], and the gate's.
pub async fn list_links(app: &App, call: &Call, request: &ListLinks) -> Result<Page<LinkView>> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let list = format!("credential links {}", request.project);
    let (after, limit) = (app.sealer.cursor(&list, &request.page_token)?, app.page_size(request.page_size)?);
    let view = app.views.of(&mut tx, &entry.project).await?;
    let page = resource::page(&mut tx, &view, Kind::CredentialLink, &after, limit).await?;
    let ids = page.rows.iter().map(|row| row.id).collect();
    let rows = app.link_views(&mut tx, &view, ids).await?;
    let next_page_token = page.next.map(|next| app.sealer.page(&list, &next)).unwrap_or_default();
    Ok(Page { rows, next_page_token })
}

impl App {
    /// Those of these links that the view has, in their order.
    pub(crate) async fn link_views(
        &self,
        tx: &mut Tx,
        view: &View,
        ids: Vec<ResourceId>,
    ) -> Result<Vec<LinkView>> {
        let found = resource::resolve_many(tx, view, Kind::CredentialLink, ids.clone()).await?;
        let hashes = found.values().filter_map(|found| found.hash).collect();
        let documents = self.contents.documents(tx, view.root, hashes).await?;
        let credentials = self
            .linked_credentials(tx, documents.values().filter_map(|one| one.credential_link()?.credential))
            .await?;
        let names = self.names(tx, found.values().map(|found| found.writer).collect()).await?;
        let mut views = Vec::with_capacity(ids.len());
        for id in ids {
            let Some((found, hash)) = found.get(&id).and_then(|found| Some((found, found.hash?))) else {
                continue;
            };
            let document = documents.get(&hash).ok_or(Error::Bug("a link has no content"))?;
            let link = as_link(document)?.clone();
            views.push(LinkView {
                id,
                credential: link.credential.and_then(|id| credentials.get(&id).cloned()),
                link,
                revision: found.revision,
                hash,
                updated: stamp(&names, found.write_time, found.writer),
            });
        }
        Ok(views)
    }

    /// What may be told of the credentials behind links. Those that were deleted are left out.
    pub(super) async fn linked_credentials(
        &self,
        tx: &mut Tx,
        ids: impl Iterator<Item = CredentialId>,
    ) -> Result<HashMap<CredentialId, LinkedCredential>> {
        let found = credential::many(tx, &ids.collect::<Vec<_>>()).await?;
        let names = self.names(tx, found.iter().map(|credential| credential.owner).collect()).await?;
        let told = found.into_iter().map(|one| {
            let name = names.get(&one.owner).map(ToString::to_string).unwrap_or_default();
            let owner = Actor { id: one.owner, name };
            (one.id, LinkedCredential { id: one.id, name: one.name, schema: one.schema, owner })
        });
        Ok(told.collect())
    }
}

/// The link in a document that was read as one.
pub(crate) fn as_link(document: &Document) -> Result<&CredentialLink> {
    document.credential_link().ok_or(Error::Bug("a credential link's content is none"))
}
