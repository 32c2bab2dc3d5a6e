//! A fresh database of either engine for each case.

use std::{
    env, process,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use sandbar_store::{Db, PoolSize, schema};

use super::Bench;

/// Makes two tests of each case: `sqlite::case` and `postgres::case`.
macro_rules! cases {
    ($($case:ident)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::harness::on_sqlite(super::$case).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::harness::on_postgres(super::$case).await;
            })+
        }
    };
}
pub(crate) use cases;

/// Some cases have more callers at once than a server lets in, and slow machines take their time.
const PATIENT: PoolSize = PoolSize { connections: 8, acquire_timeout: Duration::from_mins(10) };

/// Runs a case on a new file.
pub(crate) async fn on_sqlite<F: Future<Output = ()>>(case: impl FnOnce(Bench) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let db = Db::open(&url, PATIENT).await.unwrap();
    schema::migrate(&db).await.unwrap();
    case(Bench::new(db.clone())).await;
    db.close().await;
}

/// Runs a case on a new database of the server that `scripts/test` starts. A case that fails leaves it for a look.
pub(crate) async fn on_postgres<F: Future<Output = ()>>(case: impl FnOnce(Bench) -> F) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = env::var("SANDBAR_TEST_POSTGRES").expect(
        "SANDBAR_TEST_POSTGRES must hold the URL of a PostgreSQL that tests may make databases in; \
         run scripts/test, which starts one",
    );
    let name = format!("sandbar_app_{}_{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let admin = Db::open(&server, PoolSize { connections: 1, ..PoolSize::default() }).await.unwrap();
    command(&admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    command(&admin, format!("CREATE DATABASE {name} TEMPLATE template0")).await;
    let db = Db::open(&with_database(&server, &name), PATIENT).await.unwrap();
    schema::migrate(&db).await.unwrap();
    case(Bench::new(db.clone())).await;
    db.close().await;
    command(&admin, format!("DROP DATABASE {name} WITH (FORCE)")).await;
    admin.close().await;
}

async fn command(db: &Db, text: String) {
    db.connection().await.unwrap().sql(text.leak()).execute().await.unwrap();
}

/// The URL of another database of the same server.
fn with_database(url: &str, name: &str) -> String {
    let (server, options) = url.split_once('?').unwrap_or((url, ""));
    let (server, _) = server.rsplit_once('/').expect("the URL names a database");
    format!("{server}/{name}?{options}")
}
