use std::{
    process::Stdio,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State};
use http::{HeaderMap, HeaderValue, Uri};
use sandbar_server::wire;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
};
use tonic::{Request, transport::Channel};

use crate::{
    binary::{binary, line_with, terminate},
    place::{GET, named, unary},
};

type Exports = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A collector that takes whatever is sent to it.
async fn collector() -> (String, Exports) {
    let exports = Exports::default();
    let take = async |State(exports): State<Exports>, uri: Uri, body: Bytes| {
        exports.lock().unwrap().push((uri.path().to_owned(), body.to_vec()));
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        headers.insert("grpc-status", HeaderValue::from_static("0"));
        // One empty message.
        (headers, Bytes::from_static(&[0; 5]))
    };
    let router = Router::new().fallback(take).with_state(exports.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (endpoint, exports)
}

#[tokio::test]
async fn with_an_endpoint_traces_continue_the_callers_and_metrics_are_sent() {
    let (endpoint, exports) = collector().await;
    let home = tempfile::tempdir().unwrap();
    let mut server = binary(&["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--log-format=json"])
        .args(["--log-filter=warn,sandbar_server=info", "--otlp-endpoint", &endpoint, "--data-dir"])
        .arg(home.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    let serving = line_with(&mut log, "serving").await;
    let address = serving.split("\"address\":\"").nth(1).unwrap().split('"').next().unwrap();

    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    let mut request = Request::new(named("a"));
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    request.metadata_mut().insert("traceparent", format!("00-{trace}-00f067aa0ba902b7-01").parse().unwrap());
    let refused = unary::<_, wire::GetWorkflowResponse>(channel, GET, request).await;
    assert!(refused.is_err(), "nobody has a token here");
    assert!(terminate(&mut server).await.success());

    let exports = exports.lock().unwrap();
    let sent = |service: &str, bytes: &[u8]| {
        exports.iter().any(|(path, body)| {
            path.contains(service) && body.windows(bytes.len()).any(|window| window == bytes)
        })
    };
    let paths: Vec<_> = exports.iter().map(|(path, _)| path).collect();
    assert!(sent("TraceService/Export", &hex::decode(trace).unwrap()), "{paths:?}");
    assert!(sent("TraceService/Export", b"sandbar.v1.WorkflowsService/GetWorkflow"), "{paths:?}");
    assert!(sent("MetricsService/Export", b"sandbar.calls"), "{paths:?}");
}
