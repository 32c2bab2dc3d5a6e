use std::time::{Duration, Instant};

use sandbar_server::wire;
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use tonic::Request;

use crate::place::{GET, Place, limits, named, preview, shown, unary};

#[tokio::test]
async fn it_ends_although_clients_are_silent_and_a_stream_is_open() {
    let mut limits = limits();
    limits.shutdown_grace = Duration::from_millis(300);
    let mut place = Place::start(limits).await;
    let _silent = TcpStream::connect(place.address).await.unwrap();
    let mut frozen = TcpStream::connect(place.address).await.unwrap();
    // The preface of HTTP/2 and empty settings, and then it answers no ping any more.
    frozen.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut stream = preview(place.channel().await).await;
    stream.message().await.unwrap();

    let begun = Instant::now();
    place.shut_down();
    timeout(Duration::from_secs(10), &mut place.serving).await.expect("it must end").unwrap().unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300), "the stream had its grace period");
    assert!(stream.message().await.is_err(), "its connection is cut");
    assert!(TcpStream::connect(place.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn calls_in_flight_are_finished_and_an_idle_connection_does_not_hold_it_up() {
    let mut place = Place::start(limits()).await;
    let idle = place.channel().await;
    unary::<_, wire::GetWorkflowResponse>(idle.clone(), GET, Request::new(named("a"))).await.unwrap();
    let call = tokio::spawn(unary::<_, wire::GetWorkflowResponse>(
        place.channel().await,
        GET,
        Request::new(named("slow")),
    ));
    tokio::time::sleep(Duration::from_millis(100)).await;

    place.shut_down();
    assert_eq!(shown(&call.await.unwrap().unwrap().into_inner()).name, "slow");
    timeout(Duration::from_secs(10), &mut place.serving)
        .await
        .expect("long before the grace period")
        .unwrap()
        .unwrap();
}
