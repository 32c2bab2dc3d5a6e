//! What an operator chooses, by flags and environment. `--help` is the reference.
//!
//! Deriving Debug is how the configuration is dumped; everything secret is of a type that does not show itself.

#![allow(clippy::doc_markdown, reason = "clap shows these comments in a terminal, where backticks are noise")]

mod database;
mod key;
mod limits;
mod master_key;
mod oidc;
mod purge;
mod value;

use std::{net::SocketAddr, time::Duration};

use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;
use sandbar_app::vault::BadKeys;
use secrecy::SecretString;

pub use database::{DatabaseArgs, DatabaseUrl, Engine};
pub use key::{KeyArgs, make_private_directory, write_secret};
pub use limits::{LimitArgs, RunArgs};
pub use master_key::MasterKeyArgs;
pub use oidc::{Issuer, KeyPlace, OidcArgs};
pub use purge::PurgeArgs;

use crate::telemetry::LogFormat;
use value::duration;

/// Why the server can't start with this configuration, and what to change.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The database URL is of no engine that is known.
    #[error(
        "the database URL begins with neither `sqlite:` nor `postgres:`; give one like sqlite:///var/lib/sandbar/sandbar.db or postgres://user:password@host/database"
    )]
    DatabaseUrl,
    /// Several servers must agree on the key.
    #[error(
        "with PostgreSQL the key is required, the same one on every server: make one with `openssl rand -hex 32` and give it with --key-file (or SANDBAR_KEY)"
    )]
    KeyMissing,
    /// A short key can be guessed.
    #[error(
        "the key has {given} bytes, and at least {least} are needed; make one with `openssl rand -hex 32`"
    )]
    KeyTooShort {
        /// How long it is.
        given: usize,
        /// How long it must be.
        least: usize,
    },
    /// Several servers must have the same master keys.
    #[error(
        "with PostgreSQL a master key is required, which encrypts credentials' values, the same on every server: make one with `echo k1:$(openssl rand -hex 32)` and give it with --master-key-file (or SANDBAR_MASTER_KEYS)"
    )]
    MasterKeysMissing,
    /// What was given holds no master keys.
    #[error("{place}: {problem}")]
    MasterKeys {
        /// The file or flag.
        place: String,
        /// What is wrong.
        problem: BadKeys,
    },
    /// A file could not be read or made.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Two flags contradict each other.
    #[error("{0}")]
    Contradiction(String),
}

/// Sandboxes as a service for workflow products, over gRPC.
#[derive(Debug, Parser)]
#[command(name = "sandbar-server", version, args_conflicts_with_subcommands = true, max_term_width = 120)]
pub struct Cli {
    /// None: serve.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// For serve, when it is not named.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves calls until SIGTERM or SIGINT. This is the default.
    Serve(Box<ServeArgs>),
    /// Brings the database to the schema of this version and exits. Serve does so by itself with SQLite.
    Migrate(MigrateArgs),
    /// Exits with 0 when the server at the address answers that it is ready, else with 1. For a container's health
    /// check.
    Healthcheck(HealthcheckArgs),
    /// Manages tokens from the server's machine, for when nobody has one that works.
    #[command(subcommand)]
    Tokens(TokensCommand),
    /// Manages the master keys that encrypt credentials' values, beside running servers.
    #[command(subcommand)]
    Keys(KeysCommand),
}

/// See [`Command::Keys`].
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Shows which master keys there are, and how many credentials each of them encrypts.
    Status(KeysArgs),
    /// Adds a new master key to the file of the keys, which is then the current one. Servers read the file again when they
    /// meet a credential that needs it. With several servers, give all of them the new file before `keys rewrap`.
    Rotate(KeysArgs),
    /// Encrypts every credential's data key with the current master key. Can be stopped at any point and run again; run it
    /// until `keys status` shows no older key in use, before you take that one away.
    Rewrap(KeysArgs),
    /// Opens everything that is encrypted, and fails when something does not open. Shows no value.
    Verify(KeysArgs),
}

