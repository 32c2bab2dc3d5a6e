//! What only the whole of a document can tell: that everything it refers to is there.

use std::collections::{BTreeSet, HashMap};

use sandbar_model::{Document, Error, Kind, ResourceId, Result, config::Reference, workflow::Uses};
use sandbar_store::{Tx, resource, write::Write};

use super::Landing;
use crate::{
    configs::{as_config, present},
    resources::users::users,
    workflows::check_used,
};

impl Landing<'_> {
    /// Notes what configs of the batch newly refer to.
    pub(super) async fn note_references(&mut self, tx: &mut Tx, batch: &[Write]) -> Result<()> {
        let configs = batch.iter().filter_map(|write| match &write.document {
            Some(Document::Config(config)) if !config.references.is_empty() => Some((write.id, config)),
            _ => None,
        });
        let configs: Vec<_> = configs.collect();
        let before = self.references_before(tx, configs.iter().map(|(id, _)| *id).collect()).await?;
        for (id, config) in configs {
            let known = before.get(&id);
            let new = config.references.iter().filter(|one| known.is_none_or(|known| !known.contains(one)));
            for one in new {
                self.references.entry(*one).or_insert_with(|| config.key());
            }
        }
        Ok(())
    }

    async fn references_before(
        &self,
        tx: &mut Tx,
        ids: Vec<ResourceId>,
    ) -> Result<HashMap<ResourceId, Vec<Reference>>> {
        let found = resource::resolve_many(tx, &self.change.view, Kind::Config, ids).await?;
        let hashes = found.values().filter_map(|found| found.hash).collect();
        let documents = self.app.contents.documents(tx, self.change.view.root, hashes).await?;
        let mut before = HashMap::new();
        for (id, found) in found {
            if let Some(document) = found.hash.and_then(|hash| documents.get(&hash)) {
                before.insert(id, as_config(document)?.references.clone());
            }
        }
        Ok(before)
    }

    /// Everything that configs newly refer to must be there.
    pub(super) async fn check_references(&self, tx: &mut Tx) -> Result<()> {
        let there = present(tx, &self.change.view, self.references.keys().copied().collect()).await?;
        match self.references.iter().find(|(one, _)| !there.contains(&(one.kind, one.id))) {
            None => Ok(()),
            Some((one, config)) => {
                Err(Error::ReferenceNotFound { config: config.clone(), kind: one.kind, id: one.id })
            }
        }
    }

    /// Everything that a step or keychain uses must be there, also of those that the document does not name.
    pub(super) async fn check_links(&self, tx: &mut Tx, removed: &BTreeSet<Uses>) -> Result<()> {
        let steps = self.uses.iter().map(|(uses, job)| (*uses, job.as_str()));
        check_used(tx, &self.change.view, steps.collect()).await?;
        let links = self.defaults.keys().copied().collect();
        let found = resource::resolve_many(tx, &self.change.view, Kind::CredentialLink, links).await?;
        for (link, keychain) in &self.defaults {
            if found.get(link).and_then(|found| found.hash).is_none() {
                return Err(Error::KeychainDefaultNotLinked { keychain: keychain.clone(), link: *link });
            }
        }
        let users = users(self.app, tx, &self.change.view, removed, &BTreeSet::new()).await?;
        match users.into_iter().next() {
            Some(user) => Err(user.dangling()),
            None => Ok(()),
        }
    }
}
