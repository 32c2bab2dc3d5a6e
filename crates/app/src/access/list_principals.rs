//! Listing users and service accounts.

use sandbar_model::{Result, access::Principal};
use sandbar_store::principal;

use super::{named_cursor, one_more, page, read_named_cursor};
use crate::{App, Call, view::Page};

/// What seals this list's page tokens.
const LIST: &str = "principals";

/// Asks for a page of users and service accounts.
#[derive(Clone, Debug)]
pub struct ListPrincipals {
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// Lists users and service accounts by name. Needs a service administrator.
///
/// # Errors
/// [`sandbar_model::Error::AdministratorRequired`], [`sandbar_model::Error::InvalidPageToken`], and the gate's.
pub async fn list_principals(app: &App, call: &Call, request: &ListPrincipals) -> Result<Page<Principal>> {
    let mut tx = app.db.read().await?;
    app.caller(&mut tx, call).await?.administrator()?;
    let size = app.page_size(request.page_size)?;
    let cursor = app.sealer.cursor(LIST, &request.page_token)?;
    let rows = principal::page(&mut tx, read_named_cursor(&cursor)?, one_more(size)).await?;
    Ok(page(app, LIST, rows, size, |principal| named_cursor(&principal.name, principal.id.0)))
}
