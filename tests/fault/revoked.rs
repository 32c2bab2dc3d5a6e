//! What is revoked at one server counts for nothing at any other.

use std::time::Duration;

use sandbar_client::v1::{
    GetProjectRequest, ListProjectsRequest, PrincipalKind, RevokeTokenRequest, WhoAmIRequest,
};
use sandbar_tests::{Engine, Options, Server};
use tokio::time::Instant;

/// How long another server may take a token after it was revoked.
const AT_MOST: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_at_one_server_ends_at_the_other_within_a_second() {
    let one = Server::start(Engine::Postgres, Options::default()).await;
    let other = one.another().await;
    for round in 0..10 {
        let ann = one.principal(&format!("ann-{round}"), PrincipalKind::User).await;
        let client = other.client(&ann.token);
        let token = client.access().who_am_i(WhoAmIRequest {}).await.unwrap().token.unwrap();
        // Whatever that server may remember of it, it does by now.
        for _ in 0..20 {
            client.projects().list_projects(ListProjectsRequest::default()).await.unwrap();
        }
        let revoke = RevokeTokenRequest { token_id: token.id, ..Default::default() };
        one.client(&ann.token).access().revoke_token(revoke).await.unwrap();
        let revoked = Instant::now();
        while client.access().who_am_i(WhoAmIRequest {}).await.is_ok() {
            assert!(revoked.elapsed() < AT_MOST, "it is still taken after {:?}", revoked.elapsed());
        }
        let nothing = GetProjectRequest { project_id: token.principal_id.clone() };
        let refused = client.projects().get_project(nothing).await.unwrap_err();
        assert_eq!(refused.code(), Some(sandbar_client::Code::Unauthenticated));
    }
}
