//! Deleting a config. Its history stays: reading it at a revision and writing it again brings it back.

use sandbar_model::{Kind, ProjectId, ResourceId, Result, Revision};

use crate::{App, Call, Etag, Request, repeat::retry, resources};

/// Asks for a config to go.
#[derive(Clone, Debug)]
pub struct DeleteConfig {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub id: ResourceId,
    /// What it must be now.
    pub etag: Etag,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for DeleteConfig {
    const ACTION: &'static str = "config.delete";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Deletes a config; answers the revision that did. Needs editor.
///
/// # Errors
/// [`sandbar_model::Error::ResourceNotFound`], [`sandbar_model::Error::EtagMismatch`], and the gate's.
pub async fn delete(app: &App, call: &Call, request: &DeleteConfig) -> Result<Revision> {
    let key = (Kind::Config, request.id);
    retry(|| resources::delete(app, call, request, request.project, key, &request.etag)).await
}
