//! Credentials, with the data keys that their values are encrypted with. The values are in [`crate::value_set`].

mod links;

use sandbar_model::{Credential, CredentialId, Error, PrincipalId, Result, Time};
use uuid::Uuid;

pub use links::{Linked, linked};

use crate::{
    db::{FromRow, Row, Tx},
    text,
    unique::{self, Unique},
};

/// The columns of a credential, in order.
macro_rules! columns {
    () => {
        "id, owner_id, name, schema_name, external_id, version, create_time, update_time"
    };
}

/// A data key as it is kept: encrypted with a master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// Which master key.
    pub master: String,
    /// The encrypted key.
    pub bytes: Vec<u8>,
}

/// Whose credentials a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's.
    All,
    /// Those of one principal.
    Of(PrincipalId),
}

/// Adds one.
///
/// # Errors
/// [`Error::NameTaken`] when another of its owner's has the name, [`Error::IdTaken`] when any has the id.
pub async fn insert(tx: &mut Tx, credential: &Credential, key: &WrappedKey) -> Result<()> {
    tx.sql(
        "-- credential.insert
        INSERT INTO credentials (id, owner_id, name, schema_name, external_id, version, create_time, update_time,
            master_key, data_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(credential.id.0)
    .bind(credential.owner.0)
    .bind(credential.name.as_str())
    .bind(credential.schema.as_str())
    .bind(credential.external_id.as_str())
    .bind(credential.version)
    .bind(credential.create_time.0)
    .bind(credential.update_time.0)
    .bind(key.master.as_str())
    .bind(key.bytes.as_slice())
    .try_execute()
    .await
    .map_err(|error| refusal(error, credential))?;
    Ok(())
}

/// One of them.
pub async fn get(tx: &mut Tx, id: CredentialId) -> Result<Option<Credential>> {
    tx.sql(concat!("-- credential.get\nSELECT ", columns!(), " FROM credentials WHERE id = $1"))
        .bind(id.0)
        .optional()
        .await
}

/// Takes a credential's lock until the transaction ends, changing nothing, and answers it as the writer before left it.
/// The first statement of every write to it, to its values, and of what links it.
pub async fn lock(tx: &mut Tx, id: CredentialId) -> Result<Option<Credential>> {
    tx.sql(concat!(
        "-- credential.lock\nUPDATE credentials SET version = version WHERE id = $1 RETURNING ",
        columns!()
    ))
    .bind(id.0)
    .optional()
    .await
}

/// The one of this name among an owner's.
pub async fn named(tx: &mut Tx, owner: PrincipalId, name: &str) -> Result<Option<Credential>> {
    tx.sql(concat!(
        "-- credential.named\nSELECT ",
        columns!(),
        " FROM credentials WHERE owner_id = $1 AND name = $2"
    ))
    .bind(owner.0)
    .bind(name)
    .optional()
    .await
}

/// Those of these that there are.
pub async fn many(tx: &mut Tx, ids: &[CredentialId]) -> Result<Vec<Credential>> {
    const SELECT: &str = concat!("-- credential.many\nSELECT ", columns!(), " FROM credentials WHERE id IN");
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::list(SELECT, 1, size, ""));
        for id in text::filled(chunk, size) {
            statement = statement.bind(id.0);
        }
        found.extend(statement.all::<Credential>().await?);
    }
    Ok(found)
}

/// At most `limit`, by name and then id: those after the cursor, or the first ones.
pub async fn page(
    tx: &mut Tx,
    whose: Whose,
    after: Option<(&str, CredentialId)>,
    limit: i64,
) -> Result<Vec<Credential>> {
    let (name, id) = after.unwrap_or(("", CredentialId(Uuid::nil())));
    let statement = match whose {
        Whose::All => tx.sql(concat!(
            "-- credential.page\nSELECT ",
            columns!(),
            " FROM credentials WHERE (name, id) > ($1, $2) ORDER BY name, id LIMIT $3"
        )),
        Whose::Of(_) => tx.sql(concat!(
            "-- credential.page\nSELECT ",
            columns!(),
            " FROM credentials WHERE owner_id = $4 AND (name, id) > ($1, $2) ORDER BY name, id LIMIT $3"
        )),
    };
    let statement = statement.bind(name).bind(id.0).bind(limit);
    match whose {
        Whose::All => statement.all().await,
        Whose::Of(owner) => statement.bind(owner.0).all().await,
    }
}

