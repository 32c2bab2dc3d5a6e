//! The items of collections, as steps and the command line reach them.

use sandbar_client::v1::{Collection, CreateCollectionRequest, CreateProjectRequest, Project};
use sandbar_tests::{Options, on_both_engines};
use serde_json::json;

use crate::stage::{Stage, sandbox};

async fn put(stage: &Stage, place: &str, items: &[(&str, &str)]) -> crate::stage::Answer {
    let items: Vec<_> = items.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    stage.call("POST", place, json!({ "items": items }).to_string().as_bytes()).await
}

async fn keys(stage: &Stage, query: &str) -> Vec<String> {
    let page = stage.call("GET", &format!("/collections/patients?{query}"), b"").await.good();
    page["items"].as_array().unwrap().iter().map(|item| item["key"].as_str().unwrap().to_owned()).collect()
}

fn named(project: &str, name: &str) -> CreateCollectionRequest {
    let collection = Some(Collection { name: name.to_owned(), ..Default::default() });
    CreateCollectionRequest { project_id: project.to_owned(), collection, ..Default::default() }
}

/// Another root of the same owner's, with a collection of the same name.
async fn twin(stage: &Stage) -> String {
    let client = &stage.owner.client;
    let project = Some(Project { name: "twin".to_owned(), ..Default::default() });
    let made = client.projects().create_project(CreateProjectRequest { project, ..Default::default() }).await;
    let project_id = made.unwrap().project.unwrap().id;
    let request = named(&project_id, "patients");
    client.collections().create_collection(request).await.unwrap();
    project_id
}

