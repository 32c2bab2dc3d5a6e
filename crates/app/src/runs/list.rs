//! Listing runs, newest first.

use sandbar_model::{Error, ProjectId, Result, Run, policy::Action};
use sandbar_store::run::{self, Filter};

use crate::{App, Call, view::Page};

/// Asks for a page of runs.
#[derive(Clone, Debug)]
pub struct ListRuns {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub filter: Filter,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// Lists a project's runs. Needs to see the project. With filters a page may have fewer than asked for.
///
/// # Errors
/// [`Error::InvalidPageToken`], and the gate's.
pub async fn list(app: &App, call: &Call, request: &ListRuns) -> Result<Page<Run>> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let seal = format!("runs {} {:?}", request.project, request.filter);
    let before = match app.sealer.cursor(&seal, &request.page_token)?.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| Error::InvalidPageToken)?),
    };
    let limit = i64::try_from(app.page_size(request.page_size)?).unwrap_or(i64::MAX);
    let window = run::page(&mut tx, entry.project.id, &request.filter, before, limit).await?;
    let next = window.next.map(|id| app.sealer.page(&seal, &id.to_string()));
    Ok(Page { rows: window.runs, next_page_token: next.unwrap_or_default() })
}
