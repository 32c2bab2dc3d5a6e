//! Listing tokens, without their secrets, which nobody has.

use sandbar_model::{ProjectId, Result, access::Token, policy::Action};
use sandbar_store::token;

use super::{one_more, page, read_cursor};
use crate::{App, Call, view::Page};

/// Asks for a page of tokens.
#[derive(Clone, Debug)]
pub struct ListTokens {
    /// Those limited to this project; none: the caller's own.
    pub project: Option<ProjectId>,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// Lists tokens, oldest first, those that are over included: one's own (which needs a token that is not limited to a
/// project: it would tell of other projects), or those limited to a project, which needs admin there.
///
/// # Errors
/// [`sandbar_model::Error::TokenLimited`], [`sandbar_model::Error::InvalidPageToken`], and the gate's.
pub async fn list_tokens(app: &App, call: &Call, request: &ListTokens) -> Result<Page<Token>> {
    let mut tx = app.db.read().await?;
    let caller = match request.project {
        Some(project) => app.enter(&mut tx, call, project, Action::ManageTokens).await?.caller,
        None => app.caller(&mut tx, call).await?,
    };
    let list = match request.project {
        Some(project) => format!("tokens of project {project}"),
        None => format!("tokens of {}", caller.id),
    };
    let size = app.page_size(request.page_size)?;
    let cursor = app.sealer.cursor(&list, &request.page_token)?;
    let after = if cursor.is_empty() { None } else { Some(read_cursor(&cursor)?) };
    let rows = if let Some(project) = request.project {
        token::page_of_project(&mut tx, project, after, one_more(size)).await?
    } else {
        caller.unlimited()?;
        token::page_of_principal(&mut tx, caller.id, after, one_more(size)).await?
    };
    Ok(page(app, &list, rows, size, |token: &Token| token.id.to_string()))
}
