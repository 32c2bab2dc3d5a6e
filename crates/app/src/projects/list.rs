//! Listing the projects that a caller may see, by name.

use sandbar_model::{Error, ProjectId, Result};
use sandbar_store::{
    Tx,
    project::{self, Visible},
};

use super::{seen, viewer, visible_tree};
use crate::{
    App, Call,
    gate::Caller,
    view::{Page, ProjectView},
};

/// Asks for a page of projects.
#[derive(Clone, Debug)]
pub struct ListProjects {
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
    /// No sandboxes.
    pub roots_only: bool,
    /// Also those that are scheduled for deletion.
    pub show_scheduled: bool,
}

/// Lists projects of all trees by name, as far as the caller and the token may see them.
///
/// # Errors
/// The gate's; [`Error::InvalidPageToken`].
pub async fn list(app: &App, call: &Call, request: &ListProjects) -> Result<Page<ProjectView>> {
    let mut tx = app.db.read().await?;
    let caller = app.caller(&mut tx, call).await?;
    let seal = format!("projects {} {} {}", caller.id, request.roots_only, request.show_scheduled);
    let (cursor, limit) = (Cursor::open(app, &seal, &request.page_token)?, app.page_size(request.page_size)?);
    let rows = match caller.scope.project {
        None => {
            let (roots, all, after) =
                (request.roots_only, request.show_scheduled, Cursor::after(cursor.as_ref()));
            project::page_visible(&mut tx, viewer(&caller), roots, all, after, one_more(limit)).await?
        }
        Some(top) => limited(&mut tx, &caller, top, request, Cursor::after(cursor.as_ref())).await?,
    };
    Ok(page(app, &seal, &caller, rows, limit))
}

/// What a token that is limited to one project sees, which is part of one tree. In order, from the cursor on.
async fn limited(
    tx: &mut Tx,
    caller: &Caller,
    top: ProjectId,
    request: &ListProjects,
    after: Option<(&str, ProjectId)>,
) -> Result<Vec<Visible>> {
    let Some(top) = project::get(tx, top).await? else { return Ok(Vec::new()) };
    let mut rows = visible_tree(tx, caller, top.root, request.show_scheduled).await?;
    rows.retain(|row| !(request.roots_only && row.project.is_sandbox()) && after < Some(place(row)));
    rows.sort_by(|a, b| place(a).cmp(&place(b)));
    Ok(rows)
}

fn place(row: &Visible) -> (&str, ProjectId) {
    (&row.project.profile.name, row.project.id)
}

/// The last row of the page before, in a list by name and then id.
pub(crate) struct Cursor {
    id: ProjectId,
    name: String,
}

/// How long the text of an id is.
const ID: usize = 36;

impl Cursor {
    /// From a page token; none: the first page.
    pub(crate) fn open(app: &App, seal: &str, page_token: &str) -> Result<Option<Self>> {
        let text = app.sealer.cursor(seal, page_token)?;
        if text.is_empty() {
            return Ok(None);
        }
        let (id, name) = text.split_at_checked(ID).ok_or(Error::InvalidPageToken)?;
        let id = id.parse().map_err(|_| Error::InvalidPageToken)?;
        Ok(Some(Self { id, name: name.to_owned() }))
    }

    /// As the store takes it.
    pub(crate) fn after(cursor: Option<&Self>) -> Option<(&str, ProjectId)> {
        cursor.map(|cursor| (cursor.name.as_str(), cursor.id))
    }
}

/// How many rows to ask the store for, to know whether there is another page.
pub(crate) fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

/// A page of at most `limit` rows, of which there may be more.
pub(crate) fn page(
    app: &App,
    seal: &str,
    caller: &Caller,
    mut rows: Vec<Visible>,
    limit: usize,
) -> Page<ProjectView> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last =
        rows.last().filter(|_| more).map(|row| format!("{}{}", row.project.id, row.project.profile.name));
    let next_page_token = last.map(|last| app.sealer.page(seal, &last)).unwrap_or_default();
    Page { rows: rows.into_iter().map(|row| seen(caller, row)).collect(), next_page_token }
}
