//! Master keys in use: which there are, taking old ones out of use, and checking that everything opens. For the operator, on
//! the server's machine; beside running servers.

use sandbar_model::{CredentialId, Error, Result};
use sandbar_store::{Tx, credential, value_set};
use uuid::Uuid;

use crate::{App, repeat::retry};

/// How far a walk over the credentials, or over something else that is encrypted, got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekeyed<I = CredentialId> {
    /// The last that it dealt with; none: it is done.
    pub next: Option<I>,
    /// How many were dealt with.
    pub done: u64,
    /// Those that do not open, which were left as they are.
    pub damaged: Vec<I>,
}

impl<I> Default for Rekeyed<I> {
    fn default() -> Self {
        Self { next: None, done: 0, damaged: Vec::new() }
    }
}

/// How many credentials' data keys each master key encrypts, by its id.
pub async fn key_use(app: &App) -> Result<Vec<(String, i64)>> {
    credential::by_master_key(&mut app.db.connection().await?).await
}

/// Encrypts the data keys of at most `limit` credentials after one (none: from the start) with the current master key, where
/// another encrypts them. Each in a transaction of its own: nobody waits for long, and whoever is stopped goes on anywhere.
///
/// # Errors
/// [`Error::MasterKeyMissing`] when a credential needs a key that was not given; the database's.
pub async fn rewrap(app: &App, after: Option<CredentialId>, limit: i64) -> Result<Rekeyed> {
    let current = app.master_keys.ids().pop().unwrap_or_default();
    let ids = batch(app, after, Some(&current), limit).await?;
    let mut done = Rekeyed { next: ids.last().copied(), ..Rekeyed::default() };
    for id in ids {
        match retry(|| rewrap_one(app, id)).await {
            // One that was deleted meanwhile needs nothing any more.
            Ok(()) | Err(Error::CredentialNotFound { .. }) => done.done += 1,
            Err(Error::CredentialDamaged { id }) => done.damaged.push(id),
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Opens all that at most `limit` credentials after one (none: from the start) have, and says which do not open. No value
/// is kept or told.
///
/// # Errors
/// As [`rewrap`].
pub async fn verify(app: &App, after: Option<CredentialId>, limit: i64) -> Result<Rekeyed> {
    let ids = batch(app, after, None, limit).await?;
    let mut done = Rekeyed { next: ids.last().copied(), ..Rekeyed::default() };
    for id in ids {
        // One snapshot: what a writer changes meanwhile is seen whole or not at all.
        let mut tx = app.db.read().await?;
        match verify_one(app, &mut tx, id).await {
            Ok(()) | Err(Error::CredentialNotFound { .. }) => done.done += 1,
            Err(Error::CredentialDamaged { id }) => done.damaged.push(id),
            Err(error) => return Err(error),
        }
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
