//! The client against a server that behaves as each test needs it.

// The lints spare test functions, but not what helps them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod fake;

use std::time::Duration;

use fake::{Fake, Reply};
use sandbar_client::v1::{
    CreateTokenRequest, DeleteProjectRequest, DeleteProjectResponse, ExportProjectResponse,
    GetMergeChangesRequest, GetMergeChangesResponse, ImportHeader, ImportProjectResponse,
    ListProjectsRequest, ListProjectsResponse, MergedResource, PlanHead, PlanResource, PreviewMergeRequest,
    PreviewMergeResponse, Project, ResourceKey, preview_merge_response::Part,
};
use sandbar_client::{Client, Code, Error};

async fn client(fake: &Fake) -> Client {
    Client::builder().deadline(Duration::from_secs(5)).connect(fake.url(), "sbr_test").await.unwrap()
}

#[tokio::test]
async fn a_write_is_sent_again_under_the_same_request_id() {
    let fake = Fake::start([
        Reply::refuse(Code::Unavailable),
        Reply::refuse(Code::Unavailable),
        Reply::message(&DeleteProjectResponse::default()),
    ])
    .await;
    let request = DeleteProjectRequest { project_id: "p".into(), ..Default::default() };
    client(&fake).await.projects().delete_project(request).await.unwrap();
    let calls = fake.calls();
    let ids: Vec<String> = calls.iter().map(|call| call.first::<DeleteProjectRequest>().request_id).collect();
    assert_eq!(ids.len(), 3);
    assert!(!ids[0].is_empty() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(calls[0].authorization, "Bearer sbr_test");
    assert_eq!(calls[0].path, "/sandbar.v1.ProjectsService/DeleteProject");
}

#[tokio::test]
async fn what_can_not_pass_is_not_sent_again() {
    let fake = Fake::start([Reply::refuse(Code::PermissionDenied)]).await;
    let error = client(&fake).await.projects().delete_project(DeleteProjectRequest::default()).await;
    assert_eq!(error.unwrap_err().code(), Some(Code::PermissionDenied));
    assert_eq!(fake.calls().len(), 1);
}

#[tokio::test]
async fn a_token_is_never_made_twice() {
    let fake = Fake::start([Reply::refuse(Code::Unavailable)]).await;
    let error = client(&fake).await.access().create_token(CreateTokenRequest::default()).await;
    assert_eq!(error.unwrap_err().code(), Some(Code::Unavailable));
    assert_eq!(fake.calls().len(), 1);
}

#[tokio::test]
async fn a_server_that_does_not_answer_ends_the_call_in_time() {
    let fake = Fake::start([Reply::Never]).await;
    let client = Client::builder().deadline(Duration::from_millis(200)).connect(fake.url(), "t").await;
    let error = client.unwrap().projects().delete_project(DeleteProjectRequest::default()).await;
    assert!(matches!(error, Err(Error::Deadline(_))), "{error:?}");
}

#[tokio::test]
async fn lists_go_on_to_the_last_page() {
    let page = |name: &str, next: &str| {
        let project = Project { name: name.into(), ..Default::default() };
        Reply::message(&ListProjectsResponse { projects: vec![project], next_page_token: next.into() })
    };
    let fake = Fake::start([page("a", "2"), page("b", "3"), page("c", "")]).await;
    let request = ListProjectsRequest { roots_only: true, ..Default::default() };
    let projects = client(&fake).await.list(request).all().await.unwrap();
    assert_eq!(projects.iter().map(|project| project.name.as_str()).collect::<String>(), "abc");
    let requests: Vec<ListProjectsRequest> = fake.calls().iter().map(fake::Call::first).collect();
    assert_eq!(requests.iter().map(|request| request.page_token.as_str()).collect::<String>(), "23");
    assert!(requests.iter().all(|request| request.roots_only));
}

#[tokio::test]
async fn a_plan_is_collected_and_needs_its_head() {
    let head = Part::Head(PlanHead { plan_token: "pt".into(), ..Default::default() });
    let message = |part| PreviewMergeResponse { part: Some(part) };
    let resource = || message(Part::Resource(PlanResource::default()));
    let fake = Fake::start([
        Reply::messages(&[message(head), resource(), resource()]),
        Reply::messages(&[resource()]),
    ])
    .await;
    let client = client(&fake).await;
    let plan = client.merges().preview_merge(PreviewMergeRequest::default()).await.unwrap();
    assert_eq!((plan.head.plan_token.as_str(), plan.resources.len()), ("pt", 2));
    let error = client.merges().preview_merge(PreviewMergeRequest::default()).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete(_)), "{error}");
}

