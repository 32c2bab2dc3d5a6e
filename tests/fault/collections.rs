//! Items of collections: written by many at once, beside deletions, and in no log.

use futures::future::join_all;
use sandbar_client::{
    Client, Reason,
    v1::{
        Collection, CollectionItem, CreateCollectionRequest, DeleteCollectionRequest, DeleteItemsRequest,
        GetCollectionRequest, ItemFilter, ListItemsRequest, PutItemsRequest, delete_items_request,
        get_collection_request, list_items_request, put_items_request,
    },
};
use sandbar_tests::{Options, canary::CONTENT as CANARY, on_both_engines};

use crate::flow::root;

fn item(key: &str, value: &str) -> CollectionItem {
    CollectionItem { key: key.to_owned(), value: value.to_owned(), ..Default::default() }
}

async fn create(client: &Client, project: &str) -> String {
    let collection = Some(Collection { name: "patients".to_owned(), ..Default::default() });
    let request =
        CreateCollectionRequest { project_id: project.to_owned(), collection, ..Default::default() };
    client.collections().create_collection(request).await.unwrap().collection.unwrap().id
}

fn putting(project: &str, id: &str, items: Vec<CollectionItem>) -> PutItemsRequest {
    let collection = Some(put_items_request::Collection::CollectionId(id.to_owned()));
    PutItemsRequest { project_id: project.to_owned(), collection, items, ..Default::default() }
}

fn deleting(project: &str, id: &str, pattern: &str) -> DeleteItemsRequest {
    DeleteItemsRequest {
        project_id: project.to_owned(),
        collection: Some(delete_items_request::Collection::CollectionId(id.to_owned())),
        filter: Some(ItemFilter { key_pattern: pattern.to_owned(), ..Default::default() }),
        ..Default::default()
    }
}

async fn items(client: &Client, project: &str, id: &str) -> Vec<CollectionItem> {
    let collection = Some(list_items_request::Collection::CollectionId(id.to_owned()));
    let request = ListItemsRequest { project_id: project.to_owned(), collection, ..Default::default() };
    client.list(request).all().await.unwrap()
}

async fn assert_counted(client: &Client, project: &str, id: &str) -> Vec<CollectionItem> {
    let there = items(client, project, id).await;
    let wanted = Some(get_collection_request::Collection::CollectionId(id.to_owned()));
    let request = GetCollectionRequest { project_id: project.to_owned(), collection: wanted };
    let told = client.collections().get_collection(request).await.unwrap().collection.unwrap();
    let bytes: usize = there.iter().map(|item| item.key.len() + item.value.len()).sum();
    let counted = (i64::try_from(there.len()).unwrap(), i64::try_from(bytes).unwrap());
    assert_eq!((told.item_count, told.byte_count), counted);
    there
}

on_both_engines! {
    async fn bulk_puts_of_the_same_keys_lose_nothing_and_are_counted_exactly(server: Server) {
        let client = server.user("owner").await;
        let project = root(&client, "target").await;
        let id = create(&client, &project).await;
        let writers = (0..12_usize).map(|writer| {
            let (client, project, id) = (client.clone(), project.clone(), id.clone());
            tokio::spawn(async move {
                for round in 0..5_usize {
                    let value = "x".repeat(1 + (writer * 31 + round * 7) % 90);
                    // Each in another order: whoever locked item by item would deadlock.
                    let mut batch: Vec<_> =
                        (0..50).map(|n| item(&format!("same {}", (n * 7 + writer * 13) % 50), &value)).collect();
                    batch.push(item(&format!("own {writer} {round}"), &value));
                    let done = client.collections().put_items(putting(&project, &id, batch)).await.unwrap();
                    assert_eq!(done.upserted_count, 51);
                    if (writer + round) % 6 == 0 {
                        client.collections().delete_items(deleting(&project, &id, "same 1*")).await.unwrap();
                    }
                }
            })
        });
        for writer in join_all(writers).await {
            writer.unwrap();
        }
        let there = assert_counted(&client, &project, &id).await;
        assert_eq!(there.iter().filter(|item| item.key.starts_with("own ")).count(), 60);
        // Of one put all items have one value: the last of each key is whole.
        assert!(there.iter().filter(|item| item.key.starts_with("same ")).count() >= 39);
    }

    async fn what_is_put_beside_a_deletion_goes_with_it_or_is_refused(server: Server) {
        let client = server.user("owner").await;
        let project = root(&client, "target").await;
        for round in 0..10 {
            let id = create(&client, &project).await;
            let put = async |key: &str| {
                client.collections().put_items(putting(&project, &id, vec![item(key, "x")])).await
            };
            let delete = async {
                let request = DeleteCollectionRequest {
                    project_id: project.clone(), collection_id: id.clone(), ..Default::default()
                };
                client.collections().delete_collection(request).await.unwrap()
            };
            let (one, two, deleted, three) = tokio::join!(put("a"), put("b"), delete, put("c"));
            let mut done = 0;
            for answer in [one, two, three] {
                match answer {
                    Ok(_) => done += 1,
                    Err(error) => assert_eq!(error.reason(), Some(Reason::ResourceNotFound), "{error}"),
                }
            }
            assert_eq!(deleted.item_count, done, "round {round}: what was answered is what went");
        }
        server.purge_once().await;
    }

    async fn no_log_holds_an_item(server: Server = Options::default().env("SANDBAR_LOG", "trace")) {
        let client = server.user("owner").await;
        let project = root(&client, "target").await;
        let id = create(&client, &project).await;
        let value = format!("{{\"name\": \"{CANARY}\"}}");
        client.collections().put_items(putting(&project, &id, vec![item("k", &value)])).await.unwrap();
        for refused in [
            vec![item("k", &value), item("k", &value)],
            vec![item("", &value)],
            vec![item("k", &format!("{value}\0"))],
        ] {
            let error = client.collections().put_items(putting(&project, &id, refused)).await.unwrap_err();
            assert!(!format!("{error:?} {error}").contains(CANARY), "{error}");
        }
        assert_eq!(items(&client, &project, &id).await[0].value, value);
        let (_, log) = server.log();
        assert!(log.contains("TRACE") && log.contains("PutItems"), "the log was not looked at");
        assert_eq!(log.lines().find(|line| line.contains(CANARY)), None);
    }
}
