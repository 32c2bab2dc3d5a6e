//! Telling apart which rule of uniqueness an insert or update broke.

use sandbar_model::Error;

use crate::db::storage;

/// A rule of uniqueness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unique {
    /// The table's primary key.
    Key,
    /// A unique index.
    Index,
}

/// Turns the breaking of a rule of uniqueness into the refusal that `say` makes of it; every other failure stays what
/// it is. On PostgreSQL the transaction is spent then, on both engines it must be dropped.
pub(crate) fn refusal(error: sqlx::Error, say: impl FnOnce(Unique) -> Error) -> Error {
    match broken(&error) {
        Some(unique) => say(unique),
        None => storage(error),
    }
}

fn broken(error: &sqlx::Error) -> Option<Unique> {
    let sqlx::Error::Database(error) = error else { return None };
    if !error.is_unique_violation() {
        return None;
    }
    // PostgreSQL names the constraint, SQLite has a code of its own for primary keys (SQLITE_CONSTRAINT_PRIMARYKEY).
    let is_key = match error.constraint() {
        Some(name) => name.ends_with("_pkey"),
        None => error.code().as_deref() == Some("1555"),
    };
    Some(if is_key { Unique::Key } else { Unique::Index })
}
