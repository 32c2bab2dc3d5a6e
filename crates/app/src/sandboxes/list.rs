//! Listing the sandboxes directly below a project, by name.

use sandbar_model::{ProjectId, Result, policy::Action};
use sandbar_store::project;

use crate::{
    App, Call,
    projects::{Cursor, one_more, page, viewer},
    view::{Page, ProjectView},
};

/// Asks for a page of a project's sandboxes.
#[derive(Clone, Debug)]
pub struct ListSandboxes {
    /// Whose.
    pub parent: ProjectId,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
    /// Also those that are scheduled for deletion.
    pub show_scheduled: bool,
}

/// Lists the sandboxes of a project that the caller may see. Needs to see the project.
///
/// # Errors
/// The gate's; [`sandbar_model::Error::InvalidPageToken`].
pub async fn list(app: &App, call: &Call, request: &ListSandboxes) -> Result<Page<ProjectView>> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.parent, Action::See).await?;
    let seal = format!("sandboxes {} {} {}", request.parent, entry.caller.id, request.show_scheduled);
    let (cursor, limit) = (Cursor::open(app, &seal, &request.page_token)?, app.page_size(request.page_size)?);
    let (who, after) = (viewer(&entry.caller), Cursor::after(cursor.as_ref()));
    let rows =
        project::children(&mut tx, request.parent, who, request.show_scheduled, after, one_more(limit))
            .await?;
    Ok(page(app, &seal, &entry.caller, rows, limit))
}
