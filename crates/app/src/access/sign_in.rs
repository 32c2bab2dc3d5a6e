//! Users who signed in elsewhere.

use sandbar_model::{
    Error, Result,
    access::{MAX_PRINCIPAL_NAME, Principal, PrincipalKind, Scope, Token},
};
use sandbar_store::{
    Tx, gate,
    identity::{self, Identity},
    principal, token,
};

use super::create_principal::told;
use crate::{App, SignIn, repeat::retry, system};

/// Sees to it that who signed in is a user: whom nobody knows becomes one. Who somebody is, is what the issuer calls them
/// (issuer and subject) and nothing else: an address can be given to somebody else.
///
/// # Errors
/// That the database can't be read or written.
pub async fn sign_in(app: &App, who: &SignIn) -> Result<()> {
    if app.signed_in.contains_key(who.hash()) {
        return Ok(());
    }
    let known = gate::enter(&mut app.db.connection().await?, who.hash(), None).await?;
    if known.is_none() {
        retry(|| first(app, who)).await?;
    }
    // Nobody is ever unmade, so it needs no second look.
    app.signed_in.insert(*who.hash(), ());
    Ok(())
}

async fn first(app: &App, who: &SignIn) -> Result<()> {
    match make(app, who, &who.vouched.email.to_lowercase()).await {
        // Somebody else has the address, or it is none: they come without.
        Err(Error::NameTaken { .. } | Error::InvalidFields { .. }) => make(app, who, "").await,
        made => made,
    }
}

async fn make(app: &App, who: &SignIn, email: &str) -> Result<()> {
    let mut tx = app.db.write().await?;
    if gate::enter(&mut tx, who.hash(), None).await?.is_some() {
        return Ok(());
    }
    let now = app.now();
    let user = Principal {
        id: app.new_id().into(),
        kind: PrincipalKind::User,
        name: name(&who.vouched.name),
        email: email.to_owned(),
        administrator: false,
        create_time: now,
    };
    user.violations("principal").into_result()?;
    principal::insert(&mut tx, &user).await?;
    let record = Token {
        id: app.new_id().into(),
        principal: user.id,
        name: "sign-in".to_owned(),
        // Each of the issuer's tokens says both for itself.
        scope: Scope::default(),
        mfa: false,
        create_time: now,
        expire_time: None,
        revoke_time: None,
        last_use_time: None,
    };
    // Of two servers that see somebody for the first time, one makes them.
    token::insert(&mut tx, &record, who.hash()).await.map_err(|error| match error {
        Error::IdTaken { .. } => Error::Contention,
        error => error,
    })?;
    keep(app, &mut tx, who, &user, &record).await?;
    tx.commit().await
}

async fn keep(app: &App, tx: &mut Tx, who: &SignIn, user: &Principal, record: &Token) -> Result<()> {
    let identity = Identity {
        token: record.id,
        principal: user.id,
        issuer: who.vouched.issuer.clone(),
        subject: who.vouched.subject.clone(),
        create_time: user.create_time,
    };
    identity::insert(tx, &identity).await?;
    let detail =
        serde_json::json!({ "principal": told(user), "issuer": who.vouched.issuer, "token": record.id });
    system::note(tx, &*app.world, "principal.sign_in", (None, Some(("principal", user.id.0))), &detail).await
}

/// What of a name can be one here. Of none that can, something is left to call them by.
fn name(text: &str) -> String {
    let printable: String = text.chars().filter(|c| !c.is_control()).collect();
    let cut: String = printable.trim().chars().take(MAX_PRINCIPAL_NAME).collect();
    let cut = cut.trim();
    if cut.is_empty() { "user".to_owned() } else { cut.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_becomes_one_that_is_allowed() {
        for (given, expected) in
            [("Ada", "Ada"), ("  Ada\n Lovelace\0 ", "Ada Lovelace"), ("", "user"), (" \t", "user")]
        {
            assert_eq!(name(given), expected);
        }
        assert_eq!(name(&"é".repeat(101)).chars().count(), 100);
    }
}
