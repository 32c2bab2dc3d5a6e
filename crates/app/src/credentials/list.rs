//! Listing credentials by name.

use sandbar_model::{CredentialId, Error, Result};
use sandbar_store::credential::{self, Whose};
use uuid::Uuid;

use super::CredentialView;
use crate::{App, Call, view::Page};

/// The largest page: with 32 environments each and 4 KiB of key names in each of them, it still fits into a message.
pub const MAX_PAGE: usize = 100;

/// Asks for a page of credentials.
#[derive(Clone, Debug)]
pub struct ListCredentials {
    /// Everybody's, not only the caller's. Needs a service administrator.
    pub all: bool,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// Lists credentials by name: what environments each has values for, and the names of the values. Never a value.
///
/// # Errors
/// [`Error::AdministratorRequired`], [`Error::TokenLimited`], [`Error::InvalidPageToken`], and the gate's.
pub async fn list(app: &App, call: &Call, request: &ListCredentials) -> Result<Page<CredentialView>> {
    let mut tx = app.db.read().await?;
    let caller = app.caller(&mut tx, call).await?;
    caller.whole()?;
    if request.all {
        caller.administrator()?;
    }
    let (whose, list) = if request.all {
        (Whose::All, "credentials".to_owned())
    } else {
        (Whose::Of(caller.id), format!("credentials {}", caller.id))
    };
    let size = app.page_size(request.page_size)?.min(MAX_PAGE);
    let cursor = app.sealer.cursor(&list, &request.page_token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut rows = credential::page(&mut tx, whose, after(&cursor)?, limit).await?;
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more);
    let next_page_token =
        next.map(|row| app.sealer.page(&list, &format!("{} {}", row.id, row.name))).unwrap_or_default();
    Ok(Page { rows: app.credential_views(&mut tx, rows).await?, next_page_token })
}

/// Behind which name and id a cursor goes on.
fn after(cursor: &str) -> Result<Option<(&str, CredentialId)>> {
    if cursor.is_empty() {
        return Ok(None);
    }
    let (id, name) = cursor.split_once(' ').ok_or(Error::InvalidPageToken)?;
    let id = Uuid::try_parse(id).map_err(|_| Error::InvalidPageToken)?;
    Ok(Some((name, CredentialId(id))))
}
