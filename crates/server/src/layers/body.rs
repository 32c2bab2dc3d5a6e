//! Bodies of answers that are watched, that hold something while they last, and that end in time.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use sandbar_model::Error;
use tokio::time::Sleep;
use tonic::Status;

use super::observe::Watch;
use crate::status;

pin_project! {
    /// Tells its watch how the answer ends; turns a panic in it into an answer.
    pub(super) struct Watched {
        #[pin]
        body: Body,
        watch: Watch,
        over: bool,
    }
}

impl Watched {
    pub(super) fn new(body: Body, watch: Watch) -> Self {
        Self { body, watch, over: false }
    }

    /// A refusal without a body has its outcome in the headers of the answer.
    pub(super) fn see_headers(mut self, headers: &HeaderMap) -> Self {
        self.watch.see(headers);
        self
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.project();
        if *this.over {
            return Poll::Ready(None);
        }
        let span = this.watch.span().clone();
        let _in_span = span.enter();
        let mut body = this.body;
        let polled = catch_unwind(AssertUnwindSafe(|| body.as_mut().poll_frame(cx)));
        let frame = match polled {
            Ok(polled) => ready!(polled),
            Err(_panic) => {
                *this.over = true;
                let refusal = status::from_error(Error::Bug("an answer's stream panicked"));
                Some(Ok(Frame::trailers(trailers(&refusal))))
            }
        };
        if let Some(Ok(frame)) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            this.watch.see(trailers);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pin_project! {
    /// Holds something as long as the answer lasts.
    pub(super) struct Holding<T> {
        #[pin]
        body: Body,
        held: T,
    }
}

impl<T> Holding<T> {
    pub(super) fn new(body: Body, held: T) -> Self {
        Self { body, held }
    }
}

impl<T> HttpBody for Holding<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pin_project! {
    /// Ends with the refusal when the time is over.
    pub(super) struct Timed {
        #[pin]
        body: Body,
        #[pin]
        sleep: Sleep,
        refusal: Option<Status>,
    }
}

impl Timed {
    pub(super) fn new(body: Body, sleep: Sleep, refusal: Status) -> Self {
        Self { body, sleep, refusal: Some(refusal) }
    }
}

impl HttpBody for Timed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.project();
        if this.refusal.is_none() {
            return Poll::Ready(None);
        }
        // The time first: a stream that always has more must not outlive it.
        if this.sleep.poll(cx).is_ready() {
            return Poll::Ready(this.refusal.take().map(|refusal| Ok(Frame::trailers(trailers(&refusal)))));
        }
        this.body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.refusal.is_none() || self.body.is_end_stream()
    }
}

fn trailers(refusal: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    if let Err(unsayable) = refusal.add_header(&mut trailers) {
        tracing::error!(error = %unsayable, "a status can't be written as trailers");
    }
    trailers
}
