//! Watching across servers: what is written at one comes at the others, and a watch survives the end of its server.

use std::time::{Duration, Instant};

use sandbar_client::{
    Client, Code, Error, Reason,
    v1::{
        ChangeKind, CreateProjectRequest, Project, PutWorkflowRequest, RemoveMemberRequest,
        RevokeTokenRequest, Role, SetMemberRequest, WatchRequest, WatchResponse, WhoAmIRequest, Workflow,
        watch_service_client::WatchServiceClient,
    },
};
use sandbar_tests::{Engine, Options, Server, on_both_engines};
use tokio::time::timeout;
use tonic::Streaming;

const PATIENCE: Duration = Duration::from_secs(20);

async fn project(client: &Client) -> String {
    let project = Project { name: "orders".into(), ..Project::default() };
    let request = CreateProjectRequest { project: Some(project), ..Default::default() };
    client.projects().create_project(request).await.unwrap().project.unwrap().id
}

async fn put(client: &Client, project: &str, name: &str) {
    let workflow = Workflow { name: name.to_owned(), ..Workflow::default() };
    let request =
        PutWorkflowRequest { project_id: project.to_owned(), workflow: Some(workflow), ..Default::default() };
    client.workflows().put_workflow(request).await.unwrap();
}

fn watch(project: &str) -> WatchRequest {
    WatchRequest { project_id: project.to_owned(), ..WatchRequest::default() }
}

/// A watch that has begun, on one server and without the client's own going on.
async fn begun(client: &Client, request: WatchRequest) -> Streaming<WatchResponse> {
    let mut stream = WatchServiceClient::new(client.service()).watch(request).await.unwrap().into_inner();
    assert!(message(&mut stream).await.unwrap().change.is_none());
    stream
}

async fn message(stream: &mut Streaming<WatchResponse>) -> Result<WatchResponse, Error> {
    let message = timeout(PATIENCE, stream.message()).await.expect("nothing comes");
    Ok(message?.expect("it ended without a word"))
}

/// Why it ends.
async fn end(stream: &mut Streaming<WatchResponse>) -> Error {
    loop {
        if let Err(error) = message(stream).await {
            return error;
        }
    }
}

async fn two_servers() -> (Server, Server) {
    let one = Server::start(Engine::Postgres, Options::default()).await;
    let other = one.another().await;
    (one, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_at_one_server_comes_at_another() {
    let (one, other) = two_servers().await;
    let owner = one.principal("owner", sandbar_client::v1::PrincipalKind::User).await;
    let there = other.client(&owner.token);
    let id = project(&owner.client).await;
    let mut stream = begun(&there, watch(&id)).await;
    // Long enough that the other server listens.
    put(&owner.client, &id, "first").await;
    message(&mut stream).await.unwrap();
    let mut latencies = Vec::new();
    for number in 0..20 {
        let name = format!("w-{number}");
        let begin = Instant::now();
        put(&owner.client, &id, &name).await;
        let change = message(&mut stream).await.unwrap().change.unwrap();
        latencies.push(begin.elapsed());
        assert_eq!((change.name, change.revision), (name, number + 2));
    }
    latencies.sort();
    eprintln!(
        "from before the write at one server to the change at the other: median {:?}, most {:?}",
        latencies[10], latencies[19]
    );
    // Looking every half a second would take a quarter of one at the median.
    assert!(latencies[10] < Duration::from_millis(200), "hints do not arrive: {latencies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn losing_access_at_one_server_ends_the_watch_at_another() {
    let (one, other) = two_servers().await;
    let owner = one.principal("owner", sandbar_client::v1::PrincipalKind::User).await;
    let guest = one.principal("guest", sandbar_client::v1::PrincipalKind::User).await;
    let id = project(&owner.client).await;
    let set = SetMemberRequest {
        project_id: id.clone(),
        principal_id: guest.id.clone(),
        role: Role::Editor.into(),
        ..Default::default()
    };
    owner.client.access().set_member(set.clone()).await.unwrap();
    let mut stream = begun(&other.client(&guest.token), watch(&id)).await;
    let remove =
        RemoveMemberRequest { project_id: id.clone(), principal_id: guest.id.clone(), ..Default::default() };
    owner.client.access().remove_member(remove).await.unwrap();
    let begin = Instant::now();
    let error = end(&mut stream).await;
    assert_eq!((error.reason(), error.code()), (Some(Reason::ProjectNotFound), Some(Code::NotFound)));
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());

    owner.client.access().set_member(set).await.unwrap();
    let mut stream = begun(&other.client(&guest.token), watch(&id)).await;
    let token_id = guest.client.access().who_am_i(WhoAmIRequest {}).await.unwrap().token.unwrap().id;
    let revoke = RevokeTokenRequest { token_id, ..Default::default() };
    one.admin().access().revoke_token(revoke).await.unwrap();
    let begin = Instant::now();
    assert_eq!(end(&mut stream).await.reason(), Some(Reason::TokenInvalid));
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

on_both_engines! {
    async fn a_watch_goes_on_after_its_server_was_killed(mut server: Server) {
        let client = server.user("owner").await;
        let id = project(&client).await;
        let mut messages = client.watches().watch(WatchRequest { after_revision: Some(0), ..watch(&id) });
        let mut seen = Vec::new();
        for round in 0..3 {
            for write in 0..5 {
                put(&client, &id, &format!("w-{round}-{write}")).await;
            }
            while seen.len() < round * 5 + 3 {
                let message = timeout(PATIENCE, messages.next()).await.expect("nothing comes").unwrap().unwrap();
                seen.extend(message.change.map(|change| change.revision));
            }
            // Two that came in no message yet are in the log.
            server.kill9().await;
            server.restart().await;
        }
        while seen.len() < 15 {
            let message = timeout(PATIENCE, messages.next()).await.expect("nothing comes").unwrap().unwrap();
            seen.extend(message.change.map(|change| change.revision));
        }
        assert_eq!(seen, (1..=15).collect::<Vec<i64>>());
    }

    async fn a_server_that_is_told_to_end_ends_its_watches_first(mut server: Server) {
        let client = server.user("owner").await;
        let id = project(&client).await;
        let mut stream = begun(&client, watch(&id)).await;
        let begin = Instant::now();
        let (error, ()) = tokio::join!(end(&mut stream), server.stop());
        assert_eq!((error.reason(), error.code()), (Some(Reason::ServerStopping), Some(Code::Unavailable)));
        // Not the grace period of 20 s for calls in flight.
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    }

    async fn who_watches_takes_no_place_of_a_call(server: Server = Options::default().arg("--max-calls=2").arg("--max-watches=5")) {
        let client = server.user("owner").await;
        let id = project(&client).await;
        let mut streams = Vec::new();
        for _ in 0..5 {
            streams.push(begun(&client, watch(&id)).await);
        }
        let refused = WatchServiceClient::new(client.service()).watch(watch(&id)).await.unwrap_err();
        let error = Error::from(refused);
        assert_eq!((error.reason(), error.code()), (Some(Reason::TooManyWatches), Some(Code::ResourceExhausted)));
        put(&client, &id, "one").await;
        for stream in &mut streams {
            let change = message(stream).await.unwrap().change.unwrap();
            assert_eq!((change.kind(), change.name.as_str()), (ChangeKind::ResourcePut, "one"));
        }
        streams.pop();
        tokio::time::sleep(Duration::from_millis(500)).await;
        begun(&client, watch(&id)).await;
    }
}
