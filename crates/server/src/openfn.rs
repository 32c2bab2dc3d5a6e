//! The HTTP side: what the command line of `OpenFn` and its library call, over the same operations as the services of the
//! contract. Six requests, answered as `OpenFn`'s own server answers them.

mod answer;
mod collections;
mod provision;
mod query;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    response::Response,
    routing::{get, post},
};
use bytes::Bytes;
use http::{HeaderValue, Method as HttpMethod, StatusCode, header, request::Parts};
use http_body_util::{BodyExt, Limited};
use sandbar_app::App;
use sandbar_model::{ContentHash, Error, Result};
use tonic::Status;

pub use answer::say;

use crate::{
    grpc::{MessageLimits, Opened, opened},
    methods::{Method, UNKNOWN},
    status,
};

/// With what a client can make a repeated request one. As `request_id` in the contract.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// What an endpoint answers: a refusal is turned into HTTP in [`say`], outside of all layers.
type Answer<T = Response> = std::result::Result<T, Status>;

/// What the endpoints need.
#[derive(Debug)]
struct OpenFn {
    app: Arc<App>,
    limits: MessageLimits,
}

/// Every endpoint, over one application.
pub fn routes(app: &Arc<App>, limits: MessageLimits) -> Router {
    let all = Arc::new(OpenFn { app: Arc::clone(app), limits });
    Router::new()
        .route("/api/provision", post(provision::deploy))
        .route("/api/provision/", post(provision::deploy))
        .route("/api/provision/yaml", get(provision::spec))
        .route("/api/provision/{id}", get(provision::project))
        .route(
            "/collections/{name}",
            get(collections::list).post(collections::put).delete(collections::delete),
        )
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .with_state(all)
}

/// Whether a path belongs to the HTTP side.
pub fn is_at(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/collections/")
}

/// What a request is called in the log and in metrics; none: it is none of these.
pub fn method(method: &HttpMethod, path: &str) -> Option<&'static Method> {
    static GET_YAML: Method = endpoint("GET /api/provision/yaml", true, true);
    static GET_PROJECT: Method = endpoint("GET /api/provision/:id", true, true);
    static POST_PROJECT: Method = endpoint("POST /api/provision", false, true);
    static GET_ITEMS: Method = endpoint("GET /collections/:name", true, false);
    static POST_ITEMS: Method = endpoint("POST /collections/:name", false, false);
    static DELETE_ITEMS: Method = endpoint("DELETE /collections/:name", false, false);
    let (provision, items) = (path.strip_prefix("/api/provision"), path.strip_prefix("/collections/"));
    Some(match (method.as_str(), provision, items) {
        ("GET", Some("/yaml"), _) => &GET_YAML,
        ("GET", Some(_), _) => &GET_PROJECT,
        ("POST", Some("" | "/"), _) => &POST_PROJECT,
        ("GET", _, Some(_)) => &GET_ITEMS,
        ("POST", _, Some(_)) => &POST_ITEMS,
        ("DELETE", _, Some(_)) => &DELETE_ITEMS,
        _ => return None,
    })
}

const fn endpoint(name: &'static str, reading: bool, streaming: bool) -> Method {
    Method { name, service: "openfn", streaming, reading, ..UNKNOWN }
}

async fn unknown() -> Response {
    Status::unimplemented("there is no such endpoint; see the README for those that there are").into_http()
}

/// Begins a call: who has no token is refused before anything else is said.
fn open(parts: &Parts, digest: ContentHash) -> Answer<Opened> {
    opened(&parts.extensions, digest).map_err(status::from_error)
}

/// Ends a call.
fn done<T>(call: &Opened, result: Result<T>) -> Answer<T> {
    call.note_caller();
    result.map_err(status::from_error)
}

/// The client's own name for the request; empty: none.
fn request_id(parts: &Parts) -> Answer<String> {
    match parts.headers.get(IDEMPOTENCY_KEY).map(HeaderValue::to_str) {
        None => Ok(String::new()),
        Some(Ok(key)) => Ok(key.to_owned()),
        Some(Err(_)) => Err(status::from_error(Error::invalid("Idempotency-Key", "must be visible ASCII"))),
    }
}

/// A whole body of at most `limit` bytes.
async fn whole(body: Body, limit: usize) -> Answer<Bytes> {
    let limit_bytes = u64::try_from(limit).unwrap_or(u64::MAX);
    match Limited::new(body, limit).collect().await {
        Ok(read) => Ok(read.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(status::from_error(Error::TooLarge { what: "the body".to_owned(), limit_bytes }))
        }
        Err(error) => Err(Status::cancelled(format!("the body broke off: {error}"))),
    }
}

/// An answer in JSON.
fn json(code: StatusCode, body: impl Into<Body>) -> Response {
    respond(code, HeaderValue::from_static("application/json; charset=utf-8"), body)
}

fn respond(code: StatusCode, kind: HeaderValue, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = code;
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    // Projects and items are nobody else's.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // How it went, for the layers; `say` takes it away.
    response.headers_mut().insert("grpc-status", HeaderValue::from_static("0"));
    response
}

/// An answer, or a refusal as the layers know them.
fn end(answer: Answer) -> Response {
    answer.unwrap_or_else(Status::into_http)
}
