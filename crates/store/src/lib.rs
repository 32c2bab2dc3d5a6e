//! How things are kept: the same SQL on SQLite and PostgreSQL, one file for each thing.

pub mod change;
pub mod claim;
pub mod content;
pub mod resource;
pub mod view;
pub mod write;
pub mod db;
pub mod flatten;
pub mod schema;
pub mod principal;
pub mod token;
pub mod member;
pub mod tree;
pub mod project;
pub mod gate;
pub mod trigger;
pub mod idempotency;
pub mod audit;
pub mod merge_record;
pub mod merge_base;
pub mod lease;
pub mod purge;
pub mod prune;
pub mod sweep;
mod text;
mod unique;

pub use db::{Db, PoolSize, Tx};
