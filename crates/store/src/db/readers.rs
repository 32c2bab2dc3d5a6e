//! The connections that read a SQLite file.
//!
//! They are not kept in the driver's own pool, because that asks each connection that comes back for a sign of life, in a
//! task of its own: on SQLite one more way to the connection's thread and back for every read. A file can't hang up.

use deadpool::{
    Runtime,
    unmanaged::{Object, Pool, PoolConfig, PoolError},
};
use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteTransactionManager},
};
use sqlx_core::transaction::TransactionManager as _;

use super::PoolSize;

/// The connections that read. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Readers(Pool<SqliteConnection>);

impl Readers {
    pub(super) async fn open(options: &SqliteConnectOptions, size: PoolSize) -> sqlx::Result<Self> {
        let readers = Self(Pool::from_config(&PoolConfig {
            max_size: size.connections as usize,
            timeout: Some(size.acquire_timeout),
            runtime: Some(Runtime::Tokio1),
        }));
        for _ in 0..size.connections {
            readers.0.try_add(options.connect().await?).map_err(|(_, error)| refusal(error))?;
        }
        Ok(readers)
    }

    /// Takes a connection for reads that each stand for themselves. Where one is free, this does not wait at all.
    pub(super) async fn take(&self) -> sqlx::Result<Reader> {
        let conn = match self.0.try_get() {
            // On the heap, so that whoever reads need not have room for it.
            Err(PoolError::Timeout) => Box::pin(self.0.get()).await,
            done => done,
        };
        Ok(Reader { conn: conn.map_err(refusal)?, in_snapshot: false })
    }

    /// Takes a connection for reads of one state of the file, until it is given back.
    pub(super) async fn snapshot(&self) -> sqlx::Result<Reader> {
        let mut reader = self.take().await?;
        // Before it begins: a beginning that nobody waits for any more is to be ended, too.
        reader.in_snapshot = true;
        SqliteTransactionManager::begin(&mut reader.conn, None).await?;
        Ok(reader)
    }

    /// How many are open, and how many of them idle.
    pub(super) fn usage(&self) -> (u32, usize) {
        let status = self.0.status();
        (u32::try_from(status.size).unwrap_or(u32::MAX), status.available)
    }

    /// Closes each, after its reads in flight.
    pub(super) async fn close(&self) {
        for _ in 0..self.0.status().size {
            let Ok(conn) = self.0.remove().await else { break };
            // What goes wrong on the way out concerns nobody.
            let _ = conn.close().await;
        }
        self.0.close();
    }
}

fn refusal(error: PoolError) -> sqlx::Error {
    match error {
        PoolError::Timeout => sqlx::Error::PoolTimedOut,
        PoolError::Closed => sqlx::Error::PoolClosed,
        PoolError::NoRuntimeSpecified => sqlx::Error::Configuration(error.into()),
    }
}

/// A connection in use.
#[derive(Debug)]
pub struct Reader {
    pub(super) conn: Object<SqliteConnection>,
    in_snapshot: bool,
}

impl Drop for Reader {
    fn drop(&mut self) {
        if self.in_snapshot {
            // Told to the connection's thread, which does it before anything that the next reader asks for.
            SqliteTransactionManager::start_rollback(&mut self.conn);
        }
    }
}
