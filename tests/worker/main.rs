//! A worker that really runs steps, with OpenFn's runtime, against a real server on both engines. `README.md` describes it.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is tests")]
#![expect(clippy::indexing_slicing, reason = "what is not there fails the test")]

mod process;
mod system;

use std::time::Duration;

use sandbar_client::v1::{
    CreateCredentialRequest, CreateProjectRequest, CreateSandboxRequest, Credential, Edge, EdgeCondition,
    GetDataclipRequest, GetRunRequest, Job, LinkCredentialRequest, PrincipalKind, Project,
    PutWorkflowRequest, Role, Run, RunState, SetCredentialValuesRequest, SetMemberRequest, StartRunRequest,
    Workflow, edge::Source, job::Uses, start_run_request::Input,
};
use sandbar_tests::{Options, Server, User, on_both_engines};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use process::Worker;
use system::System;

const WORKFLOW: &str = "11111111-1111-4111-8111-111111111111";
const ASK: &str = "aaaaaaaa-0001-4aaa-8aaa-aaaaaaaaaaaa";
const TELL: &str = "aaaaaaaa-0002-4aaa-8aaa-aaaaaaaaaaaa";
const NEXT: &str = "cccccccc-0001-4ccc-8ccc-cccccccccccc";
/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks the system that its credential leads to.
const ASK_CODE: &str = "export default [
  async (state) => {
    const { url, password } = state.configuration;
    const answer = await fetch(url, { headers: { authorization: password } });
    return { ...state, answer: await answer.text() };
  },
];
";
/// Has no credential, and must not have been left one.
const TELL_CODE: &str = "export default [
  (state) => ({ ...state, told: `${state.data.who}: ${state.answer}`, left: Object.keys(state.configuration ?? {}) }),
];
";

fn job(id: &str, name: &str, body: &str, uses: Option<Uses>) -> Job {
    let (id, name, body) = (id.to_owned(), name.to_owned(), body.to_owned());
    Job { id, name, body, uses, ..Default::default() }
}

/// A project whose workflow asks a system and tells what that said.
struct Stage {
    owner: User,
    worker: User,
    project: String,
    credential: String,
}

impl Stage {
    async fn build(server: &Server) -> Self {
        let owner = server.principal("owner", PrincipalKind::User).await;
        let worker = server.principal("worker", PrincipalKind::ServiceAccount).await;
        let client = &owner.client;
        let project = Some(Project { name: "orders".to_owned(), ..Default::default() });
        let request = CreateProjectRequest { project, ..Default::default() };
        let project = client.projects().create_project(request).await.unwrap().project.unwrap().id;
        let (project_id, principal_id, role) = (project.clone(), worker.id.clone(), Role::Editor.into());
        let member = SetMemberRequest { project_id, principal_id, role, ..Default::default() };
        client.access().set_member(member).await.unwrap();
        let named = Credential { name: "System".to_owned(), schema: "raw".to_owned(), ..Default::default() };
        let request = CreateCredentialRequest { credential: Some(named), ..Default::default() };
        let credential =
            client.credentials().create_credential(request).await.unwrap().credential.unwrap().id;
        let stage = Self { owner, worker, project, credential };
        stage.write().await;
        stage
    }

    async fn write(&self) {
        let client = &self.owner.client;
        let (project_id, credential_id) = (self.project.clone(), self.credential.clone());
        let link = LinkCredentialRequest { project_id, credential_id, ..Default::default() };
        let link = client.credentials().link_credential(link).await.unwrap().credential_link.unwrap().id;
        let next = Edge {
            id: NEXT.to_owned(),
            source: Some(Source::SourceJobId(ASK.to_owned())),
            target_job_id: TELL.to_owned(),
            condition: EdgeCondition::OnJobSuccess.into(),
            ..Default::default()
        };
        let ask = job(ASK, "Ask", ASK_CODE, Some(Uses::CredentialLinkId(link)));
        self.put(vec![ask, job(TELL, "Tell", TELL_CODE, None)], vec![next]).await;
    }

    async fn put(&self, jobs: Vec<Job>, edges: Vec<Edge>) {
        let (id, name) = (WORKFLOW.to_owned(), "Sync".to_owned());
        let workflow = Some(Workflow { id, name, jobs, edges, ..Default::default() });
        let put = PutWorkflowRequest { project_id: self.project.clone(), workflow, ..Default::default() };
        self.owner.client.workflows().put_workflow(put).await.unwrap();
    }

    async fn values(&self, environment: &str, values: String) {
        let (credential_id, environment) = (self.credential.clone(), environment.to_owned());
        let set = SetCredentialValuesRequest { credential_id, environment, values, ..Default::default() };
        self.owner.client.credentials().set_credential_values(set).await.unwrap();
    }

    async fn start(&self, project: &str, who: &str) -> String {
        let request = StartRunRequest {
            project_id: project.to_owned(),
            workflow_id: WORKFLOW.to_owned(),
            input: Some(Input::Body(json!({ "who": who }).to_string())),
            ..Default::default()
        };
        self.owner.client.runs().start_run(request).await.unwrap().run.unwrap().id
    }

