//! The one place that knows there are two engines; `db/open.rs` has their settings.
//!
//! Statements are written once, with `$1` placeholders, which SQLite and PostgreSQL both read. Each begins with a comment
//! that names its function, so that a slow query in a database's own log leads here.
//!
//! # How writes stay exact
//! SQLite has one writer at a time (`BEGIN IMMEDIATE`). On PostgreSQL a write runs under READ COMMITTED and *begins by
//! updating the row that guards what it is about to read*: the project for its resources, the tree for its shape. Whoever
//! comes second waits there and then reads what the first one left, so nothing is decided on stale facts, and 64 creates
//! in a row need no retry. (SERIALIZABLE would abort 63 of them again and again.) Deadlocks come back as
//! [`Error::Contention`], which the operation's caller retries.

mod commits;
mod hints;
mod open;
mod readers;
mod transaction;

use std::time::Duration;

pub use commits::{CommitCounter, Commits};
pub use hints::{Hints, Listener};
pub use readers::{Reader, Readers};
use sandbar_model::{Error, Result};
use sqlx::{
    Decode, Encode, PgConnection, PgPool, Postgres, Row as _, Sqlite, SqliteConnection, SqlitePool, Type,
    pool::PoolConnection,
    postgres::{PgArguments, PgRow},
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};
pub use transaction::Transaction;

/// A database of either engine. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Db {
    /// A file, with one connection that writes and several that read.
    Sqlite {
        /// The only one that writes: others would wait for SQLite's one write lock anyway, less fairly.
        writer: SqlitePool,
        /// Read-only ones.
        readers: Readers,
        /// Tells whether what was read still holds.
        counter: CommitCounter,
    },
    /// A server.
    Postgres(PgPool),
}

/// How many connections, and how long to wait for one.
#[derive(Clone, Copy, Debug)]
pub struct PoolSize {
    /// PostgreSQL: all connections. SQLite: those that read.
    pub connections: u32,
    /// After this a call gets [`Error::StorageUnavailable`]; keep it below the calls' deadline.
    pub acquire_timeout: Duration,
}

impl Default for PoolSize {
    fn default() -> Self {
        Self { connections: 8, acquire_timeout: Duration::from_secs(10) }
    }
}

/// A connection in use: a transaction, or (from [`Db::connection`]) single statements of their own.
#[derive(Debug)]
pub enum Tx {
    /// `BEGIN IMMEDIATE`.
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    /// A snapshot to read from, or no transaction.
    SqliteReader(Reader),
    /// READ COMMITTED to write, or a REPEATABLE READ snapshot to read from.
    Postgres(Transaction),
    /// No transaction.
    PostgresOnly(PoolConnection<Postgres>),
}

/// One row of an answer.
#[derive(Debug)]
pub enum Row {
    /// Of SQLite.
    Sqlite(SqliteRow),
    /// Of PostgreSQL.
    Postgres(PgRow),
}

/// A statement on its way, with what was bound so far.
#[expect(missing_debug_implementations, reason = "what is bound may be secret")]
pub enum Statement<'q> {
    /// For SQLite.
    Sqlite(Query<'q, Sqlite, SqliteArguments>, &'q mut SqliteConnection),
    /// For PostgreSQL.
    Postgres(Query<'q, Postgres, PgArguments>, &'q mut PgConnection),
}

/// A value that both engines can bind.
pub trait Bind<'q>: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres> + 'q {}

impl<'q, T> Bind<'q> for T where
    T: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres> + 'q
{
}

/// A value that both engines can return.
pub trait Column:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl<T> Column for T where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

/// A value built from the columns of a SELECT, in their order.
pub trait FromRow: Sized {
    /// Reads it.
    fn from_row(row: &Row) -> Result<Self>;
}

