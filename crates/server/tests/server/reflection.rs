use tokio_stream::StreamExt;
use tonic_reflection::pb::{v1, v1alpha};

use crate::place::{Place, limits};

const EXPECTED: [&str; 13] = [
    "grpc.health.v1.Health",
    "sandbar.v1.AccessService",
    "sandbar.v1.AuditService",
    "sandbar.v1.CollectionsService",
    "sandbar.v1.ConfigsService",
    "sandbar.v1.CredentialsService",
    "sandbar.v1.KeychainsService",
    "sandbar.v1.MergeService",
    "sandbar.v1.ProjectsService",
    "sandbar.v1.RunsService",
    "sandbar.v1.SandboxesService",
    "sandbar.v1.WatchService",
    "sandbar.v1.WorkflowsService",
];

fn has_all(names: &[String]) {
    for expected in EXPECTED {
        assert!(names.iter().any(|name| name == expected), "{expected} is not in {names:?}");
    }
}

#[tokio::test]
async fn the_services_are_listed_in_the_new_version() {
    use v1::{server_reflection_request::MessageRequest, server_reflection_response::MessageResponse};
    let place = Place::start(limits()).await;
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(place.channel().await);
    let requests = ["", "sandbar.v1.Workflow"].map(|symbol| v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(match symbol {
            "" => MessageRequest::ListServices(String::new()),
            symbol => MessageRequest::FileContainingSymbol(symbol.to_owned()),
        }),
    });
    let answers = client.server_reflection_info(tokio_stream::iter(requests)).await.unwrap().into_inner();
    let answers: Vec<_> = answers.map(|answer| answer.unwrap().message_response.unwrap()).collect().await;

    let MessageResponse::ListServicesResponse(list) = &answers[0] else { panic!("{answers:?}") };
    has_all(&list.service.iter().map(|service| service.name.clone()).collect::<Vec<_>>());
    let MessageResponse::FileDescriptorResponse(files) = &answers[1] else { panic!("{answers:?}") };
    assert!(!files.file_descriptor_proto.is_empty());
}

#[tokio::test]
async fn and_in_the_old_one() {
    use v1alpha::{server_reflection_request::MessageRequest, server_reflection_response::MessageResponse};
    let place = Place::start(limits()).await;
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(place.channel().await);
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = client.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
    has_all(&list.service.into_iter().map(|service| service.name).collect::<Vec<_>>());
}
