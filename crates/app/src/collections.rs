//! Collections: their names, and how much they hold. The items are in [`crate::items`].

mod create;
mod delete;
mod get;
mod list;
mod rename;

use sandbar_model::{Document, Error, Kind, Project, ProjectId, ResourceId, Result, claim::Claim};
use sandbar_store::{
    Tx, claim, collection,
    resource::{self, Found},
};

pub use create::{CreateCollection, create};
pub use delete::{DeleteCollection, Deleted, delete};
pub use get::{GetCollection, get};
pub use list::{ListCollections, list};
pub use rename::{RenameCollection, rename};

use crate::{App, resources, view::CollectionView};

/// Names a collection of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// By its id.
    Id(ResourceId),
    /// By its name.
    Name(String),
}

/// What is not there.
pub(crate) fn missing(id: &impl ToString) -> Error {
    resources::missing(Kind::Collection, id)
}

/// The name in a document that was read as a collection's.
fn name_of(document: &Document) -> Result<&str> {
    let collection = document.collection().ok_or(Error::Bug("a collection's content is none"))?;
    Ok(&collection.name)
}

impl App {
    /// The id that is meant. Of one that was named by its id, not whether it is there.
    ///
    /// # Errors
    /// [`Error::ResourceNotFound`] for a name that no collection has.
    pub(crate) async fn collection_id(
        &self,
        tx: &mut Tx,
        project: &Project,
        which: &Which,
    ) -> Result<ResourceId> {
        let name = match which {
            Which::Id(id) => return Ok(*id),
            Which::Name(name) => name,
        };
        let view = self.views.of(tx, project).await?;
        let claim = Claim::Name(Kind::Collection, name.clone());
        let holders = claim::holders(tx, &view, vec![claim]).await?;
        holders.into_values().next().ok_or_else(|| missing(name))
    }

    /// The collection that is meant, if the project has it.
    ///
    /// # Errors
    /// [`Error::ResourceNotFound`].
    pub(crate) async fn collection(
        &self,
        tx: &mut Tx,
        project: &Project,
        which: &Which,
    ) -> Result<(ResourceId, Found)> {
        let id = self.collection_id(tx, project, which).await?;
        let view = self.views.of(tx, project).await?;
        let found = resource::resolve(tx, &view, Kind::Collection, id).await?;
        found.filter(|found| found.hash.is_some()).map(|found| (id, found)).ok_or_else(|| missing(&id))
    }

    /// A collection as it was found.
    async fn collection_view(
        &self,
        tx: &mut Tx,
        (project, root): (ProjectId, ProjectId),
        id: ResourceId,
        found: Found,
    ) -> Result<CollectionView> {
        let hash = found.hash.ok_or_else(|| missing(&id))?;
        let document = self.contents.document(tx, root, hash).await?;
        let name = name_of(&document)?.to_owned();
        let updated = self.stamp(tx, found.write_time, found.writer).await?;
        let store = collection::get(tx, project, id).await?;
        let usage = store.map(|store| store.usage).unwrap_or_default();
        Ok(CollectionView { id, name, revision: found.revision, hash, updated, usage })
    }

    /// A collection as it is now, which it must be.
    async fn collection_now(&self, tx: &mut Tx, project: &Project, id: ResourceId) -> Result<CollectionView> {
        let (id, found) = self.collection(tx, project, &Which::Id(id)).await?;
        self.collection_view(tx, (project.id, project.root), id, found).await
    }
}
