//! What a merge did, key by key.

use sandbar_model::{ContentHash, Error, Kind, MergeId, ResourceId, Result, Revision};
use uuid::Uuid;

use crate::{
    content::{absent_or_hash, bytes_or_empty},
    db::{FromRow, Row, Tx},
    text,
};

/// What a merge did to one resource of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergedResource {
    /// What it is.
    pub kind: Kind,
    /// Its id in the target.
    pub id: ResourceId,
    /// Its id in the source; another one where the same name was made on both sides.
    pub source_id: ResourceId,
    /// What had happened to it: `new`, `changed`, `deleted`, `diverged`. The merge's own word, kept as it is.
    pub label: String,
    /// What the caller decided: `take`, `overwrite`. The merge's own word, kept as it is.
    pub decision: String,
    /// In the target before; none: absent.
    pub before: Option<ContentHash>,
    /// In the target after; none: absent.
    pub after: Option<ContentHash>,
    /// What it was called before; empty: absent.
    pub before_name: String,
    /// What it was called after; empty: absent.
    pub after_name: String,
    /// The target's revision that wrote it; 0: nothing was written, only agreed on.
    pub revision: Revision,
    /// What source and target agreed on before; none: absent on both. Kept so that an undo can put it back.
    pub base_before: Option<ContentHash>,
    /// What they agreed on after; none: absent on both.
    pub base_after: Option<ContentHash>,
}

/// At most `limit` resources of a merge, by kind and id: those after the cursor, or the first ones.
pub async fn resources(
    tx: &mut Tx,
    merge: MergeId,
    after: Option<(Kind, ResourceId)>,
    limit: i64,
) -> Result<Vec<MergedResource>> {
    let (kind, id) = after.map_or((0, Uuid::nil()), |(kind, id)| (kind as i64, id.0));
    tx.sql(
        "-- merge_record.resources
        SELECT kind, id, source_id, label, decision, before_hash, after_hash, before_name, after_name, seq,
            base_before_hash, base_after_hash
        FROM merge_resources WHERE merge_id = $1 AND (kind, id) > ($2, $3) ORDER BY kind, id LIMIT $4",
    )
    .bind(merge.0)
    .bind(kind)
    .bind(id)
    .bind(limit)
    .all()
    .await
}

/// What a merge did to one resource. None: it did not write it.
pub async fn resource(
    tx: &mut Tx,
    merge: MergeId,
    kind: Kind,
    id: ResourceId,
) -> Result<Option<MergedResource>> {
    tx.sql(
        "-- merge_record.resource
        SELECT kind, id, source_id, label, decision, before_hash, after_hash, before_name, after_name, seq,
            base_before_hash, base_after_hash
        FROM merge_resources WHERE merge_id = $1 AND kind = $2 AND id = $3",
    )
    .bind(merge.0)
    .bind(kind as i64)
    .bind(id.0)
    .optional()
    .await
}

/// Adds what a merge did.
pub(super) async fn insert(tx: &mut Tx, merge: MergeId, resources: &[MergedResource]) -> Result<()> {
    const INSERT: &str = "-- merge_record.insert
        INSERT INTO merge_resources (merge_id, kind, id, source_id, label, decision, before_hash, after_hash,
            before_name, after_name, seq, base_before_hash, base_after_hash) VALUES";
    for chunk in text::chunks(resources, text::ROWS) {
        let mut statement = tx.sql(text::rows(INSERT, 13, chunk.len(), ""));
        for resource in chunk {
            statement = statement
                .bind(merge.0)
                .bind(resource.kind as i64)
                .bind(resource.id.0)
                .bind(resource.source_id.0)
                .bind(resource.label.as_str())
                .bind(resource.decision.as_str())
                .bind(bytes_or_empty(resource.before))
                .bind(bytes_or_empty(resource.after))
                .bind(resource.before_name.as_str())
                .bind(resource.after_name.as_str())
                .bind(resource.revision.0)
                .bind(bytes_or_empty(resource.base_before))
                .bind(bytes_or_empty(resource.base_after));
        }
        statement.execute().await?;
    }
    Ok(())
}

impl FromRow for MergedResource {
    fn from_row(row: &Row) -> Result<Self> {
        let hash = |at| absent_or_hash(&row.get::<Vec<u8>>(at)?);
        Ok(Self {
            kind: Kind::from_number(row.get(0)?).ok_or(Error::Bug("a stored kind is unknown"))?,
            id: row.get::<Uuid>(1)?.into(),
            source_id: row.get::<Uuid>(2)?.into(),
            label: row.get(3)?,
            decision: row.get(4)?,
            before: hash(5)?,
            after: hash(6)?,
            before_name: row.get(7)?,
            after_name: row.get(8)?,
            revision: Revision(row.get(9)?),
            base_before: hash(10)?,
            base_after: hash(11)?,
        })
    }
}
