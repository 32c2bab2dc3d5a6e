//! What the server tells its operator: log lines, traces and metrics.

mod metrics;

use std::io::{self, IsTerminal};

use clap::ValueEnum;
use opentelemetry::{propagation::TextMapPropagator, trace::TracerProvider};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider},
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{
    Layer,
    filter::{Targets, filter_fn},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

pub use metrics::{CallMetrics, Metrics, PoolState, PurgeMetrics};

use crate::config::TelemetryArgs;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line, for machines.
    Json,
}

/// Why telemetry could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log filter.
    #[error("the log filter is not valid ({0}); write for example `info,sandbar=debug`")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The OTLP endpoint.
    #[error("traces and metrics can't be sent to the OTLP endpoint: {0}")]
    Otlp(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The Prometheus registry.
    #[error("metrics can't be offered to Prometheus: {0}")]
    Prometheus(#[from] opentelemetry_sdk::error::OTelSdkError),
    /// Started before.
    #[error("logging was started before in this process: {0}")]
    Logging(#[from] tracing_subscriber::util::TryInitError),
}

/// What was started, to be ended by [`Telemetry::finish`].
#[derive(Debug)]
pub struct Telemetry {
    /// The instruments, and what Prometheus reads.
    pub metrics: Metrics,
    meters: SdkMeterProvider,
    tracers: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Starts logging for the whole process, and sending traces and metrics when an endpoint is given. `service` is the
    /// name of the binary. Needs a tokio runtime.
    ///
    /// # Errors
    /// See [`TelemetryError`].
    pub fn start(args: &TelemetryArgs, service: &'static str) -> Result<Self, TelemetryError> {
        let resource = Resource::builder()
            .with_service_name(service)
            .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let tracers = tracers(args, resource.clone())?;
        start_logging(args, tracers.as_ref(), service)?;
        log_panics();

        let (meters, registry) = meters(args, resource)?;
        let metrics = Metrics::new(meters.clone(), registry);
        Ok(Self { metrics, meters, tracers })
    }

    /// Sends what is still waiting, for at most a few seconds.
    pub fn finish(self) {
        if let Some(tracers) = self.tracers
            && let Err(error) = tracers.shutdown()
        {
            tracing::warn!(%error, "the last traces may be lost");
        }
        if let Err(error) = self.meters.shutdown() {
            tracing::warn!(%error, "the last metrics may be lost");
        }
    }
}

/// Makes the span a part of the trace that the caller named in `traceparent`, if it did.
pub(crate) fn continue_trace(span: &Span, headers: &http::HeaderMap) {
    if !headers.contains_key("traceparent") {
        return;
    }
    let caller = TraceContextPropagator::new().extract(&opentelemetry_http::HeaderExtractor(headers));
    // Without a tracer there is nothing to continue, which is what the error says.
    let _without_tracer = span.set_parent(caller);
}

fn start_logging(
    args: &TelemetryArgs,
    tracers: Option<&SdkTracerProvider>,
    service: &'static str,
) -> Result<(), TelemetryError> {
    // Not an `EnvFilter`, which can choose by the fields of spans as well and asks itself so whenever one is entered.
    let filter: Targets = args.log_filter.parse()?;
    let Some(tracers) = tracers else {
        // One filter for all: with filters per layer, an event is lost after each `tracing::enabled!` that said no on the
        // same thread, and the PostgreSQL driver asks so after every statement.
        tracing_subscriber::registry().with(filter).with(log_lines(args.log_format)).try_init()?;
        return Ok(());
    };
    let spans = tracing_opentelemetry::layer().with_tracer(tracers.tracer(service));
    // Traces are of this server's own work, whatever is logged: the exporter's would trace itself for ever.
    let spans = spans.with_filter(filter_fn(|span| span.target().starts_with("sandbar")));
    tracing_subscriber::registry()
        .with(spans)
        .with(log_lines(args.log_format).with_filter(filter))
        .try_init()?;
    Ok(())
}

/// Lines go to standard error: standard output belongs to what a command answers.
fn log_lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    match format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    }
}

fn tracers(args: &TelemetryArgs, resource: Resource) -> Result<Option<SdkTracerProvider>, TelemetryError> {
    let Some(endpoint) = &args.otlp_endpoint else { return Ok(None) };
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(args.trace_ratio)));
    let tracers = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler)
        .with_resource(resource)
        .build();
    Ok(Some(tracers))
}

fn meters(
    args: &TelemetryArgs,
    resource: Resource,
) -> Result<(SdkMeterProvider, prometheus::Registry), TelemetryError> {
    let registry = prometheus::Registry::new();
    let reader = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build()?;
    let mut meters = SdkMeterProvider::builder().with_resource(resource).with_reader(reader);
    if let Some(endpoint) = &args.otlp_endpoint {
        let exporter = MetricExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
        meters = meters.with_reader(PeriodicReader::builder(exporter).build());
    }
    Ok((meters.build(), registry))
}

/// A panic is a log line with the call's request id. Its message is left out where it was put together from values,
/// which may be a caller's data.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload().downcast_ref::<&'static str>().copied();
        let place = panic.location().map(ToString::to_string);
        tracing::error!(message = "a panic", panic = message, place);
    }));
}

/// For tests of other modules: metrics that nobody reads over the network.
#[cfg(test)]
pub(crate) fn quiet_metrics() -> Metrics {
    let registry = prometheus::Registry::new();
    let reader = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build().unwrap();
    Metrics::new(SdkMeterProvider::builder().with_reader(reader).build(), registry)
}
