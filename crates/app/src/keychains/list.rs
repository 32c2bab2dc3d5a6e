//! Listing keychains by name.

use sandbar_model::{Kind, ProjectId, Result, policy::Action};
use sandbar_store::resource;

use super::as_keychain;
use crate::{
    App, Call,
    view::{KeychainView, Page, stamp},
};

/// Asks for a page of keychains.
#[derive(Clone, Debug)]
pub struct ListKeychains {
    /// Where.
    pub project: ProjectId,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// Lists a project's keychains by name. Costs what the page holds, not what the project holds. Needs to see the project.
///
/// # Errors
/// The gate's; [`sandbar_model::Error::InvalidPageToken`].
pub async fn list(app: &App, call: &Call, request: &ListKeychains) -> Result<Page<KeychainView>> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let seal = format!("keychains {}", request.project);
    let (after, limit) = (app.sealer.cursor(&seal, &request.page_token)?, app.page_size(request.page_size)?);
    let view = app.views.of(&mut tx, &entry.project).await?;
    let page = resource::page(&mut tx, &view, Kind::Keychain, &after, limit).await?;
    let ids: Vec<_> = page.rows.iter().map(|row| row.id).collect();
    let found = resource::resolve_many(&mut tx, &view, Kind::Keychain, ids.clone()).await?;
    let hashes = found.values().filter_map(|found| found.hash).collect();
    let documents = app.contents.documents(&mut tx, view.root, hashes).await?;
    let names = app.names(&mut tx, found.values().map(|found| found.writer).collect()).await?;
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        let Some((found, hash)) = found.get(&id).and_then(|found| Some((found, found.hash?))) else {
            continue;
        };
        let Some(document) = documents.get(&hash) else { continue };
        rows.push(KeychainView {
            id,
            keychain: as_keychain(document)?.clone(),
            revision: found.revision,
            hash,
            updated: stamp(&names, found.write_time, found.writer),
        });
    }
    let next_page_token = page.next.map(|next| app.sealer.page(&seal, &next)).unwrap_or_default();
    Ok(Page { rows, next_page_token })
}
