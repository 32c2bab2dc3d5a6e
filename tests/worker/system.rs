//! A system that steps talk to: an HTTP server of a few lines, which remembers who signed in with what.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// See the module.
pub(crate) struct System {
    /// Where it is.
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<String>>>,
    answers: watch::Sender<bool>,
}

impl System {
    /// Begins to listen.
    pub(crate) async fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (answers, may_answer) = watch::channel(true);
        let into = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (into, may_answer) = (Arc::clone(&into), may_answer.clone());
                tokio::spawn(async move { serve(stream, name, &into, may_answer).await });
            }
        });
        Self { url, heard, answers }
    }

    /// The values that lead a step here.
    pub(crate) fn values(&self, password: &str) -> String {
        serde_json::json!({ "url": self.url, "password": password }).to_string()
    }

    /// Lets those who ask wait, or answers them.
    pub(crate) fn answer(&self, at_once: bool) {
        self.answers.send_replace(at_once);
    }

    /// What those who asked signed in with, in order.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until so many have asked.
    pub(crate) async fn wait_for(&self, count: usize) {
        let asked = async {
            while self.heard().len() < count {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, asked).await.expect("nobody asked");
    }
}

/// Answers one request with the name of the system.
async fn serve(
    mut stream: TcpStream,
    name: &str,
    heard: &Mutex<Vec<String>>,
    mut may_answer: watch::Receiver<bool>,
) {
    let (mut request, mut piece) = (Vec::new(), [0; 4096]);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut piece).await {
            Ok(read @ 1..) => request.extend_from_slice(&piece[..read]),
            Ok(0) | Err(_) => return,
        }
    }
    let request = String::from_utf8(request).unwrap();
    let signed = request.lines().find_map(|line| line.strip_prefix("authorization: ")).unwrap_or_default();
    heard.lock().unwrap().push(signed.to_owned());
    if may_answer.wait_for(|at_once| *at_once).await.is_err() {
        return;
    }
    let answer =
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{name}", name.len());
    // Whoever asked may be gone by now.
    let _ = stream.write_all(answer.as_bytes()).await;
}
