//! Reading and writing workflows.

mod delete;
mod get;
mod list;
mod put;
mod restore;
mod revisions;
mod shown;
mod trigger;

use std::sync::Arc;

use sandbar_model::{
    ContentHash, Document, Error, Kind, ProjectId, ResourceId, Result, TriggerId, project::ProjectRef,
    workflow::StoredWorkflow,
};
use sandbar_store::{Tx, resource::Found, trigger as trigger_store};

pub use delete::{DeleteWorkflow, delete};
pub use get::{GetWorkflow, get};
pub use list::{ListWorkflows, list};
pub use put::{PutWorkflow, put};
pub(crate) use put::{check_used, checked};
pub use restore::{RestoreRevision, restore};
pub use revisions::{ListRevisions, RevisionView, revisions};
pub use shown::Shown;
pub use trigger::{SetTrigger, TriggerView, set_trigger};

pub use crate::resources::Which;
use crate::{App, resources, view::WorkflowView};

/// What is not there.
fn missing(id: &impl ToString) -> Error {
    resources::missing(Kind::Workflow, id)
}

impl App {
    /// The content of a workflow, without bodies.
    async fn stored_workflow(
        &self,
        tx: &mut Tx,
        root: ProjectId,
        hash: ContentHash,
    ) -> Result<Arc<Document>> {
        self.contents.document(tx, root, hash).await
    }

    /// A workflow as it was found, whole.
    async fn workflow_view(
        &self,
        tx: &mut Tx,
        project: impl Into<ProjectRef>,
        id: ResourceId,
        found: Found,
    ) -> Result<WorkflowView> {
        let project = project.into();
        let hash = found.hash.ok_or_else(|| missing(&id))?;
        let document = self.stored_workflow(tx, project.root, hash).await?;
        let stored = as_workflow(&document)?;
        let mut bodies =
            self.contents.bodies(tx, project.root, stored.jobs.iter().map(|job| job.body).collect()).await?;
        let workflow = stored.clone().map_bodies(|hash| bodies.get(&hash).cloned().unwrap_or_default());
        bodies.clear();
        let triggers: Vec<_> = stored.triggers.iter().map(|trigger| trigger.id).collect();
        let enabled = self.enabled_triggers(tx, project, id, &triggers).await?;
        let updated = self.stamp(tx, found.write_time, found.writer).await?;
        let (project, in_root) = (project.id, project.fork.is_none());
        Ok(WorkflowView { project, in_root, id, workflow, revision: found.revision, hash, updated, enabled })
    }

    /// Which of a workflow's triggers are on. Remembered until one is switched in the project: the gate's statement
    /// brings the number that tells.
    async fn enabled_triggers(
        &self,
        tx: &mut Tx,
        project: ProjectRef,
        id: ResourceId,
        triggers: &[TriggerId],
    ) -> Result<Arc<[TriggerId]>> {
        if triggers.is_empty() {
            return Ok(Arc::default());
        }
        let key = (project.id, project.trigger_version, id);
        if let Some(enabled) = self.triggers.get(&key)
            && enabled.iter().all(|trigger| triggers.contains(trigger))
        {
            return Ok(enabled);
        }
        let states = trigger_store::states(tx, project.id, triggers).await?;
        let enabled: Arc<[TriggerId]> =
            triggers.iter().copied().filter(|trigger| states.get(trigger) == Some(&true)).collect();
        self.triggers.insert(key, Arc::clone(&enabled));
        Ok(enabled)
    }
}

/// The workflow in a document that was read as one.
pub(crate) fn as_workflow(document: &Document) -> Result<&StoredWorkflow> {
    document.workflow().ok_or(Error::Bug("a workflow's content is none"))
}
