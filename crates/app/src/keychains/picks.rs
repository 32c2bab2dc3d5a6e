//! What the keychains of a run's steps pick.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{
    DataclipId, Error, Keychain, ResourceId, Result,
    workflow::{StoredWorkflow, Uses},
};
use sandbar_store::{Tx, dataclip, view::View};
use serde_json::Value;

use super::resolve::{Resolved, linked, resolve_among};
use crate::App;

/// What keychains pick for one run.
#[derive(Debug, Default)]
pub(crate) struct Picks(BTreeMap<ResourceId, Resolved>);

impl Picks {
    /// What the keychains that these steps name pick for a run that begins with a dataclip, which is only read if there are
    /// any. Keychains and links are those that the project has now, as a link that a step names itself is: what an admin
    /// takes away is gone for runs that go on, too.
    ///
    /// # Errors
    /// [`Error::DataclipErased`], [`Error::ResourceNotFound`] for a keychain that was deleted since.
    pub(crate) async fn of(
        app: &App,
        tx: &mut Tx,
        view: &View,
        workflow: &StoredWorkflow,
        dataclip: DataclipId,
    ) -> Result<Self> {
        let keychains: BTreeSet<_> = workflow.jobs.iter().filter_map(|job| keychain(job.uses)).collect();
        if keychains.is_empty() {
            return Ok(Self::default());
        }
        let body = dataclip::body(tx, dataclip).await?.filter(|body| !body.is_empty());
        let body = body.ok_or(Error::DataclipErased { id: dataclip })?;
        let body: Value = serde_json::from_str(&body).map_err(|_| Error::Bug("a dataclip is no JSON"))?;
        let linked = linked(app, tx, view).await?;
        let mut picks = BTreeMap::new();
        for id in keychains {
            picks.insert(id, resolve_among(app, tx, (view, &linked), id, &body).await?);
        }
        Ok(Self(picks))
    }

    /// The link that a step gets: the one that it names, or that its keychain picks. None: it gets none.
    pub(crate) fn link(&self, uses: Option<Uses>) -> Option<ResourceId> {
        match uses? {
            Uses::CredentialLink(link) => Some(link),
            Uses::Keychain(id) => self.0.get(&id)?.link(),
        }
    }

    /// The keychain that a step names.
    pub(crate) fn keychain(&self, uses: Option<Uses>) -> Option<&Keychain> {
        keychain(uses).and_then(|id| self.0.get(&id)).map(|resolved| &resolved.keychain)
    }
}

fn keychain(uses: Option<Uses>) -> Option<ResourceId> {
    match uses? {
        Uses::Keychain(id) => Some(id),
        Uses::CredentialLink(_) => None,
    }
}
