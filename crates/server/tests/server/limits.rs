use std::time::Duration;

use sandbar_server::wire;
use tokio::{net::TcpStream, time::timeout};
use tonic::{Code, Request, codec::CompressionEncoding};
use tonic_types::StatusExt;

use crate::place::{GET, MAX_MESSAGE, Place, limits, named, preview, reason, unary};

#[tokio::test]
async fn a_message_over_the_limit_is_too_large_and_says_the_limit() {
    let place = Place::start(limits()).await;
    assert!(place.get(&"x".repeat(MAX_MESSAGE - 10)).await.is_ok());

    let refused = place.get(&"x".repeat(MAX_MESSAGE + 1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    let (reason, metadata) = reason(&refused);
    assert_eq!(reason, "TOO_LARGE");
    assert_eq!(metadata["limit_bytes"], MAX_MESSAGE.to_string());
}

#[tokio::test]
async fn a_small_message_that_unpacks_to_a_large_one_is_too_large_too() {
    let place = Place::start(limits()).await;
    let mut client =
        tonic::client::Grpc::new(place.channel().await).send_compressed(CompressionEncoding::Gzip);
    client.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<_, wire::GetWorkflowResponse>::default();
    let request = Request::new(named(&"x".repeat(10_000_000)));
    let refused = client.unary(request, GET.parse().unwrap(), codec).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    assert_eq!(reason(&refused).0, "TOO_LARGE");
}

#[tokio::test]
async fn a_call_without_a_deadline_gets_the_default() {
    let mut limits = limits();
    limits.deadlines.default = Duration::from_millis(100);
    let place = Place::start(limits).await;
    let refused = place.get("stuck").await.unwrap_err();
    assert_eq!(refused.code(), Code::DeadlineExceeded, "{refused:?}");
    let (reason, metadata) = reason(&refused);
    assert_eq!((reason.as_str(), metadata["allowed"].as_str()), ("DEADLINE_EXCEEDED", "100ms"));
}

#[tokio::test]
async fn a_caller_may_ask_for_more_but_not_beyond_the_limit() {
    let mut limits = limits();
    limits.deadlines.default = Duration::from_millis(50);
    let place = Place::start(limits).await;
    let mut patient = Request::new(named("slow"));
    patient.metadata_mut().insert("grpc-timeout", "5S".parse().unwrap());
    assert!(unary::<_, wire::GetWorkflowResponse>(place.channel().await, GET, patient).await.is_ok());

    limits.deadlines.max = Duration::from_millis(100);
    let place = Place::start(limits).await;
    let mut patient = Request::new(named("stuck"));
    patient.metadata_mut().insert("grpc-timeout", "5S".parse().unwrap());
    let refused =
        unary::<_, wire::GetWorkflowResponse>(place.channel().await, GET, patient).await.unwrap_err();
    assert_eq!(reason(&refused).1["allowed"], "100ms");
}

#[tokio::test]
async fn a_stream_has_a_deadline_of_its_own() {
    let mut limits = limits();
    limits.deadlines.default = Duration::from_millis(1);
    limits.deadlines.stream = Duration::from_millis(200);
    let place = Place::start(limits).await;
    let mut stream = preview(place.channel().await).await;
    assert!(stream.message().await.unwrap().is_some(), "what is there comes");
    let refused = stream.message().await.unwrap_err();
    assert_eq!(refused.code(), Code::DeadlineExceeded, "{refused:?}");
    assert_eq!(reason(&refused).0, "DEADLINE_EXCEEDED");
}

#[tokio::test]
async fn a_full_server_refuses_at_once_and_recovers() {
    let mut limits = limits();
    limits.max_calls = 2;
    let place = Place::start(limits).await;
    let channel = place.channel().await;
    let mut open = preview(channel.clone()).await;
    open.message().await.unwrap();
    let busy = tokio::spawn(unary::<_, wire::GetWorkflowResponse>(
        channel.clone(),
        GET,
        Request::new(named("slow")),
    ));
    tokio::time::sleep(Duration::from_millis(100)).await;

    let refused = place.get("one more").await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    let (reason, metadata) = reason(&refused);
    assert_eq!((reason.as_str(), metadata["limit"].as_str()), ("OVERLOADED", "2"));
    assert!(refused.get_details_retry_info().is_some());
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    health.check(tonic_health::pb::HealthCheckRequest::default()).await.expect("health is not limited");

    busy.await.unwrap().unwrap();
    place.get("one more").await.expect("a place is free again");
}

#[tokio::test]
async fn a_stream_holds_its_place_until_its_caller_lets_go() {
    let mut limits = limits();
    limits.max_calls = 1;
    let place = Place::start(limits).await;
    let mut open = preview(place.channel().await).await;
    open.message().await.unwrap();
    assert!(place.get("a").await.is_err());
    drop(open);
    let free = async {
        while place.get("a").await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), free).await.expect("a place in time");
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_a_place() {
    let mut limits = limits();
    limits.max_connections = 1;
    let place = Place::start(limits).await;
    let first = place.channel().await;
    unary::<_, wire::GetWorkflowResponse>(first.clone(), GET, Request::new(named("a"))).await.unwrap();
    assert!(timeout(Duration::from_millis(200), place.get("b")).await.is_err(), "no place yet");
    drop(first);
    timeout(Duration::from_secs(10), place.get("b")).await.expect("a place in time").unwrap();
}

#[tokio::test]
async fn a_connection_that_never_speaks_loses_its_place() {
    let mut limits = limits();
    limits.max_connections = 1;
    limits.keepalive_timeout = Duration::from_millis(100);
    let place = Place::start(limits).await;
    let _silent = TcpStream::connect(place.address).await.unwrap();
    timeout(Duration::from_secs(10), place.get("b")).await.expect("a place in time").unwrap();
}

#[tokio::test]
async fn a_panic_is_an_internal_error_without_details_and_only_of_its_call() {
    let place = Place::start(limits()).await;
    let channel = place.channel().await;
    let refused = unary::<_, wire::GetWorkflowResponse>(channel.clone(), GET, Request::new(named("panic")));
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.code(), Code::Internal);
    assert_eq!(reason(&refused).0, "INTERNAL");
    assert!(!format!("{refused:?}").contains("hunter2"));
    assert!(refused.metadata().contains_key("x-request-id"));

    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<_, wire::PreviewMergeResponse>::default();
    let request =
        Request::new(wire::PreviewMergeRequest { source_id: "panic".to_owned(), ..Default::default() });
    let path = crate::place::PREVIEW.parse().unwrap();
    let mut stream = client.server_streaming(request, path, codec).await.unwrap().into_inner();
    let refused = loop {
        match stream.message().await {
            Ok(part) => assert!(part.is_some(), "the stream must not end well"),
            Err(refused) => break refused,
        }
    };
    assert_eq!(reason(&refused).0, "INTERNAL");
    unary::<_, wire::GetWorkflowResponse>(channel, GET, Request::new(named("a")))
        .await
        .expect("the same connection");
}
