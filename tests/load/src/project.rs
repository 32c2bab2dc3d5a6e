//! The projects that are measured: roots of any size, chains of forks, sandboxes with changes.

use std::time::Instant;

use sandbar_client::{
    Client,
    v1::{
        self, CreateSandboxRequest, GetWorkflowRequest, ImportHeader, ListProjectsRequest,
        ListWorkflowsRequest, PutWorkflowRequest, Workflow,
    },
};
use uuid::Uuid;

use crate::{Result, document::Template};

/// How many workflows a sandbox with changes has changed.
pub(crate) const CHANGES: usize = 10;

/// The root called `name`, with this many workflows. It is imported when it is not there.
pub(crate) async fn root(client: &Client, template: &Template, name: &str, workflows: u64) -> Result<String> {
    if let Some(id) = find(client, name).await? {
        return Ok(id);
    }
    let begun = Instant::now();
    let header = ImportHeader::default();
    let imported =
        client.projects().import_project(header, template.document(name, workflows), |_| {}).await?;
    eprintln!("imported {name} in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(imported.project.unwrap_or_default().id)
}

/// The sandbox called `name` of a project, with changes of its own in it. It is made when it is not there.
pub(crate) async fn sandbox(client: &Client, parent: &str, name: &str, changed: &[String]) -> Result<String> {
    if let Some(id) = find(client, name).await? {
        return Ok(id);
    }
    let id = fork(client, parent, name).await?;
    for workflow in changed {
        let mut workflow = workflow_of(client, &id, workflow).await?;
        if let Some(job) = workflow.jobs.first_mut() {
            job.body = format!("// changed in {name}\n{}", job.body);
        }
        let request =
            PutWorkflowRequest { project_id: id.clone(), workflow: Some(workflow), ..Default::default() };
        client.workflows().put_workflow(request).await?;
    }
    Ok(id)
}

/// A new sandbox.
pub(crate) async fn fork(client: &Client, parent: &str, name: &str) -> Result<String> {
    let request =
        CreateSandboxRequest { parent_id: parent.to_owned(), name: name.to_owned(), ..Default::default() };
    Ok(client.sandboxes().create_sandbox(request).await?.sandbox.unwrap_or_default().id)
}

/// A name that no other sandbox has.
pub(crate) fn new_name() -> String {
    // Names are the only thing here that must differ between two runs on the same data.
    #[expect(clippy::disallowed_methods)]
    let unique = Uuid::new_v4();
    format!("load-{unique}")
}

/// One workflow.
pub(crate) async fn workflow_of(client: &Client, project: &str, workflow: &str) -> Result<Workflow> {
    let answer = client.workflows().get_workflow(request(project, workflow)).await?;
    answer.workflow.ok_or_else(|| "the server gave no workflow".into())
}

/// Asks for one workflow.
pub(crate) fn request(project: &str, workflow: &str) -> GetWorkflowRequest {
    let workflow = v1::get_workflow_request::Workflow::WorkflowId(workflow.to_owned());
    GetWorkflowRequest { project_id: project.to_owned(), workflow: Some(workflow), ..Default::default() }
}

/// What a project holds, by name.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// The ids of its workflows.
    pub(crate) ids: Vec<String>,
    /// Tokens of pages, the first one's empty, evenly spread.
    pub(crate) pages: Vec<String>,
}

/// Walks through a project's list.
pub(crate) async fn contents(client: &Client, project: &str) -> Result<Contents> {
    let mut contents = Contents::default();
    let mut page_token = String::new();
    loop {
        let request = ListWorkflowsRequest {
            project_id: project.to_owned(),
            page_size: 500,
            page_token: page_token.clone(),
        };
        let page = client.workflows().list_workflows(request).await?;
        // The last one may be empty.
        if !page.workflows.is_empty() {
            contents.pages.push(page_token);
        }
        contents.ids.extend(page.workflows.into_iter().map(|workflow| workflow.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(contents);
        }
    }
}

/// `count` of all, evenly spread, none twice.
pub(crate) fn spread<T: Clone>(all: &[T], count: usize) -> Vec<T> {
    let count = count.min(all.len());
    (0..count).filter_map(|n| all.get(n * all.len() / count)).cloned().collect()
}

async fn find(client: &Client, name: &str) -> Result<Option<String>> {
    let mut projects = client.list(ListProjectsRequest { page_size: 500, ..Default::default() });
    while let Some(project) = projects.next().await {
        let project = project?;
        if project.name == name {
            return Ok(Some(project.id));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreading_takes_from_the_whole() {
        let all: Vec<_> = (0..100).collect();
        assert_eq!(spread(&all, 4), [0, 25, 50, 75]);
        assert_eq!(spread(&all, 1000).len(), 100);
        assert!(spread::<u8>(&[], 5).is_empty());
    }
}
