//! Who calls, their tokens, and who belongs to a project (`access.proto`, 1-domain §6).

mod bootstrap;
mod create_principal;
mod create_token;
mod list_members;
mod list_principals;
mod list_tokens;
mod protection;
mod remove_member;
mod revoke_token;
mod rotate_token;
mod scope;
mod set_member;
mod sign_in;
mod transfer_ownership;
mod who_am_i;

use sandbar_model::{
    Error, Result,
    access::{Member, Token},
    policy::Action,
};
use sandbar_store::{Tx, tree};
use uuid::Uuid;

pub use bootstrap::{Bootstrap, bootstrap, create_admin_token};
pub use create_principal::{CreatePrincipal, create_principal};
pub use create_token::{CreateToken, CreatedToken, create_token};
pub use list_members::{ListMembers, MemberView, list_members};
pub use list_principals::{ListPrincipals, list_principals};
pub use list_tokens::{ListTokens, list_tokens};
pub use remove_member::{RemoveMember, remove_member};
pub use revoke_token::{RevokeToken, revoke_token};
pub use rotate_token::{RotateToken, RotatedToken, rotate_token};
pub use set_member::{SetMember, set_member};
pub use sign_in::sign_in;
pub use transfer_ownership::{TransferOwnership, transfer_ownership};
pub use who_am_i::{Identity, who_am_i};

use crate::{
    App, Call, etag,
    gate::{Entry, hidden},
    view::Page,
};

/// A member's etag: names the role, whoever has it.
pub fn member_etag(member: &Member) -> String {
    etag::of(&member.role)
}

/// A token's etag: names what of it can change, but for its last use.
pub fn token_etag(token: &Token) -> String {
    etag::of(&(token.expire_time, token.revoke_time))
}

/// Takes the lock under which a tree's members change, and asks the gate again: of two admins who remove each other at
/// once, the second is none any more when its turn comes. Members of scheduled projects do not change: whoever asks for no
/// more than seeing asks for that, too, when it is known that the caller may.
async fn lock_members(app: &App, tx: &mut Tx, call: &Call, entry: Entry, action: Action) -> Result<Entry> {
    let project = entry.project.id;
    tree::lock(tx, entry.project.root).await?.ok_or_else(|| hidden(project))?;
    app.enter(tx, call, project, action).await
}

/// A page of `rows`, of which one more than `size` was asked for, so that it is known whether there is another page.
fn page<T>(app: &App, list: &str, mut rows: Vec<T>, size: usize, cursor: impl Fn(&T) -> String) -> Page<T> {
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|row| app.sealer.page(list, &cursor(row)));
    let next_page_token = next.unwrap_or_default();
    Page { rows, next_page_token }
}

/// How many rows to ask for, to fill a page of `size` and see whether there are more.
fn one_more(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1)
}

/// Where a list by name goes on: behind this id of this name.
fn named_cursor(name: &str, id: impl Into<Uuid>) -> String {
    format!("{} {name}", id.into())
}

/// What [`named_cursor`] made; none: from the start.
fn read_named_cursor<I: From<Uuid>>(cursor: &str) -> Result<Option<(&str, I)>> {
    if cursor.is_empty() {
        return Ok(None);
    }
    let (id, name) = cursor.split_once(' ').ok_or(Error::InvalidPageToken)?;
    Ok(Some((name, read_cursor(id)?)))
}

/// An id as a cursor holds it.
fn read_cursor<I: From<Uuid>>(cursor: &str) -> Result<I> {
    Uuid::try_parse(cursor).map(I::from).map_err(|_| Error::InvalidPageToken)
}
