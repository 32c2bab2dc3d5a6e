use prost::Message;
use sandbar_server::wire;

use crate::place::{GET, Place, exchange, limits, named, shown};

/// A call as a browser makes it: gRPC-Web over HTTP/1.1.
async fn call(place: &Place, name: &str) -> (String, Vec<u8>) {
    let message = named(name).encode_to_vec();
    let mut request = format!(
        "POST {GET} HTTP/1.1\r\nhost: x\r\norigin: https://app.example\r\nconnection: close\r\n\
         content-type: application/grpc-web+proto\r\nx-grpc-web: 1\r\nauthorization: Bearer sbr_web\r\n\
         x-request-id: web-1\r\ncontent-length: {}\r\n\r\n",
        message.len() + 5
    )
    .into_bytes();
    request.push(0);
    request.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    request.extend(message);
    let answer = exchange(place.address, &request).await;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
    (head, answer[end + 4..].to_vec())
}

/// Takes the chunks of HTTP/1.1 apart.
fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|bytes| bytes == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return whole;
        }
        whole.extend(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
}

#[tokio::test]
async fn a_browser_calls_over_http1() {
    let place = Place::start(limits()).await;
    let (head, body) = call(&place, "token").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("access-control-allow-origin: https://app.example"), "{head}");
    assert!(head.contains("x-request-id: web-1"), "{head}");

    let body = unchunked(&body);
    let length = usize::try_from(u32::from_be_bytes(body[1..5].try_into().unwrap())).unwrap();
    let answer = wire::GetWorkflowResponse::decode(&body[5..5 + length]).unwrap();
    assert_eq!(shown(&answer).name, "sbr_web");
    assert_eq!(body[5 + length], 0x80, "trailers follow");
    assert!(String::from_utf8_lossy(&body[5 + length..]).contains("grpc-status:0"));
}

#[tokio::test]
async fn a_browser_can_read_why_it_was_refused() {
    let place = Place::start(limits()).await;
    let (head, body) = call(&place, "panic").await;
    let all = format!("{head}{}", String::from_utf8_lossy(&body));
    assert!(all.contains("grpc-status: 13") || all.contains("grpc-status:13"), "{all}");
    let exposed = head.lines().find(|line| line.starts_with("access-control-expose-headers")).unwrap();
    for name in ["grpc-status", "grpc-message", "grpc-status-details-bin", "x-request-id"] {
        assert!(exposed.contains(name), "{exposed}");
    }
}

#[tokio::test]
async fn only_origins_of_the_configuration_may_call() {
    let place = Place::start(limits()).await;
    for (origin, allowed) in [("https://app.example", true), ("https://evil.example", false)] {
        let request = format!(
            "OPTIONS {GET} HTTP/1.1\r\nhost: x\r\norigin: {origin}\r\nconnection: close\r\n\
             access-control-request-method: POST\r\naccess-control-request-headers: authorization\r\n\r\n"
        );
        let answer = String::from_utf8(exchange(place.address, request.as_bytes()).await).unwrap();
        assert_eq!(answer.contains(&format!("access-control-allow-origin: {origin}")), allowed, "{answer}");
        let headers = answer.lines().find(|line| line.starts_with("access-control-allow-headers")).unwrap();
        assert!(headers.contains("authorization") && headers.contains("x-request-id"), "{answer}");
    }
}
