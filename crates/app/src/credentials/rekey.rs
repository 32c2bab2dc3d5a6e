//! Master keys in use: which there are, taking old ones out of use, and checking that everything opens. For the operator, on
//! the server's machine; beside running servers.

use sandbar_model::{CredentialId, Error, Result};
use sandbar_store::{Tx, credential, value_set};
use uuid::Uuid;

use crate::{App, repeat::retry, vault::Rekeyed};

/// How many credentials' data keys each master key encrypts, by its id.
pub async fn key_use(app: &App) -> Result<Vec<(String, i64)>> {
    credential::by_master_key(&mut app.db.connection().await?).await
}

/// Encrypts the data keys of at most `limit` credentials after one (none: from the start) with the current master key, where
/// another encrypts them. Each in a transaction of its own: nobody waits for long, and whoever is stopped goes on anywhere.
///
/// # Errors
/// [`Error::MasterKeyMissing`] when a credential needs a key that was not given; the database's.
pub async fn rewrap(app: &App, after: Option<CredentialId>, limit: i64) -> Result<Rekeyed<CredentialId>> {
    let current = app.master_keys.ids().pop().unwrap_or_default();
    let ids = batch(app, after, Some(&current), limit).await?;
    let mut done = Rekeyed::of(&ids);
    for id in ids {
        done.note(id, retry(|| rewrap_one(app, id)).await)?;
    }
    Ok(done)
}

/// Opens all that at most `limit` credentials after one (none: from the start) have, and says which do not open. No value
/// is kept or told.
///
/// # Errors
/// As [`rewrap`].
pub async fn verify(app: &App, after: Option<CredentialId>, limit: i64) -> Result<Rekeyed<CredentialId>> {
    let ids = batch(app, after, None, limit).await?;
    let mut done = Rekeyed::of(&ids);
    for id in ids {
        // One snapshot: what a writer changes meanwhile is seen whole or not at all.
        let mut tx = app.db.read().await?;
        done.note(id, verify_one(app, &mut tx, id).await)?;
    }
    Ok(done)
}

async fn batch(
    app: &App,
    after: Option<CredentialId>,
    except: Option<&str>,
    limit: i64,
) -> Result<Vec<CredentialId>> {
    let after = after.unwrap_or(CredentialId(Uuid::nil()));
    credential::ids_after(&mut app.db.connection().await?, after, except, limit).await
}

async fn rewrap_one(app: &App, id: CredentialId) -> Result<()> {
    let mut tx = app.db.write().await?;
    credential::lock(&mut tx, id).await?.ok_or(Error::CredentialNotFound { id })?;
    let key = app.data_key(&mut tx, id).await?;
    app.keep_data_key(&mut tx, id, &key).await?;
    tx.commit().await
}

async fn verify_one(app: &App, tx: &mut Tx, id: CredentialId) -> Result<()> {
    app.data_key(tx, id).await?;
    for (environment, _) in value_set::versions(tx, id).await? {
        let opened = app.open_values(tx, id, &environment).await?;
        opened.ok_or(Error::CredentialDamaged { id })?;
    }
    Ok(())
}
