//! Telling other servers of one database that something was done, so that they look at once.
//!
//! A hint says no more than that, and may be lost: whoever waits for one looks now and then without. It is sent after a
//! commit and not within: PostgreSQL lets only one transaction at a time commit that notifies, which would make all
//! writers wait for each other.

use std::time::Duration;

use sandbar_model::Result;
use sqlx::{
    PgPool,
    postgres::{PgListener, PgPoolOptions},
};

use super::{Db, storage};

/// The channel's name; channels belong to one database.
const CHANNEL: &str = "sandbar_done";

/// The way that hints take.
#[derive(Clone, Debug)]
pub enum Hints {
    /// There are no other servers.
    Sqlite,
    /// Two connections of their own, made when they are needed: one to tell, one to listen. Those of the pool are for calls.
    Postgres(PgPool),
}

/// Who listens.
#[derive(Debug)]
pub enum Listener {
    /// Hears nothing, ever.
    Sqlite,
    /// Connects again by itself.
    Postgres(Box<PgListener>),
}

impl Db {
    /// The way to other servers of this database.
    pub fn hints(&self) -> Hints {
        match self {
            Self::Sqlite { .. } => Hints::Sqlite,
            Self::Postgres(pool) => {
                let options = pool.connect_options().as_ref().clone();
                // Nothing is lost with a hint, so nobody waits for a disk because of one.
                let options = options.options([("synchronous_commit", "off")]);
                let pool = PgPoolOptions::new()
                    .max_connections(2)
                    .acquire_timeout(Duration::from_secs(5))
                    .connect_lazy_with(options);
                Hints::Postgres(pool)
            }
        }
    }
}

impl Hints {
    /// Tells everybody who listens, this server too.
    ///
    /// # Errors
    /// [`sandbar_model::Error::StorageUnavailable`]; nobody was told then.
    pub async fn tell(&self) -> Result<()> {
        if let Self::Postgres(pool) = self {
            let notify = sqlx::query("-- db.tell\nSELECT pg_notify($1, '')").bind(CHANNEL);
            notify.execute(pool).await.map_err(storage)?;
        }
        Ok(())
    }

    /// Begins to listen.
    ///
    /// # Errors
    /// [`sandbar_model::Error::StorageUnavailable`].
    pub async fn listen(&self) -> Result<Listener> {
        let Self::Postgres(pool) = self else { return Ok(Listener::Sqlite) };
        let mut listener = PgListener::connect_with(pool).await.map_err(storage)?;
        listener.listen(CHANNEL).await.map_err(storage)?;
        Ok(Listener::Postgres(Box::new(listener)))
    }

    /// Closes the connections.
    pub async fn close(&self) {
        if let Self::Postgres(pool) = self {
            pool.close().await;
        }
    }
}

impl Listener {
    /// Waits for a hint.
    ///
    /// # Errors
    /// [`sandbar_model::Error::StorageUnavailable`] when the connection was lost and no other can be made.
    pub async fn heard(&mut self) -> Result<()> {
        match self {
            Self::Sqlite => std::future::pending().await,
            Self::Postgres(listener) => listener.recv().await.map(drop).map_err(storage),
        }
    }
}
