//! What callers get to see: the answers of operations.

use std::sync::Arc;

use sandbar_model::{
    Config, ContentHash, Keychain, PrincipalId, Project, ProjectId, ResourceId, Result, Revision, Role, Time,
    TriggerId, Workflow, workflow::Trigger,
};
use sandbar_store::{Tx, collection::Usage, principal};
use serde::{Deserialize, Serialize};

use crate::App;

/// A project and what the caller is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectView {
    /// The project.
    pub project: Project,
    /// None: seen by support access, or as an admin of the root.
    pub role: Option<Role>,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Who.
    pub id: PrincipalId,
    /// What they are called; empty when they are gone.
    pub name: String,
}

/// When and by whom something was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// When.
    pub time: Time,
    /// By whom.
    pub actor: Actor,
}

/// A workflow, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowView {
    /// Where it was read.
    pub project: ProjectId,
    /// Whether that is a root: decides the triggers' path ids.
    pub in_root: bool,
    /// Its id.
    pub id: ResourceId,
    /// Its content.
    pub workflow: Workflow<Arc<str>>,
    /// The project's (or an ancestor's) revision that wrote it.
    pub revision: Revision,
    /// The hash of its content, which is its etag.
    pub hash: ContentHash,
    /// Who wrote it.
    pub updated: Stamp,
    /// Its triggers that are on in this project.
    pub enabled: Arc<[TriggerId]>,
}

/// A workflow in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowSummary {
    /// See [`WorkflowView::in_root`].
    pub in_root: bool,
    /// Its id.
    pub id: ResourceId,
    /// Its name.
    pub name: String,
    /// See [`WorkflowView::revision`].
    pub revision: Revision,
    /// Its etag.
    pub hash: ContentHash,
    /// Who wrote it.
    pub updated: Stamp,
    /// How many steps it has.
    pub jobs: usize,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// Those of them that are on in this project.
    pub enabled: Vec<TriggerId>,
}

/// A config, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigView {
    /// Its id.
    pub id: ResourceId,
    /// Its content.
    pub config: Config,
    /// The project's (or an ancestor's) revision that wrote it.
    pub revision: Revision,
    /// The hash of its content, which is its etag.
    pub hash: ContentHash,
    /// Who wrote it.
    pub updated: Stamp,
}

/// A config in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigSummary {
    /// Its id.
    pub id: ResourceId,
    /// See [`Config::kind`].
    pub kind: String,
    /// Its name.
    pub name: String,
    /// See [`ConfigView::revision`].
    pub revision: Revision,
    /// Its etag.
    pub hash: ContentHash,
    /// Who wrote it.
    pub updated: Stamp,
}

/// A collection, without its items.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectionView {
    /// Its id.
    pub id: ResourceId,
    /// Its name.
    pub name: String,
    /// The project's (or an ancestor's) revision that wrote it.
    pub revision: Revision,
    /// The hash of its content, which is its etag. Items are no content.
    pub hash: ContentHash,
    /// Who wrote it.
    pub updated: Stamp,
    /// How much it holds in this project.
    pub usage: Usage,
}

/// An item of a collection.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemView {
    /// What it is.
    pub item: sandbar_model::Item,
    /// When it was made.
    pub created: Time,
    /// When it was last written.
    pub updated: Time,
}

/// A keychain.
#[derive(Clone, Debug, PartialEq)]
pub struct KeychainView {
    /// Its id.
    pub id: ResourceId,
    /// Its content.
    pub keychain: Keychain,
    /// The project's (or an ancestor's) revision that wrote it.
    pub revision: Revision,
    /// The hash of its content, which is its etag.
    pub hash: ContentHash,
    /// Who wrote it.
    pub updated: Stamp,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// In the list's order.
    pub rows: Vec<T>,
    /// Opaque; empty on the last page.
    pub next_page_token: String,
}

impl App {
    /// The names of principals, remembered for a minute.
    pub(crate) async fn names(
        &self,
        tx: &mut Tx,
        ids: Vec<PrincipalId>,
    ) -> Result<std::collections::HashMap<PrincipalId, Arc<str>>> {
        let mut found = std::collections::HashMap::new();
        let mut missing = Vec::new();
        for id in ids {
            match self.names.get(&id) {
                Some(name) => {
                    found.insert(id, name);
                }
                None => missing.push(id),
            }
        }
        if !missing.is_empty() {
            missing.sort_unstable();
            missing.dedup();
            for (id, name) in principal::names(tx, &missing).await? {
                let name: Arc<str> = name.into();
                self.names.insert(id, Arc::clone(&name));
                found.insert(id, name);
            }
        }
        Ok(found)
    }

    /// A stamp with its actor's name.
    pub(crate) async fn stamp(&self, tx: &mut Tx, time: Time, id: PrincipalId) -> Result<Stamp> {
        let names = self.names(tx, vec![id]).await?;
        Ok(stamp(&names, time, id))
    }
}

/// A stamp, with the name from those that were looked up.
pub(crate) fn stamp(
    names: &std::collections::HashMap<PrincipalId, Arc<str>>,
    time: Time,
    id: PrincipalId,
) -> Stamp {
    let name = names.get(&id).map(ToString::to_string).unwrap_or_default();
    Stamp { time, actor: Actor { id, name } }
}
