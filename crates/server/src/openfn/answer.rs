//! Refusals as HTTP has them. Inside of the layers they are what they are everywhere: a status with details.

use axum::{body::Body, response::Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::{layers::REQUEST_ID, wire::Reason};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Turns a refusal of any layer or endpoint into HTTP: its code, a reason phrase, and JSON that a person can read. Other answers
/// are as they were.
pub async fn say(mut response: Response) -> Response {
    let Some(refused) = Status::from_header_map(response.headers()) else { return response };
    if refused.code() == Code::Ok {
        response.headers_mut().remove(GRPC_STATUS);
        return response;
    }
    let details = refused.get_error_details();
    let code = code(&refused, &details);
    let mut said = Response::new(Body::from(body(&refused, &details).to_string()));
    *said.status_mut() = code;
    let headers = said.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if code == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(delay) = details.retry_info().and_then(|info| info.retry_delay) {
        headers.insert(header::RETRY_AFTER, delay.as_secs().max(1).into());
    }
    headers.extend(response.headers().get(REQUEST_ID).map(|id| (REQUEST_ID, id.clone())));
    said
}

/// 422 for whatever its sender has to mend: clients of `OpenFn` show the body of that one.
fn code(refused: &Status, details: &ErrorDetails) -> StatusCode {
    let reason =
        details.error_info().and_then(|info| Reason::from_str_name(&format!("REASON_{}", info.reason)));
    match (refused.code(), reason) {
        (_, Some(Reason::CollectionAmbiguous)) => StatusCode::CONFLICT,
        (_, Some(Reason::TooLarge)) => StatusCode::PAYLOAD_TOO_LARGE,
        (_, Some(Reason::TooManyBadTokens)) => StatusCode::TOO_MANY_REQUESTS,
        (Code::Unauthenticated, _) => StatusCode::UNAUTHORIZED,
        (Code::PermissionDenied, _) => StatusCode::FORBIDDEN,
        (Code::NotFound | Code::Unimplemented, _) => StatusCode::NOT_FOUND,
        (Code::Unavailable | Code::Cancelled, _) | (_, Some(Reason::Overloaded | Reason::Contention)) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        (Code::DeadlineExceeded, _) => StatusCode::GATEWAY_TIMEOUT,
        (Code::Internal | Code::Unknown | Code::DataLoss | Code::Ok, _) => StatusCode::INTERNAL_SERVER_ERROR,
        (
            Code::InvalidArgument
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::OutOfRange
            | Code::ResourceExhausted,
            _,
        ) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn body(refused: &Status, details: &ErrorDetails) -> Value {
    let violations = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
    let mut errors = Value::Object(Map::new());
    for violation in violations {
        put(&mut errors, &keys(&violation.field), &violation.description);
    }
    if violations.is_empty() {
        put(&mut errors, &[], refused.message());
    }
    let info = details.error_info();
    json!({
        "error": refused.message(),
        "reason": info.map(|info| info.reason.as_str()),
        "metadata": info.map(|info| &info.metadata),
        "errors": errors,
    })
}

/// Where what concerns a thing as a whole stands, beside what concerns its parts.
const WHOLE: &str = "base";

/// Adds a problem at its place in the tree that people are shown: `{"workflows": {"Sync": {"name": ["can't be …"]}}}`.
fn put(tree: &mut Value, keys: &[String], problem: &str) {
    if !tree.is_object() {
        *tree = json!({ WHOLE: tree.take() });
    }
    let Value::Object(entries) = tree else { return };
    let (key, rest) = keys.split_first().map_or((WHOLE, keys), |(key, rest)| (key.as_str(), rest));
    let below = entries.entry(key).or_insert_with(|| json!([]));
    match below {
        Value::Array(problems) if rest.is_empty() => problems.push(problem.into()),
        // Its parts came first.
        _ if rest.is_empty() => put(below, &[], problem),
        Value::Array(problems) if problems.is_empty() => {
            *below = json!({});
            put(below, rest, problem);
        }
        _ => put(below, rest, problem),
    }
}

/// `workflows["Sync patients"].jobs["Transform"].name` taken apart.
fn keys(field: &str) -> Vec<String> {
    let (mut keys, mut rest) = (Vec::new(), field.strip_prefix("document.").unwrap_or(field));
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if let Some(inside) = rest.strip_prefix('[') {
            let mut names = serde_json::Deserializer::from_str(inside).into_iter::<Value>();
            let name = names.next().and_then(std::result::Result::ok);
            let after = inside.get(names.byte_offset()..).and_then(|after| after.strip_prefix(']'));
            if let (Some(name), Some(after)) = (name, after) {
                keys.push(name.as_str().map_or_else(|| name.to_string(), str::to_owned));
                rest = after;
                continue;
            }
        }
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| matches!(c, '.' | '['))
            .map_or(rest.len(), |(at, _)| at);
        let (key, after) = rest.split_at(end);
        keys.push(key.to_owned());
        rest = after;
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_taken_apart() {
        for (field, expected) in [
            (
                r#"workflows["A [b].c"].jobs["D \"e\""].name"#,
                vec!["workflows", "A [b].c", "jobs", "D \"e\"", "name"],
            ),
            ("document.name", vec!["name"]),
            ("items[3].key", vec!["items", "3", "key"]),
            ("broken[", vec!["broken", "["]),
            ("", vec![]),
        ] {
            assert_eq!(keys(field), expected, "{field}");
        }
    }

    #[test]
    fn problems_of_a_thing_and_of_its_parts_stand_side_by_side() {
        for order in [["a.b", "a", "a.b.c", "a.b"], ["a", "a.b", "a.b", "a.b.c"]] {
            let mut tree = json!({});
            for field in order {
                put(&mut tree, &keys(field), field);
            }
            assert_eq!(
                tree,
                json!({ "a": { "base": ["a"], "b": { "base": ["a.b", "a.b"], "c": ["a.b.c"] } } })
            );
        }
        let mut tree = json!({});
        put(&mut tree, &[], "all");
        assert_eq!(tree, json!({ "base": ["all"] }));
    }
}
