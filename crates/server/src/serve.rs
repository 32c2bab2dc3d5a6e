//! Serving: one port with gRPC, gRPC-Web and HTTP/1 around the services, one for the operator, and an end that comes.

mod connections;

use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::{
    admin,
    config::ServeArgs,
    health::{self, Health, Readiness},
    layers::{self, Deadlines, Layering},
    methods::Methods,
    sign_in::SignIns,
    telemetry::Metrics,
    wire,
};

/// How to serve.
#[derive(Debug)]
pub struct Serving {
    /// Bound already, so that its address is known even with port 0.
    pub listener: TcpListener,
    /// For /metrics, /livez and /readyz; none: not offered.
    pub admin: Option<TcpListener>,
    /// What is counted, and read at /metrics.
    pub metrics: Metrics,
    /// Whether calls are traced.
    pub traced: bool,
    /// How much is too much.
    pub limits: Limits,
    /// Origins whose pages may call over gRPC-Web, or `*`.
    pub cors_origins: Vec<String>,
    /// Who checks the tokens of users who signed in elsewhere; none: they are not taken.
    pub sign_ins: Option<Arc<SignIns>>,
    /// Whom to believe where a call comes from.
    pub trusted_proxies: Vec<IpNet>,
    /// How often readiness is checked.
    pub health_interval: Duration,
}

/// What is served.
#[derive(Debug)]
pub struct Services {
    /// The services of the contract.
    pub grpc: Routes,
    /// What clients of `OpenFn` call: see [`crate::openfn`].
    pub openfn: Router,
}

impl From<Routes> for Services {
    fn from(grpc: Routes) -> Self {
        Self { grpc, openfn: Router::new() }
    }
}

/// How much is too much; `config::LimitArgs` documents each.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The limit that the services were given for one message; they must be given it one by one.
    pub max_message_bytes: usize,
    /// Calls at once on one connection.
    pub max_streams: u32,
    /// Connections at once.
    pub max_connections: usize,
    /// Calls at once on all connections.
    pub max_calls: usize,
    /// Wrong tokens that are looked at in a minute from one address; 0: any number.
    pub max_bad_tokens: u32,
    /// How long calls may take.
    pub deadlines: Deadlines,
    /// How often a silent connection is asked for a sign of life.
    pub keepalive: Duration,
    /// How long it has to answer, and a new connection to say something.
    pub keepalive_timeout: Duration,
    /// How long health says `NOT_SERVING` before new connections are refused.
    pub shutdown_delay: Duration,
    /// How long calls may take to finish then.
    pub shutdown_grace: Duration,
}

/// Serves until `shutdown` is done, and then until the calls in flight are, or the grace period is over.
///
/// `services` are those of the contract; health and reflection are added here. `readiness` says whether the server can
/// do its work (database reachable, schema version right), or why not.
///
/// # Errors
/// When the descriptors built into the binary can't be read. What happens on single connections is no error.
pub async fn serve<R: Readiness>(
    serving: Serving,
    services: impl Into<Services>,
    readiness: R,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let (health, health_service) = Health::start(readiness, serving.health_interval).await;
    let Services { grpc, openfn } = services.into();
    let router =
        grpc.add_service(health_service).add_service(reflection_v1()?).add_service(reflection_v1alpha()?);
    let services = layers::around(router.prepare().into_axum_router(), openfn, layering(&serving)?);

    let stop = CancellationToken::new();
    let connections = connections::accept(serving.listener, services, serving.limits, stop.clone());
    let mut connections = pin!(connections);
    let mut shutdown = pin!(shutdown);
    let _admin = serving.admin.map(|listener| admin::start(listener, serving.metrics, health.ready()));

    tokio::select! {
        () = &mut connections => return Ok(()),
        () = &mut shutdown => {}
    }
    tracing::info!("shutting down");
    health.not_serving().await;
    tokio::select! {
        () = &mut connections => return Ok(()),
        () = tokio::time::sleep(serving.limits.shutdown_delay) => {}
    }
    stop.cancel();
    connections.await;
    tracing::info!("shut down");
    Ok(())
}

/// Done at SIGTERM or SIGINT.
///
/// # Errors
/// When the process can't listen for signals.
pub fn signals() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

impl Serving {
    /// Binds both addresses of the configuration.
    ///
    /// # Errors
    /// When one can't be bound; the message names it.
    pub async fn bind(args: &ServeArgs, metrics: Metrics) -> io::Result<Self> {
        Ok(Self {
            listener: admin::bind(args.listen, "--listen").await?,
            admin: Some(admin::bind(args.admin_listen, "--admin-listen").await?),
            metrics,
            traced: args.telemetry.otlp_endpoint.is_some(),
            limits: Limits::of(args),
            cors_origins: args.cors_origins.clone(),
            sign_ins: None,
            trusted_proxies: args.trusted_proxies.clone(),
            health_interval: args.health_interval,
        })
    }
}

impl Limits {
    /// Those of the configuration.
    pub fn of(args: &ServeArgs) -> Self {
        let limits = &args.limits;
        let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        Self {
            max_message_bytes: limits.max_message_bytes(),
            max_streams: limits.max_streams,
            max_connections: count(limits.max_connections),
            max_calls: count(limits.max_calls),
            max_bad_tokens: limits.max_bad_tokens,
            deadlines: Deadlines {
                default: limits.default_deadline,
                max: limits.max_deadline,
                stream: limits.stream_deadline,
            },
            keepalive: limits.keepalive,
            keepalive_timeout: limits.keepalive_timeout,
            shutdown_delay: limits.shutdown_delay,
            shutdown_grace: limits.shutdown_grace,
        }
    }
}

fn layering(serving: &Serving) -> io::Result<Layering> {
    let methods = Methods::of(&[
        wire::DESCRIPTORS,
        health::DESCRIPTORS,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
    ])
    .map_err(io::Error::other)?;
    Ok(Layering {
        methods: Arc::new(methods),
        metrics: serving.metrics.calls.clone(),
        traced: serving.traced,
        max_calls: serving.limits.max_calls,
        deadlines: serving.limits.deadlines,
        max_message_bytes: serving.limits.max_message_bytes,
        cors_origins: serving.cors_origins.clone(),
        sign_ins: serving.sign_ins.clone(),
        max_bad_tokens: serving.limits.max_bad_tokens,
        trusted_proxies: serving.trusted_proxies.clone(),
    })
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(wire::DESCRIPTORS)
        .register_encoded_file_descriptor_set(health::DESCRIPTORS)
}

fn reflection_v1() -> io::Result<
    tonic_reflection::server::v1::ServerReflectionServer<impl tonic_reflection::server::v1::ServerReflection>,
> {
    reflection().build_v1().map_err(io::Error::other)
}

/// Some clients know only the old version.
fn reflection_v1alpha() -> io::Result<
    tonic_reflection::server::v1alpha::ServerReflectionServer<
        impl tonic_reflection::server::v1alpha::ServerReflection,
    >,
> {
    reflection().build_v1alpha().map_err(io::Error::other)
}
