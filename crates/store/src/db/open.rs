//! Connecting: what each engine is told.

use std::{str::FromStr, time::Duration};

use sandbar_model::{Error, Result};
use sqlx::{
    ConnectOptions as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{CommitCounter, Db, PoolSize, Readers, storage};

/// Opens a file, made if it is not there: the connection that writes, and those that read.
pub(super) async fn sqlite(url: &str, size: PoolSize) -> Result<Db> {
    let options = sqlite_options(url)?;
    let writer = SqlitePoolOptions::new()
        .acquire_timeout(size.acquire_timeout)
        .test_before_acquire(false)
        .max_connections(1)
        .connect_with(options.clone())
        .await
        .map_err(storage)?;
    let counter = CommitCounter::open(options.get_filename())
        .map_err(|problem| storage(sqlx::Error::Configuration(problem.into())))?;
    let readers = options.create_if_missing(false).pragma("query_only", "ON");
    let readers = Readers::open(&readers, size).await.map_err(storage)?;
    Ok(Db::Sqlite { writer, readers, counter })
}

fn sqlite_options(url: &str) -> Result<SqliteConnectOptions> {
    Ok(SqliteConnectOptions::from_str(url)
        .map_err(|_| {
            Error::invalid("database", "is not a SQLite URL such as sqlite:///var/lib/sandbar/sandbar.db")
        })?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .statement_cache_capacity(256)
        // As with PostgreSQL, below.
        .disable_statement_logging()
        .pragma("cache_size", "-65536")
        .pragma("temp_store", "MEMORY"))
}

/// Opens a pool on a server.
pub(super) async fn postgres(url: &str, size: PoolSize) -> Result<PgPool> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| {
            Error::invalid("database", "is not a PostgreSQL URL such as postgres://sandbar@db/sandbar")
        })?
        .application_name("sandbar")
        .statement_cache_capacity(256)
        // The driver asks after every statement whether it is to be logged, and a no makes the next log line of the
        // thread get lost where there are several log filters (as with traces).
        .disable_statement_logging()
        .options([
            // Every statement here is a seek; planning each anew costs more than it gains (2-storage-measured §5).
            ("plan_cache_mode", "force_generic_plan"),
            // A plan is made once for each connection, perhaps when the tables are still small, and kept while they
            // grow. So what is right for small tables only, reading them whole, is never to be chosen. JIT would think
            // what can't be done otherwise so expensive that it is worth compiling.
            ("enable_seqscan", "off"),
            ("enable_bitmapscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            ("jit", "off"),
            ("lock_timeout", "20s"),
            ("idle_in_transaction_session_timeout", "60s"),
        ]);
    PgPoolOptions::new()
        .max_connections(size.connections)
        .acquire_timeout(size.acquire_timeout)
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(storage)
}
