//! The master keys that were ever used in a database. The keys themselves are never here.

use sandbar_model::{Result, Time};

use crate::db::Tx;

/// Notes a master key with the proof by which it is known again. One that was noted before stays as it is.
pub async fn note(tx: &mut Tx, id: &str, proof: &[u8], now: Time) -> Result<()> {
    tx.sql(
        "-- master_key.note
        INSERT INTO master_keys (name, proof, create_time) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
    )
    .bind(id)
    .bind(proof)
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}

/// Every master key that was noted, with its proof, by id.
pub async fn all(tx: &mut Tx) -> Result<Vec<(String, Vec<u8>)>> {
    tx.sql("-- master_key.all\nSELECT name, proof FROM master_keys ORDER BY name").all().await
}
