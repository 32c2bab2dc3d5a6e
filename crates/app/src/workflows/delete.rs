//! Deleting a workflow. Its history stays, so that it can be brought back.

use sandbar_model::{Kind, ProjectId, ResourceId, Result, Revision};

use crate::{App, Call, Etag, Request, repeat::retry, resources};

/// Asks for a workflow to go.
#[derive(Clone, Debug)]
pub struct DeleteWorkflow {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub id: ResourceId,
    /// What it must be now.
    pub etag: Etag,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for DeleteWorkflow {
    const ACTION: &'static str = "workflow.delete";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Deletes a workflow; answers the revision that did. Needs editor.
///
/// # Errors
/// [`sandbar_model::Error::ResourceNotFound`], [`sandbar_model::Error::EtagMismatch`], and the gate's.
pub async fn delete(app: &App, call: &Call, request: &DeleteWorkflow) -> Result<Revision> {
    let key = (Kind::Workflow, request.id);
    retry(|| resources::delete(app, call, request, request.project, key, &request.etag)).await
}
