//! A resource's versions.

use sandbar_model::{ContentHash, Kind, PrincipalId, ProjectId, ResourceId, Result, Revision, Time};
use uuid::Uuid;

use crate::{
    content::absent_or_hash,
    db::{FromRow, Row, Tx},
    view::Level,
};

/// One version in a resource's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Where it was written: the project itself or an ancestor.
    pub project: ProjectId,
    /// That project's revision.
    pub revision: Revision,
    /// What it was called then.
    pub name: String,
    /// None: this version deleted it.
    pub hash: Option<ContentHash>,
    /// When.
    pub write_time: Time,
    /// By whom.
    pub writer: PrincipalId,
}

impl FromRow for Version {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            project: row.get::<Uuid>(0)?.into(),
            revision: Revision(row.get(1)?),
            name: row.get(2)?,
            hash: absent_or_hash(&row.get::<Vec<u8>>(3)?)?,
            write_time: Time(row.get(4)?),
            writer: row.get::<Uuid>(5)?.into(),
        })
    }
}

/// The versions of one resource at one level, newest first, below `before`.
pub async fn versions(
    tx: &mut Tx,
    level: Level,
    kind: Kind,
    id: ResourceId,
    before: Revision,
    limit: usize,
) -> Result<Vec<Version>> {
    tx.sql(
        "-- resource.versions
        SELECT project_id, seq, name, content_hash, write_time, writer_id FROM versions
        WHERE project_id = $1 AND kind = $2 AND id = $3 AND seq <= $4 AND seq < $5 ORDER BY seq DESC LIMIT $6",
    )
    .bind(level.project.0)
    .bind(kind as i64)
    .bind(id.0)
    .bind(level.cap.0)
    .bind(before.0)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .all()
    .await
}

/// The content of one version, for reading a revision.
pub async fn version(
    tx: &mut Tx,
    project: ProjectId,
    kind: Kind,
    id: ResourceId,
    revision: Revision,
) -> Result<Option<Version>> {
    tx.sql(
        "-- resource.version
        SELECT project_id, seq, name, content_hash, write_time, writer_id FROM versions
        WHERE project_id = $1 AND kind = $2 AND id = $3 AND seq = $4",
    )
    .bind(project.0)
    .bind(kind as i64)
    .bind(id.0)
    .bind(revision.0)
    .optional()
    .await
}
