//! The items of collections: `/collections/:name`.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Request, State},
    response::Response,
};
use http::{StatusCode, request::Parts};
use sandbar_app::{
    collections::{Which, locate},
    items::{self, DeleteItems, ListItems, PutItems, Selection},
};
use sandbar_model::{ContentHash, Error, Item, ItemFilter, KeyPattern, ProjectId, Result};
use serde::Deserialize;
use serde_json::json;
use tonic::Status;

use super::{Answer, OpenFn, done, end, json, open, query::Query, request_id, whole};
use crate::{grpc::Opened, status};

/// Items of a page when the client says nothing.
const PAGE: i32 = 1000;

/// `GET /collections/:name`: items by key, a page at a time.
pub(super) async fn list(
    State(all): State<Arc<OpenFn>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let answer = async {
        let call = open(&parts, ContentHash([0; 32]))?;
        let query = Query::of(&parts.uri);
        let (filter, page_size) =
            filter(&query).and_then(|filter| Ok((filter, limit(&query)?))).map_err(status::from_error)?;
        let project = project(&all, &call, &query, &name).await?;
        let page_token = query.get("cursor").unwrap_or_default().to_owned();
        let request = ListItems { project, which: Which::Name(name), filter, page_size, page_token };
        let page = done(&call, items::list(&all.app, &call, &request).await)?;
        let cursor = Some(page.next_page_token).filter(|token| !token.is_empty());
        let items: Vec<_> =
            page.rows.iter().map(|row| json!({ "key": row.item.key, "value": row.item.value })).collect();
        Ok(answer(StatusCode::OK, &json!({ "items": items, "cursor": cursor })))
    };
    end(answer.await)
}

/// What `POST` brings.
#[derive(Deserialize)]
struct Given {
    items: Vec<GivenItem>,
}

#[derive(Deserialize)]
struct GivenItem {
    key: String,
    /// JSON text, or any other.
    value: String,
}

/// `POST /collections/:name`: puts items, all or none.
pub(super) async fn put(
    State(all): State<Arc<OpenFn>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    end(put_all(&all, name, parts, body).await)
}

async fn put_all(all: &OpenFn, name: String, parts: Parts, body: Body) -> Answer {
    // Who calls is asked before their body is waited for.
    let project = {
        let call = open(&parts, ContentHash([0; 32]))?;
        project(all, &call, &Query::of(&parts.uri), &name).await?
    };
    let body = whole(body, all.limits.message_bytes).await?;
    let call = open(&parts, ContentHash::of(&body))?;
    let given: Given = serde_json::from_slice(&body).map_err(|error| {
        let problem = format!("must be {{\"items\": [{{\"key\": \"…\", \"value\": \"…\"}}]}}: {error:.300}");
        status::from_error(Error::invalid("items", problem))
    })?;
    let items = given.items.into_iter().map(|GivenItem { key, value }| Item { key, value }).collect();
    let request_id = request_id(&parts)?;
    let request = PutItems { project, which: Which::Name(name), items, request_id, validate_only: false };
    let put = done(&call, items::put(&all.app, &call, &request).await)?;
    Ok(answer(StatusCode::OK, &json!({ "upserted": put.upserted, "error": null })))
}

/// `DELETE /collections/:name`: deletes all items that fit.
pub(super) async fn delete(
    State(all): State<Arc<OpenFn>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    end(delete_all(&all, name, &parts).await)
}

async fn delete_all(all: &OpenFn, name: String, parts: &Parts) -> Answer {
    let query = Query::of(&parts.uri);
    let call = open(parts, ContentHash::of(parts.uri.to_string().as_bytes()))?;
    let filter = filter(&query).map_err(status::from_error)?;
    let project = project(all, &call, &query, &name).await?;
    let (key, mut deleted, mut next) = (request_id(parts)?, 0, String::new());
    // Each goes through a bounded number of items in a transaction of its own.
    for number in 0.. {
        let request_id = if key.is_empty() { String::new() } else { format!("{key}/{number}") };
        let selection = Selection::Fitting(filter.clone(), next);
        let request = DeleteItems {
            project,
            which: Which::Name(name.clone()),
            selection,
            request_id,
            validate_only: false,
        };
        let gone = done(&call, items::delete(&all.app, &call, &request).await)?;
        deleted += gone.deleted;
        next = gone.next_page_token;
        if next.is_empty() {
            break;
        }
    }
    Ok(answer(StatusCode::OK, &json!({ "deleted": deleted })))
}

/// The project that is named, or else meant.
async fn project(
    all: &OpenFn,
    call: &Opened,
    query: &Query,
    name: &str,
) -> std::result::Result<ProjectId, Status> {
    match query.get("project_id") {
        Some(id) => {
            let missing = |_| Error::ProjectNotFound { project: id.chars().take(100).collect() };
            done(call, id.parse().map_err(missing))
        }
        None => done(call, locate(&all.app, call, name).await),
    }
}

fn filter(query: &Query) -> Result<ItemFilter> {
    let pattern = KeyPattern::parse(query.get("key").unwrap_or_default());
    Ok(ItemFilter {
        pattern: pattern.map_err(|problem| Error::invalid("key", problem))?,
        created_before: query.time("created_before")?,
        created_after: query.time("created_after")?,
        updated_before: query.time("updated_before")?,
        updated_after: query.time("updated_after")?,
    })
}

fn limit(query: &Query) -> Result<i32> {
    let Some(text) = query.get("limit") else { return Ok(PAGE) };
    let limit = text.parse().ok().filter(|limit| *limit > 0);
    limit.ok_or_else(|| Error::invalid("limit", "must be a whole number of at least 1"))
}

fn answer(code: StatusCode, value: &serde_json::Value) -> Response {
    json(code, value.to_string())
}
