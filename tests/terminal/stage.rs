//! A real project whose sandbox and which itself changed the same step: its adaptor, and two places of its body.

use sandbar_client::{
    Client,
    v1::{
        CreateSandboxRequest, GetWorkflowRequest, ListWorkflowsRequest, PrincipalKind, PutWorkflowRequest,
        Workflow, get_workflow_request,
    },
};
use sandbar_tests::{Server, import};

use crate::terminal::Desk;

/// A real project.
pub(crate) const STATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/histories/health-sync/040.json");
const WORKFLOW: &str = "wf2-omrs-dhis2";
/// The step.
pub(crate) const STEP: &str = "Upsert TEIs";
/// The lines of its body that both sides change; counted from 0.
pub(crate) const LINES: [usize; 2] = [9, 99];

/// The stage.
pub(crate) struct Stage {
    pub(crate) desk: Desk,
    pub(crate) client: Client,
    pub(crate) project: String,
    pub(crate) sandbox: String,
    workflow: String,
}

impl Stage {
    /// Both sides as they were when they agreed.
    pub(crate) async fn quiet(server: &Server) -> Self {
        let user = server.principal("Ada", PrincipalKind::User).await;
        let client = user.client.clone();
        let project = import(&client, STATE).await;
        let request =
            ListWorkflowsRequest { project_id: project.clone(), page_size: 500, ..Default::default() };
        let workflows = client.list(request).all().await.unwrap();
        let workflow = workflows.iter().find(|one| one.name == WORKFLOW).unwrap().id.clone();
        let request =
            CreateSandboxRequest { parent_id: project.clone(), name: "fix".into(), ..Default::default() };
        let sandbox = client.sandboxes().create_sandbox(request).await.unwrap().sandbox.unwrap().id;
        Self { desk: Desk::new(server, &user.token), client, project, sandbox, workflow }
    }

    /// Both sides with their own idea of the same things.
    pub(crate) async fn diverged(server: &Server) -> Self {
        let stage = Self::quiet(server).await;
        stage.edit(&stage.sandbox, "@openfn/language-dhis2@6.0.0", &["// sandbox 1", "// sandbox 2"]).await;
        stage.edit(&stage.project, "@openfn/language-dhis2@5.9.9", &["// project 1", "// project 2"]).await;
        stage
    }

    pub(crate) async fn workflow(&self, project: &str) -> Workflow {
        let request = GetWorkflowRequest {
            project_id: project.to_owned(),
            workflow: Some(get_workflow_request::Workflow::WorkflowId(self.workflow.clone())),
            ..Default::default()
        };
        self.client.workflows().get_workflow(request).await.unwrap().workflow.unwrap()
    }

    /// Changes the step's adaptor and lines.
    pub(crate) async fn edit(&self, project: &str, adaptor: &str, lines: &[&str]) {
        let mut workflow = self.workflow(project).await;
        let step = workflow.jobs.iter_mut().find(|job| job.name == STEP).unwrap();
        step.adaptor = adaptor.to_owned();
        let mut body: Vec<&str> = step.body.lines().collect();
        for (line, text) in LINES.into_iter().zip(lines) {
            body[line] = text;
        }
        step.body = body.join("\n") + "\n";
        let (project_id, workflow) = (project.to_owned(), Some(workflow));
        let request = PutWorkflowRequest { project_id, workflow, ..Default::default() };
        self.client.workflows().put_workflow(request).await.unwrap();
    }

    /// The step's adaptor in the project, and the lines of its body that somebody here wrote.
    pub(crate) async fn step(&self) -> (String, Vec<String>) {
        let workflow = self.workflow(&self.project).await;
        let step = workflow.jobs.into_iter().find(|job| job.name == STEP).unwrap();
        let ours =
            |line: &&str| ["// project", "// sandbox", "// later"].iter().any(|who| line.starts_with(who));
        (step.adaptor, step.body.lines().filter(ours).map(str::to_owned).collect())
    }
}
