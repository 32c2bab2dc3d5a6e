//! Webhook auth methods, with their encrypted secrets.

use sandbar_model::{
    Error, Kind, ProjectId, ResourceId, Result, Time, TriggerId, WebhookAuthMethod, WebhookAuthMethodId,
    webhook::WebhookAuthKind,
};
use uuid::Uuid;

use crate::{
    claim::{Stretch, holding},
    credential::WrappedKey,
    db::{FromRow, Row, Tx},
    unique::{self, Unique},
};

/// The columns of a method without its secret, in order.
macro_rules! columns {
    () => {
        "root_id, id, name, kind, version, create_time, update_time"
    };
}

/// Which method of which root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The root.
    pub root: ProjectId,
    /// The method.
    pub id: WebhookAuthMethodId,
}

/// A method's secret as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    /// Of which method.
    pub of: Key,
    /// Its kind.
    pub kind: WebhookAuthKind,
    /// Its data key.
    pub key: WrappedKey,
    /// The secret, encrypted with it.
    pub sealed: Vec<u8>,
}

/// A trigger that a method guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Guarded {
    /// In which project.
    pub project: ProjectId,
    /// Of which workflow.
    pub workflow: ResourceId,
    /// Which.
    pub trigger: TriggerId,
}

/// Adds one.
///
/// # Errors
/// [`Error::NameTaken`] when another of the root has the name, [`Error::IdTaken`] when one has the id.
pub async fn insert(tx: &mut Tx, method: &WebhookAuthMethod, secret: &SealedSecret) -> Result<()> {
    tx.sql(
        "-- webhook_auth.insert
        INSERT INTO webhook_auth_methods (root_id, id, name, kind, version, create_time, update_time, master_key,
            data_key, sealed)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(method.root.0)
    .bind(method.id.0)
    .bind(method.name.as_str())
    .bind(method.kind as i64)
    .bind(method.version)
    .bind(method.create_time.0)
    .bind(method.update_time.0)
    .bind(secret.key.master.as_str())
    .bind(secret.key.bytes.as_slice())
    .bind(secret.sealed.as_slice())
    .try_execute()
    .await
    .map_err(|error| refusal(error, method))?;
    Ok(())
}

/// One of them.
pub async fn get(tx: &mut Tx, of: Key) -> Result<Option<WebhookAuthMethod>> {
    tx.sql(concat!(
        "-- webhook_auth.get\nSELECT ",
        columns!(),
        " FROM webhook_auth_methods WHERE root_id = $1 AND id = $2"
    ))
    .bind(of.root.0)
    .bind(of.id.0)
    .optional()
    .await
}

/// Takes a method's lock until the transaction ends, changing nothing, and answers it as the writer before left it. The first
/// statement of every write to it, and of what a trigger newly names it in.
pub async fn lock(tx: &mut Tx, of: Key) -> Result<Option<WebhookAuthMethod>> {
    tx.sql(concat!(
        "-- webhook_auth.lock\nUPDATE webhook_auth_methods SET version = version WHERE root_id = $1 AND id = $2 RETURNING ",
        columns!()
    ))
    .bind(of.root.0)
    .bind(of.id.0)
    .optional()
    .await
}

/// At most `limit` of a root, by name: those after one, or (empty) the first ones.
pub async fn page(tx: &mut Tx, root: ProjectId, after: &str, limit: i64) -> Result<Vec<WebhookAuthMethod>> {
    tx.sql(concat!(
        "-- webhook_auth.page\nSELECT ",
        columns!(),
        " FROM webhook_auth_methods WHERE root_id = $1 AND name > $2 ORDER BY name LIMIT $3"
    ))
    .bind(root.0)
    .bind(after)
    .bind(limit)
    .all()
    .await
}

/// Stores what may change of one: name, version, time.
///
/// # Errors
/// [`Error::NameTaken`] when another of the root has the name.
pub async fn set(tx: &mut Tx, method: &WebhookAuthMethod) -> Result<()> {
    tx.sql(
        "-- webhook_auth.set
        UPDATE webhook_auth_methods SET name = $3, version = $4, update_time = $5 WHERE root_id = $1 AND id = $2",
    )
    .bind(method.root.0)
    .bind(method.id.0)
    .bind(method.name.as_str())
    .bind(method.version)
    .bind(method.update_time.0)
    .try_execute()
    .await
    .map_err(|error| refusal(error, method))?;
    Ok(())
}

/// Removes one.
pub async fn delete(tx: &mut Tx, of: Key) -> Result<()> {
    tx.sql("-- webhook_auth.delete\nDELETE FROM webhook_auth_methods WHERE root_id = $1 AND id = $2")
        .bind(of.root.0)
        .bind(of.id.0)
        .execute()
        .await?;
    Ok(())
}

/// Its secret.
pub async fn secret(tx: &mut Tx, of: Key) -> Result<Option<SealedSecret>> {
    let row: Option<(i64, String, Vec<u8>, Vec<u8>)> = tx
        .sql(
            "-- webhook_auth.secret
            SELECT kind, master_key, data_key, sealed FROM webhook_auth_methods WHERE root_id = $1 AND id = $2",
        )
        .bind(of.root.0)
        .bind(of.id.0)
        .optional()
        .await?;
    let Some((kind, master, bytes, sealed)) = row else { return Ok(None) };
    Ok(Some(SealedSecret { of, kind: kind_of(kind)?, key: WrappedKey { master, bytes }, sealed }))
}

/// Stores its data key, encrypted anew. Under the method's [lock].
pub async fn set_key(tx: &mut Tx, of: Key, key: &WrappedKey) -> Result<()> {
    tx.sql(
        "-- webhook_auth.set_key
        UPDATE webhook_auth_methods SET master_key = $3, data_key = $4 WHERE root_id = $1 AND id = $2",
    )
    .bind(of.root.0)
    .bind(of.id.0)
    .bind(key.master.as_str())
    .bind(key.bytes.as_slice())
    .execute()
    .await?;
    Ok(())
}

/// How many methods' data keys each master key encrypts, by its id.
pub async fn by_master_key(tx: &mut Tx) -> Result<Vec<(String, i64)>> {
    tx.sql(
        "-- webhook_auth.by_master_key
        SELECT master_key, COUNT(*) FROM webhook_auth_methods GROUP BY master_key ORDER BY master_key",
    )
    .all()
    .await
}

/// At most `limit` methods of all roots after one; with `except` only those whose data key another master key encrypts.
pub async fn keys_after(tx: &mut Tx, after: Key, except: Option<&str>, limit: i64) -> Result<Vec<Key>> {
    let rows: Vec<(Uuid, Uuid)> = tx
        .sql(
            "-- webhook_auth.keys_after
            SELECT root_id, id FROM webhook_auth_methods WHERE (root_id, id) > ($1, $2) AND master_key <> $3
            ORDER BY root_id, id LIMIT $4",
        )
        .bind(after.root.0)
        .bind(after.id.0)
        // No master key has an empty id.
        .bind(except.unwrap_or_default())
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(root, id)| Key { root: root.into(), id: id.into() }).collect())
}

