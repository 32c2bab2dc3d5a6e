//! Erasing a dataclip.

use sandbar_model::{DataclipId, Error, ProjectId, Result, policy::Action};
use sandbar_store::{dataclip, run};

use super::{locked, trace};
use crate::{
    App, Call, Request,
    repeat::{conclude, repeated, retry},
};

/// Asks for a dataclip to be erased.
#[derive(Clone, Debug)]
pub struct DeleteDataclip {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub id: DataclipId,
    /// See [`super::etag`]; empty: erase whatever is there.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for DeleteDataclip {
    const ACTION: &'static str = "dataclip.delete";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Erases a dataclip's body for good; what runs say of it stays. Needs editor.
///
/// # Errors
/// [`Error::DataclipNotFound`], [`Error::EtagMismatch`], [`Error::DataclipInUse`], and the gate's.
pub async fn delete(app: &App, call: &Call, request: &DeleteDataclip) -> Result<()> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &DeleteDataclip) -> Result<()> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::StartRuns).await?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let clip = locked(&mut tx, &entry, request.id, &request.etag).await?;
    // Whoever starts a run with it waits from here.
    dataclip::touch(&mut tx, request.project, clip.id, app.now()).await?;
    if let Some(run) = run::beginning_with(&mut tx, clip.id).await? {
        return Err(Error::DataclipInUse { id: clip.id, run });
    }
    dataclip::erase(&mut tx, clip.id, app.now()).await?;
    conclude(app, tx, by, request, trace(&entry, &clip), &()).await
}
