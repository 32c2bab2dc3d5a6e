//! Where servers and workers send their traces and metrics.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderName, HeaderValue},
};
use tokio::{runtime::Runtime, task::AbortHandle};

/// Of no test, as a server outlives what runs when it is dropped.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
});

/// Spans are sent this often, in milliseconds, and not every 5 seconds.
const DELAY: &str = "50";
/// More than a test makes in that time.
const QUEUE: &str = "100000";

/// A collector of OTLP over gRPC that appends whatever it is sent to a file. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Collector {
    endpoint: String,
    file: PathBuf,
    task: AbortHandle,
}

impl Collector {
    pub(crate) fn start(file: &Path) -> Self {
        let sent = OpenOptions::new().create(true).append(true).open(file).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(take)
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::new(Mutex::new(sent)));
        let serving = RUNTIME.spawn(async move {
            axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), router).await
        });
        Self { endpoint, file: file.to_owned(), task: serving.abort_handle() }
    }

    /// What makes a process send its traces and metrics here.
    pub(crate) fn env(&self) -> [(String, String); 3] {
        [
            ("SANDBAR_OTLP_ENDPOINT", &*self.endpoint),
            ("OTEL_BSP_SCHEDULE_DELAY", DELAY),
            ("OTEL_BSP_MAX_QUEUE_SIZE", QUEUE),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    }

    /// All that was sent: messages of protobuf, in which texts are as they are.
    pub(crate) fn sent(&self) -> Vec<u8> {
        std::fs::read(&self.file).unwrap()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(
    State(sent): State<Arc<Mutex<File>>>,
    body: Bytes,
) -> ([(HeaderName, HeaderValue); 2], &'static [u8]) {
    sent.lock().unwrap().write_all(&body).unwrap();
    let header = |name, value| (HeaderName::from_static(name), HeaderValue::from_static(value));
    // One empty message.
    ([header("content-type", "application/grpc"), header("grpc-status", "0")], &[0; 5])
}