/// Every trigger of a tree that a method guards now, in every project that sees it, those that are scheduled for deletion
/// included. In order. Costs a statement for each of them.
pub async fn guarded(tx: &mut Tx, of: Key) -> Result<Vec<Guarded>> {
    let rows: Vec<(Uuid, Uuid, i64, i64, String)> = tx
        .sql(
            "-- webhook_auth.guarded
            SELECT c.project_id, c.id, c.since_seq, c.until_seq, c.key FROM claims c
            JOIN projects p ON p.id = c.project_id
            WHERE c.space = 103 AND c.key >= $1 AND c.key < $2 AND p.root_id = $3 ORDER BY c.key",
        )
        // The key is the method's id, a blank and the trigger's id; `!` is what comes after the blank.
        .bind(format!("{} ", of.id))
        .bind(format!("{}!", of.id))
        .bind(of.root.0)
        .all()
        .await?;
    let mut found = Vec::new();
    for (project, id, since, until, key) in rows {
        let trigger = key.split_once(' ').and_then(|(_, trigger)| trigger.parse().ok());
        let trigger: TriggerId = trigger.ok_or(Error::Bug("a guard's claim names no trigger"))?;
        let stretch = Stretch { project: project.into(), id: id.into(), since, until };
        let holding = holding(tx, Kind::Workflow, vec![stretch]).await?;
        found.extend(holding.into_iter().map(|(project, workflow)| Guarded { project, workflow, trigger }));
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

fn refusal(error: sqlx::Error, method: &WebhookAuthMethod) -> Error {
    unique::refusal(error, |unique| match unique {
        Unique::Key => {
            Error::IdTaken { id: method.id.to_string(), place: "by another webhook auth method of the root" }
        }
        Unique::Index => Error::NameTaken {
            name: method.name.clone(),
            place: "by another webhook auth method of the root",
        },
    })
}

fn kind_of(number: i64) -> Result<WebhookAuthKind> {
    WebhookAuthKind::from_number(number).ok_or(Error::Bug("a webhook auth method is of no kind"))
}

impl FromRow for WebhookAuthMethod {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            root: row.get::<Uuid>(0)?.into(),
            id: row.get::<Uuid>(1)?.into(),
            name: row.get(2)?,
            kind: kind_of(row.get(3)?)?,
            version: row.get(4)?,
            create_time: Time(row.get(5)?),
            update_time: Time(row.get(6)?),
        })
    }
}
