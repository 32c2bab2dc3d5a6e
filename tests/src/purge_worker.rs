//! A purge worker beside a server.

use std::{path::PathBuf, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    process::{PATIENCE, Process, get},
    server::at_metrics,
};

/// A running `sandbar-purge`. Dropping it kills it.
#[derive(Debug)]
pub struct PurgeWorker {
    pub(crate) process: Process,
    pub(crate) port: u16,
    pub(crate) log: PathBuf,
}

impl PurgeWorker {
    /// Takes its life without a word (SIGKILL).
    pub async fn kill9(&mut self) {
        self.process.kill9().await;
    }

    /// Ends it (SIGTERM) and checks that it ends with success.
    pub async fn stop(&mut self) {
        at_metrics(self.port);
        self.process.stop().await;
    }

    /// A page of the operator's port: `metrics`, `readyz` or `livez`.
    pub async fn operator_page(&self, page: &str) -> String {
        get(self.port, page).await
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until it says that a batch found nothing due.
    pub async fn wait_until_nothing_is_due(&mut self) {
        let give_up = Instant::now() + PATIENCE;
        while !self.is_idle().await {
            if let Some(status) = self.process.ended() {
                panic!("the purge worker ended with {status}:\n{}", self.process.last_words());
            }
            assert!(Instant::now() < give_up, "something stays due:\n{}", self.process.last_words());
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Whether a batch was done and left nothing due.
    async fn is_idle(&self) -> bool {
        let (ready, metrics) = (self.operator_page("readyz").await, self.operator_page("metrics").await);
        let due =
            metrics.lines().find(|line| line.starts_with("sandbar_purge_due") && !line.starts_with('#'));
        ready.starts_with("ready") && due.is_some_and(|line| line.ends_with(" 0"))
    }
}
