//! A transaction on PostgreSQL.

use std::ops::{Deref, DerefMut};

use sqlx::{
    AssertSqlSafe, PgConnection, PgPool, Postgres, SqlSafeStr as _, pool::PoolConnection,
    postgres::PgTransactionManager,
};
use sqlx_core::transaction::TransactionManager as _;

/// A transaction on a connection of the pool. Dropping it undoes it.
///
/// The driver's own (sqlx 0.9) is not used: when nobody waits for the end of its `BEGIN`, as the caller has gone, the connection
/// comes back to the pool inside of a transaction that the driver knows nothing of, and so would whoever gets it next be.
#[derive(Debug)]
pub struct Transaction {
    conn: PoolConnection<Postgres>,
    state: State,
}

#[derive(Debug)]
enum State {
    Beginning,
    Open,
    Ended,
}

impl Transaction {
    pub(super) async fn begin(pool: &PgPool, statement: &'static str) -> sqlx::Result<Self> {
        let mut tx = Self { conn: pool.acquire().await?, state: State::Beginning };
        PgTransactionManager::begin(&mut tx.conn, Some(AssertSqlSafe(statement).into_sql_str())).await?;
        tx.state = State::Open;
        Ok(tx)
    }

    pub(super) async fn commit(mut self) -> sqlx::Result<()> {
        PgTransactionManager::commit(&mut self.conn).await?;
        self.state = State::Ended;
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        match self.state {
            // Whether it has begun is not known, so nobody may have the connection again.
            State::Beginning => self.conn.close_on_drop(),
            // Sent before anything that the next one asks for.
            State::Open => PgTransactionManager::start_rollback(&mut self.conn),
            State::Ended => {}
        }
    }
}

impl Deref for Transaction {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.conn
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.conn
    }
}
