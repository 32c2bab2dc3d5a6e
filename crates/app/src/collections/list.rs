//! Listing collections by name.

use sandbar_model::{Kind, ProjectId, Result, policy::Action};
use sandbar_store::{collection, resource};

use crate::{
    App, Call,
    view::{CollectionView, Page, stamp},
};

/// Asks for a page of collections.
#[derive(Clone, Debug)]
pub struct ListCollections {
    /// Where.
    pub project: ProjectId,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// Lists a project's collections by name, with how much each holds. Costs what the page holds, not what the project holds.
///
/// # Errors
/// The gate's; [`sandbar_model::Error::InvalidPageToken`].
pub async fn list(app: &App, call: &Call, request: &ListCollections) -> Result<Page<CollectionView>> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let seal = format!("collections {}", request.project);
    let (after, limit) = (app.sealer.cursor(&seal, &request.page_token)?, app.page_size(request.page_size)?);
    let view = app.views.of(&mut tx, &entry.project).await?;
    let page = resource::page(&mut tx, &view, Kind::Collection, &after, limit).await?;
    let ids: Vec<_> = page.rows.iter().map(|row| row.id).collect();
    let usages = collection::usages(&mut tx, entry.project.id, &ids).await?;
    let found = resource::resolve_many(&mut tx, &view, Kind::Collection, ids).await?;
    let names = app.names(&mut tx, found.values().map(|found| found.writer).collect()).await?;
    let rows = page.rows.into_iter().filter_map(|row| {
        let found = found.get(&row.id)?;
        Some(CollectionView {
            id: row.id,
            name: row.name,
            revision: found.revision,
            hash: found.hash?,
            updated: stamp(&names, found.write_time, found.writer),
            usage: usages.get(&row.id).copied().unwrap_or_default(),
        })
    });
    let next_page_token = page.next.map(|next| app.sealer.page(&seal, &next)).unwrap_or_default();
    Ok(Page { rows: rows.collect(), next_page_token })
}
