//! Whether the server can do its work: told over gRPC per service and for the whole, and at /readyz.

use std::{future::Future, time::Duration};

use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tonic_health::{
    ServingStatus,
    pb::health_server::{Health as HealthService, HealthServer},
    server::HealthReporter,
};

use crate::wire;

/// What reflection says of the health service.
pub const DESCRIPTORS: &[u8] = tonic_health::pb::FILE_DESCRIPTOR_SET;

/// Says whether the work can be done, or why not. Asked again and again.
pub trait Readiness: Send + Sync + 'static {
    /// `Ok`, or what is missing, in words for the operator.
    fn check(&self) -> impl Future<Output = Result<(), String>> + Send;
}

impl<F, C> Readiness for F
where
    F: Fn() -> C + Send + Sync + 'static,
    C: Future<Output = Result<(), String>> + Send,
{
    fn check(&self) -> impl Future<Output = Result<(), String>> + Send {
        self()
    }
}

/// The running check. Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Health {
    reporter: HealthReporter,
    ready: watch::Receiver<Result<(), String>>,
    stop: watch::Sender<bool>,
    checking: JoinHandle<()>,
}

impl Health {
    /// Checks once, so that the first caller gets a true answer, and then at each interval.
    pub(crate) async fn start<R: Readiness>(
        readiness: R,
        interval: Duration,
    ) -> (Self, HealthServer<impl HealthService>) {
        let (reporter, service) = tonic_health::server::health_reporter();
        let first = check(&readiness, interval).await;
        report(&reporter, &first).await;
        let (sender, ready) = watch::channel(first);
        let (stop, stopped) = watch::channel(false);
        let checking = tokio::spawn(keep_checking(readiness, interval, reporter.clone(), sender, stopped));
        (Self { reporter, ready, stop, checking }, service)
    }

    /// What the last check said, and each later one.
    pub(crate) fn ready(&self) -> watch::Receiver<Result<(), String>> {
        self.ready.clone()
    }

    /// Not any more, and for good.
    pub(crate) async fn not_serving(&self) {
        self.stop.send_replace(true);
        // The check that may be under way ends first, or it would have the last word.
        let mut ready = self.ready.clone();
        if ready.wait_for(|ready| ready.as_ref().is_err_and(|why| why == SHUTTING_DOWN)).await.is_err() {
            tracing::error!("the health check ended before the server");
        }
        report(&self.reporter, &Err(SHUTTING_DOWN.to_owned())).await;
    }
}

impl Drop for Health {
    fn drop(&mut self) {
        self.checking.abort();
    }
}

const SHUTTING_DOWN: &str = "the server is shutting down";

async fn keep_checking<R: Readiness>(
    readiness: R,
    interval: Duration,
    reporter: HealthReporter,
    ready: watch::Sender<Result<(), String>>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let round = async {
            tokio::time::sleep(interval).await;
            check(&readiness, interval).await
        };
        let now = tokio::select! {
            now = round => now,
            _ = stopped.changed() => break,
        };
        if *ready.borrow() != now {
            match &now {
                Ok(()) => tracing::info!("ready"),
                Err(why) => tracing::warn!(why, "not ready"),
            }
            report(&reporter, &now).await;
            ready.send_modify(|ready| *ready = now);
        }
    }
    ready.send_modify(|ready| *ready = Err(SHUTTING_DOWN.to_owned()));
}

/// A check that hangs says as much as one that fails.
async fn check<R: Readiness>(readiness: &R, within: Duration) -> Result<(), String> {
    let within = within.max(Duration::from_secs(1));
    timeout(within, readiness.check()).await.unwrap_or_else(|_| Err(format!("no answer within {within:?}")))
}

async fn report(reporter: &HealthReporter, ready: &Result<(), String>) {
    let status = if ready.is_ok() { ServingStatus::Serving } else { ServingStatus::NotServing };
    for service in wire::SERVICES.into_iter().chain([""]) {
        reporter.set_service_status(service, status).await;
    }
}
