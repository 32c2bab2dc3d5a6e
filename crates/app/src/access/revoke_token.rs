//! Ending a token.

use sandbar_model::{Error, Project, Result, TokenId, access::Token, policy::Action};
use sandbar_store::{Tx, identity, project, token};

use super::{scope, token_etag};
use crate::{
    App, Call, Request, etag,
    gate::Caller,
    repeat::{Trace, conclude, repeated, retry},
};

/// Asks for a token to end.
#[derive(Clone, Debug)]
pub struct RevokeToken {
    /// Which.
    pub token: TokenId,
    /// See [`super::token_etag`]; empty: revoke whatever is there.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for RevokeToken {
    const ACTION: &'static str = "token.revoke";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Ends a token at once, on every server: each call looks its token up. One's own (no wider than the one that is used for
/// it, or that one itself), one limited to a project of which the caller is an admin, or, for a service administrator,
/// any. A token that was revoked before stays as it is.
///
/// # Errors
/// [`Error::TokenNotFound`] for tokens that there are not and tokens that the caller may not manage,
/// [`Error::EtagMismatch`], and the gate's.
pub async fn revoke_token(app: &App, call: &Call, request: &RevokeToken) -> Result<Token> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &RevokeToken) -> Result<Token> {
    let mut tx = app.db.write().await?;
    let caller = app.caller(&mut tx, call).await?;
    let by = (call, &caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let missing = || Error::TokenNotFound { id: request.token };
    let token = token::get(&mut tx, request.token).await?.ok_or_else(missing)?;
    let project = match token.scope.project {
        Some(id) => project::get(&mut tx, id).await?,
        None => None,
    };
    if !may(app, &mut tx, by, &token, project.as_ref()).await? {
        return Err(missing());
    }
    let token = token::lock(&mut tx, token.id).await?.ok_or_else(missing)?;
    etag::check(&request.etag, token_etag(&token))?;
    token::revoke(&mut tx, token.id, app.now()).await?;
    let answer = token::get(&mut tx, token.id).await?.ok_or_else(missing)?;
    let trace = Trace {
        root: project.as_ref().map(|project| project.root),
        project: token.scope.project,
        subject: Some(("token", token.id.0)),
        detail: serde_json::json!({ "before": token.revoke_time, "after": answer.revoke_time, "principal": token.principal, "name": token.name }),
    };
    conclude(app, tx, by, request, trace, &answer).await?;
    Ok(answer)
}

async fn may(
    app: &App,
    tx: &mut Tx,
    (call, caller): (&Call, &Caller),
    token: &Token,
    project: Option<&Project>,
) -> Result<bool> {
    if caller.administrator().is_ok() {
        return Ok(true);
    }
    // It would shut them out for good, which is not what who signs out wants.
    if identity::has(tx, token.id).await? {
        return Ok(false);
    }
    if caller.token == token.id {
        return Ok(true);
    }
    if caller.id == token.principal && scope::covers(app, tx, caller, token.scope, project).await? {
        return Ok(true);
    }
    let Some(id) = token.scope.project else { return Ok(false) };
    // A project that is scheduled for deletion can be restored, so its tokens must be stoppable.
    match app.enter_any(tx, call, id, Action::ManageTokens).await {
        Ok(_) => Ok(true),
        Err(Error::ProjectNotFound { .. } | Error::PermissionDenied { .. } | Error::MfaRequired { .. }) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
