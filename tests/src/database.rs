//! A PostgreSQL database of one's own, gone with the test.

use std::{env, path::PathBuf};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::process::Command;
use url::Url;
use uuid::Uuid;

/// Where the tests' PostgreSQL is; the user there may create databases.
const VARIABLE: &str = "SANDBAR_TEST_POSTGRES";

/// One database. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Database {
    server: Url,
    name: String,
}

impl Database {
    /// Makes an empty one.
    pub(crate) async fn create() -> Self {
        let server = env::var(VARIABLE).unwrap_or_else(|_| {
            panic!("{VARIABLE} is not set, and PostgreSQL is never skipped: run scripts/test, or start one with `scripts/postgres up FOLDER` and set {VARIABLE} to the URL that it prints")
        });
        let server = Url::parse(&server).unwrap_or_else(|error| panic!("{VARIABLE} is no URL: {error}"));
        #[expect(clippy::disallowed_methods, reason = "tests make names")]
        let name = format!("sandbar_test_{}", Uuid::now_v7().simple());
        run(&server, &format!("CREATE DATABASE {name}")).await;
        Self { server, name }
    }

    /// Everything that is in it, as `pg_dump` writes it.
    pub(crate) async fn dump(&self) -> Vec<u8> {
        let output = Command::new(pg_dump()).arg(self.url()).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Every row of every table as text, with bytes in hexadecimal digits. Much faster than [`Database::dump`].
    pub(crate) fn rows(&self) -> Vec<u8> {
        let url = self.url();
        // See `drop`.
        let reading = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(rows(&url))
        });
        reading.join().expect("every table can be read")
    }

    /// For `--database`.
    pub(crate) fn url(&self) -> String {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url.into()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, sql) =
            (self.server.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // A thread of its own, because dropping may happen inside a runtime, which must not be blocked on another.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(&server, &sql));
        });
        if dropping.join().is_err() {
            eprintln!("the database {} could not be dropped", self.name);
        }
    }
}

/// The newest that there is: an older one refuses to write down a newer server's.
fn pg_dump() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("Debian's PostgreSQL is installed");
    let newest = versions.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<u32>().ok()).max();
    format!("/usr/lib/postgresql/{}/bin/pg_dump", newest.expect("a version of it")).into()
}

async fn rows(url: &str) -> Vec<u8> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap();
    assert!(tables.len() > 10, "{tables:?}");
    // One statement: each costs more than what it reads.
    let each = tables.iter().map(|table| format!("SELECT t::text FROM \"{table}\" t"));
    let all = AssertSqlSafe(each.collect::<Vec<_>>().join(" UNION ALL "));
    let rows: Vec<String> = sqlx::query_scalar(all).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    rows.join("\n").into_bytes()
}

async fn run(server: &Url, sql: &str) {
    let mut connection = PgConnection::connect(server.as_str())
        .await
        .unwrap_or_else(|error| panic!("the PostgreSQL of {VARIABLE} can't be reached: {error}"));
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    connection.close().await.unwrap();
}
