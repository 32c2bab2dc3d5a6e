//! The server is asked to end in the middle of a call: it lets the call finish first.

use std::time::Duration;

use sandbar_client::v1::ImportHeader;
use sandbar_tests::on_both_engines;
use tokio::{io::AsyncWriteExt, time::sleep};

use crate::{
    flow::{assert_sound, export},
    history::{assert_exported, states},
};

on_both_engines! {
    async fn a_server_that_is_told_to_end_lets_an_import_finish(mut server: Server) {
        let client = server.user("owner").await;
        let state = states("large-bodies").remove(0);
        let (mut sender, document) = tokio::io::duplex(64 * 1024);
        let importing = client.clone();
        let import = tokio::spawn(async move {
            importing.projects().import_project(ImportHeader::default(), document, |_| {}).await
        });
        let (first, rest) = state.text.split_at(state.text.len() / 2);
        sender.write_all(first).await.unwrap();
        let log = server.log().0;
        let finish = async {
            while !std::fs::read_to_string(&log).unwrap().contains("shutting down") {
                sleep(Duration::from_millis(20)).await;
            }
            sleep(Duration::from_millis(200)).await;
            assert!(!import.is_finished(), "the import has only half of its document: {:?}", import.await);
            sender.write_all(rest).await.unwrap();
            drop(sender);
            import.await.unwrap().unwrap()
        };
        let ((), answer) = tokio::join!(server.stop(), finish);
        server.restart().await;
        let id = answer.project.unwrap().id;
        assert_exported(&export(&client, &id).await, &state.document, &state.file);
        assert_sound(&server);
    }
}
