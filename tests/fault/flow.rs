//! The steps that these tests are made of.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use rand::{SeedableRng, rngs::StdRng};
use sandbar_client::{
    Client, Error, Reason,
    v1::{
        CreateProjectRequest, CreateSandboxRequest, Edge, EdgeCondition, GetProjectRequest,
        GetSubscriptionRequest, GetWorkflowRequest, ImportHeader, ImportProjectResponse, Job,
        ListWorkflowRevisionsRequest, ListWorkflowsRequest, Project, PutWorkflowRequest, Subscription,
        Trigger, UpdateSubscriptionRequest, WebhookTrigger, Workflow, WorkflowRevision, WorkflowSummary,
        edge, get_workflow_request, trigger,
    },
};
use sandbar_tests::Server;
use serde_json::Value;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::history;

/// What a project holds: the etag of each workflow, and each link and collection, by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Holdings {
    pub(crate) workflows: BTreeMap<String, String>,
    /// The same workflows with the credentials that their steps use by owner and name: two projects may have links of
    /// different ids to the same one.
    pub(crate) contents: BTreeMap<String, Value>,
    pub(crate) others: BTreeMap<(&'static str, String), Value>,
}

/// Random choices that can be made again: the seed is printed, which shows when the test fails.
pub(crate) fn random(test: &str) -> StdRng {
    let seed = std::env::var("SANDBAR_TEST_SEED").map_or(20_261_122, |seed| seed.parse().unwrap());
    eprintln!("{test}: SANDBAR_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// A new id.
#[expect(clippy::disallowed_methods, reason = "tests make ids")]
pub(crate) fn new_id() -> String {
    Uuid::now_v7().to_string()
}

/// An empty root project.
pub(crate) async fn root(client: &Client, name: &str) -> String {
    let project = Project { name: name.to_owned(), ..Project::default() };
    let request = CreateProjectRequest { project: Some(project), ..Default::default() };
    client.projects().create_project(request).await.unwrap().project.unwrap().id
}

/// Imports a document into a project, or as a new root.
pub(crate) async fn import(client: &Client, project: &str, document: &[u8]) -> ImportProjectResponse {
    import_as(client, project, "", document).await.unwrap()
}

/// Imports under a request id.
pub(crate) async fn import_as(
    client: &Client,
    project: &str,
    request_id: &str,
    document: &[u8],
) -> Result<ImportProjectResponse, Error> {
    let header =
        ImportHeader { project_id: project.into(), request_id: request_id.into(), ..Default::default() };
    client.projects().import_project(header, document, |_| {}).await
}

/// The project as a document.
pub(crate) async fn export(client: &Client, project: &str) -> Value {
    let mut text = Vec::new();
    client.projects().export_project(project, &mut text, |_| {}).await.unwrap();
    serde_json::from_slice(&text).unwrap()
}

pub(crate) async fn project(client: &Client, id: &str) -> Project {
    try_project(client, id).await.unwrap()
}

pub(crate) async fn try_project(client: &Client, id: &str) -> Result<Project, Error> {
    let request = GetProjectRequest { project_id: id.into() };
    client.projects().get_project(request).await.map(|answer| answer.project.unwrap())
}

/// Clones a project.
pub(crate) async fn fork(client: &Client, parent: &str, name: &str) -> String {
    try_fork(client, parent, name).await.unwrap().id
}

pub(crate) async fn try_fork(client: &Client, parent: &str, name: &str) -> Result<Project, Error> {
    let request = CreateSandboxRequest {
        parent_id: parent.into(),
        name: name.into(),
        ..CreateSandboxRequest::default()
    };
    client.sandboxes().create_sandbox(request).await.map(|answer| answer.sandbox.unwrap())
}

pub(crate) async fn workflows(client: &Client, project: &str) -> Vec<WorkflowSummary> {
    let request =
        ListWorkflowsRequest { project_id: project.into(), page_size: 3, page_token: String::new() };
    client.list(request).all().await.unwrap()
}

pub(crate) async fn holdings(client: &Client, project: &str) -> Holdings {
    let workflows = workflows(client, project).await.into_iter().map(|one| (one.id, one.etag)).collect();
    Holdings { workflows, ..Holdings::of(&export(client, project).await) }
}

impl Holdings {
    /// What a document says of them: everything but etags.
    pub(crate) fn of(document: &Value) -> Self {
        let mut holdings = Self::default();
        let (contents, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
            history::resources(document).into_iter().partition(|(key, _)| key.0 == "workflows");
        holdings.others = others;
        for ((_, id), mut content) in contents {
            for job in content["jobs"].as_object_mut().into_iter().flatten().map(|(_, job)| job) {
                if let Some(link) = job["project_credential_id"].as_str().map(str::to_owned) {
                    job["project_credential_id"] = holdings.credential(&link).into();
                }
            }
            holdings.contents.insert(id, content);
        }
        holdings
    }

    /// Whether the other one has a link to the same credential under another id.
    pub(crate) fn links_otherwise(&self, other: &Self) -> bool {
        let links = |one: &Self| {
            one.others.keys().filter(|key| key.0 == "project_credentials").cloned().collect::<Vec<_>>()
        };
        let theirs = links(other);
        links(self).iter().any(|(_, id)| {
            theirs.iter().any(|(_, their)| their != id && other.credential(their) == self.credential(id))
        })
    }

    fn credential(&self, link: &str) -> String {
        let link = &self.others[&("project_credentials", link.to_owned())];
        format!("{}|{}", link["owner"], link["name"])
    }
}

/// A workflow with one trigger and one step.
pub(crate) fn workflow(name: &str, body: &str) -> Workflow {
    let (job, trigger) = (new_id(), new_id());
    let edge = Edge {
        id: new_id(),
        target_job_id: job.clone(),
        condition: EdgeCondition::Always.into(),
        source: Some(edge::Source::SourceTriggerId(trigger.clone())),
        ..Edge::default()
    };
    let kind = trigger::Type::Webhook(WebhookTrigger::default());
    Workflow {
        id: new_id(),
        name: name.to_owned(),
        jobs: vec![Job { id: job, name: "step".into(), body: body.to_owned(), ..Job::default() }],
        triggers: vec![Trigger { id: trigger, r#type: Some(kind), ..Trigger::default() }],
        edges: vec![edge],
        ..Workflow::default()
    }
}

/// Saves a workflow over the one that has this etag; empty: over any, or none.
pub(crate) async fn put(
    client: &Client,
    project: &str,
    workflow: Workflow,
    etag: &str,
) -> Result<Workflow, Error> {
    let request = PutWorkflowRequest {
        project_id: project.into(),
        workflow: Some(workflow),
        etag: etag.into(),
        ..PutWorkflowRequest::default()
    };
    client.workflows().put_workflow(request).await.map(|answer| answer.workflow.unwrap())
}

pub(crate) async fn get(client: &Client, project: &str, workflow: &str) -> Workflow {
    let workflow = Some(get_workflow_request::Workflow::WorkflowId(workflow.into()));
    let request = GetWorkflowRequest { project_id: project.into(), workflow, revision: 0 };
    client.workflows().get_workflow(request).await.unwrap().workflow.unwrap()
}

pub(crate) async fn revisions(client: &Client, project: &str, workflow: &str) -> Vec<WorkflowRevision> {
    let (project_id, workflow_id) = (project.to_owned(), workflow.to_owned());
    let request = ListWorkflowRevisionsRequest { project_id, workflow_id, ..Default::default() };
    client.list(request).all().await.unwrap()
}

pub(crate) async fn subscription(client: &Client, project: &str) -> Subscription {
    let request = GetSubscriptionRequest { project_id: project.into() };
    client.projects().get_subscription(request).await.unwrap().subscription.unwrap()
}

/// Sets how many sandboxes the tree of a project may have.
pub(crate) async fn allow(server: &Server, project: &str, most: i64) {
    let request = UpdateSubscriptionRequest {
        project_id: project.into(),
        max_active_sandboxes: Some(most),
        ..UpdateSubscriptionRequest::default()
    };
    server.admin().projects().update_subscription(request).await.unwrap();
}

/// Does all of this at once; gives what came of each, in the order of the tasks.
pub(crate) async fn at_once<T: Send + 'static>(tasks: Vec<BoxFuture<'static, T>>) -> Vec<T> {
    let mut running = JoinSet::new();
    for (number, task) in tasks.into_iter().enumerate() {
        running.spawn(async move { (number, task.await) });
    }
    let mut done: BTreeMap<usize, T> = BTreeMap::new();
    while let Some(one) = running.join_next().await {
        let (number, answer) = one.unwrap();
        done.insert(number, answer);
    }
    done.into_values().collect()
}

/// Checks that a call went well or was refused for one of these reasons. Gives the reason.
pub(crate) fn accept<T>(result: &Result<T, Error>, reasons: &[Reason], what: &str) -> Option<Reason> {
    let error = result.as_ref().err()?;
    match error.reason() {
        Some(reason) if reasons.contains(&reason) => Some(reason),
        _ => panic!("{what}: {error:?}"),
    }
}

/// Checks that nothing went wrong inside the server, whatever its callers were told.
pub(crate) fn assert_sound(server: &Server) {
    let (path, log) = server.log();
    for sign in ["INTERNAL", "panicked", "STORAGE_UNAVAILABLE"] {
        let line = log.lines().find(|line| line.contains(sign));
        assert!(line.is_none(), "{}: {}", path.display(), line.unwrap_or_default());
    }
}
