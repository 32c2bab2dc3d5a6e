//! Reading and writing configs.

mod delete;
mod get;
mod list;
mod put;

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{Config, Document, Error, Kind, ProjectId, ResourceId, Result, config::Reference};
use sandbar_store::{
    Tx,
    resource::{self, Found},
    view::View,
};

pub use delete::{DeleteConfig, delete};
pub use get::{GetConfig, get};
pub use list::{ListConfigs, list};
pub use put::{PutConfig, put};

pub use crate::resources::Which;
use crate::{App, resources, view::ConfigView};

/// What is not there.
fn missing(id: &impl ToString) -> Error {
    resources::missing(Kind::Config, id)
}

impl App {
    /// A config as it was found, whole.
    async fn config_view(
        &self,
        tx: &mut Tx,
        root: ProjectId,
        id: ResourceId,
        found: Found,
    ) -> Result<ConfigView> {
        let hash = found.hash.ok_or_else(|| missing(&id))?;
        let document = self.contents.document(tx, root, hash).await?;
        let config = as_config(&document)?.clone();
        let updated = self.stamp(tx, found.write_time, found.writer).await?;
        Ok(ConfigView { id, config, revision: found.revision, hash, updated })
    }
}

/// The config in a document that was read as one.
pub(crate) fn as_config(document: &Document) -> Result<&Config> {
    document.config().ok_or(Error::Bug("a config's content is none"))
}

/// Which of these a project has.
pub(crate) async fn present(
    tx: &mut Tx,
    view: &View,
    references: Vec<Reference>,
) -> Result<BTreeSet<(Kind, ResourceId)>> {
    let mut by_kind: BTreeMap<Kind, Vec<ResourceId>> = BTreeMap::new();
    for reference in references {
        by_kind.entry(reference.kind).or_default().push(reference.id);
    }
    let mut there = BTreeSet::new();
    for (kind, ids) in by_kind {
        let found = resource::resolve_many(tx, view, kind, ids).await?;
        let live = found.into_iter().filter(|(_, found)| found.hash.is_some());
        there.extend(live.map(|(id, _)| (kind, id)));
    }
    Ok(there)
}
