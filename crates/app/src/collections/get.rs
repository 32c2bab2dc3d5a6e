//! Reading one collection.

use sandbar_model::{ProjectId, Result, policy::Action};

use super::Which;
use crate::{App, Call, view::CollectionView};

/// Asks for one collection.
#[derive(Clone, Debug)]
pub struct GetCollection {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub which: Which,
}

/// Shows one collection, with how much it holds. Needs to see the project.
///
/// # Errors
/// [`sandbar_model::Error::ResourceNotFound`], and the gate's.
pub async fn get(app: &App, call: &Call, request: &GetCollection) -> Result<CollectionView> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let (id, found) = app.collection(&mut tx, &entry.project, &request.which).await?;
    app.collection_view(&mut tx, (entry.project.id, entry.project.root), id, found).await
}
