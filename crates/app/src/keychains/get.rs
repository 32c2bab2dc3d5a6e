//! Reading one keychain.

use sandbar_model::{
    Error, Kind, ProjectId, ResourceId, Result, Revision, claim::Claim, policy::Action, project::ProjectRef,
};
use sandbar_store::{Tx, claim, resource};

use super::missing;
use crate::{App, Call, resources::at_revision, view::KeychainView};

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

/// Names a keychain.
#[derive(Clone, Debug)]
pub enum Which {
    /// By its id.
    Id(ResourceId),
    /// By its name.
    Name(String),
}

/// Shows one keychain. Needs to see the project.
///
/// # Errors
/// [`Error::ResourceNotFound`], [`Error::RevisionNotFound`], and the gate's.
pub async fn get(app: &App, call: &Call, request: &GetKeychain) -> Result<KeychainView> {
    if request.revision.is_some() && matches!(request.which, Which::Name(_)) {
        return Err(Error::invalid("revision", "can only be asked for by keychain id"));
    }
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let project = ProjectRef::from(&entry.project);
    let id = match &request.which {
        Which::Id(id) => *id,
        Which::Name(name) => named(app, &mut tx, project, name).await?,
    };
    let found = if let Some(revision) = request.revision {
        at_revision(app, &mut tx, project, (Kind::Keychain, id), revision).await?
    } else {
        let view = app.views.of(&mut tx, project).await?;
        resource::resolve(&mut tx, &view, Kind::Keychain, id).await?.ok_or_else(|| missing(&id))?
    };
    app.keychain_view(&mut tx, project.root, id, found).await
}

async fn named(app: &App, tx: &mut Tx, project: ProjectRef, name: &str) -> Result<ResourceId> {
    let view = app.views.of(tx, project).await?;
    let claim = Claim::Name(Kind::Keychain, name.to_owned());
    let holders = claim::holders(tx, &view, vec![claim]).await?;
    holders.into_values().next().ok_or_else(|| missing(&name))
}
