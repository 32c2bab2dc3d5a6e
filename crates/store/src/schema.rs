//! The schema: bringing a database up to date, and telling whether it is.

use sandbar_model::{Error, Result};
use sqlx::migrate::Migrator;

use crate::db::Db;

static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");

/// Applies the migrations that the database lacks. Safe to call from several servers at once.
///
/// # Errors
/// [`Error::Storage`] when one fails or when a published migration was edited.
pub async fn migrate(db: &Db) -> Result<()> {
    match db {
        Db::Sqlite { writer, .. } => SQLITE.run(writer).await,
        Db::Postgres(pool) => POSTGRES.run(pool).await,
    }
    .map_err(|error| Error::Storage(error.into()))
}

/// The version that this program works with.
pub fn wanted_version() -> i64 {
    SQLITE.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// The version that the database is at, 0 if it was never migrated. Also tells whether it answers at all.
///
/// # Errors
/// [`Error::StorageUnavailable`] when it does not.
pub async fn version(db: &Db) -> Result<i64> {
    let mut tx = db.connection().await?;
    let found: Result<Option<(Option<i64>,)>> =
        tx.sql("-- schema.version\nSELECT MAX(version) FROM _sqlx_migrations WHERE success").optional().await;
    match found {
        Ok(row) => Ok(row.and_then(|(version,)| version).unwrap_or(0)),
        // The table is not there yet.
        Err(Error::Storage(_)) => Ok(0),
        Err(error) => Err(error),
    }
}
