//! What still needs a credential link or a keychain of a project. Reads every workflow and keychain of it, which only a
//! change that removes one has to pay for.

use std::collections::BTreeSet;

use sandbar_model::{Document, Error, Kind, ResourceId, Result, workflow::Uses};
use sandbar_store::{Tx, resource, view::View};

use crate::App;

/// How many resources are read at a time.
const PAGE: usize = 500;

/// Something that needs a credential link or a keychain, and what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    /// What it needs.
    pub(crate) needs: Uses,
    /// Who needs it.
    pub(crate) who: Who,
}

/// Who needs something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// A step.
    Step {
        /// What its workflow is called.
        workflow: String,
        /// What it is called.
        job: String,
    },
    /// A keychain, as its default.
    Keychain(String),
}

impl User {
    /// Why a credential link can't be removed.
    pub(crate) fn keeps(self, link: ResourceId) -> Error {
        match self.who {
            Who::Step { job, .. } => Error::LinkInUse { job, link },
            Who::Keychain(keychain) => Error::LinkInKeychain { keychain, link },
        }
    }

    /// What it would lack, were that removed.
    pub(crate) fn dangling(self) -> Error {
        match (self.who, self.needs) {
            (Who::Step { job, .. }, Uses::CredentialLink(link)) => Error::CredentialNotLinked { job, link },
            (Who::Step { job, .. }, Uses::Keychain(keychain)) => Error::KeychainNotFound { job, keychain },
            (Who::Keychain(keychain), Uses::CredentialLink(link) | Uses::Keychain(link)) => {
                Error::KeychainDefaultNotLinked { keychain, link }
            }
        }
    }

    /// For a message.
    pub(crate) fn phrase(&self) -> String {
        match &self.who {
            Who::Step { workflow, job } => format!("step {job:?} of workflow {workflow:?}"),
            Who::Keychain(name) => format!("the keychain {name:?}"),
        }
    }
}

/// What of a view needs one of these. Left out is what has one of the ids `except`.
pub(crate) async fn users(
    app: &App,
    tx: &mut Tx,
    view: &View,
    wanted: &BTreeSet<Uses>,
    except: &BTreeSet<ResourceId>,
) -> Result<Vec<User>> {
    let mut found = Vec::new();
    for kind in [Kind::Workflow, Kind::Keychain] {
        let mut after = (!wanted.is_empty()).then(String::new);
        while let Some(cursor) = after {
            let page = resource::page(tx, view, kind, &cursor, PAGE).await?;
            let ids: Vec<_> = page.rows.iter().map(|row| row.id).filter(|id| !except.contains(id)).collect();
            let states = resource::resolve_many(tx, view, kind, ids.clone()).await?;
            let hashes = states.values().filter_map(|found| found.hash).collect();
            let documents = app.contents.documents(tx, view.root, hashes).await?;
            let hashes = ids.iter().filter_map(|id| states.get(id)?.hash);
            for document in hashes.filter_map(|hash| documents.get(&hash)) {
                found.extend(needs(document).into_iter().filter(|user| wanted.contains(&user.needs)));
            }
            after = page.next;
        }
    }
    Ok(found)
}

fn needs(document: &Document) -> Vec<User> {
    let jobs = document.workflow().into_iter().flat_map(|workflow| &workflow.jobs);
    let steps = jobs.filter_map(|job| {
        let who = Who::Step { workflow: document.title(), job: job.name.clone() };
        job.uses.map(|needs| User { needs, who })
    });
    let default = document.keychain().and_then(|keychain| {
        let needs = Uses::CredentialLink(keychain.default_link?);
        Some(User { needs, who: Who::Keychain(keychain.name.clone()) })
    });
    steps.chain(default).collect()
}
