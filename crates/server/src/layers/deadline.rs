//! No call takes for ever: the caller's `grpc-timeout`, but at most the server's limit; a default without one.

use std::time::Duration;

use axum::{body::Body, extract::Request, response::Response};
use http::{HeaderMap, HeaderName};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::body::Timed;
use crate::{methods::Method, status};

/// How long calls may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// A call that says nothing.
    pub default: Duration,
    /// A call, whatever it says.
    pub max: Duration,
    /// Both of these for calls that stream.
    pub stream: Duration,
}

impl Deadlines {
    /// How long this call may take; none: as long as it likes, which only watching may.
    fn allowed(&self, method: Option<&Method>, asked: Option<Duration>) -> Option<Duration> {
        match method {
            Some(method) if method.operational || method.lasting => asked,
            Some(method) if method.streaming => Some(asked.unwrap_or(self.stream).min(self.stream)),
            _ => Some(asked.unwrap_or(self.default).min(self.max)),
        }
    }
}

/// The layer. At the deadline the work is dropped where it stands, so that its transaction rolls back.
pub(super) async fn enforce<F: Future<Output = Response>>(
    deadlines: Deadlines,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let method = request.extensions().get::<&'static Method>().copied();
    let Some(allowed) = deadlines.allowed(method, asked(request.headers())) else {
        return next(request).await;
    };
    let deadline = Instant::now() + allowed;
    match timeout_at(deadline, next(request)).await {
        Err(_) => status::deadline_exceeded(allowed).into_http(),
        Ok(response) if method.is_some_and(|method| method.streaming) => response.map(|body| {
            Body::new(Timed::new(body, sleep_until(deadline), status::deadline_exceeded(allowed)))
        }),
        Ok(response) => response,
    }
}

/// The caller's deadline: at most eight digits and a unit. One that can't be read counts as none, as in gRPC's own
/// implementations.
fn asked(headers: &HeaderMap) -> Option<Duration> {
    const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
    let text = headers.get(TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::UNKNOWN;

    fn read(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", text.parse().unwrap());
        asked(&headers)
    }

    #[test]
    fn reads_what_grpc_writes_and_nothing_else() {
        assert_eq!(read("2H"), Some(Duration::from_hours(2)));
        assert_eq!(read("3M"), Some(Duration::from_mins(3)));
        assert_eq!(read("4S"), Some(Duration::from_secs(4)));
        assert_eq!(read("99999999m"), Some(Duration::from_millis(99_999_999)));
        assert_eq!(read("5u"), Some(Duration::from_micros(5)));
        assert_eq!(read("0n"), Some(Duration::ZERO));
        for bad in ["", "S", "5", "5s", "-5S", "+5S", "123456789S", "5 S"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_servers_limit_is_above_what_a_caller_asks_for() {
        let secs = Duration::from_secs;
        let deadlines = Deadlines { default: secs(15), max: secs(60), stream: secs(900) };
        let method = |streaming, operational| Method { streaming, operational, ..UNKNOWN };
        let (unary, stream, health) = (method(false, false), method(true, false), method(true, true));
        let watch = Method { lasting: true, ..stream };

        assert_eq!(deadlines.allowed(Some(&unary), None), Some(secs(15)));
        assert_eq!(deadlines.allowed(Some(&unary), Some(secs(30))), Some(secs(30)));
        assert_eq!(deadlines.allowed(Some(&unary), Some(secs(90))), Some(secs(60)));
        assert_eq!(deadlines.allowed(Some(&stream), None), Some(secs(900)));
        assert_eq!(deadlines.allowed(Some(&stream), Some(secs(9000))), Some(secs(900)));
        assert_eq!(deadlines.allowed(Some(&health), None), None);
        assert_eq!(deadlines.allowed(Some(&health), Some(secs(1))), Some(secs(1)));
        assert_eq!(deadlines.allowed(Some(&watch), None), None);
        assert_eq!(deadlines.allowed(Some(&watch), Some(secs(9000))), Some(secs(9000)));
        assert_eq!(deadlines.allowed(None, None), Some(secs(15)));
    }
}
