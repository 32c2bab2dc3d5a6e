//! The purge worker's loop: batch after batch while there is work, then a pause.

use std::{future::Future, pin::pin, time::Duration};

use tokio::sync::watch;

use crate::telemetry::PurgeMetrics;

/// What one batch came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Rows removed for good.
    pub removed: u64,
    /// Projects that are due and still there, those that other workers have taken included.
    pub due: u64,
}

/// Runs batches until `shutdown`; a batch that has begun is finished first. After one that removed something the next
/// follows at once; after one that did not, or failed, comes a pause of `interval`. Each outcome goes to `ready`.
pub async fn run<F>(
    interval: Duration,
    metrics: PurgeMetrics,
    ready: watch::Sender<Result<(), String>>,
    shutdown: impl Future<Output = ()>,
    mut batch: impl FnMut() -> F,
) where
    F: Future<Output = sandbar_model::Result<Batch>>,
{
    let mut shutdown = pin!(shutdown);
    loop {
        let pause = match batch().await {
            Ok(done) => {
                metrics.batch(done.removed, done.due);
                ready.send_modify(|ready| *ready = Ok(()));
                if done.removed > 0 {
                    tracing::info!(removed = done.removed, due = done.due, "purged");
                    Duration::ZERO
                } else {
                    interval
                }
            }
            Err(error) => {
                metrics.failed();
                tracing::error!(
                    error = crate::status::chain(&error),
                    "a batch failed; it will be tried again"
                );
                ready.send_modify(|ready| *ready = Err(error.to_string()));
                interval
            }
        };
        tokio::select! {
            biased;
            () = &mut shutdown => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use sandbar_model::Error;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_follows_work_and_pauses_follow_failure_and_rest() {
        let begun = Instant::now();
        let seen = RefCell::new(Vec::new());
        let (ready, state) = watch::channel(Ok(()));
        let batch = async || {
            let mut seen = seen.borrow_mut();
            assert_eq!(state.borrow().is_err(), seen.len() == 3, "only the failed batch makes it unready");
            seen.push(begun.elapsed().as_secs());
            match seen.len() {
                1 | 2 => Ok(Batch { removed: 5, due: 1 }),
                3 => Err(Error::Contention),
                _ => Ok(Batch::default()),
            }
        };
        let metrics = crate::telemetry::quiet_metrics();
        let shutdown = tokio::time::sleep(Duration::from_secs(25));
        run(Duration::from_secs(10), metrics.purge(), ready, shutdown, batch).await;

        assert_eq!(*seen.borrow(), [0, 0, 0, 10, 20]);
        let text = String::from_utf8(metrics.text().unwrap()).unwrap();
        for expected in ["sandbar_purge_removed_total", "sandbar_purge_failures_total"] {
            assert!(text.contains(expected), "{text}");
        }
    }
}
