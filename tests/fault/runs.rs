//! Runs under stress: workers that are killed, and what the other tests need to have runs at all.

use std::time::Duration;

use sandbar_client::v1::{
    ClaimRunsRequest, CreateProjectRequest, FinishRunRequest, GetRunRequest, HeartbeatRunRequest, Job,
    LinkCredentialRequest, PrincipalKind, Project, PutWorkflowRequest, Reason, Role, RunState,
    SetMemberRequest, StartRunRequest, Workflow, job::Uses,
};
use sandbar_tests::{Options, Server, User, on_both_engines};

use crate::secrets::create;

pub(crate) const WORKFLOW: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const JOB: &str = "aaaaaaaa-0001-4aaa-8aaa-aaaaaaaaaaaa";

/// A project whose workflow signs in, its owner, and a worker.
pub(crate) struct Runs {
    pub(crate) owner: User,
    pub(crate) worker: User,
    pub(crate) project: String,
    pub(crate) credential: String,
}

impl Runs {
    pub(crate) async fn build(server: &Server) -> Self {
        let owner = server.principal("owner", PrincipalKind::User).await;
        let worker = server.principal("worker", PrincipalKind::ServiceAccount).await;
        let client = server.client(&owner.token);
        let project = Some(Project { name: "orders".to_owned(), ..Default::default() });
        let request = CreateProjectRequest { project, ..Default::default() };
        let project = client.projects().create_project(request).await.unwrap().project.unwrap().id;
        let role = Role::Editor.into();
        let (project_id, principal_id) = (project.clone(), worker.id.clone());
        let member = SetMemberRequest { project_id, principal_id, role, ..Default::default() };
        client.access().set_member(member).await.unwrap();
        let credential = create(&client, "DHIS2").await;
        let (project_id, credential_id) = (project.clone(), credential.clone());
        let link = LinkCredentialRequest { project_id, credential_id, ..Default::default() };
        let link = client.credentials().link_credential(link).await.unwrap().credential_link.unwrap();
        let job = Job {
            id: JOB.to_owned(),
            name: "Fetch".to_owned(),
            body: "fetch();".to_owned(),
            uses: Some(Uses::CredentialLinkId(link.id)),
            ..Default::default()
        };
        let workflow = Workflow {
            id: WORKFLOW.to_owned(),
            name: "Sync".to_owned(),
            jobs: vec![job],
            ..Default::default()
        };
        let put = PutWorkflowRequest {
            project_id: project.clone(),
            workflow: Some(workflow),
            ..Default::default()
        };
        client.workflows().put_workflow(put).await.unwrap();
        Self { owner, worker, project, credential }
    }

    /// A run of the workflow.
    pub(crate) fn start(&self) -> StartRunRequest {
        StartRunRequest {
            project_id: self.project.clone(),
            workflow_id: WORKFLOW.to_owned(),
            ..Default::default()
        }
    }

    /// Values for the project's environment, so that runs start.
    pub(crate) async fn sign_in(&self, server: &Server) {
        let set = sandbar_client::v1::SetCredentialValuesRequest {
            credential_id: self.credential.clone(),
            environment: "main".to_owned(),
            values: "{}".to_owned(),
            ..Default::default()
        };
        server.client(&self.owner.token).credentials().set_credential_values(set).await.unwrap();
    }
}

on_both_engines! {
    /// The worker is gone in the middle of a run, and so is the server. Of three that then look for work at once, one gets
    /// the run, once, and it ends once.
    async fn a_killed_workers_run_is_claimed_again_once_and_ends_once(
        mut server: Server = Options::default().arg("--run-lease=1s").arg("--run-attempts=2")
    ) {
        let stage = Runs::build(&server).await;
        stage.sign_in(&server).await;
        let started = server.client(&stage.owner.token).runs().start_run(stage.start()).await.unwrap();
        let run_id = started.run.unwrap().id;
        let worker = server.client(&stage.worker.token);
        let first = worker.runs().claim_runs(ClaimRunsRequest::default()).await.unwrap().work.remove(0);
        server.kill9().await;
        server.restart().await;
        tokio::time::sleep(Duration::from_millis(1200)).await;
        let worker = server.client(&stage.worker.token);
        let claims = (0..3).map(|_| {
            let worker = worker.clone();
            async move { worker.runs().claim_runs(ClaimRunsRequest { limit: 5, ..Default::default() }).await.unwrap() }
        });
        let given: Vec<_> = futures::future::join_all(claims).await.into_iter().flat_map(|one| one.work).collect();
        assert_eq!(given.len(), 1, "{given:?}");
        assert_eq!(given[0].run.as_ref().unwrap().attempt, 2);
        let finish = |outcome: RunState| FinishRunRequest { outcome: outcome.into(), ..Default::default() };
        // The first comes back from the dead.
        let dead = worker.with_token(first.run_token).unwrap();
        let error = dead.runs().finish_run(finish(RunState::Failed)).await.unwrap_err();
        assert_eq!(error.reason(), Some(Reason::RunLeaseLost));
        let error = dead.runs().heartbeat_run(HeartbeatRunRequest {}).await.unwrap_err();
        assert_eq!(error.reason(), Some(Reason::RunLeaseLost));
        // The second ends it with ten calls at once; they all hear of one end.
        let alive = worker.with_token(given[0].run_token.clone()).unwrap();
        let ends = (0..10).map(|number| {
            let alive = alive.clone();
            let outcome = if number % 2 == 0 { RunState::Success } else { RunState::Crashed };
            async move { (outcome, alive.runs().finish_run(finish(outcome)).await) }
        });
        let ends = futures::future::join_all(ends).await;
        let get = GetRunRequest { project_id: stage.project.clone(), run_id };
        let run = server.client(&stage.owner.token).runs().get_run(get).await.unwrap().run.unwrap();
        for (outcome, answer) in ends {
            match answer {
                Ok(answer) => assert_eq!((outcome, answer.run), (run.state(), Some(run.clone()))),
                Err(error) => {
                    assert_ne!(outcome, run.state(), "{error}");
                    assert_eq!(error.reason(), Some(Reason::RunFinished));
                }
            }
        }
    }
}
