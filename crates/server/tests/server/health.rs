use std::{sync::atomic::Ordering, time::Duration};

use tokio::time::timeout;
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
    health_client::HealthClient,
};

use crate::place::{Place, limits};

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

async fn next(watch: &mut tonic::Streaming<HealthCheckResponse>) -> ServingStatus {
    let next = timeout(Duration::from_secs(10), watch.message()).await.expect("news in time");
    next.unwrap().unwrap().status()
}

#[tokio::test]
async fn each_service_and_the_whole_follow_the_database() {
    let place = Place::start(limits()).await;
    let mut client = HealthClient::new(place.channel().await);
    let mut watch = client.watch(of("sandbar.v1.MergeService")).await.unwrap().into_inner();
    assert_eq!(next(&mut watch).await, ServingStatus::Serving);
    for service in sandbar_server::wire::SERVICES.into_iter().chain([""]) {
        let answer = client.check(of(service)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
    assert!(place.ask("/readyz").await.starts_with("HTTP/1.1 200"));

    place.database_is_up.store(false, Ordering::SeqCst);
    assert_eq!(next(&mut watch).await, ServingStatus::NotServing);
    let ready = place.ask("/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 503") && ready.ends_with("the database is down\n"), "{ready}");
    assert!(place.ask("/livez").await.starts_with("HTTP/1.1 200"), "a process without database is alive");

    place.database_is_up.store(true, Ordering::SeqCst);
    assert_eq!(next(&mut watch).await, ServingStatus::Serving);
    let unknown = client.check(of("nobody")).await.unwrap_err();
    assert_eq!(unknown.code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn a_server_that_ends_says_so_first() {
    let mut limits = limits();
    limits.shutdown_delay = Duration::from_millis(200);
    let mut place = Place::start(limits).await;
    let mut watch = HealthClient::new(place.channel().await).watch(of("")).await.unwrap().into_inner();
    assert_eq!(next(&mut watch).await, ServingStatus::Serving);

    place.shut_down();
    assert_eq!(next(&mut watch).await, ServingStatus::NotServing);
    // New connections are still taken for a while: a load balancer has to hear of it first.
    assert!(place.get("still here").await.is_ok());
    assert!(place.ask("/readyz").await.ends_with("the server is shutting down\n"));
}
