//! Each call gets an id, a span, one log line when it is over, and is counted. Over is when the last byte of the answer
//! is out or the caller is gone.
//!
//! The lines of single reads that went well and quickly are for debugging: they are most of all calls and tell nothing
//! that the metrics don't, but would bury and slow down everything else.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{body::Body, extract::Request, response::Response};
use http::HeaderMap;
use ipnet::IpNet;
use tonic::{Code, Status};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{REQUEST_ID, body::Watched, incoming::Incoming};
use crate::{
    methods::{Method, Methods},
    status,
    telemetry::{CallMetrics, continue_trace},
};

/// From here on a call is slow.
const SLOW: Duration = Duration::from_secs(1);

/// What observing needs to know.
#[derive(Debug)]
pub(super) struct Observer {
    pub(super) methods: Arc<Methods>,
    pub(super) metrics: CallMetrics,
    /// Whether spans go anywhere but into log lines.
    pub(super) traced: bool,
    /// Whom to believe where a call comes from.
    pub(super) trusted_proxies: Vec<IpNet>,
}

/// The layer.
pub(super) async fn observe<F: Future<Output = Response>>(
    observer: &Observer,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let method = observer.methods.of_request(&request);
    let call = Incoming::of(&request, &observer.trusted_proxies);
    let span = if observer.traced { traced(method, &call, request.headers()) } else { span(method, &call) };
    request.extensions_mut().insert(method);
    request.extensions_mut().insert(call.clone());

    let watch = Watch::begin(observer.metrics.clone(), method, call.clone(), span.clone());
    let mut response = next(request).instrument(span).await;
    response.headers_mut().insert(REQUEST_ID, call.request_id_header());
    let (head, body) = response.into_parts();
    let body = Watched::new(body, watch).see_headers(&head.headers);
    Response::from_parts(head, Body::new(body))
}

/// Sees a call to its end, however that comes.
pub(super) struct Watch {
    metrics: CallMetrics,
    method: &'static Method,
    call: Incoming,
    span: Span,
    begun: Instant,
    outcome: Option<Outcome>,
}

/// How a call ended.
struct Outcome {
    code: Code,
    reason: Option<String>,
}

impl Watch {
    fn begin(metrics: CallMetrics, method: &'static Method, call: Incoming, span: Span) -> Self {
        metrics.begin();
        Self { metrics, method, call, span, begun: Instant::now(), outcome: None }
    }

    /// Takes the outcome from these headers or trailers, if they have one.
    pub(super) fn see(&mut self, headers: &HeaderMap) {
        // By far the most calls go well; they need no status taken apart.
        if headers.get("grpc-status").is_some_and(|code| code == "0") {
            self.outcome = Some(Outcome { code: Code::Ok, reason: None });
        } else if let Some(status) = Status::from_header_map(headers) {
            self.outcome = Some(Outcome { code: status.code(), reason: status::reason(&status) });
        }
    }

    fn is_unremarkable(&self, code: Code, took: Duration) -> bool {
        self.method.reading && !self.method.streaming && code == Code::Ok && took < SLOW
    }

    /// The span of the call, for what its answer's stream does.
    pub(super) fn span(&self) -> &Span {
        &self.span
    }
}

impl Drop for Watch {
    /// A call without an outcome was left by its caller: hyper drops the answer then.
    fn drop(&mut self) {
        let took = self.begun.elapsed();
        let outcome = self.outcome.take().unwrap_or(Outcome { code: Code::Cancelled, reason: None });
        let code = code_name(outcome.code);
        self.metrics.end(self.method.name, code, took);

        // For traces only: a field would be in the log line, which has the code already, and writing a field anew makes
        // the log lay out all of them again.
        self.span.set_attribute("rpc.grpc.status_code", i64::from(outcome.code as i32));
        let _in_span = self.span.enter();
        let ms = took.as_secs_f64() * 1000.0;
        let principal = self.call.principal().map(tracing::field::display);
        let reason = outcome.reason;
        if self.method.operational || self.is_unremarkable(outcome.code, took) {
            tracing::debug!(code, reason, ms, principal, "call");
        } else if matches!(outcome.code, Code::Internal | Code::Unknown | Code::DataLoss) {
            tracing::error!(code, reason, ms, principal, "call");
        } else {
            tracing::info!(code, reason, ms, principal, "call");
        }
    }
}

fn span(method: &'static Method, call: &Incoming) -> Span {
    let address = call.address().map(tracing::field::display);
    if method.operational {
        return tracing::debug_span!("call", method = method.name, request_id = call.request_id(), address);
    }
    // At the highest level, so that no log filter takes the request id away from the lines of a call.
    tracing::error_span!("call", method = method.name, request_id = call.request_id(), address)
}

/// The same, and what a trace is to know of it. Only where there are traces: each field is laid out for the log as well.
fn traced(method: &'static Method, call: &Incoming, headers: &HeaderMap) -> Span {
    if method.operational {
        return span(method, call);
    }
    let span = tracing::error_span!(
        "call",
        otel.name = method.name,
        otel.kind = "server",
        method = method.name,
        request_id = call.request_id(),
        address = call.address().map(tracing::field::display),
    );
    continue_trace(&span, headers);
    span.set_attribute("rpc.system", "grpc");
    span
}

/// The name of a code as gRPC writes it.
fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
