//! Removing a member from a project, or leaving it.

use sandbar_model::{Error, PrincipalId, ProjectId, Result, access::Member, policy::Action};
use sandbar_store::member;

use super::{
    lock_members, member_etag,
    protection::{Move, roles_above},
};
use crate::{
    App, Call, Request, etag,
    gate::Entry,
    repeat::{Trace, conclude, repeated, retry},
};

/// Asks for somebody to be a member no more.
#[derive(Clone, Debug)]
pub struct RemoveMember {
    /// Where.
    pub project: ProjectId,
    /// Who.
    pub principal: PrincipalId,
    /// See [`super::member_etag`]; empty: remove whatever is there.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for RemoveMember {
    const ACTION: &'static str = "member.remove";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Removes a member. Needs admin, or is one's own leaving.
///
/// # Errors
/// [`Error::PrincipalNotFound`] for somebody who is no direct member, [`Error::EtagMismatch`],
/// [`Error::MemberProtected`], and the gate's.
pub async fn remove_member(app: &App, call: &Call, request: &RemoveMember) -> Result<()> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &RemoveMember) -> Result<()> {
    let mut tx = app.db.write().await?;
    // Before the project's gate, which is shut to whoever has left: a repeat of the leaving is answered all the same.
    let caller = app.caller(&mut tx, call).await?;
    if repeated::<_, ()>(app, &mut tx, (call, &caller), request).await?.is_some() {
        return Ok(());
    }
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let entry = lock_members(app, &mut tx, call, entry, Action::See).await?;
    let from = member::role(&mut tx, request.project, request.principal).await?;
    // A token for less than its bearer's role must not do away with that role.
    let leaving = request.principal == entry.caller.id && from.is_some() && entry.role() == from;
    if !leaving {
        entry.may(Action::ManageMembers)?;
    }
    entry.active()?;
    let from = from.ok_or(Error::PrincipalNotFound { id: request.principal })?;
    etag::check(&request.etag, member_etag(&Member { principal: request.principal, role: from }))?;
    let above = roles_above(&mut tx, &entry.project, request.principal).await?;
    Move { principal: request.principal, from: Some(from), to: None }.check(&above)?;
    member::remove(&mut tx, request.project, request.principal).await?;
    let detail = serde_json::json!({ "before": from });
    let subject = Some(("principal", request.principal.0));
    let Entry { caller, project, .. } = entry;
    let trace = Trace { root: Some(project.root), project: Some(project.id), subject, detail };
    conclude(app, tx, (call, &caller), request, trace, &()).await
}
