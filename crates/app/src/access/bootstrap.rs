//! The first way in, and the operator's: tokens that are made from the server's own machine, without a token.

use sandbar_model::{
    Error, PrincipalId, Result, Time,
    access::{Principal, PrincipalKind, Scope, Token, TokenHash, TokenSecret},
};
use sandbar_store::{Db, Tx, lease, principal, token};
use uuid::Uuid;

use super::{CreatedToken, create_principal::told, scope};
use crate::{World, repeat::retry, system};

/// Who makes principals in this way waits for others who do, in a row of this name. It is gone with the transaction.
const LOCK: &str = "bootstrap";
/// The first service administrator's name.
const ADMIN: &str = "admin";

/// What a first start did.
#[derive(Debug)]
pub enum Bootstrap {
    /// There was nobody yet: this is the token of the service administrator who was made. Show it, this once.
    Made(TokenSecret),
    /// There was nobody yet: a service administrator was made who has the token that was given.
    Accepted,
    /// There was somebody already; a token that was given counts for nothing unless it is known.
    Kept,
}

/// Makes the first service administrator, "admin", when there is no user or service account yet: with the token `given`,
/// or with a new one. It never expires; it can be revoked once there is another. Of servers that start at once, one does
/// it.
///
/// # Errors
/// [`Error::InvalidFields`] when `given` is no token; whether it is needed or not, so that a mistake shows at once.
pub async fn bootstrap(db: &Db, world: &dyn World, given: Option<&str>) -> Result<Bootstrap> {
    if given.is_some_and(|text| TokenSecret::parse(text).is_none()) {
        let problem =
            "must be a token: sbr_ and 50 letters and digits, with a right checksum; leave it out to get one";
        return Err(Error::invalid("admin_token", problem));
    }
    retry(|| first(db, world, given.and_then(TokenSecret::parse))).await
}

async fn first(db: &Db, world: &dyn World, given: Option<TokenSecret>) -> Result<Bootstrap> {
    let mut tx = db.write().await?;
    let now = world.now();
    lock(&mut tx, now).await?;
    if !principal::page(&mut tx, None, 1).await?.is_empty() {
        return Ok(Bootstrap::Kept);
    }
    let admin = make_admin(&mut tx, world, ADMIN).await?;
    let (hash, outcome) = if let Some(secret) = given {
        (secret.hash(), Bootstrap::Accepted)
    } else {
        let secret = TokenSecret::from_random(world.random());
        (secret.hash(), Bootstrap::Made(secret))
    };
    insert_token(&mut tx, world, (admin, "first start"), None, &hash).await?;
    unlock(&mut tx).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// Makes a token of the service administrator called `name`, who is made if there is none of that name. `ttl` is in
/// microseconds, 1 minute to 366 days; none: 90 days. For `sandbar-server tokens create`, when nobody has a token.
///
/// # Errors
/// [`Error::InvalidFields`] for a name or life that breaks a rule.
pub async fn create_admin_token(
    db: &Db,
    world: &dyn World,
    name: &str,
    ttl: Option<i64>,
) -> Result<CreatedToken> {
    scope::check("", ttl)?;
    retry(|| admin_token(db, world, name, ttl)).await
}

async fn admin_token(db: &Db, world: &dyn World, name: &str, ttl: Option<i64>) -> Result<CreatedToken> {
    let mut tx = db.write().await?;
    let now = world.now();
    lock(&mut tx, now).await?;
    let admin = match find_admin(&mut tx, name).await? {
        Some(admin) => admin,
        None => make_admin(&mut tx, world, name).await?,
    };
    let secret = TokenSecret::from_random(world.random());
    let expire = Some(scope::end(now, ttl, None)?);
    let token = insert_token(&mut tx, world, (admin, "tokens create"), expire, &secret.hash()).await?;
    unlock(&mut tx).await?;
    tx.commit().await?;
    Ok(CreatedToken { token, secret: Some(secret) })
}

/// Waits until nobody else does the same. A lease that is given back in the transaction that took it is a lock: whoever
/// comes second waits for its row to be committed, and then it is gone.
async fn lock(tx: &mut Tx, now: Time) -> Result<()> {
    if lease::take(tx, LOCK, LOCK, now, now).await? { Ok(()) } else { Err(Error::Contention) }
}

async fn unlock(tx: &mut Tx) -> Result<()> {
    lease::release(tx, LOCK, LOCK).await?;
    Ok(())
}

async fn find_admin(tx: &mut Tx, name: &str) -> Result<Option<PrincipalId>> {
    let mut after = PrincipalId(Uuid::nil());
    loop {
        let page = principal::page(tx, Some((name, after)), 100).await?;
        let Some(last) = page.last() else { return Ok(None) };
        after = last.id;
        let same = page.iter().take_while(|principal| principal.name == name).count();
        if let Some(admin) = page.iter().take(same).find(|principal| principal.administrator) {
            return Ok(Some(admin.id));
        }
        if same < page.len() {
            return Ok(None);
        }
    }
}

async fn make_admin(tx: &mut Tx, world: &dyn World, name: &str) -> Result<PrincipalId> {
    let admin = Principal {
        id: world.new_id().into(),
        kind: PrincipalKind::User,
        name: name.to_owned(),
        email: String::new(),
        administrator: true,
        create_time: world.now(),
    };
    admin.violations("").into_result()?;
    principal::insert(tx, &admin).await?;
    let subject = Some(("principal", admin.id.0));
    system::note(tx, world, "principal.create", (None, subject), &told(&admin)).await?;
    Ok(admin.id)
}

async fn insert_token(
    tx: &mut Tx,
    world: &dyn World,
    (principal, name): (PrincipalId, &str),
    expire_time: Option<Time>,
    hash: &TokenHash,
) -> Result<Token> {
    let token = Token {
        id: world.new_id().into(),
        principal,
        name: name.to_owned(),
        scope: Scope::default(),
        mfa: false,
        create_time: world.now(),
        expire_time,
        revoke_time: None,
        last_use_time: None,
    };
    token::insert(tx, &token, hash).await?;
    let subject = Some(("token", token.id.0));
    system::note(tx, world, "token.create", (None, subject), &serde_json::json!(token)).await?;
    Ok(token)
}
