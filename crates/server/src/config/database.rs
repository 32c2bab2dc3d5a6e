//! Which database, and how many connections to it.

#![allow(clippy::doc_markdown, reason = "clap shows these comments in a terminal, where backticks are noise")]

use std::{convert::Infallible, fmt, path::PathBuf, str::FromStr, time::Duration};

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{ConfigError, value::duration};

/// Where data is kept.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Database")]
pub struct DatabaseArgs {
    /// Directory of the embedded database, its key and its first token. Made if it is missing.
    #[arg(long, env = "SANDBAR_DATA_DIR", value_name = "DIR", default_value = "./sandbar-data")]
    pub data_dir: PathBuf,
    /// sqlite://<file> or postgres://<user>:<password>@<host>/<database>. Default: sqlite://<data-dir>/sandbar.db.
    /// Prefer the environment for one with a password: flags are seen by every process of the machine.
    #[arg(long, env = "SANDBAR_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<DatabaseUrl>,
    /// Connections at most, 1 to 1000: all of them with PostgreSQL, those that read with SQLite (one more writes).
    #[arg(long, env = "SANDBAR_POOL_SIZE", value_name = "COUNT", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub pool_size: u32,
    /// How long a call waits for a free connection, 100ms to 1m.
    #[arg(long, env = "SANDBAR_ACQUIRE_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = duration("100ms", "1m"))]
    pub acquire_timeout: Duration,
}

/// A URL that may hold a password. Shown without it.
#[derive(Clone)]
pub struct DatabaseUrl(SecretString);

/// The two engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Embedded: a file, one server.
    Sqlite,
    /// Any number of servers.
    Postgres,
}

impl DatabaseArgs {
    /// The URL given, or that of the file in the data directory.
    pub fn url(&self) -> DatabaseUrl {
        self.database.clone().unwrap_or_else(|| {
            DatabaseUrl(format!("sqlite://{}", self.data_dir.join("sandbar.db").display()).into())
        })
    }

    /// The engine of that URL.
    ///
    /// # Errors
    /// [`ConfigError::DatabaseUrl`] when it is of neither.
    pub fn engine(&self) -> Result<Engine, ConfigError> {
        self.url().engine().ok_or(ConfigError::DatabaseUrl)
    }
}

impl DatabaseUrl {
    /// The URL with its password, for the store only.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    fn engine(&self) -> Option<Engine> {
        match self.expose().split_once(':')?.0 {
            "sqlite" => Some(Engine::Sqlite),
            "postgres" | "postgresql" => Some(Engine::Postgres),
            _ => None,
        }
    }
}

/// Never fails: an error of clap would show the text. [`DatabaseArgs::engine`] checks it.
impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.into()))
    }
}

/// The URL without its password, or nothing of it when it can't be taken apart.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.engine() {
            None => f.write_str("<redacted>"),
            Some(Engine::Sqlite) => f.write_str(self.expose()),
            Some(Engine::Postgres) => match Url::parse(self.expose()) {
                // An @ further back means that what looks like a host may be the beginning of a password.
                Ok(url) if url.has_host() && !url.path().contains('@') => write!(f, "{}", redact(url)),
                _ => f.write_str("postgres:<redacted>"),
            },
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn redact(mut url: Url) -> Url {
    if url.password().is_some() {
        // Only a URL without a host can't have a password, and then it had none.
        let _had_one = url.set_password(Some("redacted"));
    }
    // The password may also come as a parameter.
    let parameters: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| {
            let value = if name.contains("password") { "redacted".into() } else { value };
            (name.into_owned(), value.into_owned())
        })
        .collect();
    if !parameters.is_empty() {
        url.query_pairs_mut().clear().extend_pairs(parameters);
    }
    url
}