on_both_engines! {
    async fn items_are_set_found_and_removed(server: Server) {
        let stage = Stage::build(&server).await;
        let values = [("clinic-1:a", "{\"x\":1}"), ("clinic-1:b", "text"), ("clinic-2:a", "3"), ("100%_*", "\"é\\u0000\"")];
        let done = put(&stage, "/collections/patients?key=&limit=1000", &values).await.good();
        assert_eq!(done, json!({ "upserted": 4, "error": null }));
        let one = stage.call("GET", "/collections/patients?key=clinic-1%3Aa&limit=1", b"").await.good();
        assert_eq!(one, json!({ "items": [{ "key": "clinic-1:a", "value": "{\"x\":1}" }], "cursor": null }));
        assert_eq!(keys(&stage, "key=clinic-1%3A*").await, ["clinic-1:a", "clinic-1:b"]);
        assert_eq!(keys(&stage, "key=*a").await, ["clinic-1:a", "clinic-2:a"]);
        assert_eq!(keys(&stage, "key=nobody").await, [] as [&str; 0]);
        assert_eq!(keys(&stage, "").await.len(), 4);
        // A page at a time, until there is no cursor.
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = stage.call("GET", &format!("/collections/patients?key=*&limit=3&cursor={cursor}"), b"").await.good();
            all.extend(page["items"].as_array().unwrap().clone());
            match page["cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(all.len(), 4);
        let gone = stage.call("DELETE", "/collections/patients?key=clinic-*&limit=1000", b"").await.good();
        assert_eq!(gone, json!({ "deleted": 3 }));
        assert_eq!(keys(&stage, "").await, ["100%_*"]);
        let none = stage.call("DELETE", "/collections/patients?key=clinic-*", b"").await.good();
        assert_eq!(none, json!({ "deleted": 0 }));
    }

    async fn dates_are_limits(server: Server) {
        let stage = Stage::build(&server).await;
        put(&stage, "/collections/patients", &[("a", "1")]).await.good();
        for (query, expected) in [
            ("created_after=2020-01-01", 1),
            ("created_before=2020-01-01T00:00:00Z", 0),
            ("updated_after=2020-01-01T00:00:00%2B02:00&updated_before=2120-01-01", 1),
        ] {
            assert_eq!(keys(&stage, query).await.len(), expected, "{query}");
        }
        let said = stage.call("GET", "/collections/patients?created_after=lately", b"").await.refused(422, "INVALID_FIELDS");
        assert!(said["errors"]["created_after"][0].as_str().unwrap().contains("2026-11-22"), "{said}");
        stage.call("DELETE", "/collections/patients?key=*&created_before=2020-01-01", b"").await.good();
        assert_eq!(keys(&stage, "").await, ["a"]);
    }

    /// A name is enough while it is clear; a root comes before its sandboxes.
    async fn a_name_means_the_one_root_that_has_it(server: Server) {
        let stage = Stage::build(&server).await;
        put(&stage, "/collections/patients", &[("above", "1")]).await.good();
        let below = format!("/collections/patients?project_id={}", stage.sandbox);
        put(&stage, &below, &[("below", "2")]).await.good();
        assert_eq!(keys(&stage, "").await, ["above"]);
        assert_eq!(keys(&stage, &format!("project_id={}", stage.sandbox)).await, ["below"]);
        let twin = twin(&stage).await;
        for (way, place) in [("GET", "/collections/patients?key=*"), ("DELETE", "/collections/patients?key=*")] {
            let answer = stage.call(way, place, b"").await;
            let said = answer.refused(409, "COLLECTION_AMBIGUOUS");
            assert!(answer.head.contains("409 conflict"), "{}", answer.head);
            assert!(said["metadata"]["projects"].as_str().unwrap().contains(&twin), "{said}");
        }
        put(&stage, "/collections/patients", &[("x", "1")]).await.refused(409, "COLLECTION_AMBIGUOUS");
        assert_eq!(keys(&stage, &format!("project_id={twin}")).await, [] as [&str; 0]);
        stage.call("GET", "/collections/none?key=*", b"").await.refused(404, "RESOURCE_NOT_FOUND");
        stage.call("GET", "/collections/none%20%2F%00?key=*", b"").await.refused(404, "RESOURCE_NOT_FOUND");
        stage.call("GET", "/collections/patients?project_id=nonsense", b"").await.refused(404, "PROJECT_NOT_FOUND");
        // One that only a sandbox of the caller's has.
        let deep = sandbox(&stage.owner, &stage.sandbox, "deep").await;
        let request = named(&deep, "only here");
        stage.owner.client.collections().create_collection(request).await.unwrap();
        put(&stage, "/collections/only%20here", &[("x", "1")]).await.good();
    }

    async fn wrong_items_are_named_and_none_is_kept(server: Server) {
        let stage = Stage::build(&server).await;
        let long = "é".repeat(1_000_000);
        put(&stage, "/collections/patients", &[("long", &long)]).await.good();
        let refused = put(&stage, "/collections/patients", &[("a", "1"), ("b", &format!("{long}x"))]).await;
        let said = refused.refused(422, "INVALID_FIELDS");
        assert!(said["errors"]["items"]["1"]["value"][0].as_str().unwrap().contains("1000000"), "{}", said["errors"]);
        put(&stage, "/collections/patients", &[("a", "1"), ("a", "2")]).await.refused(422, "INVALID_FIELDS");
        put(&stage, "/collections/patients", &[]).await.refused(422, "INVALID_FIELDS");
        for body in ["", "[]", "{\"items\":[{\"key\":1,\"value\":\"x\"}]}", "{\"items\":[{\"key\":\"k\",\"value\":{}}]}", "{"] {
            let said = stage.call("POST", "/collections/patients", body.as_bytes()).await.refused(422, "INVALID_FIELDS");
            assert!(said["errors"]["items"][0].as_str().unwrap().contains("must be"), "{said}");
        }
        for query in ["limit=0", "limit=-1", "limit=x", "cursor=forged"] {
            let answer = stage.call("GET", &format!("/collections/patients?{query}"), b"").await;
            assert_eq!(answer.status, 422, "{query} {}", answer.json());
        }
        assert_eq!(keys(&stage, "").await, ["long"]);
        let back = stage.call("GET", "/collections/patients?key=long", b"").await.good();
        assert!(back["items"][0]["value"] == long);
    }

    async fn a_full_collection_takes_no_more(server: Server = Options::default().arg("--max-collection=1MiB")) {
        let stage = Stage::build(&server).await;
        put(&stage, "/collections/patients", &[("a", &"x".repeat(900_000))]).await.good();
        put(&stage, "/collections/patients", &[("b", &"x".repeat(200_000))]).await.refused(422, "COLLECTION_FULL");
        put(&stage, "/collections/patients", &[("a", "less"), ("b", &"x".repeat(200_000))]).await.good();
    }

    async fn a_repeat_has_one_effect(server: Server) {
        let stage = Stage::build(&server).await;
        let send = async |way: &str, place: &str, body: &str| {
            stage.call_as(&stage.owner.token, way, place, ("idempotency-key: one\r\n", body.as_bytes())).await
        };
        let body = "{\"items\":[{\"key\":\"a\",\"value\":\"1\"}]}";
        send("POST", "/collections/patients", body).await.good();
        stage.call("DELETE", "/collections/patients?key=a", b"").await.good();
        assert_eq!(send("POST", "/collections/patients", body).await.good()["upserted"], 1);
        assert_eq!(keys(&stage, "").await, [] as [&str; 0], "a repeat is answered, and does nothing");
        send("POST", "/collections/patients", &body.replace('1', "2")).await.refused(422, "REQUEST_ID_REUSED");
    }
}
