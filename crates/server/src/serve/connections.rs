//! Taking connections, and letting go of them.
//!
//! tonic's own server is not used for this, as it answers a passed deadline with CANCELLED, before any layer can, and
//! waits without end for silent clients when it is told to stop.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::Limits;
use crate::layers::{Layered, PeerAddress};

/// A stream's and a connection's part of an import that may be under way: enough for a fast network, little enough for
/// many connections.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// All headers of one call.
const MAX_HEADER_BYTES: u32 = 16 << 10;

/// Takes connections until `stop`; then lets calls finish, and after the grace period cuts what is left.
pub(super) async fn accept(
    listener: TcpListener,
    services: Layered,
    limits: Limits,
    stop: CancellationToken,
) {
    let free = Arc::new(Semaphore::new(limits.max_connections));
    let server = builder(limits);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();

    while let Some((stream, address, place)) = next(&listener, &free, &stop).await {
        while connections.try_join_next().is_some() {}
        let (server, services, watcher) = (server.clone(), services.clone(), graceful.watcher());
        let (silence, stop) = (limits.keepalive_timeout, stop.clone());
        connections.spawn(async move {
            // Held until the connection is gone.
            let _place = place;
            if stop.run_until_cancelled(speaks(&stream, silence)).await != Some(true) {
                return;
            }
            let service = services.map_request(move |mut request: http::Request<_>| {
                request.extensions_mut().insert(PeerAddress(address));
                request
            });
            let service = TowerToHyperService::new(service);
            let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%address, error = %error, "a connection broke");
            }
        });
    }

    // No longer listening: who connects now is refused and goes elsewhere.
    drop(listener);
    if tokio::time::timeout(limits.shutdown_grace, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "the grace period is over; cutting the connections left"
        );
    }
    connections.shutdown().await;
}

/// The next connection, when there is a place for it; none: stop.
async fn next(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    stop.run_until_cancelled(async {
        // The semaphore is never closed.
        let place = free.clone().acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, address)) => {
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%address, %error, "TCP_NODELAY can't be set");
                    }
                    return Some((stream, address, place));
                }
                Err(error) => wait_out(&error).await,
            }
        }
    })
    .await
    .flatten()
}

/// A client that gave up is no reason to wait; a process without free file descriptors is.
async fn wait_out(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "connections can't be taken; trying again in a moment");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Whether the client says anything in time. Else it would hold a place for nothing.
async fn speaks(stream: &TcpStream, within: Duration) -> bool {
    // Looked at, not read; and not `readable`, which may be true of a stream that has nothing yet.
    let mut first = [0; 1];
    matches!(tokio::time::timeout(within, stream.peek(&mut first)).await, Ok(Ok(1)))
}

fn builder(limits: Limits) -> Arc<auto::Builder<TokioExecutor>> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.keepalive_timeout)
        .max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.keepalive)
        .keep_alive_timeout(limits.keepalive_timeout)
        .max_concurrent_streams(limits.max_streams)
        .max_header_list_size(MAX_HEADER_BYTES)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    Arc::new(builder)
}
