//! What a project touched: what it costs to ask depends on that, never on what the project holds.

use std::collections::HashMap;

use sandbar_model::{ContentHash, Kind, ProjectId, ResourceId, Result, Revision};
use uuid::Uuid;

use super::kind;
use crate::{
    content::absent_or_hash,
    db::{FromRow, Row, Tx},
    text,
    view::Level,
};

/// A resource of a sandbox that differs from what it last agreed on with its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmerged {
    /// What.
    pub kind: Kind,
    /// Which.
    pub id: ResourceId,
    /// None: deleted.
    pub hash: Option<ContentHash>,
    /// None: absent in the parent then.
    pub base: Option<ContentHash>,
}

impl FromRow for Unmerged {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            kind: kind(row.get(0)?)?,
            id: row.get::<Uuid>(1)?.into(),
            hash: absent_or_hash(&row.get::<Vec<u8>>(2)?)?,
            base: absent_or_hash(&row.get::<Vec<u8>>(3)?)?,
        })
    }
}

/// What a sandbox changed and has not merged: the rows of one partial index, whatever the sandbox holds.
pub async fn unmerged(tx: &mut Tx, project: ProjectId, limit: usize) -> Result<Vec<Unmerged>> {
    tx.sql(
        "-- resource.unmerged
        SELECT kind, id, content_hash, base_hash FROM heads
        WHERE project_id = $1 AND content_hash <> base_hash ORDER BY kind, id LIMIT $2",
    )
    .bind(project.0)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .all()
    .await
}

/// How many resources [`unmerged`] would list.
pub async fn unmerged_count(tx: &mut Tx, project: ProjectId) -> Result<i64> {
    let (count,): (i64,) = tx
        .sql("-- resource.unmerged_count\nSELECT COUNT(*) FROM heads WHERE project_id = $1 AND content_hash <> base_hash")
        .bind(project.0)
        .one()
        .await?;
    Ok(count)
}

/// Every resource that a project wrote after `after`, in the order of their newest revisions.
pub async fn touched_since(
    tx: &mut Tx,
    project: ProjectId,
    after: Revision,
) -> Result<Vec<(Kind, ResourceId)>> {
    let rows: Vec<(i64, Uuid)> = tx
        .sql("-- resource.touched_since\nSELECT kind, id FROM heads WHERE project_id = $1 AND seq > $2 ORDER BY seq")
        .bind(project.0)
        .bind(after.0)
        .all()
        .await?;
    rows.into_iter().map(|(number, id)| Ok((kind(number)?, id.into()))).collect()
}

/// Every resource that a project ever touched, up to the level's cap.
pub async fn touched(tx: &mut Tx, level: Level) -> Result<Vec<(Kind, ResourceId)>> {
    let rows: Vec<(i64, Uuid)> = tx
        .sql("-- resource.touched\nSELECT kind, id FROM heads WHERE project_id = $1 AND first_seq <= $2")
        .bind(level.project.0)
        .bind(level.cap.0)
        .all()
        .await?;
    rows.into_iter().map(|(number, id)| Ok((kind(number)?, id.into()))).collect()
}

/// What a sandbox and its parent last agreed on, for those resources that the sandbox ever touched.
pub async fn bases(
    tx: &mut Tx,
    project: ProjectId,
    kind: Kind,
    ids: &[ResourceId],
) -> Result<HashMap<ResourceId, Option<ContentHash>>> {
    const SELECT: &str = "-- resource.bases
        SELECT id, base_hash FROM heads WHERE project_id = $1 AND kind = $2 AND base_hash IS NOT NULL AND id IN";
    let mut bases = HashMap::new();
    for chunk in ids.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement =
            tx.sql(text::seek(tx.is_postgres(), SELECT, 3, size)).bind(project.0).bind(kind as i64);
        for id in text::filled(chunk, size) {
            statement = statement.bind(id.0);
        }
        let rows: Vec<(Uuid, Vec<u8>)> = statement.all().await?;
        for (id, base) in rows {
            bases.insert(id.into(), absent_or_hash(&base)?);
        }
    }
    Ok(bases)
}
