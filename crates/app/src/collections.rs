//! Collections: their names, and how much they hold. The items are in [`crate::items`].

mod create;
mod delete;
mod get;
mod list;
mod locate;
mod rename;

use sandbar_model::{Document, Error, Kind, Project, ProjectId, ResourceId, Result};
use sandbar_store::{Tx, collection, resource::Found};

pub use create::{CreateCollection, create};
pub use delete::{DeleteCollection, Deleted, delete};
pub use get::{GetCollection, get};
pub use list::{ListCollections, list};
pub use locate::locate;
pub use rename::{RenameCollection, rename};

pub use crate::resources::Which;
use crate::{
    App,
    resources::{self, find},
    view::CollectionView,
};

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
        let view = self.views.of(tx, project).await?;
        which.id(tx, &view, Kind::Collection).await
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
        let (id, found) = find(self, tx, project.into(), (Kind::Collection, which), None).await?;
        if found.hash.is_none() {
            return Err(missing(&id));
        }
        Ok((id, found))
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