/// Stores what may change of one: owner, name, schema, external id, version, time.
///
/// # Errors
/// [`Error::NameTaken`] when another of its owner's has the name.
pub async fn set(tx: &mut Tx, credential: &Credential) -> Result<()> {
    tx.sql(
        "-- credential.set
        UPDATE credentials SET owner_id = $2, name = $3, schema_name = $4, external_id = $5, version = $6, update_time = $7
        WHERE id = $1",
    )
    .bind(credential.id.0)
    .bind(credential.owner.0)
    .bind(credential.name.as_str())
    .bind(credential.schema.as_str())
    .bind(credential.external_id.as_str())
    .bind(credential.version)
    .bind(credential.update_time.0)
    .try_execute()
    .await
    .map_err(|error| refusal(error, credential))?;
    Ok(())
}

/// Removes one with all its values.
pub async fn delete(tx: &mut Tx, id: CredentialId) -> Result<()> {
    tx.sql("-- credential.delete\nDELETE FROM value_sets WHERE credential_id = $1")
        .bind(id.0)
        .execute()
        .await?;
    tx.sql("-- credential.delete\nDELETE FROM credentials WHERE id = $1").bind(id.0).execute().await?;
    Ok(())
}

/// Its data key.
pub async fn key(tx: &mut Tx, id: CredentialId) -> Result<Option<WrappedKey>> {
    let found: Option<(String, Vec<u8>)> = tx
        .sql("-- credential.key\nSELECT master_key, data_key FROM credentials WHERE id = $1")
        .bind(id.0)
        .optional()
        .await?;
    Ok(found.map(|(master, bytes)| WrappedKey { master, bytes }))
}

/// Stores its data key, encrypted anew. Under the credential's [lock].
pub async fn set_key(tx: &mut Tx, id: CredentialId, key: &WrappedKey) -> Result<()> {
    tx.sql("-- credential.set_key\nUPDATE credentials SET master_key = $2, data_key = $3 WHERE id = $1")
        .bind(id.0)
        .bind(key.master.as_str())
        .bind(key.bytes.as_slice())
        .execute()
        .await?;
    Ok(())
}

/// How many credentials' data keys each master key encrypts, by its id.
pub async fn by_master_key(tx: &mut Tx) -> Result<Vec<(String, i64)>> {
    tx.sql(
        "-- credential.by_master_key
        SELECT master_key, COUNT(*) FROM credentials GROUP BY master_key ORDER BY master_key",
    )
    .all()
    .await
}

/// At most `limit` credentials after one, by id; with `except` only those whose data key another master key encrypts.
pub async fn ids_after(
    tx: &mut Tx,
    after: CredentialId,
    except: Option<&str>,
    limit: i64,
) -> Result<Vec<CredentialId>> {
    let rows: Vec<(Uuid,)> = tx
        .sql(
            "-- credential.ids_after
            SELECT id FROM credentials WHERE id > $1 AND master_key <> $2 ORDER BY id LIMIT $3",
        )
        .bind(after.0)
        // No master key has an empty id.
        .bind(except.unwrap_or_default())
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| CredentialId(id)).collect())
}

fn refusal(error: sqlx::Error, credential: &Credential) -> Error {
    unique::refusal(error, |unique| match unique {
        Unique::Key => Error::IdTaken { id: credential.id.to_string(), place: "by another credential" },
        Unique::Index => Error::NameTaken {
            name: credential.name.clone(),
            place: "by another credential of the same owner",
        },
    })
}

impl FromRow for Credential {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get::<Uuid>(0)?.into(),
            owner: row.get::<Uuid>(1)?.into(),
            name: row.get(2)?,
            schema: row.get(3)?,
            external_id: row.get(4)?,
            version: row.get(5)?,
            create_time: Time(row.get(6)?),
            update_time: Time(row.get(7)?),
        })
    }
}
