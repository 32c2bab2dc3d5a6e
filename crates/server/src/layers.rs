//! What every call goes through before it reaches its service, outermost first: CORS and gRPC-Web (not plain gRPC),
//! [`observe`] (request id, span, log line, metrics), panics, [`load`], [`deadline`], [`incoming`] (token,
//! address, [`throttle`]), [`oversize`].

mod body;
mod deadline;
mod incoming;
mod load;
mod observe;
mod oversize;
mod throttle;

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state, map_response},
    response::Response,
};
use futures::FutureExt;
use http::{HeaderName, HeaderValue, Method as HttpMethod, Version, header};
use ipnet::IpNet;
use sandbar_model::Error;
use tonic_web::GrpcWebLayer;
use tower::Service;
use tower_http::cors::{AllowOrigin, CorsLayer};

pub use deadline::Deadlines;
pub use incoming::{Incoming, PeerAddress};

use crate::{methods::Methods, openfn, sign_in::SignIns, status, telemetry::CallMetrics};

/// The header that names a call, in requests and in answers.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the layers are told.
#[derive(Clone, Debug)]
pub struct Layering {
    /// Which methods there are.
    pub methods: Arc<Methods>,
    /// What is counted.
    pub metrics: CallMetrics,
    /// Whether calls are traced.
    pub traced: bool,
    /// Calls at once.
    pub max_calls: usize,
    /// How long calls may take.
    pub deadlines: Deadlines,
    /// The limit that the services were given for one message.
    pub max_message_bytes: usize,
    /// Origins whose pages may call, or `*`.
    pub cors_origins: Vec<String>,
    /// Who checks the tokens of users who signed in elsewhere.
    pub sign_ins: Option<Arc<SignIns>>,
    /// Wrong tokens that are looked at in a minute from one address; 0: any number.
    pub max_bad_tokens: u32,
    /// Whom to believe where a call comes from.
    pub trusted_proxies: Vec<IpNet>,
}

/// The services with the layers around them.
#[derive(Clone, Debug)]
pub struct Layered {
    /// For gRPC over HTTP/2, by far the most calls: browsers can't speak it, so that it needs none of what is for them.
    plain: Router,
    /// For the HTTP side, which clients of `OpenFn` call.
    openfn: Router,
    /// For everything else.
    web: Router,
}

impl<B> Service<http::Request<B>> for Layered
where
    Router: Service<http::Request<B>>,
{
    type Response = <Router as Service<http::Request<B>>>::Response;
    type Error = <Router as Service<http::Request<B>>>::Error;
    type Future = <Router as Service<http::Request<B>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        ready!(self.plain.poll_ready(cx))?;
        ready!(self.openfn.poll_ready(cx))?;
        self.web.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        if is_plain(&request) {
            self.plain.call(request)
        } else if openfn::is_at(request.uri().path()) {
            self.openfn.call(request)
        } else {
            self.web.call(request)
        }
    }
}

fn is_plain<B>(request: &http::Request<B>) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let grpc =
        kind.strip_prefix(b"application/grpc").is_some_and(|rest| matches!(rest, [] | [b'+' | b';', ..]));
    grpc && request.version() == Version::HTTP_2
}

/// Puts the layers around the services and the HTTP side.
pub fn around(services: Router, openfn: Router, with: Layering) -> Layered {
    let around = Arc::new(Around {
        observer: observe::Observer {
            methods: with.methods,
            metrics: with.metrics,
            traced: with.traced,
            trusted_proxies: with.trusted_proxies,
        },
        load: load::Load::new(with.max_calls),
        deadlines: with.deadlines,
        max_message_bytes: with.max_message_bytes,
        guard: incoming::Guard {
            sign_ins: with.sign_ins,
            throttle: throttle::Throttle::new(with.max_bad_tokens),
        },
    });
    let plain = services.layer(from_fn_with_state(Arc::clone(&around), call));
    let openfn = openfn.layer(from_fn_with_state(around, call)).layer(map_response(openfn::say));
    let web = plain.clone().layer(GrpcWebLayer::new()).layer(cors(&with.cors_origins));
    Layered { plain, openfn, web }
}

/// What the layers of [`call`] keep.
#[derive(Debug)]
struct Around {
    observer: observe::Observer,
    load: load::Load,
    deadlines: Deadlines,
    max_message_bytes: usize,
    guard: incoming::Guard,
}

/// All layers but those for browsers, in one: axum copies and boxes everything below a layer of its own for each call,
/// which for six of them was a sixth of the processor time of a read.
async fn call(State(around): State<Arc<Around>>, request: Request, next: Next) -> Response {
    let around = &*around;
    observe::observe(&around.observer, request, |request| {
        let limited = load::limit(&around.load, request, |request| {
            deadline::enforce(around.deadlines, request, |request| async {
                let answer = incoming::enter(&around.guard, request, |request| next.run(request)).await;
                oversize::explain(around.max_message_bytes, answer)
            })
        });
        // The panic itself is logged by the hook of `telemetry`, with the span of the call around it.
        AssertUnwindSafe(limited).catch_unwind().map(|done| {
            done.unwrap_or_else(|_| status::from_error(Error::Bug("a call panicked")).into_http())
        })
    })
    .await
}

fn cors(origins: &[String]) -> CorsLayer {
    let origin = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let name = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(origin)
        .allow_methods([HttpMethod::POST])
        // By name: browsers do not count `authorization` among those that * allows.
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            REQUEST_ID,
            name("grpc-timeout"),
            name("traceparent"),
            name("tracestate"),
            name("x-grpc-web"),
            name("x-user-agent"),
        ])
        .expose_headers([
            REQUEST_ID,
            name("grpc-status"),
            name("grpc-message"),
            name("grpc-status-details-bin"),
        ])
        .max_age(std::time::Duration::from_hours(2))
}