    /// A run that is over.
    async fn over(&self, project: &str, run: &str) -> Run {
        let get = GetRunRequest { project_id: project.to_owned(), run_id: run.to_owned() };
        let ended = async {
            loop {
                let run = self.owner.client.runs().get_run(get.clone()).await.unwrap().run.unwrap();
                if run.finish_time.is_some() {
                    return run;
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, ended).await.expect("the run does not end")
    }

    /// What a run ended with.
    async fn output(&self, run: &Run) -> Value {
        let get = GetDataclipRequest {
            project_id: run.project_id.clone(),
            dataclip_id: run.output_dataclip_id.clone(),
        };
        let body = self.owner.client.runs().get_dataclip(get).await.unwrap().body;
        serde_json::from_str(&body).unwrap()
    }
}

on_both_engines! {
    /// One workflow, one link, two environments: what runs in the sandbox never touches production.
    async fn a_workflow_reaches_another_system_in_production_than_in_its_sandbox(server: Server) {
        let stage = Stage::build(&server).await;
        let (real, test) = (System::start("the real one").await, System::start("the test one").await);
        stage.values("main", real.values("canary-7f3a9-main")).await;
        stage.values("dev", test.values("canary-7f3a9-dev")).await;
        let create = CreateSandboxRequest {
            parent_id: stage.project.clone(),
            name: "try".to_owned(),
            ..Default::default()
        };
        let sandbox = stage.owner.client.sandboxes().create_sandbox(create).await.unwrap().sandbox.unwrap();
        assert_eq!(sandbox.environment, "dev");
        let _worker = Worker::start(&server, &stage.worker.token);
        for (project, who, answer) in
            [(&stage.project, "orders", "the real one"), (&sandbox.id, "try", "the test one")]
        {
            let run = stage.over(project, &stage.start(project, who).await).await;
            assert_eq!((run.state(), run.attempt), (RunState::Success, 1), "{run:?}");
            let output = stage.output(&run).await;
            assert_eq!((&output["told"], &output["left"]), (&json!(format!("{who}: {answer}")), &json!([])));
            assert!(!output.to_string().contains("canary-7f3a9"), "{output}");
            assert_eq!(run.ending.unwrap().usage.unwrap().steps, 2);
        }
        assert_eq!(real.heard(), ["canary-7f3a9-main"]);
        assert_eq!(test.heard(), ["canary-7f3a9-dev"]);
    }

    /// A step that fails is not a step whose code is no code.
    async fn what_goes_wrong_in_steps_is_told_apart(server: Server) {
        let stage = Stage::build(&server).await;
        // Nobody listens there.
        stage.values("main", json!({ "url": "http://127.0.0.1:1/", "password": "x" }).to_string()).await;
        let _worker = Worker::start(&server, &stage.worker.token);
        let run = stage.over(&stage.project, &stage.start(&stage.project, "orders").await).await;
        assert_eq!(run.state(), RunState::Failed, "{run:?}");
        let ending = run.ending.unwrap();
        assert!(!ending.message.is_empty());
        stage.put(vec![job(ASK, "Ask", "export default [(", None)], Vec::new()).await;
        let run = stage.over(&stage.project, &stage.start(&stage.project, "orders").await).await;
        assert_eq!(run.state(), RunState::Crashed, "{run:?}");
    }

    /// `kill -9` while a step waits for its answer.
    async fn a_killed_workers_run_is_run_once_more(
        server: Server = Options::default().arg("--run-lease=2s")
    ) {
        let stage = Stage::build(&server).await;
        let system = System::start("the real one").await;
        stage.values("main", system.values("canary-7f3a9")).await;
        system.answer(false);
        let mut first = Worker::start(&server, &stage.worker.token);
        let id = stage.start(&stage.project, "orders").await;
        system.wait_for(1).await;
        first.kill9().await;
        let (mut second, third) = (
            Worker::start(&server, &stage.worker.token),
            Worker::start(&server, &stage.worker.token),
        );
        system.wait_for(2).await;
        system.answer(true);
        let run = stage.over(&stage.project, &id).await;
        assert_eq!((run.state(), run.attempt), (RunState::Success, 2), "{run:?}");
        drop(third);
        // Nobody has it a third time, and the workers go on with what comes.
        let other = stage.start(&stage.project, "others").await;
        while second.says("finished").await["run"] != other.as_str() {}
        assert_eq!(system.heard().len(), 3);
        assert_eq!(stage.over(&stage.project, &id).await, run);
    }

    /// A worker that hangs until another has ended its run wakes up and is told that the run is not its own.
    async fn a_worker_that_was_away_too_long_ends_nothing(
        server: Server = Options::default().arg("--run-lease=2s")
    ) {
        let stage = Stage::build(&server).await;
        let system = System::start("the real one").await;
        stage.values("main", system.values("canary-7f3a9")).await;
        system.answer(false);
        let mut first = Worker::start(&server, &stage.worker.token);
        let id = stage.start(&stage.project, "orders").await;
        system.wait_for(1).await;
        first.signal("STOP").await;
        let mut second = Worker::start(&server, &stage.worker.token);
        assert_eq!(second.says("claimed").await["attempt"], "2");
        system.wait_for(2).await;
        system.answer(true);
        assert_eq!(second.says("finished").await["state"], "RUN_STATE_SUCCESS");
        let run = stage.over(&stage.project, &id).await;
        second.kill9().await;
        // It has the answer of its own step by now, and is late with it.
        first.signal("CONT").await;
        assert_eq!(first.says("lost").await["run"], id.as_str());
        assert_eq!(stage.over(&stage.project, &id).await, run);
        let other = stage.start(&stage.project, "others").await;
        assert_eq!(first.says("finished").await["run"], other.as_str(), "it is well again");
    }
}