impl Db {
    /// Opens `sqlite://<path>` (made if it is not there) or `postgres://…`. Does not migrate: see [`crate::schema`].
    ///
    /// # Errors
    /// [`Error::StorageUnavailable`] when it can't be reached, [`Error::InvalidFields`] for another kind of URL.
    pub async fn open(url: &str, size: PoolSize) -> Result<Self> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return Ok(Self::Postgres(open::postgres(url, size).await?));
        }
        if !url.starts_with("sqlite:") {
            return Err(Error::invalid("database", "must begin with sqlite: or postgres:"));
        }
        open::sqlite(url, size).await
    }

    /// Opens a transaction that may write. SQLite takes its one write lock here rather than at the first write, where
    /// it could only fail.
    pub async fn write(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { writer, .. } => {
                Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await.map_err(storage)?)
            }
            Self::Postgres(pool) => Tx::Postgres(Transaction::begin(pool, "BEGIN").await.map_err(storage)?),
        })
    }

    /// Opens a transaction that reads one snapshot.
    pub async fn read(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Tx::SqliteReader(readers.snapshot().await.map_err(storage)?),
            Self::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Tx::Postgres(Transaction::begin(pool, begin).await.map_err(storage)?)
            }
        })
    }

    /// Takes a connection for reads that each stand for themselves; saves the round trips of a transaction.
    pub async fn connection(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Tx::SqliteReader(readers.take().await.map_err(storage)?),
            // On the heap, so that a read on SQLite need not have room for it.
            Self::Postgres(pool) => Tx::PostgresOnly(Box::pin(pool.acquire()).await.map_err(storage)?),
        })
    }

    /// How many connections are open, and how many of them idle.
    pub fn pool_use(&self) -> (u32, usize) {
        match self {
            Self::Sqlite { readers, .. } => readers.usage(),
            Self::Postgres(pool) => (pool.size(), pool.num_idle()),
        }
    }

    /// Whether small reads that come while another is being answered are best put into one statement. A statement's way to
    /// PostgreSQL and back costs it more than the questions in it; SQLite has no way to go, and every connection a thread of
    /// its own. Measured: `tests/load`, `floor`.
    pub fn shares_statements(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// What was committed so far, where the engine can tell for less than a read costs. What was read after one answer still
    /// holds at a later answer that is equal.
    pub fn commits(&self) -> Option<Commits> {
        match self {
            Self::Sqlite { counter, .. } => counter.now(),
            Self::Postgres(_) => None,
        }
    }

    /// `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// Closes every connection, after the statements in flight.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers, counter } => {
                counter.close();
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Begins a statement. The texts are all our own, known when the program is built or composed from such; values are
    /// bound, never pasted.
    pub fn sql<'q>(&'q mut self, text: &'static str) -> Statement<'q> {
        match self {
            Self::Sqlite(tx) => Statement::Sqlite(sqlx::query(text), tx),
            Self::SqliteReader(reader) => Statement::Sqlite(sqlx::query(text), &mut reader.conn),
            Self::Postgres(tx) => Statement::Postgres(sqlx::query(text), tx),
            Self::PostgresOnly(conn) => Statement::Postgres(sqlx::query(text), conn),
        }
    }

    /// Whether a statement must be written for PostgreSQL where the two differ; see [`crate::text::seek`].
    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_) | Self::PostgresOnly(_))
    }

    /// Makes everything that was written durable. Dropping a transaction instead undoes it.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await.map_err(storage),
            Self::Postgres(tx) => tx.commit().await.map_err(storage),
            Self::SqliteReader(_) | Self::PostgresOnly(_) => Ok(()),
        }
    }
}

impl<'q> Statement<'q> {
    /// Binds the next placeholder.
    #[must_use]
    pub fn bind(self, value: impl Bind<'q>) -> Self {
        match self {
            Self::Sqlite(query, conn) => Self::Sqlite(query.bind(value), conn),
            Self::Postgres(query, conn) => Self::Postgres(query.bind(value), conn),
        }
    }

    /// Runs it; answers how many rows changed.
    pub async fn execute(self) -> Result<u64> {
        self.try_execute().await.map_err(storage)
    }

    /// Like [`Self::execute`], for inserts that turn a unique violation into a refusal of their own.
    pub async fn try_execute(self) -> sqlx::Result<u64> {
        Ok(match self {
            Self::Sqlite(query, conn) => query.execute(conn).await?.rows_affected(),
            Self::Postgres(query, conn) => query.execute(conn).await?.rows_affected(),
        })
    }

    /// The first row, if there is one.
    pub async fn optional<T: FromRow>(self) -> Result<Option<T>> {
        let row = match self {
            Self::Sqlite(query, conn) => query.fetch_optional(conn).await.map_err(storage)?.map(Row::Sqlite),
            Self::Postgres(query, conn) => {
                query.fetch_optional(conn).await.map_err(storage)?.map(Row::Postgres)
            }
        };
        row.map(|row| T::from_row(&row)).transpose()
    }

    /// The one row that there must be.
    pub async fn one<T: FromRow>(self) -> Result<T> {
        self.optional().await?.ok_or(Error::Bug("a statement that always answers gave no row"))
    }

    /// Every row.
    pub async fn all<T: FromRow>(self) -> Result<Vec<T>> {
        let rows: Vec<Row> = match self {
            Self::Sqlite(query, conn) => {
                query.fetch_all(conn).await.map_err(storage)?.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(query, conn) => {
                query.fetch_all(conn).await.map_err(storage)?.into_iter().map(Row::Postgres).collect()
            }
        };
        rows.iter().map(T::from_row).collect()
    }
}

impl Row {
    /// The value of a column, counted from 0.
    pub fn get<T: Column>(&self, index: usize) -> Result<T> {
        match self {
            Self::Sqlite(row) => row.try_get(index).map_err(storage),
            Self::Postgres(row) => row.try_get(index).map_err(storage),
        }
    }
}

macro_rules! tuples {
    ($($name:ident $index:tt),+) => {
        impl<$($name: Column),+> FromRow for ($($name,)+) {
            fn from_row(row: &Row) -> Result<Self> {
                Ok(($(row.get::<$name>($index)?,)+))
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);

/// Says what a failed statement means to a caller. What the driver said goes along as the source, for the log.
pub(crate) fn storage(error: sqlx::Error) -> Error {
    let code = match &error {
        sqlx::Error::Database(database) => database.code().map(std::borrow::Cow::into_owned),
        _ => None,
    };
    match (&error, code.as_deref()) {
        // PostgreSQL: serialization failure and deadlock. SQLite: busy and locked, with their extended codes.
        (_, Some("40001" | "40P01" | "5" | "6" | "261" | "262" | "517")) => Error::Contention,
        // PostgreSQL: connection trouble, shutting down, too many connections, time limits.
        (_, Some(code))
            if code.starts_with("08")
                || code.starts_with("57")
                || code.starts_with("53")
                || code == "55P03" =>
        {
            Error::StorageUnavailable(error.into())
        }
        (
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed,
            _,
        ) => Error::StorageUnavailable(error.into()),
        _ => Error::Storage(error.into()),
    }
}
