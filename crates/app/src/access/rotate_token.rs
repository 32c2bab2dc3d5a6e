//! Making a token in place of another one.

use sandbar_model::{
    Error, Project, Result, Time, TokenId,
    access::{Token, TokenSecret},
    time::{DAY, HOUR},
};
use sandbar_store::{Tx, identity, project, token};

use super::{create_token::lock_any, scope, token_etag};
use crate::{
    App, Call, Request, etag,
    gate::Caller,
    repeat::{Trace, conclude, repeated, retry},
};

/// How long the old one goes on, unless something else is asked for.
const OVERLAP: i64 = HOUR;
/// And at most.
const MOST: i64 = 30 * DAY;

/// Asks for a token in place of another one.
#[derive(Clone, Debug)]
pub struct RotateToken {
    /// Which; none: the one that the call is made with.
    pub token: Option<TokenId>,
    /// How long the old one goes on at most, in microseconds: 0 to 30 days. None: 1 hour.
    pub overlap: Option<i64>,
    /// See [`super::token_etag`], of the old one; empty: rotate whatever is there.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for RotateToken {
    const ACTION: &'static str = "token.rotate";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// What came of it.
#[derive(Debug)]
pub struct RotatedToken {
    /// The new one's record.
    pub token: Token,
    /// The new one itself, for its bearer, this once; see [`super::CreatedToken::secret`].
    pub secret: Option<TokenSecret>,
    /// The old one, with when it ends now.
    pub previous: Token,
}

/// Makes a token as wide as another one, that lives as long from now, and has the old one end after a while, if it does not
/// sooner. Of two who rotate one token at once, each gets a new one, and the old one ends at the sooner of the two times.
///
/// For the token itself; for its bearer's others, if they are as wide, and then it ends no later than theirs; for a service
/// administrator. Not for a project's admins: the token may be a person's, whom they must not be able to speak for.
///
/// # Errors
/// [`Error::TokenNotFound`] for tokens that there are not and tokens that the caller may not rotate,
/// [`Error::EtagMismatch`], [`Error::TokenEnded`], [`Error::InvalidFields`], [`Error::ProjectScheduled`] for the project that it is limited to.
pub async fn rotate_token(app: &App, call: &Call, request: &RotateToken) -> Result<RotatedToken> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &RotateToken) -> Result<RotatedToken> {
    let mut tx = app.db.write().await?;
    let caller = app.caller(&mut tx, call).await?;
    let by = (call, &caller);
    if let Some((token, previous)) = repeated(app, &mut tx, by, request).await? {
        return Ok(RotatedToken { token, secret: None, previous });
    }
    let overlap = request.overlap.unwrap_or(OVERLAP);
    if !(0..=MOST).contains(&overlap) {
        return Err(Error::invalid("overlap", "must be 0 seconds to 30 days; leave it out for 1 hour"));
    }
    let (old, project) = locked(app, &mut tx, &caller, request.token.unwrap_or(caller.token)).await?;
    etag::check(&request.etag, token_etag(&old))?;
    let now = app.now();
    let ends = now.plus(overlap);
    let previous =
        Token { expire_time: Some(old.expire_time.map_or(ends, |end| end.min(ends))), ..old.clone() };
    let token = Token {
        id: app.new_id().into(),
        create_time: now,
        expire_time: end(&caller, &old, now),
        last_use_time: None,
        ..old.clone()
    };
    let secret = TokenSecret::from_random(app.world.random());
    token::insert(&mut tx, &token, &secret.hash()).await?;
    token::set_expire_time(&mut tx, old.id, previous.expire_time.unwrap_or(ends)).await?;
    let trace = Trace {
        root: project.as_ref().map(|project| project.root),
        project: old.scope.project,
        subject: Some(("token", old.id.0)),
        detail: serde_json::json!({ "before": old.expire_time, "after": previous.expire_time, "new": token }),
    };
    let answer = (token, previous);
    conclude(app, tx, by, request, trace, &answer).await?;
    let (token, previous) = answer;
    Ok(RotatedToken { token, secret: Some(secret), previous })
}

/// The token, that the caller may rotate and that holds still, with the project that it is limited to.
async fn locked(app: &App, tx: &mut Tx, caller: &Caller, id: TokenId) -> Result<(Token, Option<Project>)> {
    let missing = || Error::TokenNotFound { id };
    let old = token::get(tx, id).await?.ok_or_else(missing)?;
    let project = match old.scope.project {
        Some(id) => project::get(tx, id).await?,
        None => None,
    };
    let own = caller.id == old.principal;
    // The issuer's to make anew.
    if identity::has(tx, id).await? {
        return Err(missing());
    }
    let may = caller.token == id
        || caller.administrator().is_ok()
        || (own
            && caller.mfa >= old.mfa
            && scope::covers(app, tx, caller, old.scope, project.as_ref()).await?);
    if !may {
        return Err(missing());
    }
    // Of everything else that waits for both, the project is locked first, too.
    let project = lock_any(tx, old.scope.project).await?;
    let old = token::lock(tx, id).await?.ok_or_else(missing)?;
    if old.revoke_time.is_some() || old.expire_time.is_some_and(|end| end <= app.now()) {
        return Err(Error::TokenEnded { id });
    }
    Ok((old, project))
}

/// When the new one ends: it lives as long as the old one was meant to.
fn end(caller: &Caller, old: &Token, now: Time) -> Option<Time> {
    let life = old.expire_time.map(|end| end.0.saturating_sub(old.create_time.0));
    let end = life.map(|life| now.plus(life));
    if caller.token == old.id || caller.administrator().is_ok() {
        return end;
    }
    match (end, caller.expire_time) {
        (Some(end), Some(limit)) => Some(end.min(limit)),
        (end, limit) => end.or(limit),
    }
}
