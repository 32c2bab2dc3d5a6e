//! A message over the limit is `RESOURCE_EXHAUSTED` with the reason `TOO_LARGE`.
//!
//! tonic 0.14 reads a message's length, and answers `OUT_OF_RANGE` with a text of its own when that is over the limit, and
//! `RESOURCE_EXHAUSTED` with another when a packed message turns out to be. Neither has an `ErrorInfo`, and there is no way
//! to tell tonic otherwise, so its texts are recognised here; `tests/server/limits.rs` fails when they change.

use axum::response::Response;
use sandbar_model::Error;
use tonic::{Code, Status};

use crate::status;

/// The layer. Both refusals come before any answer, so they are in its headers.
pub(super) fn explain(limit: usize, response: Response) -> Response {
    let Some(refused) = Status::from_header_map(response.headers()) else { return response };
    if !is_oversize(&refused) {
        return response;
    }
    let limit_bytes = u64::try_from(limit).unwrap_or(u64::MAX);
    status::from_error(Error::TooLarge { what: "the message".to_owned(), limit_bytes }).into_http()
}

fn is_oversize(refused: &Status) -> bool {
    match refused.code() {
        Code::OutOfRange => refused.message().starts_with("Error, decoded message length too large"),
        Code::ResourceExhausted => refused.message().starts_with("Error decompressing: size limit"),
        _ => false,
    }
}
