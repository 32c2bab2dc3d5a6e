//! How much is too much.

#![allow(clippy::doc_markdown, reason = "clap shows these comments in a terminal, where backticks are noise")]

use std::time::Duration;

use bytesize::ByteSize;
use clap::Args;
use sandbar_app::RunLimits;

use super::{
    ConfigError,
    value::{duration, size},
};
use crate::database::micros;

/// Limits of messages, calls and connections.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// The largest message that is read, unpacked, 64KiB to 256MiB. A step's body may have 10 MiB.
    #[arg(long, env = "SANDBAR_MAX_MESSAGE", value_name = "SIZE", default_value = "16MiB", value_parser = size(ByteSize::kib(64), ByteSize::mib(256)))]
    pub max_message: ByteSize,
    /// The largest document that is imported, 1MiB to 1TiB. It is kept in the temporary directory while it comes in.
    #[arg(long, env = "SANDBAR_MAX_DOCUMENT", value_name = "SIZE", default_value = "4GiB", value_parser = size(ByteSize::mib(1), ByteSize::tib(1)))]
    pub max_document: ByteSize,
    /// The most that the items of one collection may take, their keys and values, 1MiB to 1TiB.
    #[arg(long, env = "SANDBAR_MAX_COLLECTION", value_name = "SIZE", default_value = "1GiB", value_parser = size(ByteSize::mib(1), ByteSize::tib(1)))]
    pub max_collection: ByteSize,
    /// Calls at once on one connection, 1 to 10000.
    #[arg(long, env = "SANDBAR_MAX_STREAMS", value_name = "COUNT", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_streams: u32,
    /// Connections at once, 1 to 100000. Further ones wait until one ends.
    #[arg(long, env = "SANDBAR_MAX_CONNECTIONS", value_name = "COUNT", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_connections: u32,
    /// Calls at once on all connections, 1 to 100000. Further ones are refused as OVERLOADED.
    #[arg(long, env = "SANDBAR_MAX_CALLS", value_name = "COUNT", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_calls: u32,
    /// Wrong tokens in a minute from one address, or the same one from many, 0 to 1000000. Further ones wait for the minute to
    /// pass; callers whose token was right a while ago don't. 0: any number.
    #[arg(long, env = "SANDBAR_MAX_BAD_TOKENS", value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub max_bad_tokens: u32,
    /// How long a call may take that says nothing about it, 10ms to 1h.
    #[arg(long, env = "SANDBAR_DEFAULT_DEADLINE", value_name = "DURATION", default_value = "15s", value_parser = duration("10ms", "1h"))]
    pub default_deadline: Duration,
    /// How long a call may take, whatever it says, 10ms to 1h.
    #[arg(long, env = "SANDBAR_MAX_DEADLINE", value_name = "DURATION", default_value = "1m", value_parser = duration("10ms", "1h"))]
    pub max_deadline: Duration,
    /// Both of these for calls that stream (import, export, previews), 10ms to 24h.
    #[arg(long, env = "SANDBAR_STREAM_DEADLINE", value_name = "DURATION", default_value = "15m", value_parser = duration("10ms", "24h"))]
    pub stream_deadline: Duration,
    /// How often a silent connection is asked for a sign of life, 1s to 1h.
    #[arg(long, env = "SANDBAR_KEEPALIVE", value_name = "DURATION", default_value = "30s", value_parser = duration("1s", "1h"))]
    pub keepalive: Duration,
    /// How long it has to answer, and a new connection to say something, 100ms to 10m.
    #[arg(long, env = "SANDBAR_KEEPALIVE_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = duration("100ms", "10m"))]
    pub keepalive_timeout: Duration,
    /// At the end, how long health says NOT_SERVING while new connections are still taken, 0s to 5m. For load
    /// balancers.
    #[arg(long, env = "SANDBAR_SHUTDOWN_DELAY", value_name = "DURATION", default_value = "0s", value_parser = duration("0s", "5m"))]
    pub shutdown_delay: Duration,
    /// At the end, how long calls may take to finish before their connections are cut, 0s to 1h.
    #[arg(long, env = "SANDBAR_SHUTDOWN_GRACE", value_name = "DURATION", default_value = "20s", value_parser = duration("0s", "1h"))]
    pub shutdown_grace: Duration,
    /// How many may watch at once, 1 to 100000. They don't count among the calls.
    #[arg(long, env = "SANDBAR_MAX_WATCHES", value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_watches: u32,
    /// How long a watcher hears nothing before it gets a sign of life, 1s to 5m.
    #[arg(long, env = "SANDBAR_WATCH_HEARTBEAT", value_name = "DURATION", default_value = "15s", value_parser = duration("1s", "5m"))]
    pub watch_heartbeat: Duration,
    /// The largest page of a list, 1 to 500.
    #[arg(long, env = "SANDBAR_MAX_PAGE", value_name = "COUNT", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub max_page: u32,
}

/// How long workers have runs.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Runs")]
pub struct RunArgs {
    /// How long a worker has a run without a heartbeat, 1s to 1h. Then another worker gets it.
    #[arg(long, env = "SANDBAR_RUN_LEASE", value_name = "DURATION", default_value = "1m", value_parser = duration("1s", "1h"))]
    pub run_lease: Duration,
    /// How long a run may take in all, 1s to 30d. Then it is killed.
    #[arg(long, env = "SANDBAR_RUN_TIMEOUT", value_name = "DURATION", default_value = "1d", value_parser = duration("1s", "30d"))]
    pub run_timeout: Duration,
    /// How often a run is given to a worker before it counts as lost, 1 to 100. Servers and purge workers must agree.
    #[arg(long, env = "SANDBAR_RUN_ATTEMPTS", value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub run_attempts: u32,
}

impl RunArgs {
    /// As operations take them.
    pub fn limits(self) -> RunLimits {
        let attempts = i64::from(self.run_attempts);
        RunLimits { lease: micros(self.run_lease), timeout: micros(self.run_timeout), attempts }
    }
}

impl LimitArgs {
    /// Checks limits against each other.
    ///
    /// # Errors
    /// [`ConfigError::Contradiction`].
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.default_deadline > self.max_deadline {
            return Err(ConfigError::Contradiction(
                "--default-deadline is longer than --max-deadline; no call could have it".to_owned(),
            ));
        }
        Ok(())
    }

    /// [`LimitArgs::max_message`] in bytes.
    pub fn max_message_bytes(&self) -> usize {
        usize::try_from(self.max_message.as_u64()).unwrap_or(usize::MAX)
    }
}
