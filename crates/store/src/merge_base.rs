//! What two projects that are not sandbox and own parent last agreed on. (Those two keep it in the sandbox's heads.)

use std::collections::HashMap;

use sandbar_model::{ContentHash, Error, Kind, ProjectId, ResourceId, Result};
use uuid::Uuid;

use crate::{
    content::{absent_or_hash, bytes_or_empty},
    db::Tx,
    text,
};

/// What the two last agreed on for each of these resources (none: that it is absent). Those that they never agreed on
/// are left out. It does not matter which of the two comes first.
pub async fn get_many(
    tx: &mut Tx,
    one: ProjectId,
    other: ProjectId,
    keys: &[(Kind, ResourceId)],
) -> Result<HashMap<(Kind, ResourceId), Option<ContentHash>>> {
    const SELECT: &str = "-- merge_base.get_many
        SELECT id, base_hash FROM merge_bases WHERE project_id = $1 AND other_id = $2 AND kind = $3 AND id IN";
    let (low, high) = ordered(one, other);
    let mut bases = HashMap::with_capacity(keys.len());
    for kind in Kind::ALL {
        let ids: Vec<_> = keys.iter().filter(|(of, _)| *of == kind).map(|(_, id)| id.0).collect();
        for chunk in ids.chunks(text::LIST) {
            let size = text::list_size(chunk.len());
            let mut statement = tx.sql(text::seek(tx.is_postgres(), SELECT, 4, size));
            statement = statement.bind(low).bind(high).bind(kind as i64);
            for id in text::filled(chunk, size) {
                statement = statement.bind(*id);
            }
            let rows: Vec<(Uuid, Vec<u8>)> = statement.all().await?;
            for (id, bytes) in rows {
                bases.insert((kind, id.into()), absent_or_hash(&bytes)?);
            }
        }
    }
    Ok(bases)
}

/// Everything that the two ever agreed on; none: that it is absent.
pub async fn of_pair(
    tx: &mut Tx,
    one: ProjectId,
    other: ProjectId,
) -> Result<HashMap<(Kind, ResourceId), Option<ContentHash>>> {
    let (low, high) = ordered(one, other);
    let rows: Vec<(i64, Uuid, Vec<u8>)> = tx
        .sql("-- merge_base.of_pair\nSELECT kind, id, base_hash FROM merge_bases WHERE project_id = $1 AND other_id = $2")
        .bind(low)
        .bind(high)
        .all()
        .await?;
    rows.into_iter()
        .map(|(kind, id, bytes)| {
            let kind = Kind::from_number(kind).ok_or(Error::Bug("a stored kind is unknown"))?;
            Ok(((kind, id.into()), absent_or_hash(&bytes)?))
        })
        .collect()
}

/// Keeps what the two now agree on, each resource once. It does not matter which of the two comes first.
pub async fn put_many(
    tx: &mut Tx,
    one: ProjectId,
    other: ProjectId,
    bases: &[(Kind, ResourceId, Option<ContentHash>)],
) -> Result<()> {
    const INSERT: &str = "-- merge_base.put_many
        INSERT INTO merge_bases (project_id, other_id, kind, id, base_hash) VALUES";
    const END: &str =
        "ON CONFLICT (project_id, other_id, kind, id) DO UPDATE SET base_hash = excluded.base_hash";
    let (low, high) = ordered(one, other);
    for chunk in text::chunks(bases, text::ROWS) {
        let mut statement = tx.sql(text::rows(INSERT, 5, chunk.len(), END));
        for (kind, id, base) in chunk {
            statement =
                statement.bind(low).bind(high).bind(*kind as i64).bind(id.0).bind(bytes_or_empty(*base));
        }
        statement.execute().await?;
    }
    Ok(())
}

/// Forgets, for these resources, what the two agreed on: the undo of the first agreement.
pub async fn forget(
    tx: &mut Tx,
    one: ProjectId,
    other: ProjectId,
    keys: &[(Kind, ResourceId)],
) -> Result<()> {
    const DELETE: &str = "-- merge_base.forget
        DELETE FROM merge_bases WHERE project_id = $1 AND other_id = $2 AND kind = $3 AND id IN";
    let (low, high) = ordered(one, other);
    for kind in Kind::ALL {
        let ids: Vec<_> = keys.iter().filter(|(of, _)| *of == kind).map(|(_, id)| id.0).collect();
        for chunk in ids.chunks(text::LIST) {
            let size = text::list_size(chunk.len());
            let mut statement = tx.sql(text::list(DELETE, 4, size, ""));
            statement = statement.bind(low).bind(high).bind(kind as i64);
            for id in text::filled(chunk, size) {
                statement = statement.bind(*id);
            }
            statement.execute().await?;
        }
    }
    Ok(())
}

/// Forgets everything that a project agreed on with others.
pub async fn delete_of(tx: &mut Tx, project: ProjectId) -> Result<u64> {
    // Two seeks; with OR, PostgreSQL reads the whole table when its statistics mislead it.
    let own = tx
        .sql("-- merge_base.delete_of\nDELETE FROM merge_bases WHERE project_id = $1")
        .bind(project.0)
        .execute()
        .await?;
    let others = tx
        .sql("-- merge_base.delete_of\nDELETE FROM merge_bases WHERE other_id = $1")
        .bind(project.0)
        .execute()
        .await?;
    Ok(own + others)
}

/// As the table holds a pair.
fn ordered(one: ProjectId, other: ProjectId) -> (Uuid, Uuid) {
    (one.min(other).0, one.max(other).0)
}
