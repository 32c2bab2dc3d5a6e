//! Listing dataclips, newest first.

use sandbar_model::{Dataclip, Error, ProjectId, Result, RunId, policy::Action};
use sandbar_store::dataclip;

use crate::{App, Call, view::Page};

/// Asks for a page of dataclips.
#[derive(Clone, Debug)]
pub struct ListDataclips {
    /// Where.
    pub project: ProjectId,
    /// Only those with a name.
    pub named: bool,
    /// Only what this run made.
    pub run: Option<RunId>,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// Lists a project's dataclips without their bodies. Needs to see the project.
///
/// # Errors
/// [`Error::InvalidPageToken`], and the gate's.
pub async fn list(app: &App, call: &Call, request: &ListDataclips) -> Result<Page<Dataclip>> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let seal = format!("dataclips {} {} {:?}", request.project, request.named, request.run);
    let before = match app.sealer.cursor(&seal, &request.page_token)?.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| Error::InvalidPageToken)?),
    };
    let limit = app.page_size(request.page_size)?;
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let which = (request.named, request.run);
    let mut rows = dataclip::page(&mut tx, entry.project.id, which, before, one_more).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|clip| app.sealer.page(&seal, &clip.id.to_string()));
    Ok(Page { rows, next_page_token: next.unwrap_or_default() })
}
