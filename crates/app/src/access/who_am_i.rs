//! Who the token belongs to.

use sandbar_model::{
    Error, Result,
    access::{Principal, Token},
};
use sandbar_store::{principal, token};

use crate::{App, Call};

/// Whom a token speaks for, and what it is limited to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Whom.
    pub principal: Principal,
    /// The token's record.
    pub token: Token,
}

/// Says who the caller is. Every token that holds may ask.
///
/// # Errors
/// The gate's.
pub async fn who_am_i(app: &App, call: &Call) -> Result<Identity> {
    let mut tx = app.db.read().await?;
    let caller = app.caller(&mut tx, call).await?;
    let principal = principal::get(&mut tx, caller.id).await?.ok_or(Error::TokenInvalid)?;
    let token = token::get(&mut tx, caller.token).await?.ok_or(Error::TokenInvalid)?;
    let token = Token { expire_time: caller.expire_time, mfa: caller.mfa, ..token };
    Ok(Identity { principal, token })
}
