//! Reading one config.

use sandbar_model::{Kind, ProjectId, Result, Revision, policy::Action, project::ProjectRef};

use crate::{
    App, Call,
    resources::{Which, find},
    view::ConfigView,
};

/// Asks for one config.
#[derive(Clone, Debug)]
pub struct GetConfig {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub which: Which,
    /// As it was then; none: as it is now. Only with an id.
    pub revision: Option<Revision>,
}

/// Shows one config, whole. Needs to see the project.
///
/// # Errors
/// [`sandbar_model::Error::ResourceNotFound`], [`sandbar_model::Error::RevisionNotFound`], and the gate's.
pub async fn get(app: &App, call: &Call, request: &GetConfig) -> Result<ConfigView> {
    request.which.allows(Kind::Config, request.revision)?;
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let (project, which) = (ProjectRef::from(&entry.project), (Kind::Config, &request.which));
    let (id, found) = find(app, &mut tx, project, which, request.revision).await?;
    app.config_view(&mut tx, project.root, id, found).await
}
