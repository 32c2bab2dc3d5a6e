//! Bodies and connections that mean harm: each gets a precise answer or is cut off, and the server goes on.

use std::time::Duration;

use sandbar_tests::{Options, on_both_engines};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::stage::{Stage, only};

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_mins(1);

on_both_engines! {
    async fn bombs_of_json_are_refused(server: Server) {
        let stage = Stage::build(&server).await;
        let before = stage.state(&stage.project).await;
        let id = &stage.project;
        let deep_job = format!("{{\"id\":\"{id}\",\"workflows\":[{{\"name\":{}", "{\"a\":".repeat(100_000));
        let twice = format!("{{\"id\":\"{id}\",\"id\":\"{id}\"}}");
        let twice_below = format!("{{\"id\":\"{id}\",\"workflows\":{{\"a\":{{\"name\":\"a\"}},\"a\":{{}}}}}}");
        let huge = format!("{{\"id\":\"{id}\",\"concurrency\":1{}}}", "0".repeat(100_000));
        let exponent = format!("{{\"id\":\"{id}\",\"workflows\":[{{\"name\":\"x\",\"concurrency\":1e999999}}]}}");
        let negative = format!("{{\"id\":\"{id}\",\"workflows\":[{{\"name\":\"x\",\"lock_version\":-1.5}}]}}");
        let wide = only(id, "workflows", &json!([{ "name": "wide", "jobs": vec![json!({}); 20_001] }])).to_string();
        let text = "not json".to_owned();
        for body in [deep_job, twice, twice_below, huge, exponent, negative, wide, text, String::new()] {
            let answer = stage.call("POST", "/api/provision/", body.as_bytes()).await;
            let said = answer.refused(422, "INVALID_DOCUMENT");
            assert!(answer.body.len() < 4096, "what is wrong is not sent back whole");
            assert!(said["error"].as_str().unwrap().contains("nothing was changed"), "{said}");
        }
        let not_utf8 = [b"{\"id\":\"".as_slice(), &[0xff, 0xfe], b"\"}"].concat();
        stage.call("POST", "/api/provision/", &not_utf8).await.refused(422, "INVALID_DOCUMENT");
        stage.call("POST", "/collections/patients", "[".repeat(100_000).as_bytes()).await.refused(422, "INVALID_FIELDS");
        assert_eq!(stage.state(&stage.project).await, before);
    }

    /// Keys that mean nothing cost nothing, however many and however deep what is below them.
    async fn what_nobody_knows_is_passed_over(server: Server) {
        let stage = Stage::build(&server).await;
        let before = stage.state(&stage.project).await;
        let mut state = before.clone();
        state["unknown"] = vec![json!({ "deep": [[[1e300]]] }); 50_000].into();
        stage.post(&state).await.good();
        let id = &stage.project;
        let deep = format!("{{\"id\":\"{id}\",\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        stage.call("POST", "/api/provision", deep.as_bytes()).await.good();
        assert_eq!(stage.state(&stage.project).await, before);
    }

    async fn what_is_too_large_is_413(server: Server = Options::default().arg("--max-document=1MiB").arg("--max-message=1MiB")) {
        let stage = Stage::build(&server).await;
        let body = only(&stage.project, "unknown", &"x".repeat(2_000_000).into()).to_string();
        let answer = stage.call("POST", "/api/provision/", body.as_bytes()).await;
        answer.refused(413, "TOO_LARGE");
        assert!(answer.head.contains("413 payload too large"), "{}", answer.head);
        let items = json!({ "items": [{ "key": "k", "value": "x".repeat(2_000_000) }] }).to_string();
        stage.call("POST", "/collections/patients", items.as_bytes()).await.refused(413, "TOO_LARGE");
        let headers = format!("x-long: {}\r\n", "x".repeat(200_000));
        let long = stage.call_as(&stage.owner.token, "GET", "/api/provision/x", (&headers, b"")).await;
        assert_eq!(long.status, 431);
        stage.state(&stage.project).await;
    }

    /// A body that comes a byte at a time, or never, ends at the deadline; a head that never ends, at the keepalive.
    async fn slow_clients_are_cut_off(server: Server = Options::default().arg("--stream-deadline=2s").arg("--acquire-timeout=1s")
        .arg("--default-deadline=2s").arg("--keepalive-timeout=2s")) {
        let stage = Stage::build(&server).await;
        let token = &stage.owner.token;
        let head = format!("POST /api/provision/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 1000\r\n\r\n{{");
        let url: url::Url = server.endpoint().parse().unwrap();
        let address = (url.host_str().unwrap().to_owned(), url.port().unwrap());
        let mut slow = TcpStream::connect(&address).await.unwrap();
        slow.write_all(head.as_bytes()).await.unwrap();
        let mut said = vec![0; 4096];
        let read = timeout(PATIENCE, slow.read(&mut said)).await.expect("it must end by itself").unwrap();
        let said = String::from_utf8_lossy(&said[..read]).to_lowercase();
        assert!(said.starts_with("http/1.1 504") && said.contains("deadline_exceeded"), "{said}");
        let mut endless = TcpStream::connect(&address).await.unwrap();
        endless.write_all(b"GET /api/provision/x HTTP/1.1\r\nx-a: ").await.unwrap();
        let mut rest = Vec::new();
        timeout(PATIENCE, endless.read_to_end(&mut rest)).await.expect("it must end by itself").unwrap();
        stage.state(&stage.project).await;
    }

    /// Who goes away in the middle of a body leaves nothing behind.
    async fn a_body_that_breaks_off_changes_nothing(server: Server) {
        let stage = Stage::build(&server).await;
        let before = stage.state(&stage.project).await;
        let mut state = before.clone();
        state["workflows"] = json!([]);
        state["collections"] = json!([{ "name": "half" }]);
        let body = state.to_string();
        let token = &stage.owner.token;
        let url: url::Url = server.endpoint().parse().unwrap();
        for part in [1, body.len() / 2, body.len() - 1] {
            let mut gone = TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).await.unwrap();
            let head = format!("POST /api/provision/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n", body.len());
            gone.write_all(head.as_bytes()).await.unwrap();
            gone.write_all(&body.as_bytes()[..part]).await.unwrap();
            drop(gone);
        }
        assert_eq!(stage.state(&stage.project).await, before);
    }
}
