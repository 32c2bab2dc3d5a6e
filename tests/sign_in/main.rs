//! Users who sign in at an issuer of their own: which of its tokens are taken and which are not, and how its keys change.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is tests, also what clippy does not take for one"
)]

/// Makes two tests of each case: `<case>::sqlite` and `<case>::postgres`.
macro_rules! on_both {
    ($($case:ident)+) => {$(
        mod $case {
            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                super::$case(sandbar_tests::Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                super::$case(sandbar_tests::Engine::Postgres).await;
            }
        }
    )+};
}

mod algorithms;
mod bad;
mod good;
mod issuer;
mod rotation;

use sandbar_tests::{
    Server,
    scenario::{self, Call},
};
use serde_json::{Value, json};
use tonic::{Status, transport::Endpoint};

/// What a call with a token comes to.
async fn call(server: &Server, token: &str, method: &str, request: &Value) -> Result<Value, Status> {
    let channel = Endpoint::from_shared(server.endpoint()).unwrap().connect_lazy();
    let call = Call { method, token: Some(token), request, document: None, log_id: None };
    scenario::call(&channel, &call).await.unwrap()
}

async fn who_am_i(server: &Server, token: &str) -> Result<Value, Status> {
    call(server, token, "AccessService/WhoAmI", &json!({})).await
}

/// Everybody whom the service knows.
async fn principals(server: &Server) -> Vec<Value> {
    let list = json!({"page_size": 500});
    let page = call(server, server.admin_token(), "AccessService/ListPrincipals", &list).await.unwrap();
    page["principals"].as_array().unwrap().clone()
}
