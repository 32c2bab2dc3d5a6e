//! Which credential a keychain picks for a run.

use sandbar_model::{
    Error, Keychain, Kind, ResourceId, Result,
    keychain::{Found, Linked, Pick},
};
use sandbar_store::{Tx, credential, resource, view::View};
use serde_json::Value;

use super::{as_keychain, missing};
use crate::{App, credentials::links::as_link};

/// How many links are read at a time.
const PAGE: usize = 500;

/// What a keychain picks for a dataclip. Names credentials, and never holds a secret of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The keychain that was asked.
    pub keychain: Keychain,
    /// What its path found in the dataclip.
    pub found: Found,
    /// The credential link that it picks. Of [`Pick::None`] a step runs without a credential.
    pub pick: Pick,
}

impl Resolved {
    /// The picked link. None: there is no match and no default. A link that was picked may still lead nowhere (it was
    /// imported, or its credential was deleted) or to a credential without values for the environment: what is done about
    /// that is the same as for a step that names the link itself.
    pub fn link(&self) -> Option<ResourceId> {
        match self.pick {
            Pick::Match { link, .. } | Pick::Default(link) => Some(link),
            Pick::None => None,
        }
    }
}

/// Picks the credential that a step gets through a keychain, as the project that `view` shows has it: of the credentials
/// that it links, the one whose external id is the value that the keychain's path finds in the run's initial dataclip;
/// else the keychain's default; else none. What several values and several credentials of one external id mean, see
/// [`Keychain::find`] and [`Keychain::pick`].
///
/// For a run, give the view at the revision that the run is pinned to. External ids are always as they are now: they
/// belong to the credentials, which have no revisions. Costs what the project links.
///
/// # Errors
/// [`Error::ResourceNotFound`] for a keychain that the project does not have.
pub async fn resolve(
    app: &App,
    tx: &mut Tx,
    view: &View,
    keychain: ResourceId,
    dataclip: &Value,
) -> Result<Resolved> {
    let there = resource::resolve(tx, view, Kind::Keychain, keychain).await?;
    let hash = there.and_then(|found| found.hash).ok_or_else(|| missing(&keychain))?;
    let document = app.contents.document(tx, view.root, hash).await?;
    let keychain = as_keychain(&document)?.clone();
    let found = keychain.find(dataclip);
    let linked = linked(app, tx, view).await?;
    let pick = keychain.pick(&found, &linked);
    Ok(Resolved { keychain, found, pick })
}

/// The credentials that a project links and that a keychain can select: those with an external id.
pub(crate) async fn linked(app: &App, tx: &mut Tx, view: &View) -> Result<Vec<Linked>> {
    let mut links = std::collections::HashMap::new();
    let mut after = Some(String::new());
    while let Some(cursor) = after {
        let page = resource::page(tx, view, Kind::CredentialLink, &cursor, PAGE).await?;
        let ids = page.rows.iter().map(|row| row.id).collect();
        let found = resource::resolve_many(tx, view, Kind::CredentialLink, ids).await?;
        let hashes = found.values().filter_map(|found| found.hash).collect();
        let documents = app.contents.documents(tx, view.root, hashes).await?;
        for (id, found) in found {
            let document = found.hash.and_then(|hash| documents.get(&hash));
            let document = document.ok_or(Error::Bug("a listed link has no content"))?;
            links.extend(as_link(document)?.credential.map(|credential| (credential, id)));
        }
        after = page.next;
    }
    let ids: Vec<_> = links.keys().copied().collect();
    let known = credential::many(tx, &ids).await?;
    let linked = known.into_iter().filter(|one| !one.external_id.is_empty()).filter_map(|one| {
        let link = *links.get(&one.id)?;
        let (credential, create_time) = (one.id, one.create_time);
        Some(Linked { link, credential, external_id: one.external_id, create_time })
    });
    Ok(linked.collect())
}
