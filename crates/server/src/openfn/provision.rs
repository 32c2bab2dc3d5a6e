//! Whole projects: `/api/provision`.

use std::{collections::HashMap, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, Request, State},
    response::Response,
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{HeaderValue, StatusCode, header};
use sandbar_app::transfer::{self, Audience, DeployProject, Form, Spooled};
use sandbar_model::{ContentHash, Error, ProjectId, ResourceId, Result, Revision};
use tonic::Status;

use super::{Answer, OpenFn, done, end, open, query::Query, request_id, respond};
use crate::{grpc::Opened, status};

/// What stands around a project in an answer.
const FRAME: [&[u8]; 2] = [b"{\"data\":", b"}"];

/// `GET /api/provision/:id`: the project, with everything that is in it but what is Sandbar's own. `snapshots[]=ID@REVISION`
/// asks for a workflow as it was at a revision of the project.
pub(super) async fn project(
    State(all): State<Arc<OpenFn>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let answer = async {
        let call = open(&parts, ContentHash([0; 32]))?;
        let asked = id_of(&id).and_then(|id| Ok((id, snapshots(&Query::of(&parts.uri))?)));
        let (id, snapshots) = asked.map_err(status::from_error)?;
        shown(&all, &call, id, snapshots, StatusCode::OK).await
    };
    end(answer.await)
}

/// `POST /api/provision`: deploys a project, and answers what it is then.
pub(super) async fn deploy(State(all): State<Arc<OpenFn>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answer = async {
        let call = open(&parts, ContentHash([0; 32]))?;
        let request = DeployProject { request_id: request_id(&parts)? };
        done(&call, transfer::admit_deploy(&all.app, &call).await)?;
        let document = taken(body, all.limits.document_bytes).await?;
        let deployed = done(&call, transfer::deploy(&all.app, &call, &request, &document).await)?;
        let code = if deployed.is_new { StatusCode::CREATED } else { StatusCode::OK };
        shown(&all, &call, deployed.project.project.id, HashMap::new(), code).await
    };
    end(answer.await)
}

/// `GET /api/provision/yaml?id=:id`: the project as old clients keep it in a file, without ids.
pub(super) async fn spec(State(all): State<Arc<OpenFn>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let answer = async {
        let call = open(&parts, ContentHash([0; 32]))?;
        let query = Query::of(&parts.uri);
        let asked = id_of(query.get("id").unwrap_or_default()).and_then(|id| Ok((id, snapshots(&query)?)));
        let (id, snapshots) = asked.map_err(status::from_error)?;
        let form = Form { audience: Audience::People, snapshots };
        let exported = done(&call, transfer::export(&all.app, &call, id, form).await)?;
        let kind = HeaderValue::from_static("text/yaml; charset=utf-8");
        Ok(file(StatusCode::OK, kind, &exported.document, [b"", b""]))
    };
    end(answer.await)
}

async fn shown(
    all: &OpenFn,
    call: &Opened,
    project: ProjectId,
    snapshots: HashMap<ResourceId, Revision>,
    code: StatusCode,
) -> Answer {
    let form = Form { audience: Audience::Client, snapshots };
    let exported = done(call, transfer::export(&all.app, call, project, form).await)?;
    Ok(file(code, HeaderValue::from_static("application/json; charset=utf-8"), &exported.document, FRAME))
}

/// A name that a client could not resolve is sent as an id: there is no such project.
fn id_of(text: &str) -> Result<ProjectId> {
    text.parse().map_err(|_| {
        let project: String = text.chars().filter(|c| !c.is_control()).take(100).collect();
        Error::ProjectNotFound { project }
    })
}

fn snapshots(query: &Query) -> Result<HashMap<ResourceId, Revision>> {
    let one = |text: &str| {
        let (id, revision) = text.split_once('@')?;
        Some((id.parse().ok()?, Revision(revision.parse().ok()?)))
    };
    let wrong = "must be a workflow's id, `@`, and a revision of the project, such as its `lock_version`";
    query
        .all("snapshots[]")
        .map(|text| one(text).ok_or_else(|| Error::invalid("snapshots[]", wrong)))
        .collect()
}

/// A body, spooled, so that a slow client holds no lock.
async fn taken(body: Body, limit: u64) -> std::result::Result<Spooled, Status> {
    let mut broken = None;
    let chunks = body.into_data_stream().map(|chunk| {
        chunk.map_err(|error| {
            broken = Some(Status::cancelled(format!("the body broke off: {error}")));
            Error::Bug("replaced by what broke the body off")
        })
    });
    let taken = Spooled::take(Box::pin(chunks), limit).await;
    match broken {
        Some(status) => Err(status),
        None => taken.map_err(status::from_error),
    }
}

/// A spooled document, read when its client has taken what came before. Its length is told first, so that an answer that breaks
/// off is noticed.
fn file(
    code: StatusCode,
    kind: HeaderValue,
    document: &Spooled,
    [before, after]: [&'static [u8]; 2],
) -> Response {
    let length = document.size + (before.len() + after.len()) as u64;
    let frame = |bytes: &'static [u8]| stream::iter([Result::Ok(Bytes::from_static(bytes))]);
    let body = frame(before).chain(document.chunks()).chain(frame(after));
    let mut response = respond(code, kind, Body::from_stream(body));
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response
}
