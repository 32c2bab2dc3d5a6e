use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use sandbar_server::wire;
use tonic::{Code, Request};
use tracing_subscriber::fmt::MakeWriter;

use crate::place::{GET, Place, limits, named, reason, shown, unary};

async fn with(
    place: &Place,
    name: &str,
    headers: &[(&'static str, &str)],
) -> Result<(String, String), tonic::Status> {
    let mut request = Request::new(named(name));
    for (key, value) in headers {
        request.metadata_mut().insert(*key, value.parse().unwrap());
    }
    let answer: tonic::Response<wire::GetWorkflowResponse> =
        unary(place.channel().await, GET, request).await?;
    let id = answer.metadata().get("x-request-id").unwrap().to_str().unwrap().to_owned();
    Ok((shown(&answer.into_inner()).name, id))
}

#[tokio::test]
async fn the_token_reaches_the_service_or_a_precise_refusal_the_caller() {
    let place = Place::start(limits()).await;
    let (token, _) = with(&place, "token", &[("authorization", "Bearer sbr_abc")]).await.unwrap();
    assert_eq!(token, "sbr_abc");

    let missing = with(&place, "token", &[]).await.unwrap_err();
    assert_eq!((missing.code(), reason(&missing).0.as_str()), (Code::Unauthenticated, "TOKEN_MISSING"));
    let malformed = with(&place, "token", &[("authorization", "Basic abc")]).await.unwrap_err();
    assert_eq!((malformed.code(), reason(&malformed).0.as_str()), (Code::Unauthenticated, "TOKEN_INVALID"));
}

#[tokio::test]
async fn a_request_id_is_kept_or_made_and_comes_back_also_with_refusals() {
    let place = Place::start(limits()).await;
    let (seen, answered) = with(&place, "who", &[("x-request-id", "run/7")]).await.unwrap();
    assert_eq!((seen.as_str(), answered.as_str()), ("run/7 127.0.0.1", "run/7"));
    let (_, made) = with(&place, "who", &[]).await.unwrap();
    assert!(uuid::Uuid::try_parse(&made).is_ok(), "{made}");
    let refused = with(&place, "token", &[("x-request-id", "run/8")]).await.unwrap_err();
    assert_eq!(refused.metadata().get("x-request-id").unwrap(), "run/8");
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The runtime of this test has one thread, so that the subscriber of that thread sees the server too.
#[tokio::test]
async fn each_call_is_one_log_line_without_secrets_and_is_counted() {
    let lines = Lines::default();
    let json = tracing_subscriber::fmt().json().flatten_event(true).with_writer(lines.clone());
    let subscriber = json.with_max_level(tracing::Level::DEBUG).finish();
    // While there is but one subscriber in the process, a thread of another test that meets the log line first asks only
    // its own, which it has none of, and notes for all threads that nobody wants the line. With two it asks both.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let logging = tracing::subscriber::set_default(subscriber);
    let place = Place::start(limits()).await;
    let secret = [("authorization", "Bearer sbr_hunter2"), ("x-request-id", "one")];
    with(&place, "who", &secret).await.unwrap();
    with(&place, "token", &[("x-request-id", "two")]).await.unwrap_err();
    let unknown = unary::<_, wire::GetWorkflowResponse>(
        place.channel().await,
        "/sandbar.v1.WorkflowsService/MadeUp",
        Request::new(named("body-hunter3")),
    );
    assert_eq!(unknown.await.unwrap_err().code(), Code::Unimplemented);
    let metrics = place.ask("/metrics").await;
    drop(logging);

    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("hunter"), "{text}");
    let calls: Vec<&str> = text.lines().filter(|line| line.contains("\"message\":\"call\"")).collect();
    assert_eq!(calls.len(), 3, "{text}");
    let has = |line: &str, parts: &[&str]| {
        for part in parts {
            assert!(line.contains(part), "{part} is not in {line}");
        }
    };
    let method = "sandbar.v1.WorkflowsService/GetWorkflow";
    let principal = "00000000-0000-0000-0000-000000000007";
    has(
        calls[0],
        &[
            r#""level":"DEBUG""#,
            r#""code":"OK""#,
            r#""request_id":"one""#,
            method,
            principal,
            r#""ms":"#,
            "127.0.0.1",
        ],
    );
    has(
        calls[1],
        &[
            r#""level":"INFO""#,
            r#""code":"UNAUTHENTICATED""#,
            r#""reason":"TOKEN_MISSING""#,
            r#""request_id":"two""#,
        ],
    );
    has(calls[2], &[r#""code":"UNIMPLEMENTED""#, r#""method":"unknown""#]);

    let count = |labels: [&str; 2]| {
        metrics.lines().any(|line| {
            line.starts_with("sandbar_calls_total")
                && labels.iter().all(|label| line.contains(label))
                && line.ends_with(" 1")
        })
    };
    assert!(count([&format!("method=\"{method}\""), "code=\"OK\""]), "{metrics}");
    assert!(count([&format!("method=\"{method}\""), "code=\"UNAUTHENTICATED\""]), "{metrics}");
    assert!(count(["method=\"unknown\"", "code=\"UNIMPLEMENTED\""]), "{metrics}");
    assert!(!metrics.contains("MadeUp"), "a made-up name is no label");
}
