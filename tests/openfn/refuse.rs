//! How a client is told that it can't be so: the status, the reason, and problems in the tree that people are shown.

use sandbar_tests::on_both_engines;
use serde_json::{Value, json};

use crate::stage::{Stage, only, workflow};

on_both_engines! {
    async fn what_is_missing_is_404_and_what_is_foreign_too(server: Server) {
        let stage = Stage::build(&server).await;
        for id in ["01a00000-0000-7000-8000-00000000ffff", "a%20name", "%00", "yam%6C%2F", "..%2Fx"] {
            let said = stage.call("GET", &format!("/api/provision/{id}"), b"").await.refused(404, "PROJECT_NOT_FOUND");
            assert!(said["error"].as_str().unwrap().starts_with("there is no project"), "{said}");
        }
        stage.call("GET", "/api/provision/yaml?id=x", b"").await.refused(404, "PROJECT_NOT_FOUND");
        stage.call("GET", "/api/provision/yaml", b"").await.refused(404, "PROJECT_NOT_FOUND");
        for (way, place) in [("PUT", "/api/provision/x"), ("GET", "/api/none"), ("DELETE", "/api/provision/x"), ("PATCH", "/collections/x")] {
            let answer = stage.call(way, place, b"").await;
            assert_eq!((answer.status, answer.head.contains("http/1.1 404 not found")), (404, true), "{way} {place}");
            assert!(answer.json()["error"].as_str().unwrap().contains("no such endpoint"));
        }
    }

    async fn who_has_no_token_is_told_nothing_else(server: Server) {
        let stage = Stage::build(&server).await;
        for (way, place) in [
            ("GET", format!("/api/provision/{}", stage.project)),
            ("GET", "/api/provision/yaml?id=x".to_owned()),
            ("POST", "/api/provision".to_owned()),
            ("POST", "/api/provision/".to_owned()),
            ("GET", "/collections/patients".to_owned()),
            ("POST", "/collections/patients".to_owned()),
            ("DELETE", "/collections/patients".to_owned()),
        ] {
            for (token, reason) in [("", "TOKEN_MISSING"), ("authorization: Bearer nonsense\r\n", "TOKEN_INVALID")] {
                let request = format!("{way} {place} HTTP/1.1\r\nhost: x\r\n{token}connection: close\r\ncontent-length: 4\r\n\r\n!!!!");
                let answer = stage.exchange(request.as_bytes()).await;
                answer.refused(401, reason);
                assert!(answer.head.contains("http/1.1 401 unauthorized"), "{}", answer.head);
                assert!(answer.head.contains("www-authenticate: bearer"), "{}", answer.head);
            }
        }
    }

    /// Under the names that people know, all problems of a workflow at once, and nothing is changed.
    async fn problems_stand_under_the_names_of_what_they_are_in(server: Server) {
        let stage = Stage::build(&server).await;
        let before = stage.state(&stage.project).await;
        let mut state = before.clone();
        let calls = workflow(&mut state, "Calls");
        calls["concurrency"] = 0.into();
        calls["jobs"][0]["adaptor"] = "".into();
        calls["triggers"][0]["custom_path"] = "My Hook".into();
        calls["edges"][1]["condition_expression"] = "await x".into();
        let errors = stage.post(&state).await.refused(422, "INVALID_FIELDS")["errors"].take();
        let calls = &errors["workflows"]["Calls"];
        let said = |problems: &Value, words: &str| assert!(problems[0].as_str().unwrap().contains(words), "{errors}");
        said(&calls["concurrency"], "at least 1");
        said(&calls["jobs"]["Fetch calls"]["adaptor"], "characters");
        said(&calls["triggers"]["webhook"]["webhook"]["custom_path"], "lower-case");
        said(&calls["edges"]["Fetch calls->Transform"]["expression"], "await");
        assert_eq!(stage.state(&stage.project).await, before);
    }

    async fn each_rule_has_its_reason(server: Server) {
        let stage = Stage::build(&server).await;
        let before = stage.state(&stage.project).await;
        let refused = async |change: &dyn Fn(&mut Value), reason: &str| {
            let mut state = before.clone();
            change(&mut state);
            let answer = stage.post(&state).await;
            assert!(answer.head.contains("content-type: application/json"), "{}", answer.head);
            answer.refused(422, reason)
        };
        refused(&|state| workflow(state, "Reports")["name"] = "Calls".into(), "NAME_TAKEN").await;
        refused(&|state| workflow(state, "Reports")["triggers"][0]["type"] = "kafka".into(), "KAFKA_UNSUPPORTED").await;
        refused(&|state| workflow(state, "Reports")["triggers"][0]["id"] = "20000000-0000-4000-8000-000000000001".into(), "ID_TAKEN").await;
        refused(&|state| workflow(state, "Calls")["jobs"][0]["project_credential_id"] = "40000000-0000-4000-8000-0000000000ee".into(), "CREDENTIAL_NOT_LINKED").await;
        refused(&|state| state["id"] = Value::Null, "INVALID_FIELDS").await;
        refused(&|state| state["id"] = "no uuid".into(), "INVALID_DOCUMENT").await;
        refused(&|state| workflow(state, "Calls")["jobs"] = "text".into(), "INVALID_DOCUMENT").await;
        // The edge leads to a step that never was: a mistake, and not what a removal leaves behind.
        refused(&|state| workflow(state, "Calls")["edges"][0]["target_job_id"] = "30000000-0000-4000-8000-0000000000ee".into(), "INVALID_FIELDS").await;
        // Another state of a workflow that is deleted is another state, too.
        refused(&|state| { let one = workflow(state, "Calls"); one["delete"] = true.into(); one["lock_version"] = 99.into(); }, "ETAG_MISMATCH").await;
        // New links to nothing, and a link that is in use.
        let gone = json!([{ "id": "40000000-0000-4000-8000-000000000001", "delete": true }]);
        refused(&|state| state["project_credentials"] = gone.clone(), "CREDENTIAL_NOT_LINKED").await;
        stage
            .post(&only(&stage.project, "project_credentials", &gone))
            .await
            .refused(422, "CREDENTIAL_NOT_LINKED");
        assert_eq!(stage.state(&stage.project).await, before);
    }

    /// An edge points to a job by id: what the next run begins with must be of the same workflow, or it is nothing.
    async fn a_cursor_of_another_project_is_dropped(server: Server) {
        let stage = Stage::build(&server).await;
        let mut state = stage.state(&stage.project).await;
        let reports = workflow(&mut state, "Reports");
        reports["triggers"][0]["cron_cursor_job_id"] = "30000000-0000-4000-8000-0000000000dd".into();
        let mut after = stage.post(&state).await.good()["data"].take();
        assert_eq!(workflow(&mut after, "Reports")["triggers"][0].get("cron_cursor_job_id"), None);
    }

    async fn a_scheduled_project_takes_and_gives_nothing(server: Server) {
        let stage = Stage::build(&server).await;
        let state = stage.state(&stage.sandbox).await;
        let request = sandbar_client::v1::DeleteSandboxRequest { sandbox_id: stage.sandbox.clone(), ..Default::default() };
        stage.owner.client.sandboxes().delete_sandbox(request).await.unwrap();
        stage.post(&state).await.refused(422, "PROJECT_SCHEDULED");
        stage.post(&only(&stage.sandbox, "workflows", &json!([]))).await.refused(422, "PROJECT_SCHEDULED");
        stage.call("GET", &format!("/api/provision/{}", stage.sandbox), b"").await.refused(422, "PROJECT_SCHEDULED");
    }
}
