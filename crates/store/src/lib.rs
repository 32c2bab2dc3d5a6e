//! How things are kept: the same SQL on SQLite and PostgreSQL, one file for each thing.

pub mod db;
pub mod schema;
mod text;

pub use db::{Db, PoolSize, Tx};
