//! Reading one dataclip.

use sandbar_model::{Dataclip, DataclipId, ProjectId, Result, policy::Action};
use sandbar_store::dataclip;
use secrecy::SecretString;

use super::of_project;
use crate::{App, Call};

/// Asks for one dataclip.
#[derive(Clone, Copy, Debug)]
pub struct GetDataclip {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub id: DataclipId,
}

/// A dataclip, whole.
#[derive(Clone, Debug)]
pub struct DataclipView {
    /// What is known of it.
    pub clip: Dataclip,
    /// Its body; empty once it was erased.
    pub body: SecretString,
}

/// Answers one dataclip. Needs to see the project.
///
/// # Errors
/// [`sandbar_model::Error::DataclipNotFound`], and the gate's.
pub async fn get(app: &App, call: &Call, request: &GetDataclip) -> Result<DataclipView> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let clip = of_project(&mut tx, &entry, request.id).await?;
    let body = SecretString::from(dataclip::body(&mut tx, clip.id).await?.unwrap_or_default());
    Ok(DataclipView { clip, body })
}
