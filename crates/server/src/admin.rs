//! The operator's port: /metrics for Prometheus, /livez and /readyz for whoever watches the process.

use std::{io, net::SocketAddr};

use axum::{Router, extract::State, response::IntoResponse, routing::get};
use http::{StatusCode, header};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::task::AbortOnDropHandle;

use crate::telemetry::Metrics;

/// Whether the process can do its work, or why not.
pub type Ready = watch::Receiver<Result<(), String>>;

/// Binds an address, with an error that says which flag it came from.
///
/// # Errors
/// When it can't be bound.
pub async fn bind(address: SocketAddr, flag: &str) -> io::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("can't listen on {address} ({flag}): {error}")))
}

/// Serves the port until the handle is dropped.
pub fn start(listener: TcpListener, metrics: Metrics, ready: Ready) -> AbortOnDropHandle<()> {
    let router = Router::new()
        .route("/metrics", get(prometheus).with_state(metrics))
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz).with_state(ready));
    AbortOnDropHandle::new(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the admin port is gone");
        }
    }))
}

async fn prometheus(State(metrics): State<Metrics>) -> axum::response::Response {
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics can't be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn readyz(State(ready): State<Ready>) -> (StatusCode, String) {
    match &*ready.borrow() {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}
