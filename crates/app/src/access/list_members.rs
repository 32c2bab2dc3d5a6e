//! Listing who belongs to a project.

use sandbar_model::{ProjectId, Result, access::Member, policy::Action};
use sandbar_store::member::{self, NamedMember};
use serde::{Deserialize, Serialize};

use super::{named_cursor, one_more, page, read_named_cursor};
use crate::{App, Call, view::Page};

/// Asks for a page of a project's members.
#[derive(Clone, Debug)]
pub struct ListMembers {
    /// Whose.
    pub project: ProjectId,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// A member, with what a list shows of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// Who, and what they may do.
    pub member: Member,
    /// What they are called.
    pub name: String,
    /// Where to reach them; empty: not known.
    pub email: String,
}

impl From<NamedMember> for MemberView {
    fn from(NamedMember { member, name, email }: NamedMember) -> Self {
        Self { member, name, email }
    }
}

/// Lists a project's direct members by name. Whoever sees the project may.
///
/// # Errors
/// [`sandbar_model::Error::InvalidPageToken`], and the gate's.
pub async fn list_members(app: &App, call: &Call, request: &ListMembers) -> Result<Page<MemberView>> {
    let mut tx = app.db.read().await?;
    app.enter(&mut tx, call, request.project, Action::See).await?;
    let list = format!("members {}", request.project);
    let size = app.page_size(request.page_size)?;
    let cursor = app.sealer.cursor(&list, &request.page_token)?;
    let rows = member::page(&mut tx, request.project, read_named_cursor(&cursor)?, one_more(size)).await?;
    let rows = rows.into_iter().map(MemberView::from).collect();
    Ok(page(app, &list, rows, size, |row: &MemberView| named_cursor(&row.name, row.member.principal.0)))
}
