//! Giving a dataclip a name, so that it is kept.

use sandbar_model::{
    Dataclip, DataclipId, Error, ProjectId, Result, Violations, policy::Action, run::check_dataclip_name,
};
use sandbar_store::dataclip;

use super::{locked, trace};
use crate::{
    App, Call, Request,
    repeat::{conclude, repeated, retry},
};

/// Asks for another name.
#[derive(Clone, Debug)]
pub struct NameDataclip {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub id: DataclipId,
    /// 1 to 255 characters; empty: none any more.
    pub name: String,
    /// See [`super::etag`]; empty: name whatever is there.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for NameDataclip {
    const ACTION: &'static str = "dataclip.name";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Gives a dataclip a name, or takes it away. Needs editor.
///
/// # Errors
/// [`Error::DataclipNotFound`], [`Error::EtagMismatch`], [`Error::DataclipErased`] when there is nothing to keep, [`Error::InvalidFields`], and the
/// gate's.
pub async fn name(app: &App, call: &Call, request: &NameDataclip) -> Result<Dataclip> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &NameDataclip) -> Result<Dataclip> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::StartRuns).await?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let before = locked(&mut tx, &entry, request.id, &request.etag).await?;
    let mut found = Violations::default();
    if !request.name.is_empty() {
        check_dataclip_name(&mut found, "name", &request.name);
    }
    found.into_result()?;
    let gone = || Error::DataclipNotFound { id: request.id };
    let clip =
        dataclip::set_name(&mut tx, request.project, request.id, &request.name).await?.ok_or_else(gone)?;
    if clip.erase_time.is_some() {
        return Err(Error::DataclipErased { id: clip.id });
    }
    let mut trace = trace(&entry, &clip);
    trace.detail = serde_json::json!({ "before": before.name, "after": clip.name });
    conclude(app, tx, by, request, trace, &clip).await?;
    Ok(clip)
}
