//! Showing webhook auth methods, also from the sandboxes that share them. Never their secrets.

use sandbar_model::{ProjectId, Result, WebhookAuthMethod, WebhookAuthMethodId, policy::Action};
use sandbar_store::webhook_auth::{self, Key};

use super::missing;
use crate::{App, Call, view::Page};

/// Asks for one method.
#[derive(Clone, Copy, Debug)]
pub struct GetMethod {
    /// The root, or a sandbox of its tree.
    pub project: ProjectId,
    /// Which.
    pub id: WebhookAuthMethodId,
}

/// Asks for a page of methods.
#[derive(Clone, Debug)]
pub struct ListMethods {
    /// The root, or a sandbox of its tree.
    pub project: ProjectId,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// Shows one method of a project's root. Needs to see the project.
///
/// # Errors
/// [`sandbar_model::Error::WebhookAuthMethodNotFound`], and the gate's.
pub async fn get(app: &App, call: &Call, request: &GetMethod) -> Result<WebhookAuthMethod> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let of = Key { root: entry.project.root, id: request.id };
    webhook_auth::get(&mut tx, of).await?.ok_or_else(|| missing(request.id))
}

/// Lists the methods of a project's root by name. Needs to see the project.
///
/// # Errors
/// [`sandbar_model::Error::InvalidPageToken`], [`sandbar_model::Error::InvalidFields`], and the gate's.
pub async fn list(app: &App, call: &Call, request: &ListMethods) -> Result<Page<WebhookAuthMethod>> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let root = entry.project.root;
    let list = format!("webhook auth methods {root}");
    let size = app.page_size(request.page_size)?;
    let after = app.sealer.cursor(&list, &request.page_token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut rows = webhook_auth::page(&mut tx, root, &after, limit).await?;
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more);
    let next_page_token = next.map(|row| app.sealer.page(&list, &row.name)).unwrap_or_default();
    Ok(Page { rows, next_page_token })
}
