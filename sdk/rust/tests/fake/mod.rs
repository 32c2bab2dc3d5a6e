//! A server that keeps what it is sent and gives the replies it was told to, one after the other.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use prost::Message;
use sandbar_client::Code;
use sandbar_client::v1::{ImportHeader, ImportProjectRequest, import_project_request::Part};
use tonic::body::Body;
use tonic::codegen::Service;

/// What to answer a call with.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These messages, framed.
    Frames(Bytes),
    /// These messages, and then the connection to what is behind is lost.
    Broken(Bytes),
    /// A refusal.
    Refuse(Code),
    /// Nothing, ever.
    Never,
}

impl Reply {
    pub(crate) fn message(message: &impl Message) -> Self {
        let mut frames = BytesMut::new();
        frame(&mut frames, message);
        Self::Frames(frames.freeze())
    }

    pub(crate) fn messages(messages: &[impl Message]) -> Self {
        let mut frames = BytesMut::new();
        for message in messages {
            frame(&mut frames, message);
        }
        Self::Frames(frames.freeze())
    }

    pub(crate) fn broken(messages: &[impl Message]) -> Self {
        let Self::Frames(frames) = Self::messages(messages) else { unreachable!() };
        Self::Broken(frames)
    }

    pub(crate) fn refuse(code: Code) -> Self {
        Self::Refuse(code)
    }
}

/// A gRPC frame: no compression, four bytes of length, the message.
fn frame(frames: &mut BytesMut, message: &impl Message) {
    frames.put_u8(0);
    frames.put_u32(u32::try_from(message.encoded_len()).unwrap());
    message.encode(frames).unwrap();
}

/// A call that was received whole.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) authorization: String,
    body: Bytes,
}

impl Call {
    /// The only message of a unary call.
    pub(crate) fn first<M: Message + Default>(&self) -> M {
        M::decode(&self.body[5..]).unwrap()
    }

    /// The document of an import.
    pub(crate) fn document(&self) -> (ImportHeader, Vec<u8>) {
        let (mut header, mut document, mut rest) = (ImportHeader::default(), Vec::new(), &self.body[..]);
        while let [_, a, b, c, d, after @ ..] = rest {
            let (message, next) = after.split_at(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
            match ImportProjectRequest::decode(message).unwrap().part.unwrap() {
                Part::Header(first) => header = first,
                Part::Chunk(chunk) => document.extend_from_slice(&chunk),
            }
            rest = next;
        }
        (header, document)
    }
}

/// The server.
pub(crate) struct Fake {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    replies: Mutex<VecDeque<Reply>>,
    calls: Mutex<Vec<Call>>,
}

impl Fake {
    /// Listens on a free port for as long as the test runs.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let state =
            Arc::new(State { replies: Mutex::new(replies.into_iter().collect()), ..Default::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        let service = Answering(state.clone());
        let routes = tonic::service::Routes::from(axum::Router::new().fallback_service(service));
        tokio::spawn(tonic::transport::Server::builder().add_routes(routes).serve_with_incoming(incoming));
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state.calls.lock().unwrap().clone()
    }
}

#[derive(Clone)]
struct Answering(Arc<State>);

impl Service<http::Request<axum::body::Body>> for Answering {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<axum::body::Body>) -> Self::Future {
        let state = self.0.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let authorization = head.headers["authorization"].to_str().unwrap().to_owned();
            state.calls.lock().unwrap().push(Call { path: head.uri.path().to_owned(), authorization, body });
            let reply = state.replies.lock().unwrap().pop_front().expect("a reply for every call");
            match reply {
                Reply::Never => pending().await,
                Reply::Refuse(code) => Ok(tonic::Status::new(code, "refused").into_http()),
                Reply::Frames(frames) => Ok(answer(frames, Code::Ok)),
                Reply::Broken(frames) => Ok(answer(frames, Code::Unavailable)),
            }
        })
    }
}

/// An answer of messages, with the status in the trailers.
fn answer(frames: Bytes, status: Code) -> http::Response<Body> {
    let trailers = async move {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", (status as i32).into());
        Some(Ok(trailers))
    };
    let body = Body::new(Full::new(frames).with_trailers(trailers));
    http::Response::builder().header("content-type", "application/grpc").body(body).unwrap()
}