/// What managing master keys needs.
#[derive(Clone, Debug, Args)]
pub struct KeysArgs {
    /// Where data is kept.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The keys.
    #[command(flatten)]
    pub master_keys: MasterKeyArgs,
    /// What is told to the operator.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// See [`Command::Tokens`].
#[derive(Debug, Subcommand)]
pub enum TokensCommand {
    /// Makes a token of a service administrator and prints it, this once, on standard output.
    Create(CreateTokenArgs),
}

/// What serving needs.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Server")]
pub struct ServeArgs {
    /// Address and port for gRPC, gRPC-Web and HTTP. Use 0.0.0.0:7316 to be reached from other machines; put TLS
    /// before it then.
    #[arg(long, env = "SANDBAR_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7316")]
    pub listen: SocketAddr,
    /// Address and port for /metrics, /livez and /readyz. They need no token; keep them inside.
    #[arg(long, env = "SANDBAR_ADMIN_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7317")]
    pub admin_listen: SocketAddr,
    /// Origins whose pages may call over gRPC-Web, with commas between, or * for all (safe, as calls need a token
    /// that no browser adds by itself).
    #[arg(
        long,
        env = "SANDBAR_CORS_ORIGINS",
        value_name = "ORIGINS",
        default_value = "*",
        value_delimiter = ','
    )]
    pub cors_origins: Vec<String>,
    /// Proxies to be believed, in X-Forwarded-For, where a call comes from, as addresses or networks (10.0.0.0/8) with commas
    /// between. Default: none; calls come from the other end of their connection.
    #[arg(long, env = "SANDBAR_TRUSTED_PROXIES", value_name = "NETWORKS", value_delimiter = ',', value_parser = value::network)]
    pub trusted_proxies: Vec<IpNet>,
    /// Token of the first service administrator, `sbr_…`. Default: with SQLite one is made at first start, printed
    /// once and kept in <data-dir>/admin-token; with PostgreSQL there is none, see `tokens create`.
    #[arg(long, env = "SANDBAR_ADMIN_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub admin_token: Option<SecretString>,
    /// How long a deleted sandbox can be restored, 0s to 366d.
    #[arg(long, env = "SANDBAR_GRACE_PERIOD", value_name = "DURATION", default_value = "7d", value_parser = duration("0s", "366d"))]
    pub grace_period: Duration,
    /// How many levels sandboxes may nest, 0 to 5. 0 forbids sandboxes.
    #[arg(long, env = "SANDBAR_MAX_DEPTH", value_name = "LEVELS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=i64::from(sandbar_model::project::MAX_DEPTH)))]
    pub max_depth: u32,
    /// How often the database is checked for health and readiness, 100ms to 5m.
    #[arg(long, env = "SANDBAR_HEALTH_INTERVAL", value_name = "DURATION", default_value = "5s", value_parser = duration("100ms", "5m"))]
    pub health_interval: Duration,

    /// Where data is kept.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// What authenticates page and plan tokens.
    #[command(flatten)]
    pub key: KeyArgs,
    /// What encrypts credentials' values.
    #[command(flatten)]
    pub master_keys: MasterKeyArgs,
    /// Whose tokens are taken beside the service's own.
    #[command(flatten)]
    pub oidc: OidcArgs,
    /// How much is too much.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// How long workers have runs.
    #[command(flatten)]
    pub runs: RunArgs,
    /// What is told to the operator.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// What bringing the schema up to date needs.
#[derive(Clone, Debug, Args)]
pub struct MigrateArgs {
    /// Where data is kept.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// What is told to the operator.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// What making an administrator's token needs.
#[derive(Clone, Debug, Args)]
pub struct CreateTokenArgs {
    /// Name of the service administrator; it is made if there is none of that name. 1 to 100 characters.
    #[arg(long, value_name = "NAME", default_value = "admin")]
    pub name: String,
    /// How long the token works, 1m to 366d.
    #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = duration("1m", "366d"))]
    pub ttl: Duration,
    /// Where data is kept.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// What is told to the operator.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// What asking a running server needs.
#[derive(Clone, Debug, Args)]
pub struct HealthcheckArgs {
    /// Where the server listens. An address that means "everywhere" is asked at the loopback address.
    #[arg(long, env = "SANDBAR_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7316")]
    pub listen: SocketAddr,
    /// The service to ask for, such as sandbar.v1.MergeService. Empty: the server as a whole.
    #[arg(long, value_name = "SERVICE", default_value = "")]
    pub service: String,
    /// How long to wait for the answer, 100ms to 1m.
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = duration("100ms", "1m"))]
    pub timeout: Duration,
}

/// What both binaries tell their operator, and how.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Telemetry")]
pub struct TelemetryArgs {
    /// OTLP endpoint (gRPC) for traces and metrics, such as http://collector:4317. Default: none are sent.
    #[arg(long, env = "SANDBAR_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// The part of traces that is sent, 0 to 1, unless the caller's trace says otherwise.
    #[arg(long, env = "SANDBAR_TRACE_RATIO", value_name = "RATIO", default_value_t = 1.0, value_parser = value::ratio)]
    pub trace_ratio: f64,
    /// How log lines look. They go to standard error.
    #[arg(long, env = "SANDBAR_LOG_FORMAT", value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Which log lines there are, as a tracing filter: a level, or levels by module.
    #[arg(long, env = "SANDBAR_LOG", value_name = "FILTER", default_value = "info")]
    pub log_filter: String,
}

impl Cli {
    /// What is to be done.
    pub fn into_command(self) -> Command {
        self.command.unwrap_or_else(|| Command::Serve(Box::new(self.serve)))
    }
}

impl ServeArgs {
    /// Checks what flags can't be checked for one by one.
    ///
    /// # Errors
    /// When the database URL is of no known engine, or two flags contradict each other.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.database.engine()?;
        self.limits.check()?;
        self.oidc.issuer()?;
        if self.database.acquire_timeout >= self.limits.default_deadline {
            return Err(ConfigError::Contradiction(
                "--acquire-timeout must be shorter than --default-deadline, so that a call that waits for a connection \
                 in vain can still be told so"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
