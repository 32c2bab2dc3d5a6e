//! Where a credential is linked, through every fork that still sees the link.

use sandbar_model::{CredentialId, Kind, ProjectId, ResourceId, Result};
use uuid::Uuid;

use crate::{
    claim::{Stretch, holding},
    db::Tx,
};

/// A project that links a credential now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Linked {
    /// The project.
    pub project: ProjectId,
    /// The link.
    pub link: ResourceId,
}

/// Every project that links a credential now: of its own right, or because it was forked when the one above it did, also
/// if that one does no more. Costs a statement for each of them.
pub async fn linked(tx: &mut Tx, credential: CredentialId) -> Result<Vec<Linked>> {
    let key = credential.to_string();
    let rows: Vec<(Uuid, Uuid, i64, i64)> = tx
        .sql("-- credential.linked\nSELECT project_id, id, since_seq, until_seq FROM claims WHERE space = 3 AND key = $1")
        .bind(key.as_str())
        .all()
        .await?;
    let stretch = |(project, id, since, until): (Uuid, Uuid, i64, i64)| Stretch {
        project: project.into(),
        id: id.into(),
        since,
        until,
    };
    let open = rows.into_iter().map(stretch).collect();
    let found = holding(tx, Kind::CredentialLink, open).await?;
    Ok(found.into_iter().map(|(project, link)| Linked { project, link }).collect())
}
