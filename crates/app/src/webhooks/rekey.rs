//! Master keys in the use of webhook auth methods, as [`crate::credentials`] has it for theirs.

use sandbar_model::{ProjectId, Result, WebhookAuthMethodId};
use sandbar_store::webhook_auth::{self, Key};
use uuid::Uuid;

use super::missing;
use crate::{App, repeat::retry, vault::Rekeyed};

/// How many methods' data keys each master key encrypts, by its id.
pub async fn key_use(app: &App) -> Result<Vec<(String, i64)>> {
    webhook_auth::by_master_key(&mut app.db.connection().await?).await
}

/// See [`crate::credentials::rewrap`].
///
/// # Errors
/// [`sandbar_model::Error::MasterKeyMissing`] when a method needs a key that was not given; the database's.
pub async fn rewrap(app: &App, after: Option<Key>, limit: i64) -> Result<Rekeyed<Key>> {
    let current = app.master_keys.ids().pop().unwrap_or_default();
    let keys = batch(app, after, Some(&current), limit).await?;
    let mut done = Rekeyed::of(&keys);
    for of in keys {
        done.note(of, retry(|| rewrap_one(app, of)).await)?;
    }
    Ok(done)
}

/// See [`crate::credentials::verify`].
///
/// # Errors
/// As [`rewrap`].
pub async fn verify(app: &App, after: Option<Key>, limit: i64) -> Result<Rekeyed<Key>> {
    let keys = batch(app, after, None, limit).await?;
    let mut done = Rekeyed::of(&keys);
    for of in keys {
        done.note(of, verify_one(app, of).await)?;
    }
    Ok(done)
}

async fn batch(app: &App, after: Option<Key>, except: Option<&str>, limit: i64) -> Result<Vec<Key>> {
    let first = Key { root: ProjectId(Uuid::nil()), id: WebhookAuthMethodId(Uuid::nil()) };
    let mut tx = app.db.connection().await?;
    webhook_auth::keys_after(&mut tx, after.unwrap_or(first), except, limit).await
}

async fn rewrap_one(app: &App, of: Key) -> Result<()> {
    let mut tx = app.db.write().await?;
    webhook_auth::lock(&mut tx, of).await?.ok_or_else(|| missing(of.id))?;
    let secret = webhook_auth::secret(&mut tx, of).await?.ok_or_else(|| missing(of.id))?;
    let key = app.rewrap_secret(&secret).await?;
    webhook_auth::set_key(&mut tx, of, &key).await?;
    tx.commit().await
}

async fn verify_one(app: &App, of: Key) -> Result<()> {
    let secret = webhook_auth::secret(&mut app.db.connection().await?, of).await?;
    app.open_secret(&secret.ok_or_else(|| missing(of.id))?).await?;
    Ok(())
}
