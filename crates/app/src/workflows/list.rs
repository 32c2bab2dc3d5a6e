//! Listing workflows by name, without bodies.

use std::collections::HashMap;

use sandbar_model::{Kind, ProjectId, ResourceId, Result, policy::Action};
use sandbar_store::{
    resource::{self, Found, Named},
    trigger as trigger_store,
};

use super::as_workflow;
use crate::{
    App, Call,
    view::{Page, WorkflowSummary, stamp},
};

/// Asks for a page of workflows.
#[derive(Clone, Debug)]
pub struct ListWorkflows {
    /// Where.
    pub project: ProjectId,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// Lists a project's workflows by name. Costs what the page holds, not what the project holds.
///
/// # Errors
/// The gate's; [`sandbar_model::Error::InvalidPageToken`].
pub async fn list(app: &App, call: &Call, request: &ListWorkflows) -> Result<Page<WorkflowSummary>> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let seal = format!("workflows {}", request.project);
    let (after, limit) = (app.sealer.cursor(&seal, &request.page_token)?, app.page_size(request.page_size)?);
    let view = app.views.of(&mut tx, &entry.project).await?;
    let page = resource::page(&mut tx, &view, Kind::Workflow, &after, limit).await?;
    let ids: Vec<_> = page.rows.iter().map(|row| row.id).collect();
    let found = resource::resolve_many(&mut tx, &view, Kind::Workflow, ids).await?;
    let hashes = found.values().filter_map(|found| found.hash).collect();
    let documents = app.contents.documents(&mut tx, entry.project.root, hashes).await?;
    let names = app.names(&mut tx, found.values().map(|found| found.writer).collect()).await?;
    let mut triggers = Vec::new();
    for document in documents.values() {
        triggers.extend(as_workflow(document)?.triggers.iter().map(|trigger| trigger.id));
    }
    let states = trigger_store::states(&mut tx, entry.project.id, &triggers).await?;
    let mut rows = Vec::with_capacity(page.rows.len());
    for (row, found, hash) in page.rows.into_iter().filter_map(|row| with_hash(row, &found)) {
        let Some(document) = documents.get(&hash) else { continue };
        let workflow = as_workflow(document)?;
        let on =
            workflow.triggers.iter().map(|trigger| trigger.id).filter(|id| states.get(id) == Some(&true));
        rows.push(WorkflowSummary {
            in_root: !entry.project.is_sandbox(),
            id: row.id,
            name: row.name,
            revision: found.revision,
            hash,
            updated: stamp(&names, found.write_time, found.writer),
            jobs: workflow.jobs.len(),
            triggers: workflow.triggers.clone(),
            enabled: on.collect(),
        });
    }
    let next_page_token = page.next.map(|next| app.sealer.page(&seal, &next)).unwrap_or_default();
    Ok(Page { rows, next_page_token })
}

fn with_hash(
    row: Named,
    found: &HashMap<ResourceId, Found>,
) -> Option<(Named, Found, sandbar_model::ContentHash)> {
    let found = *found.get(&row.id)?;
    Some((row, found, found.hash?))
}
