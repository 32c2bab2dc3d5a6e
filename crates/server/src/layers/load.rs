//! At its limit of calls in flight the server refuses at once, rather than letting everybody wait.

use std::sync::Arc;

use axum::{body::Body, extract::Request, response::Response};
use tokio::sync::Semaphore;

use super::body::Holding;
use crate::{methods::Method, status};

/// How many calls may be in flight, and how many more there may be now.
#[derive(Clone, Debug)]
pub(super) struct Load {
    limit: usize,
    free: Arc<Semaphore>,
}

impl Load {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, free: Arc::new(Semaphore::new(limit)) }
    }
}

/// The layer. Health is not limited: a busy server is not a broken one, and must not be restarted for it.
pub(super) async fn limit<F: Future<Output = Response>>(
    load: &Load,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let method = request.extensions().get::<&'static Method>().copied();
    if method.is_some_and(|method| method.operational || method.lasting) {
        return next(request).await;
    }
    let Ok(place) = Arc::clone(&load.free).try_acquire_owned() else {
        return status::overloaded(load.limit).into_http();
    };
    let response = next(request).await;
    if method.is_some_and(|method| method.streaming) {
        return response.map(|body| Body::new(Holding::new(body, place)));
    }
    response
}
