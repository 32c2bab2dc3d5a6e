//! How things are kept: the same SQL on SQLite and PostgreSQL, one file for each thing.

pub mod audit;
pub mod change;
pub mod claim;
pub mod collection;
pub mod content;
pub mod credential;
pub mod dataclip;
pub mod db;
pub mod flatten;
pub mod gate;
pub mod idempotency;
pub mod identity;
pub mod item;
pub mod lease;
pub mod master_key;
pub mod member;
pub mod merge_base;
pub mod merge_record;
pub mod principal;
pub mod project;
pub mod prune;
pub mod purge;
pub mod resource;
pub mod run;
pub mod schema;
pub mod sweep;
mod text;
pub mod token;
pub mod tree;
pub mod trigger;
mod unique;
pub mod usage;
pub mod value_set;
pub mod view;
pub mod write;

pub use db::{Db, PoolSize, Tx};
