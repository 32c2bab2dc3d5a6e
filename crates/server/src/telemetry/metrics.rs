//! The instruments. Each is read by Prometheus and, when an endpoint is set, sent over OTLP.

use std::time::Duration;

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, Meter, MeterProvider, UpDownCounter},
};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Encoder, TextEncoder};

/// Upper bounds of the buckets of durations, in seconds.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// Every instrument of a process, and the registry that Prometheus reads.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: prometheus::Registry,
    meter: Meter,
    /// Held, because instruments fall silent when their provider is dropped.
    _meters: SdkMeterProvider,
    /// What the gRPC layers count.
    pub calls: CallMetrics,
}

/// What is counted of calls.
#[derive(Clone, Debug)]
pub struct CallMetrics {
    done: Counter<u64>,
    seconds: Histogram<f64>,
    in_flight: UpDownCounter<i64>,
}

/// What the purge worker counts.
#[derive(Clone, Debug)]
pub struct PurgeMetrics {
    removed: Counter<u64>,
    failures: Counter<u64>,
    due: Gauge<u64>,
}

/// How a pool of database connections stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolState {
    /// Open connections that serve somebody.
    pub used: u64,
    /// Open connections that wait for work.
    pub idle: u64,
    /// How many there may be.
    pub limit: u64,
}

impl Metrics {
    /// Makes the instruments. The registry must be the one that a reader of `meters` fills.
    pub fn new(meters: SdkMeterProvider, registry: prometheus::Registry) -> Self {
        let meter = meters.meter("sandbar");
        let build =
            meter.u64_gauge("sandbar.build").with_description("1, with the version as a label").build();
        build.record(1, &[KeyValue::new("version", env!("CARGO_PKG_VERSION"))]);
        Self { registry, calls: CallMetrics::new(&meter), meter, _meters: meters }
    }

    /// Asks for the state of a pool of database connections whenever metrics are read. `pool` tells several apart.
    pub fn watch_pool(&self, pool: &'static str, state: impl Fn() -> PoolState + Send + Sync + 'static) {
        // The instrument lives in its meter provider; the handle is not needed.
        let _registered = self
            .meter
            .u64_observable_gauge("sandbar.database.connections")
            .with_description("Connections to the database: used, idle, and how many there may be")
            .with_callback(move |observer| {
                let now = state();
                for (state, count) in [("used", now.used), ("idle", now.idle), ("limit", now.limit)] {
                    observer.observe(count, &[KeyValue::new("pool", pool), KeyValue::new("state", state)]);
                }
            })
            .build();
    }

    /// The instruments of the purge worker.
    pub fn purge(&self) -> PurgeMetrics {
        PurgeMetrics::new(&self.meter)
    }

    /// All of it in the text format of Prometheus.
    ///
    /// # Errors
    /// When a metric can't be written as text.
    pub fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

impl CallMetrics {
    fn new(meter: &Meter) -> Self {
        Self {
            done: meter
                .u64_counter("sandbar.calls")
                .with_description("Calls done, by method and code")
                .build(),
            seconds: meter
                .f64_histogram("sandbar.call.duration")
                .with_description("How long calls took, to the last byte of the answer")
                .with_unit("s")
                .with_boundaries(SECONDS.to_vec())
                .build(),
            in_flight: meter
                .i64_up_down_counter("sandbar.calls.in_flight")
                .with_description("Calls that are being done")
                .build(),
        }
    }

    /// One begins.
    pub fn begin(&self) {
        self.in_flight.add(1, &[]);
    }

    /// One that began is over.
    pub fn end(&self, method: &'static str, code: &'static str, took: Duration) {
        self.in_flight.add(-1, &[]);
        self.done.add(1, &[KeyValue::new("method", method), KeyValue::new("code", code)]);
        self.seconds.record(took.as_secs_f64(), &[KeyValue::new("method", method)]);
    }
}

impl PurgeMetrics {
    fn new(meter: &Meter) -> Self {
        Self {
            removed: meter
                .u64_counter("sandbar.purge.removed")
                .with_description("Rows removed for good")
                .build(),
            failures: meter
                .u64_counter("sandbar.purge.failures")
                .with_description("Batches that failed and will be tried again")
                .build(),
            due: meter
                .u64_gauge("sandbar.purge.due")
                .with_description("Projects whose purge time has passed")
                .build(),
        }
    }

    /// A batch is done.
    pub fn batch(&self, removed: u64, due: u64) {
        self.removed.add(removed, &[]);
        self.due.record(due, &[]);
    }

    /// A batch failed.
    pub fn failed(&self) {
        self.failures.add(1, &[]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prometheus_reads_calls_pools_and_the_build() {
        let metrics = crate::telemetry::quiet_metrics();
        metrics.watch_pool("readers", || PoolState { used: 3, idle: 4, limit: 16 });
        metrics.calls.begin();
        metrics.calls.begin();
        metrics.calls.end("a.B/C", "OK", Duration::from_millis(2));

        let text = String::from_utf8(metrics.text().unwrap()).unwrap();
        let line = |name: &str, labels: &[&str], value: &str| {
            let found = text.lines().any(|line| {
                line.starts_with(name)
                    && labels.iter().all(|label| line.contains(label))
                    && line.ends_with(&format!(" {value}"))
            });
            assert!(found, "no {name} {labels:?} {value} in\n{text}");
        };
        line("sandbar_calls_total", &[r#"method="a.B/C""#, r#"code="OK""#], "1");
        line("sandbar_call_duration_seconds_bucket", &[r#"le="0.0025""#], "1");
        line("sandbar_call_duration_seconds_bucket", &[r#"le="0.001""#], "0");
        line("sandbar_calls_in_flight", &[], "1");
        line("sandbar_database_connections", &[r#"state="idle""#, r#"pool="readers""#], "4");
        line("sandbar_build", &[concat!("version=\"", env!("CARGO_PKG_VERSION"), "\"")], "1");
    }
}
