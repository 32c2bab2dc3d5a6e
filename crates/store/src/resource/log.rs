//! What was written to a project, in the order in which it was.

use sandbar_model::{ContentHash, Kind, PrincipalId, ProjectId, ResourceId, Result, Revision, Time};
use uuid::Uuid;

use super::kind;
use crate::{
    content::absent_or_hash,
    db::{FromRow, Row, Tx},
};

/// One version of one resource, with the revision that it took: each took one of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// What.
    pub kind: Kind,
    /// Which.
    pub id: ResourceId,
    /// The project's revision.
    pub revision: Revision,
    /// What it was called then; empty where this version deleted it.
    pub name: String,
    /// None: this version deleted it.
    pub hash: Option<ContentHash>,
    /// When.
    pub write_time: Time,
    /// By whom.
    pub writer: PrincipalId,
}

impl FromRow for Logged {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            kind: kind(row.get(0)?)?,
            id: row.get::<Uuid>(1)?.into(),
            revision: Revision(row.get(2)?),
            name: row.get(3)?,
            hash: absent_or_hash(&row.get::<Vec<u8>>(4)?)?,
            write_time: Time(row.get(5)?),
            writer: row.get::<Uuid>(6)?.into(),
        })
    }
}

/// At most `limit` versions that the project itself wrote after one revision and up to another, in their order. Where a
/// revision is missing, its version was pruned.
pub async fn log(
    tx: &mut Tx,
    project: ProjectId,
    (after, last): (Revision, Revision),
    limit: i64,
) -> Result<Vec<Logged>> {
    tx.sql(
        "-- resource.log
        SELECT kind, id, seq, name, content_hash, write_time, writer_id FROM versions
        WHERE project_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4",
    )
    .bind(project.0)
    .bind(after.0)
    .bind(last.0)
    .bind(limit)
    .all()
    .await
}
