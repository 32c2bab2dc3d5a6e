//! What a deployment changes, and what it leaves.

use sandbar_client::v1::{AuditTrail, ListAuditEventsRequest, PrincipalKind, Role, SetMemberRequest};
use sandbar_tests::on_both_engines;
use serde_json::{Value, json};

use crate::stage::{Stage, credential, only, workflow};

const CALLS: &str = "10000000-0000-4000-8000-000000000001";
const KEYCHAIN: &str = "60000000-0000-4000-8000-000000000001";

on_both_engines! {
    /// Whatever is not in the document stays, and what a client does not know stays in what is.
    async fn what_is_not_named_stays(server: Server) {
        let stage = Stage::build(&server).await;
        let before = stage.state(&stage.project).await;
        let minimal = json!({ "id": CALLS, "name": "Calls", "jobs": {}, "triggers": {}, "edges": {}, "foo": [1] });
        stage.post(&json!({ "id": stage.project, "workflows": { "calls": minimal }, "unknown": { "x": 1 } })).await.good();
        let mut after = stage.state(&stage.project).await;
        for key in ["name", "description", "project_credentials", "collections", "env", "retention_policy"] {
            assert_eq!(after[key], before[key], "{key}");
        }
        assert_eq!(after["workflows"].as_array().unwrap().len(), 2);
        let calls = workflow(&mut after, "Calls");
        assert_eq!((&calls["jobs"], &calls["edges"], &calls["concurrency"]), (&json!([]), &json!([]), &json!(2)));
    }

    async fn what_a_client_does_not_know_survives(server: Server) {
        let stage = Stage::build(&server).await;
        let before = stage.state(&stage.project).await;
        let mut state = before.clone();
        for name in ["Calls", "Reports"] {
            let one = workflow(&mut state, name).as_object_mut().unwrap();
            one.retain(|key, _| !["positions", "concurrency", "updated_at", "version_history"].contains(&key.as_str()));
            for trigger in one["triggers"].as_array_mut().unwrap() {
                trigger.as_object_mut().unwrap().retain(|key, _| ["id", "type", "enabled"].contains(&key.as_str()));
            }
            for job in one["jobs"].as_array_mut().unwrap() {
                job["keychain_credential_id"] = Value::Null;
            }
        }
        stage.post(&state).await.good();
        assert_eq!(stage.state(&stage.project).await, before);
        let reports = stage.workflow("10000000-0000-4000-8000-000000000002").await;
        assert!(format!("{:?}", reports.jobs[0].uses).contains(KEYCHAIN), "{reports:?}");
        // Said to be nothing, what can be nothing is.
        workflow(&mut state, "Calls")["concurrency"] = Value::Null;
        workflow(&mut state, "Calls")["triggers"][0]["webhook_response_config"] = Value::Null;
        workflow(&mut state, "Reports")["triggers"][0]["cron_cursor_job_id"] = Value::Null;
        stage.post(&state).await.good();
        let mut after = stage.state(&stage.project).await;
        assert_eq!(workflow(&mut after, "Calls").get("concurrency"), None);
        assert_eq!(workflow(&mut after, "Calls")["triggers"][0].get("webhook_response_config"), None);
        assert_eq!(workflow(&mut after, "Reports")["triggers"][0].get("cron_cursor_job_id"), None);
    }

    /// Absent, or `delete: true` beside other keys; the edges of what goes go with it, and one without a target goes unsaid.
    async fn parts_are_removed_in_every_way_that_clients_know(server: Server) {
        let stage = Stage::build(&server).await;
        let mut state = stage.state(&stage.project).await;
        let calls = workflow(&mut state, "Calls");
        calls["jobs"].as_array_mut().unwrap().retain(|job| job["name"] != "Transform");
        calls["edges"][0]["target_job_id"] = Value::Null;
        stage.post(&state).await.good();
        let mut after = stage.state(&stage.project).await;
        let calls = workflow(&mut after, "Calls");
        assert_eq!((calls["jobs"].as_array().unwrap().len(), calls["edges"].as_array().unwrap().len()), (1, 0));
        let id = calls["triggers"][0]["id"].clone();
        calls["triggers"] = json!({ "webhook": { "id": id, "delete": true } });
        after["collections"] = json!([{ "id": "50000000-0000-4000-8000-000000000001", "delete": true }]);
        let reports = workflow(&mut after, "Reports");
        reports["delete"] = true.into();
        stage.post(&after).await.good();
        let mut last = stage.state(&stage.project).await;
        assert_eq!(last["collections"], json!([]));
        assert_eq!(last["workflows"].as_array().unwrap().len(), 1);
        assert_eq!(workflow(&mut last, "Calls")["triggers"], json!([]));
    }

    async fn a_new_credential_is_linked_under_its_id_when_it_is_the_callers(server: Server) {
        let stage = Stage::build(&server).await;
        credential(&stage.owner, "Mail").await;
        let link = "40000000-0000-4000-8000-0000000000aa";
        let mut state = stage.state(&stage.project).await;
        let entry = |name: &str| json!([{ "id": link, "name": name, "owner": "ana@example.org" }]);
        workflow(&mut state, "Calls")["jobs"][1]["project_credential_id"] = link.into();
        state["project_credentials"] = entry("Nothing");
        let said = stage.post(&state).await.refused(422, "INVALID_FIELDS");
        let problem = &said["errors"]["project_credentials"]["ana@example.org|Nothing"][0];
        assert!(problem.as_str().unwrap().contains("none of your credentials"), "{said}");
        state["project_credentials"] = entry("Mail");
        let answer = stage.post(&state).await.good();
        let links = answer["data"]["project_credentials"].as_array().unwrap();
        assert_eq!((links.len(), links.iter().any(|one| one["id"] == link)), (2, true));
    }

    /// A workflow is one revision, what did not change none; one event tells of it, and a repeat is none.
    async fn one_deployment_is_one_change(server: Server) {
        let stage = Stage::build(&server).await;
        let before = stage.state(&stage.project).await;
        let mut state = before.clone();
        workflow(&mut state, "Calls")["jobs"][0]["body"] = "// one\n".into();
        let body = state.to_string();
        let send = || stage.call_as(&stage.owner.token, "POST", "/api/provision", ("idempotency-key: k1\r\n", body.as_bytes()));
        let (first, again) = (send().await.good(), send().await.good());
        assert_eq!(first, again);
        let mut after = first["data"].clone();
        let old = |name: &str| workflow(&mut before.clone(), name).clone();
        assert_eq!(workflow(&mut after, "Reports"), &old("Reports"));
        let (calls, was) = (workflow(&mut after, "Calls").clone(), old("Calls"));
        assert_eq!(calls["lock_version"].as_i64(), was["lock_version"].as_i64().map(|lock| lock.max(5) + 1));
        let trail = Some(AuditTrail { project_id: stage.project.clone(), tree: true });
        let request = ListAuditEventsRequest { trail, ..Default::default() };
        let events = stage.owner.client.list(request).all().await.unwrap();
        let deployed = events.iter().filter(|event| event.action == "project.deploy");
        assert_eq!(deployed.count(), 1, "{events:?}");
        // The same key for something else is refused.
        let other = only(&stage.project, "collections", &json!([]));
        let reused = stage.call_as(&stage.owner.token, "POST", "/api/provision", ("idempotency-key: k1\r\n", other.to_string().as_bytes())).await;
        reused.refused(422, "REQUEST_ID_REUSED");
    }

    async fn a_new_project_has_the_clients_ids(server: Server) {
        let stage = Stage::build(&server).await;
        let id = "01a00000-0000-7000-8000-000000000001";
        let mut state = stage.state(&stage.project).await;
        state["id"] = id.into();
        state["name"] = "Häalth  Main!".into();
        let made = stage.post(&state).await;
        assert_eq!(made.status, 201, "{:?}", made.json());
        let data = &made.json()["data"];
        assert_eq!((&data["id"], &data["name"], &data["env"]), (&id.into(), &"haalth-main".into(), &"main".into()));
        assert_eq!(data["workflows"][0]["id"], state["workflows"][0]["id"]);
        assert_eq!(stage.post(&state).await.status, 200);
        // Lists of the same entries, keyed: keys say nothing.
        let keyed = |list: &Value| Value::Object(list.as_array().unwrap().iter().enumerate().map(|(at, one)| (format!("k{at}"), one.clone())).collect());
        for key in ["workflows", "project_credentials", "collections"] {
            state[key] = keyed(&state[key]);
        }
        assert_eq!(&stage.post(&state).await.good()["data"]["workflows"], &data["workflows"]);
    }

    /// What is deployed to a sandbox is its own: it shows in previews, and turns nothing on.
    async fn a_sandbox_takes_content_and_no_switches(server: Server) {
        let stage = Stage::build(&server).await;
        let above = stage.state(&stage.project).await;
        let mut state = stage.state(&stage.sandbox).await;
        assert_eq!((&state["parent_id"], &state["env"]), (&stage.project.as_str().into(), &"dev".into()));
        assert_eq!(workflow(&mut state, "Calls")["triggers"][0]["enabled"], false);
        workflow(&mut state, "Calls")["triggers"][0]["enabled"] = true.into();
        // The client made its ids anew: the merge finds out who is who.
        let calls = workflow(&mut state, "Calls").to_string();
        let calls = calls.replace("30000000-0000-4000-8000-000000000002", "30000000-0000-4000-8000-0000000000bb");
        *workflow(&mut state, "Calls") = serde_json::from_str(&calls).unwrap();
        workflow(&mut state, "Calls")["jobs"][1]["adaptor"] = "@openfn/language-http@7.0.0".into();
        let mut after = stage.post(&state).await.good()["data"].take();
        assert_eq!(workflow(&mut after, "Calls")["triggers"][0]["enabled"], false);
        assert_eq!(stage.state(&stage.project).await, above);
        let request = sandbar_client::v1::PreviewMergeRequest { source_id: stage.sandbox.clone(), ..Default::default() };
        let plan = stage.owner.client.merges().preview_merge(request).await.unwrap();
        let [resource] = &plan.resources[..] else { panic!("{:?}", plan.resources) };
        let [field] = &resource.fields[..] else { panic!("{:?}", resource.fields) };
        assert_eq!(field.path, "jobs/30000000-0000-4000-8000-000000000002/adaptor");
        assert_eq!(field.source.as_deref(), Some("\"@openfn/language-http@7.0.0\""));
    }

    async fn members_deploy_what_their_role_allows(server: Server) {
        let stage = Stage::build(&server).await;
        let ben = server.principal("ben", PrincipalKind::User).await;
        let place = format!("/api/provision/{}", stage.project);
        stage.call_as(&ben.token, "GET", &place, ("", b"")).await.refused(404, "PROJECT_NOT_FOUND");
        let join = |role: Role| SetMemberRequest {
            project_id: stage.project.clone(),
            principal_id: ben.id.clone(),
            role: role.into(),
            ..Default::default()
        };
        let mut state = stage.state(&stage.project).await;
        let post = async |state: &Value| {
            let body = state.to_string();
            stage.call_as(&ben.token, "POST", "/api/provision/", ("", body.as_bytes())).await
        };
        // A stranger who sends this id can't learn whether it is there, but for that it is in use.
        post(&state).await.refused(422, "ID_TAKEN");
        stage.owner.client.access().set_member(join(Role::Viewer)).await.unwrap();
        stage.call_as(&ben.token, "GET", &place, ("", b"")).await.good();
        post(&state).await.refused(403, "PERMISSION_DENIED");
        stage.owner.client.access().set_member(join(Role::Editor)).await.unwrap();
        workflow(&mut state, "Calls")["jobs"][0]["body"] = "// ben\n".into();
        post(&state).await.good();
        for (key, value) in [
            ("description", json!("another")),
            ("name", json!("another")),
            ("collections", json!([{ "id": "50000000-0000-4000-8000-0000000000cc", "name": "more" }])),
        ] {
            let mut changed = stage.state(&stage.project).await;
            changed[key] = value;
            post(&changed).await.refused(403, "PERMISSION_DENIED");
        }
        // Settings are not deployed, however old what a client remembers of them.
        state = stage.state(&stage.project).await;
        state["requires_mfa"] = true.into();
        state["env"] = "elsewhere".into();
        post(&state).await.good();
        assert_eq!(stage.state(&stage.project).await["env"], "main");
    }
}
