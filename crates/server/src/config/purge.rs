//! What the operator of a purge worker chooses.

use std::{net::SocketAddr, time::Duration};

use clap::Parser;

use super::{DatabaseArgs, TelemetryArgs, value::duration};

/// Removes for good what was scheduled for deletion and is due. Any number of them may run beside the servers.
#[derive(Clone, Debug, Parser)]
#[command(name = "sandbar-purge", version, max_term_width = 120)]
pub struct PurgeArgs {
    /// How long to wait when nothing is due, 100ms to 1d.
    #[arg(long, env = "SANDBAR_PURGE_INTERVAL", value_name = "DURATION", default_value = "30s", value_parser = duration("100ms", "1d"))]
    pub interval: Duration,
    /// Rows removed in one transaction, 1 to 10000. More is faster, and holds writers up for longer.
    #[arg(long, env = "SANDBAR_PURGE_BATCH", value_name = "ROWS", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub batch: u32,
    /// How long a project belongs to the worker that took it, 1s to 1h. A worker that died is replaced after that.
    #[arg(long, env = "SANDBAR_PURGE_LEASE", value_name = "DURATION", default_value = "1m", value_parser = duration("1s", "1h"))]
    pub lease: Duration,
    /// How long a sandbox whose time is up can be restored, 0s to 366d. As the servers have it.
    #[arg(long, env = "SANDBAR_GRACE_PERIOD", value_name = "DURATION", default_value = "7d", value_parser = duration("0s", "366d"))]
    pub grace_period: Duration,
    /// How long a version of a resource is kept after it was superseded, 1h to 3660d. What a fork still reads stays.
    #[arg(long, env = "SANDBAR_VERSION_RETENTION", value_name = "DURATION", default_value = "90d", value_parser = duration("1h", "3660d"))]
    pub version_retention: Duration,
    /// How long after a merge all that it replaced is kept, so that it can be undone, 1h to 3660d.
    #[arg(long, env = "SANDBAR_UNDO_WINDOW", value_name = "DURATION", default_value = "30d", value_parser = duration("1h", "3660d"))]
    pub undo_window: Duration,
    /// How long a content that nothing refers to is kept, 2h to 366d.
    #[arg(long, env = "SANDBAR_CONTENT_GRACE", value_name = "DURATION", default_value = "24h", value_parser = duration("2h", "366d"))]
    pub content_grace: Duration,
    /// How often a run is given to a worker before it counts as lost, 1 to 100. As the servers have it.
    #[arg(long, env = "SANDBAR_RUN_ATTEMPTS", value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub run_attempts: u32,
    /// Name of this worker in leases and logs; no two may share one. Default: one made for this run.
    #[arg(long, env = "SANDBAR_PURGE_WORKER", value_name = "NAME")]
    pub worker: Option<String>,
    /// Address and port for /metrics, /livez and /readyz.
    #[arg(long, env = "SANDBAR_PURGE_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7318")]
    pub admin_listen: SocketAddr,
    /// Where data is kept.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// What is told to the operator.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

impl PurgeArgs {
    /// The name given, or a new one.
    #[expect(clippy::disallowed_methods, reason = "it names a process, not a thing that is kept")]
    pub fn worker_name(&self) -> String {
        self.worker.clone().unwrap_or_else(|| format!("purge-{}", uuid::Uuid::now_v7()))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn clap_accepts_the_definition_and_two_workers_have_two_names() {
        PurgeArgs::command().debug_assert();
        let args = PurgeArgs::parse_from(["sandbar-purge", "--database=postgres://a:hunter2@db/x"]);
        assert_ne!(args.worker_name(), args.worker_name());
        assert!(!format!("{args:?}").contains("hunter2"));
    }
}
