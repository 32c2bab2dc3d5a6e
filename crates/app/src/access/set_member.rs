//! Adding a member to a project, or giving one another role.

use sandbar_model::{Error, PrincipalId, ProjectId, Result, Role, access::Member, policy::Action};
use sandbar_store::{member, principal};

use super::{
    MemberView, lock_members, member_etag,
    protection::{Move, roles_above},
};
use crate::{
    App, Call, Etag, Request,
    repeat::{Trace, conclude, repeated, retry},
};

/// Asks for somebody to have a role in a project.
#[derive(Clone, Debug)]
pub struct SetMember {
    /// Where.
    pub project: ProjectId,
    /// Who.
    pub principal: PrincipalId,
    /// Viewer, editor or admin.
    pub role: Role,
    /// What they must be now; see [`super::member_etag`].
    pub etag: Etag,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for SetMember {
    const ACTION: &'static str = "member.set";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Adds a member or changes their role. Needs admin. Admins are equals: each may change any other admin and themselves;
/// only the owner and, in a sandbox, the admins of its ancestors are protected.
///
/// # Errors
/// [`Error::InvalidFields`] for the role owner, [`Error::PrincipalNotFound`], [`Error::EtagMismatch`],
/// [`Error::MemberProtected`], and the gate's.
pub async fn set_member(app: &App, call: &Call, request: &SetMember) -> Result<MemberView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &SetMember) -> Result<MemberView> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    // Before the action is asked for: who has downgraded themselves gets the answer again.
    if let Some(answer) = repeated(app, &mut tx, (call, &entry.caller), request).await? {
        return Ok(answer);
    }
    entry.may(Action::ManageMembers)?;
    if request.role == Role::Owner {
        return Err(Error::invalid("role", "must be viewer, editor or admin; ownership can't be given here"));
    }
    let entry = lock_members(app, &mut tx, call, entry, Action::ManageMembers).await?;
    let who = principal::get(&mut tx, request.principal).await?;
    let who = who.ok_or(Error::PrincipalNotFound { id: request.principal })?;
    let from = member::role(&mut tx, request.project, who.id).await?;
    request.etag.check(from.map(|role| member_etag(&Member { principal: who.id, role })))?;
    let above = roles_above(&mut tx, &entry.project, who.id).await?;
    Move { principal: who.id, from, to: Some(request.role) }.check(&above)?;
    let member = Member { principal: who.id, role: request.role };
    member::put(&mut tx, request.project, &member).await?;
    let answer = MemberView { member, name: who.name, email: who.email };
    let detail = serde_json::json!({ "before": from, "after": request.role });
    let subject = Some(("principal", who.id.0));
    let trace = Trace { root: Some(entry.project.root), project: Some(request.project), subject, detail };
    conclude(app, tx, (call, &entry.caller), request, trace, &answer).await?;
    Ok(answer)
}
