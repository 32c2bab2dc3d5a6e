//! Giving a project to another owner.

use sandbar_model::{Error, PrincipalId, ProjectId, Result, Role, access::Member, policy::Action};
use sandbar_store::{Tx, member, principal};

use super::{MemberView, lock_members, member_etag};
use crate::{
    App, Call, Request, etag,
    repeat::{Trace, conclude, repeated, retry},
};

/// Asks for another member to be the owner.
#[derive(Clone, Debug)]
pub struct TransferOwnership {
    /// Of what.
    pub project: ProjectId,
    /// Who shall be.
    pub principal: PrincipalId,
    /// See [`super::member_etag`], of who shall be; empty: whatever they are.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for TransferOwnership {
    const ACTION: &'static str = "member.transfer_ownership";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Makes a member the owner, and the owner until now an admin. Needs the owner. Who it is to be must be a member already,
/// so that nobody is made one by a slip.
///
/// # Errors
/// [`Error::PrincipalNotFound`] for somebody who is no direct member, [`Error::EtagMismatch`], [`Error::MemberProtected`]
/// for the owner themselves, [`Error::ProjectScheduled`], and the gate's.
pub async fn transfer_ownership(app: &App, call: &Call, request: &TransferOwnership) -> Result<MemberView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &TransferOwnership) -> Result<MemberView> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    // Before the action is asked for: who was the owner gets the answer again.
    if let Some(answer) = repeated(app, &mut tx, (call, &entry.caller), request).await? {
        return Ok(answer);
    }
    entry.may(Action::TransferOwnership)?;
    let entry = lock_members(app, &mut tx, call, entry, Action::TransferOwnership).await?;
    let missing = || Error::PrincipalNotFound { id: request.principal };
    let who = principal::get(&mut tx, request.principal).await?.ok_or_else(missing)?;
    let from = member::role(&mut tx, request.project, who.id).await?.ok_or_else(missing)?;
    etag::check(&request.etag, member_etag(&Member { principal: who.id, role: from }))?;
    if from == Role::Owner {
        let problem = "this member is the owner already; name another";
        return Err(Error::MemberProtected { problem, principal: who.id });
    }
    hand_over(&mut tx, request.project, entry.caller.id, who.id).await?;
    let member = Member { principal: who.id, role: Role::Owner };
    let answer = MemberView { member, name: who.name, email: who.email };
    let detail = serde_json::json!({ "before": from, "after": Role::Owner, "owner_before": entry.caller.id });
    let subject = Some(("principal", who.id.0));
    let trace = Trace { root: Some(entry.project.root), project: Some(request.project), subject, detail };
    conclude(app, tx, (call, &entry.caller), request, trace, &answer).await?;
    Ok(answer)
}

/// The old owner first, as there can't be two, not even for a moment.
async fn hand_over(tx: &mut Tx, project: ProjectId, from: PrincipalId, to: PrincipalId) -> Result<()> {
    for (principal, role) in [(from, Role::Admin), (to, Role::Owner)] {
        member::put(tx, project, &Member { principal, role }).await?;
    }
    Ok(())
}
