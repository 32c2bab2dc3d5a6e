//! A credential's values in one environment, encrypted.

use std::collections::HashMap;

use sandbar_model::{CredentialId, Error, Result, Time, credential::ValueSet};
use uuid::Uuid;

use crate::{db::Tx, text};

/// A set as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSet {
    /// What may be told of it.
    pub set: ValueSet,
    /// The credential's version that wrote it.
    pub version: i64,
    /// The values, encrypted.
    pub sealed: Vec<u8>,
}

/// Writes a set, in place of the one that the environment had. Under the credential's lock.
pub async fn put(tx: &mut Tx, credential: CredentialId, set: &SealedSet) -> Result<()> {
    let keys = serde_json::to_string(&set.set.keys).map_err(|error| Error::Storage(error.into()))?;
    tx.sql(
        "-- value_set.put
        INSERT INTO value_sets (credential_id, environment, version, key_names, sealed, update_time)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (credential_id, environment) DO UPDATE SET
            version = excluded.version, key_names = excluded.key_names, sealed = excluded.sealed,
            update_time = excluded.update_time",
    )
    .bind(credential.0)
    .bind(set.set.environment.as_str())
    .bind(set.version)
    .bind(keys.as_str())
    .bind(set.sealed.as_slice())
    .bind(set.set.update_time.0)
    .execute()
    .await?;
    Ok(())
}

/// Removes a set. False: there was none. Under the credential's lock.
pub async fn delete(tx: &mut Tx, credential: CredentialId, environment: &str) -> Result<bool> {
    let deleted = tx
        .sql("-- value_set.delete\nDELETE FROM value_sets WHERE credential_id = $1 AND environment = $2")
        .bind(credential.0)
        .bind(environment)
        .execute()
        .await?;
    Ok(deleted == 1)
}

/// The environments for which a credential has values, in their order, with the version that wrote each.
pub async fn versions(tx: &mut Tx, credential: CredentialId) -> Result<Vec<(String, i64)>> {
    tx.sql(
        "-- value_set.versions
        SELECT environment, version FROM value_sets WHERE credential_id = $1 ORDER BY environment",
    )
    .bind(credential.0)
    .all()
    .await
}

/// What may be told of these credentials' sets, by environment.
pub async fn of(tx: &mut Tx, credentials: &[CredentialId]) -> Result<HashMap<CredentialId, Vec<ValueSet>>> {
    const SELECT: &str = "-- value_set.of
        SELECT credential_id, environment, key_names, update_time FROM value_sets WHERE credential_id IN";
    let mut found: HashMap<CredentialId, Vec<ValueSet>> = HashMap::new();
    for chunk in credentials.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::list(SELECT, 1, size, "ORDER BY credential_id, environment"));
        for id in text::filled(chunk, size) {
            statement = statement.bind(id.0);
        }
        let rows: Vec<(Uuid, String, String, i64)> = statement.all().await?;
        for (credential, environment, keys, time) in rows {
            let keys = serde_json::from_str(&keys).map_err(|error| Error::Storage(error.into()))?;
            let set = ValueSet { environment, keys, update_time: Time(time) };
            found.entry(credential.into()).or_default().push(set);
        }
    }
    Ok(found)
}

/// The encrypted values of one environment, with the version that wrote them.
pub async fn sealed(
    tx: &mut Tx,
    credential: CredentialId,
    environment: &str,
) -> Result<Option<(i64, Vec<u8>)>> {
    tx.sql(
        "-- value_set.sealed
        SELECT version, sealed FROM value_sets WHERE credential_id = $1 AND environment = $2",
    )
    .bind(credential.0)
    .bind(environment)
    .optional()
    .await
}
