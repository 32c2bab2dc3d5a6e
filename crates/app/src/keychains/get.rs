//! Reading one keychain.

use sandbar_model::{Kind, ProjectId, Result, Revision, policy::Action, project::ProjectRef};

use crate::{
    App, Call,
    resources::{Which, find},
    view::KeychainView,
};

/// Asks for one keychain.
#[derive(Clone, Debug)]
pub struct GetKeychain {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub which: Which,
    /// As it was then; none: as it is now. Only with an id.
    pub revision: Option<Revision>,
}

/// Shows one keychain. Needs to see the project.
///
/// # Errors
/// [`sandbar_model::Error::ResourceNotFound`], [`sandbar_model::Error::RevisionNotFound`], and the gate's.
pub async fn get(app: &App, call: &Call, request: &GetKeychain) -> Result<KeychainView> {
    request.which.allows(Kind::Keychain, request.revision)?;
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let (project, which) = (ProjectRef::from(&entry.project), (Kind::Keychain, &request.which));
    let (id, found) = find(app, &mut tx, project, which, request.revision).await?;
    app.keychain_view(&mut tx, project.root, id, found).await
}
