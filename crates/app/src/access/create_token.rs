//! Making a token.

use sandbar_model::{
    Error, PrincipalId, Project, ProjectId, Result, Role,
    access::{Principal, PrincipalKind, Scope, Token, TokenSecret},
    policy::Action,
};
use sandbar_store::{Tx, principal, project, token};

use super::scope;
use crate::{
    App, Call, Request,
    gate::{Caller, active, hidden},
    repeat::{Trace, conclude, repeated, retry},
};

/// Asks for a token.
#[derive(Clone, Debug)]
pub struct CreateToken {
    /// Whom it shall speak for; none: the caller.
    pub principal: Option<PrincipalId>,
    /// For people to recognise it by; at most 100 characters.
    pub name: String,
    /// The only project, with those below it, that it shall work for. None: as the token that it is made with.
    pub project: Option<ProjectId>,
    /// The role that it shall give at most. None: as the token that it is made with.
    pub max_role: Option<Role>,
    /// How long it shall live, in microseconds: 1 minute to 366 days. None: 90 days, or as long as the token that it is
    /// made with.
    pub ttl: Option<i64>,
    /// Whether it shall count as made with a second factor. None: as the token that it is made with.
    pub mfa: Option<bool>,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for CreateToken {
    const ACTION: &'static str = "token.create";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// A token that was just made.
#[derive(Debug)]
pub struct CreatedToken {
    /// Its record.
    pub token: Token,
    /// The token itself, for its bearer, this once. None: the request was a repeat, and the token is nowhere any more.
    pub secret: Option<TokenSecret>,
}

/// Makes a token: one's own; one for a service account, limited to a project of which the caller is an admin, and to the
/// caller's role there; or, for a service administrator, any. It is never wider than the token it is made with: in
/// project, role and life; and counts as made with a second factor only if that one does, or if a service administrator, who
/// vouches for it, says so.
///
/// # Errors
/// [`Error::InvalidFields`], [`Error::AdministratorRequired`], [`Error::PrincipalNotFound`], the gate's for the project.
pub async fn create_token(app: &App, call: &Call, request: &CreateToken) -> Result<CreatedToken> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &CreateToken) -> Result<CreatedToken> {
    let mut tx = app.db.write().await?;
    let caller = app.caller(&mut tx, call).await?;
    let by = (call, &caller);
    if let Some(token) = repeated(app, &mut tx, by, request).await? {
        return Ok(CreatedToken { token, secret: None });
    }
    scope::check(&request.name, request.ttl)?;
    let wanted = Scope { project: request.project, max_role: request.max_role };
    let allowed =
        allowed(app, &mut tx, by, request.principal, scope::narrowed(caller.scope, wanted)?).await?;
    let own = token::get(&mut tx, caller.token).await?.ok_or(Error::TokenInvalid)?;
    let token = Token {
        id: app.new_id().into(),
        principal: allowed.principal,
        name: request.name.clone(),
        scope: allowed.scope,
        mfa: scope::mfa(&caller, request.mfa)?,
        create_time: app.now(),
        expire_time: Some(scope::end(app.now(), request.ttl, own.expire_time)?),
        revoke_time: None,
        last_use_time: None,
    };
    let secret = TokenSecret::from_random(app.world.random());
    token::insert(&mut tx, &token, &secret.hash()).await?;
    let project = allowed.project.as_ref();
    let trace = Trace {
        root: project.map(|project| project.root),
        project: project.map(|project| project.id),
        subject: Some(("token", token.id.0)),
        // The record only. What the bearer gets is written down nowhere, neither here nor for repeats.
        detail: serde_json::json!(token),
    };
    conclude(app, tx, by, request, trace, &token).await?;
    Ok(CreatedToken { token, secret: Some(secret) })
}

/// Whom a token may speak for, and how far it may reach.
struct Allowed {
    principal: PrincipalId,
    scope: Scope,
    project: Option<Project>,
}

async fn allowed(
    app: &App,
    tx: &mut Tx,
    (call, caller): (&Call, &Caller),
    principal: Option<PrincipalId>,
    scope: Scope,
) -> Result<Allowed> {
    let wanted = principal.unwrap_or(caller.id);
    let administrator = caller.administrator();
    let (project, scope) = match scope.project {
        _ if administrator.is_ok() => (lock_any(tx, scope.project).await?, scope),
        // Of one's own tokens nothing needs to be asked but whether the project may be seen at all.
        Some(project) if wanted == caller.id => {
            app.enter(tx, call, project, Action::See).await?;
            (lock_any(tx, Some(project)).await?, scope)
        }
        Some(project) => {
            let entry = app.enter(tx, call, project, Action::ManageTokens).await?;
            // The account may be more here than the caller is, and must not be made to act as that.
            let own = Scope { max_role: entry.role(), ..scope };
            (lock_any(tx, Some(project)).await?, scope::narrowed(own, scope)?)
        }
        None if wanted == caller.id => (None, scope),
        None => return Err(Error::AdministratorRequired),
    };
    if wanted != caller.id {
        let found = principal::get(tx, wanted).await?.ok_or(Error::PrincipalNotFound { id: wanted })?;
        if !is_service_account(&found) {
            administrator?;
        }
    }
    Ok(Allowed { principal: wanted, scope, project })
}

/// The project that a token is to be limited to. Its lock keeps it from being purged before the token is in.
pub(super) async fn lock_any(tx: &mut Tx, id: Option<ProjectId>) -> Result<Option<Project>> {
    let Some(id) = id else { return Ok(None) };
    let project = project::lock(tx, id).await?.ok_or_else(|| hidden(id))?;
    active(&project)?;
    Ok(Some(project))
}

fn is_service_account(principal: &Principal) -> bool {
    principal.kind == PrincipalKind::ServiceAccount
}
