//! Finding the one resource that a caller names.

use sandbar_model::{Error, Kind, ResourceId, Result, Revision, claim::Claim, project::ProjectRef};
use sandbar_store::{
    Tx, claim,
    resource::{self, Found},
    view::View,
};

use super::{at_revision, missing};
use crate::App;

/// Names a resource whose kind is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// By its id.
    Id(ResourceId),
    /// By what nothing else of its kind in the project is called: its name; a config's is `kind/name`.
    Name(String),
}

impl Which {
    /// Refuses an earlier revision of what is only named: the name may then have been another's.
    ///
    /// # Errors
    /// [`Error::InvalidFields`].
    pub(crate) fn allows(&self, kind: Kind, revision: Option<Revision>) -> Result<()> {
        match (self, revision) {
            (Self::Name(_), Some(_)) => {
                Err(Error::invalid("revision", format!("can only be asked for by {} id", kind.word())))
            }
            _ => Ok(()),
        }
    }

    /// The id that is meant. Of one that is named by its id, not whether it is there.
    ///
    /// # Errors
    /// [`Error::ResourceNotFound`] for a name that nothing of the kind has.
    pub(crate) async fn id(&self, tx: &mut Tx, view: &View, kind: Kind) -> Result<ResourceId> {
        let name = match self {
            Self::Id(id) => return Ok(*id),
            // A database can't even be asked for one with a NUL.
            Self::Name(name) if name.contains('\0') => return Err(missing(kind, name)),
            Self::Name(name) => name,
        };
        let holders = claim::holders(tx, view, vec![Claim::Name(kind, name.clone())]).await?;
        holders.into_values().next().ok_or_else(|| missing(kind, name))
    }
}

/// The resource that is meant, now or at a revision.
///
/// # Errors
/// [`Error::ResourceNotFound`] where the project never had it; where it has it no longer, what is found has no hash.
/// [`Error::RevisionNotFound`].
pub(crate) async fn find(
    app: &App,
    tx: &mut Tx,
    project: ProjectRef,
    (kind, which): (Kind, &Which),
    revision: Option<Revision>,
) -> Result<(ResourceId, Found)> {
    let view = app.views.of(tx, project).await?;
    let id = which.id(tx, &view, kind).await?;
    let found = match revision {
        Some(revision) => at_revision(app, tx, project, (kind, id), revision).await?,
        None => resource::resolve(tx, &view, kind, id).await?.ok_or_else(|| missing(kind, &id))?,
    };
    Ok((id, found))
}
