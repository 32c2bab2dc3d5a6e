//! Opening the database and the application over it: shared by the server and the purge worker.

use std::{sync::Arc, time::Duration};

use sandbar_app::{App, Limits, Sealer, vault::MasterKeys};
use sandbar_model::{Error, Result};
use sandbar_store::{Db, PoolSize, schema};

use crate::{
    config::{ConfigError, DatabaseArgs, Engine, make_private_directory},
    telemetry::{Metrics, PoolState},
    world::RealWorld,
};

/// Opens the database. An embedded one is made, and brought up to date; a server's must be migrated by the operator
/// (`sandbar-server migrate`), so that of several servers only one that was meant to changes the schema.
///
/// # Errors
/// When it can't be reached, made or migrated.
pub async fn open(args: &DatabaseArgs) -> Result<Db, Box<dyn std::error::Error>> {
    let embedded = args.engine()? == Engine::Sqlite;
    if embedded {
        make_private_directory(&args.data_dir)
            .map_err(|source| ConfigError::File { path: args.data_dir.display().to_string(), source })?;
    }
    let size = PoolSize { connections: args.pool_size, acquire_timeout: args.acquire_timeout };
    let db = Db::open(args.url().expose(), size).await?;
    if embedded {
        schema::migrate(&db).await?;
    }
    Ok(db)
}

/// The application over an open database.
///
/// # Errors
/// When the key is too short.
pub fn app(db: Db, key: &[u8], master_keys: Arc<dyn MasterKeys>, limits: Limits) -> Result<Arc<App>> {
    Ok(Arc::new(App::new(db, Arc::new(RealWorld), Sealer::new(key)?, master_keys, limits)))
}

/// Whether the database answers and has the schema that this version works with; else why not.
///
/// # Errors
/// The reason, for people.
pub async fn ready(db: Db) -> Result<(), String> {
    let (found, wanted) = (schema::version(&db).await, schema::wanted_version());
    match found {
        Ok(version) if version == wanted => Ok(()),
        Ok(version) => Err(format!(
            "the database is at schema version {version}, and this version works with {wanted}: run `sandbar-server migrate` of the same version"
        )),
        Err(Error::StorageUnavailable(_)) => Err("the database can't be reached".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// A length of time as the application has it.
pub fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// Shows how the pool is used at /metrics.
pub fn watch(metrics: &Metrics, db: &Db, limit: u32) {
    let db = db.clone();
    metrics.watch_pool(db.engine(), move || {
        let (open, idle) = db.pool_use();
        let idle = u32::try_from(idle).unwrap_or(u32::MAX);
        PoolState {
            used: u64::from(open.saturating_sub(idle)),
            idle: u64::from(idle),
            limit: u64::from(limit),
        }
    });
}
