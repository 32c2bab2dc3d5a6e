//! Which credential a link of a document means. The document knows only a name and an owner's address.

use std::collections::HashMap;

use sandbar_model::{Credential, CredentialLink, Kind, ResourceId, Result, claim::Claim};
use sandbar_store::{Tx, claim, credential, principal, resource};

use crate::{
    App,
    changing::Changing,
    credentials::{link::document, links::as_link},
};

/// How many links are looked at at a time.
const PAGE: usize = 500;

/// The project's links that lead to a credential, by title. None: not looked for yet.
#[derive(Default)]
pub(super) struct Links(Option<HashMap<String, ResourceId>>);

impl Links {
    /// The id and content of a link of the document. One that leads to a credential goes on doing so, as the document has no
    /// way to say which; one of a credential of the caller's own leads there from now on; the others lead nowhere yet.
    pub(super) async fn land(
        &mut self,
        app: &App,
        tx: &mut Tx,
        change: &Changing<'_>,
        (id, link): (Option<ResourceId>, CredentialLink),
    ) -> Result<(ResourceId, CredentialLink)> {
        let link = link.tidy();
        let id = match id {
            Some(id) => id,
            None => self.identify(app, tx, change, &link).await?,
        };
        let there = resource::resolve(tx, &change.view, Kind::CredentialLink, id).await?;
        if let Some(hash) = there.and_then(|found| found.hash) {
            let there = app.contents.document(tx, change.view.root, hash).await?;
            let there = as_link(&there)?;
            if there.credential.is_some() && there.title() == link.title() {
                return Ok((id, there.clone()));
            }
        }
        match own(tx, change, &link).await? {
            Some(credential) => Ok((id, document(tx, &credential).await?)),
            None => Ok((id, link)),
        }
    }

    /// The id of a link that has none in the document: that of the project's link of its title, else a new one.
    async fn identify(
        &mut self,
        app: &App,
        tx: &mut Tx,
        change: &Changing<'_>,
        link: &CredentialLink,
    ) -> Result<ResourceId> {
        let claim = Claim::Name(Kind::CredentialLink, link.key());
        if let Some(id) = claim::holders(tx, &change.view, vec![claim]).await?.into_values().next() {
            return Ok(id);
        }
        if self.0.is_none() {
            self.0 = Some(real(app, tx, change).await?);
        }
        let known = self.0.as_ref().and_then(|links| links.get(&link.title()).copied());
        Ok(known.unwrap_or_else(|| ResourceId(app.new_id())))
    }
}

async fn real(app: &App, tx: &mut Tx, change: &Changing<'_>) -> Result<HashMap<String, ResourceId>> {
    let mut links = HashMap::new();
    let mut after = Some(String::new());
    while let Some(cursor) = after {
        let page = resource::page(tx, &change.view, Kind::CredentialLink, &cursor, PAGE).await?;
        let ids = page.rows.iter().map(|row| row.id).collect();
        let found = resource::resolve_many(tx, &change.view, Kind::CredentialLink, ids).await?;
        let hashes = found.values().filter_map(|found| found.hash).collect();
        let documents = app.contents.documents(tx, change.view.root, hashes).await?;
        for (id, found) in found {
            if let Some(document) = found.hash.and_then(|hash| documents.get(&hash)) {
                links.insert(as_link(document)?.title(), id);
            }
        }
        after = page.next;
    }
    Ok(links)
}

/// The caller's own credential that a link means, if it does and the caller's token lets them use it; under its lock, so
/// that it is not deleted meanwhile.
async fn own(tx: &mut Tx, change: &Changing<'_>, link: &CredentialLink) -> Result<Option<Credential>> {
    let caller = change.caller;
    if caller.whole().is_err() {
        return Ok(None);
    }
    let principal = principal::get(tx, caller.id).await?;
    if principal.is_none_or(|one| one.address() != link.owner.to_lowercase()) {
        return Ok(None);
    }
    match credential::named(tx, caller.id, &link.name).await? {
        Some(found) => credential::lock(tx, found.id).await,
        None => Ok(None),
    }
}
