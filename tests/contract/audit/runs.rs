//! What runs and dataclips leave in the trail.

use sandbar_client::v1::{PrincipalKind, Role, SetMemberRequest};
use serde_json::{Value, json};

use super::{Deed, Person, Story, VALUE, check, deed, person, set, text, with};

const WORKFLOW: &str = "33333333-3333-4333-8333-333333333333";
const JOB: &str = "aaaaaaaa-0003-4aaa-8aaa-aaaaaaaaaaaa";
/// In what runs begin with.
pub(super) const INPUT: &str = sandbar_tests::canary::CONTENT;
/// The one call that changes something and leaves no event: a heartbeat only moves the end of a lease.
pub(super) const SAYS_NOTHING_NEW: &str = "RunsService/HeartbeatRun";

impl Story<'_> {
    pub(super) async fn tell_of_runs(&mut self, project: &str) {
        let ann = self.ann.clone();
        let worker = self.build_worker(project).await;
        self.build_workflow(project).await;
        let start = with(&json!({"project_id": project, "workflow_id": WORKFLOW}), &json!({"body": input()}));
        let started = self.does(&ann, deed("RunsService/StartRun", start.clone(), "run.start", "run")).await;
        let of = json!({"project_id": project});
        let claim = deed("RunsService/ClaimRuns", of.clone(), "run.claim", "run");
        let claimed = self.does(&worker, claim).await;
        assert_eq!(claimed["work"][0]["run"]["id"], started["run"]["id"]);
        self.tell_of_a_run(&worker, &of, &text(&started["run"]["id"])).await;

        let tokens = with(&of, &json!({"ai_tokens": 7}));
        self.does(&worker, deed("ProjectsService/RecordUsage", tokens, "usage.record", "")).await;

        let started = self.does(&ann, deed("RunsService/StartRun", start, "run.start", "run")).await;
        let run = with(&of, &json!({"run_id": started["run"]["id"]}));
        self.does(&ann, deed("RunsService/CancelRun", run, "run.cancel", "run")).await;
        self.tell_of_dataclips(&ann, &of).await;
    }

    /// By the token of a run. The claim's repeat has replaced the first one.
    async fn tell_of_a_run(&mut self, worker: &Person, of: &Value, run: &str) {
        let again = set(of, "request_id", format!("request-{}", self.count).into());
        let claim = deed("RunsService/ClaimRuns", of.clone(), "", "");
        let again = self.call(worker, (&claim, &again), "again").await.unwrap();
        let token = text(&again["work"][0]["run_token"]);
        let bearer = Person { id: worker.id.clone(), token, token_id: run.to_owned() };

        let before = self.events().await;
        let heartbeat = deed(SAYS_NOTHING_NEW, json!({}), "", "");
        self.call(&bearer, (&heartbeat, &heartbeat.request), "beat").await.unwrap();
        assert_eq!(before, self.events().await, "a heartbeat left an event");

        let resolve = deed(
            "RunsService/ResolveCredential",
            json!({"job_id": JOB}),
            "run.resolve_credential",
            "credential",
        );
        let answer = self.tells(&bearer, &resolve, 1).await;
        assert!(answer["values"].as_str().unwrap().contains(VALUE));
        self.tells(&bearer, &resolve, 1).await;
        let finish = json!({"outcome": "RUN_STATE_SUCCESS", "output": input()});
        let finish = deed("RunsService/FinishRun", finish, "run.finish", "run");
        self.tells(&bearer, &finish, 1).await;
        // The same again is answered and leaves nothing; anything else is refused and leaves nothing.
        self.tells(&bearer, &finish, 0).await;
        self.call(&bearer, (&resolve, &resolve.request), "late").await.expect_err("the run is over");
        assert_eq!(self.events().await.len(), before.len() + 3);
    }

    /// Makes a call that has no request id, and finds so many events of it.
    async fn tells(&mut self, who: &Person, deed: &Deed<'_>, count: usize) -> Value {
        let before = self.events().await;
        let answer =
            self.call(who, (deed, &deed.request), "by-run").await.unwrap_or_else(|why| panic!("{why}"));
        let after = self.events().await;
        let new: Vec<_> = after.iter().filter(|event| !before.contains(event)).collect();
        assert_eq!(new.len(), count, "{}: {new:#?}", deed.method);
        for event in new {
            check(event, who, deed, "by-run");
        }
        self.told.insert(deed.method.to_owned());
        answer
    }

    async fn tell_of_dataclips(&mut self, ann: &Person, of: &Value) {
        let create = json!({"kind": "DATACLIP_KIND_GLOBAL", "name": "an order", "body": input()});
        let create = deed("RunsService/CreateDataclip", with(of, &create), "dataclip.create", "dataclip");
        let made = self.does(ann, create).await;
        let clip = with(of, &json!({"dataclip_id": made["dataclip"]["id"]}));
        let name = with(&clip, &json!({"name": "another order"}));
        self.does(ann, deed("RunsService/NameDataclip", name, "dataclip.name", "dataclip")).await;
        self.does(ann, deed("RunsService/DeleteDataclip", clip, "dataclip.delete", "dataclip")).await;
    }

    async fn build_worker(&self, project: &str) -> Person {
        let worker = self.server.principal("worker", PrincipalKind::ServiceAccount).await;
        let request = SetMemberRequest {
            project_id: project.to_owned(),
            principal_id: worker.id.clone(),
            role: Role::Editor.into(),
            ..Default::default()
        };
        self.server.client(&self.ann.token).access().set_member(request).await.unwrap();
        person(self.server, &worker.token).await
    }

    /// A workflow with a step that signs in.
    async fn build_workflow(&self, project: &str) {
        let ann = self.ann.clone();
        let does = async |method: &str, request: Value| {
            self.call(&ann, (&deed(method, request.clone(), "", ""), &request), "build").await.unwrap()
        };
        let create = json!({"credential": {"name": "shop", "schema": "raw"}});
        let id = text(&does("CredentialsService/CreateCredential", create).await["credential"]["id"]);
        let values =
            json!({"credential_id": id, "environment": "main", "values": json!({"p": VALUE}).to_string()});
        does("CredentialsService/SetCredentialValues", values).await;
        let link = json!({"credential_id": id, "project_id": project});
        let made = does("CredentialsService/LinkCredential", link).await;
        let link = text(&made["credential_link"]["id"]);
        let job = json!({"id": JOB, "name": "Tell", "body": "tell();", "credential_link_id": link});
        let workflow = json!({"id": WORKFLOW, "name": "Tell", "jobs": [job]});
        does("WorkflowsService/PutWorkflow", json!({"project_id": project, "workflow": workflow})).await;
    }
}

fn input() -> String {
    json!({"secret": INPUT}).to_string()
}
