//! The items of a collection. Whoever writes them holds the lock of their store: see [`crate::collection`].

use std::collections::HashMap;

use sandbar_model::{Item, Result, Time};
use uuid::Uuid;

use crate::{
    db::{FromRow, Row, Tx},
    text,
};

/// What is known of an item without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its key.
    pub key: String,
    /// See [`Item::size`].
    pub size: i64,
    /// When it was made.
    pub create_time: Time,
    /// When it was last written.
    pub update_time: Time,
}

impl FromRow for Head {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            size: row.get(1)?,
            create_time: Time(row.get(2)?),
            update_time: Time(row.get(3)?),
        })
    }
}

/// At most `limit` items from the key `first` to `last`, both included, by key. Reads no value.
pub async fn scan(tx: &mut Tx, store: Uuid, (first, last): (&str, &str), limit: usize) -> Result<Vec<Head>> {
    tx.sql(
        "-- item.scan
        SELECT key, size, create_time, update_time FROM collection_items
        WHERE store_id = $1 AND key >= $2 AND key <= $3 ORDER BY key LIMIT $4",
    )
    .bind(store)
    .bind(first)
    .bind(last)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .all()
    .await
}

/// The least text that is greater than a key and not greater than any later key: no key has a control character.
pub fn after(key: &str) -> String {
    format!("{key}\u{1}")
}

/// What is known of those of these keys that there are.
pub async fn heads(tx: &mut Tx, store: Uuid, keys: &[&str]) -> Result<HashMap<String, Head>> {
    const SELECT: &str = "-- item.heads
        SELECT key, size, create_time, update_time FROM collection_items WHERE store_id = $1 AND key IN";
    let heads: Vec<Head> = seek(tx, SELECT, store, keys).await?;
    Ok(heads.into_iter().map(|head| (head.key.clone(), head)).collect())
}

/// The values of those of these keys that there are.
pub async fn values(tx: &mut Tx, store: Uuid, keys: &[&str]) -> Result<HashMap<String, String>> {
    const SELECT: &str = "-- item.values
        SELECT key, value FROM collection_items WHERE store_id = $1 AND key IN";
    Ok(seek::<(String, String)>(tx, SELECT, store, keys).await?.into_iter().collect())
}

async fn seek<T: FromRow>(tx: &mut Tx, select: &'static str, store: Uuid, keys: &[&str]) -> Result<Vec<T>> {
    let mut found = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::seek(tx.is_postgres(), select, 2, size)).bind(store);
        for key in text::filled(chunk, size) {
            statement = statement.bind(*key);
        }
        found.extend(statement.all::<T>().await?);
    }
    Ok(found)
}

/// Makes items or replaces their values; no key twice. What it was made stays.
pub async fn put(tx: &mut Tx, store: Uuid, items: &[Item], now: Time) -> Result<()> {
    const INSERT: &str = "-- item.put
        INSERT INTO collection_items (store_id, key, size, create_time, update_time, value) VALUES";
    const UPDATE: &str = "ON CONFLICT (store_id, key) DO UPDATE
        SET size = excluded.size, update_time = excluded.update_time, value = excluded.value";
    for chunk in text::chunks(items, text::ROWS) {
        let mut statement = tx.sql(text::rows(INSERT, 6, chunk.len(), UPDATE));
        for item in chunk {
            statement = statement.bind(store).bind(item.key.as_str()).bind(item.size());
            statement = statement.bind(now.0).bind(now.0).bind(item.value.as_str());
        }
        statement.execute().await?;
    }
    Ok(())
}

/// Deletes items. The keys come in order and each once: then what the statements read between the least and the greatest key
/// of each, should an engine choose to, is at most the whole store together.
pub async fn delete(tx: &mut Tx, store: Uuid, keys: &[&str]) -> Result<()> {
    const DELETE: &str = "-- item.delete
        DELETE FROM collection_items WHERE store_id = $1 AND key >= $2 AND key <= $3 AND key IN";
    for chunk in keys.chunks(text::LIST) {
        let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { continue };
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::list(DELETE, 4, size, "")).bind(store).bind(*first).bind(*last);
        for key in text::filled(chunk, size) {
            statement = statement.bind(*key);
        }
        statement.execute().await?;
    }
    Ok(())
}