#[tokio::test]
async fn changes_go_on_where_a_connection_broke_off() {
    let message = |id: &str| {
        let key = Some(ResourceKey { id: id.into(), ..Default::default() });
        GetMergeChangesResponse { resource: Some(MergedResource { key, ..Default::default() }) }
    };
    let fake = Fake::start([
        Reply::refuse(Code::Unavailable),
        Reply::broken(&[message("a"), message("b")]),
        Reply::messages(&[message("c")]),
        Reply::refuse(Code::Unavailable),
        Reply::refuse(Code::Unavailable),
    ])
    .await;
    let client = client(&fake).await;
    let request = GetMergeChangesRequest { merge_id: "m".into(), ..Default::default() };
    let mut changes = client.merges().merge_changes(request.clone());
    let mut ids = Vec::new();
    while let Some(change) = changes.next().await {
        ids.push(change.unwrap().key.unwrap().id);
    }
    assert_eq!(ids, ["a", "b", "c"]);
    let error = client.merges().merge_changes(request).all().await.unwrap_err();
    assert_eq!(error.code(), Some(Code::Unavailable), "nothing came, so that trying once more is enough");
    let after = |call: &fake::Call| call.first::<GetMergeChangesRequest>().after.map(|key| key.id);
    let b = || Some("b".to_owned());
    assert_eq!(fake.calls().iter().map(after).collect::<Vec<_>>(), [None, None, b(), None, None]);
}

#[tokio::test]
async fn documents_stream_both_ways() {
    let document: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    let chunk = |bytes: &[u8]| ExportProjectResponse { chunk: bytes.to_vec().into() };
    let chunks: Vec<_> = document.chunks(1_000_000).map(chunk).collect();
    let fake = Fake::start([
        Reply::message(&ImportProjectResponse { created: 1, ..Default::default() }),
        Reply::messages(&chunks),
    ])
    .await;
    let client = client(&fake).await;
    let mut sent = 0;
    let header = ImportHeader { project_id: "p".into(), ..Default::default() };
    let answer = client.projects().import_project(header, &document[..], |bytes| sent = bytes).await;
    assert_eq!(answer.unwrap().created, 1);
    assert_eq!(sent, 3_000_000);
    let (header, received) = fake.calls()[0].document();
    assert!(!header.request_id.is_empty());
    assert_eq!(received, document);

    let mut written = Vec::new();
    let bytes = client.projects().export_project("p", &mut written, |_| {}).await.unwrap();
    assert_eq!((bytes, written), (3_000_000, document));
}

#[tokio::test]
async fn an_unreachable_server_is_told_from_one_that_refuses() {
    let error = Client::connect("http://127.0.0.1:1", "t").await.unwrap_err();
    assert!(error.is_connection(), "{error}");
    let lazy = Client::builder().retries(0).connect_lazy("http://127.0.0.1:1", "t").unwrap();
    let error = lazy.projects().delete_project(DeleteProjectRequest::default()).await.unwrap_err();
    assert!(error.is_connection(), "{error:?}");
    let fake = Fake::start([Reply::refuse(Code::NotFound)]).await;
    let error = client(&fake).await.projects().delete_project(DeleteProjectRequest::default()).await;
    assert!(!error.unwrap_err().is_connection());
}
