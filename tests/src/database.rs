//! A PostgreSQL database of one's own, gone with the test.

use std::{env, path::PathBuf};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::process::Command;
use url::Url;
use uuid::Uuid;

/// Where the tests' PostgreSQL is; the user there may create databases and read the server's files.
const VARIABLE: &str = "SANDBAR_TEST_POSTGRES";

/// One database. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Database {
    server: Url,
    name: String,
    /// Where the write-ahead log was when it was made.
    start: String,
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
        let start = one(&server, "SELECT pg_current_wal_lsn()::text").await;
        Self { server, name, start }
    }

    /// Everything that is in it, as `pg_dump` writes it.
    pub(crate) async fn dump(&self) -> Vec<u8> {
        let output = Command::new(pg_dump()).arg(self.url()).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// What was added to the write-ahead log since it was made, by whatever runs on that server: also what was undone, or
    /// written over by now.
    ///
    /// # Panics
    /// When the server has removed some of it: `wal_keep_size`, see `scripts/postgres`.
    pub(crate) async fn wal(&self) -> Vec<u8> {
        // Written to the file at once, unlike other commits here.
        run(&self.server, "SET synchronous_commit = on; SELECT pg_current_xact_id()").await;
        let sql = format!(
            "WITH log AS (
                SELECT setting::numeric AS segment, '{}'::pg_lsn - '0/0' AS first, pg_current_wal_flush_lsn() - '0/0' AS last
                FROM pg_settings WHERE name = 'wal_segment_size')
            SELECT string_agg(
                pg_read_binary_file(
                    'pg_wal/' || pg_walfile_name('0/0'::pg_lsn + number * segment + 1),
                    greatest(first - number * segment, 0)::bigint,
                    (least(last - number * segment, segment) - greatest(first - number * segment, 0))::bigint),
                '' ORDER BY number)
            FROM log, generate_series(div(first, segment), div(last, segment)) AS number",
            self.start
        );
        one(&self.server, &sql).await
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

async fn one<T>(server: &Url, sql: &str) -> T
where
    T: Send + Unpin + for<'a> sqlx::Decode<'a, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let mut connection = PgConnection::connect(server.as_str()).await.unwrap();
    let value = sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await;
    connection.close().await.unwrap();
    value.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

async fn run(server: &Url, sql: &str) {
    let mut connection = PgConnection::connect(server.as_str())
        .await
        .unwrap_or_else(|error| panic!("the PostgreSQL of {VARIABLE} can't be reached: {error}"));
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    connection.close().await.unwrap();
}
