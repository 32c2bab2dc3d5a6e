//! The scenarios, on both engines.

use sandbar_client::v1::WhoAmIRequest;
use sandbar_tests::on_both_engines;

on_both_engines! {
    async fn smoke(mut server: Server) {
        server.kill9().await;
        server.restart().await;
        let client = server.user("ann").await;
        client.access().who_am_i(WhoAmIRequest {}).await.unwrap();
        server.stop().await;
    }
}
