//! Moving a sandbox up past its parent: what it sees through the parent is copied into it first, so that it goes on
//! seeing the same. Only rows that the parent touched are copied, and no content.
//!
//! The copies stand at revision 0: before everything that the sandbox wrote itself, so that its own sandboxes see them
//! too, whenever they were made.

use std::collections::HashMap;

use sandbar_model::{
    ContentHash, Error, Kind, PrincipalId, Project, ProjectId, ResourceId, Result, Revision, Time,
    project::Fork,
};
use uuid::Uuid;

use crate::{
    claim::{self, ClaimRow},
    content::{absent_or_hash, bytes_or_empty},
    db::{FromRow, Row, Tx},
    merge_base,
    resource::{self, kind},
    text,
    view::{Level, View},
    workflow_version,
};

type Key = (Kind, ResourceId);

/// Copies into `child` what it sees of `parent`, and makes its bases those that it has with `parent`'s own parent.
/// `above` is what `parent` reads through to. The caller holds the tree's lock, and moves the child up afterwards.
///
/// # Errors
/// [`Error::Bug`] when `child` is not a sandbox of `parent`, or `parent` is a root.
pub async fn flatten(tx: &mut Tx, parent: &Project, child: &Project, above: &View) -> Result<()> {
    let (Some(Fork { parent: of, at }), Some(up)) = (child.fork, parent.fork) else {
        return Err(Error::Bug("only what lies between two projects can be flattened"));
    };
    if of != parent.id {
        return Err(Error::Bug("only a parent can be flattened into its child"));
    }
    let seen = seen(tx, Level { project: parent.id, cap: at }).await?;
    let parents = heads(tx, parent.id).await?;
    let own = heads(tx, child.id).await?;
    let with_above: HashMap<Key, _> = merge_base::of_pair(tx, child.id, up.parent).await?;
    let fork = at_fork(tx, above, parents.keys().copied()).await?;
    put_versions(tx, child.id, &seen).await?;
    put_claims(tx, child.id, parent.id, at, &own).await?;
    let rows = rebased(&seen, &parents, &own, &with_above, &fork);
    put_heads(tx, child.id, &rows).await?;
    workflow_version::hand_down(tx, Level { project: parent.id, cap: at }, child.id).await
}

/// A resource as the child sees it in the parent.
struct Seen {
    key: Key,
    name: String,
    hash: Option<ContentHash>,
    prev: Vec<u8>,
    time: Time,
    writer: PrincipalId,
}

impl FromRow for Seen {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            key: (kind(row.get(0)?)?, row.get::<Uuid>(1)?.into()),
            name: row.get(2)?,
            hash: absent_or_hash(&row.get::<Vec<u8>>(3)?)?,
            prev: row.get(4)?,
            time: Time(row.get(5)?),
            writer: row.get::<Uuid>(6)?.into(),
        })
    }
}

async fn seen(tx: &mut Tx, level: Level) -> Result<Vec<Seen>> {
    tx.sql(
        "-- flatten.seen
        SELECT v.kind, v.id, v.name, v.content_hash, v.prev_hash, v.write_time, v.writer_id
        FROM heads h JOIN versions v ON v.project_id = h.project_id AND v.kind = h.kind AND v.id = h.id
            AND v.seq = (SELECT w.seq FROM versions w WHERE w.project_id = h.project_id AND w.kind = h.kind
                AND w.id = h.id AND w.seq <= $2 ORDER BY w.seq DESC LIMIT 1)
        WHERE h.project_id = $1 AND h.first_seq <= $2",
    )
    .bind(level.project.0)
    .bind(level.cap.0)
    .all()
    .await
}

/// A row of `heads`.
#[derive(Clone, Copy)]
struct Head {
    key: Key,
    first: i64,
    seq: i64,
    hash: Option<ContentHash>,
    base: Option<ContentHash>,
    time: Time,
    writer: PrincipalId,
}

impl FromRow for Head {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            key: (kind(row.get(0)?)?, row.get::<Uuid>(1)?.into()),
            first: row.get(2)?,
            seq: row.get(3)?,
            hash: absent_or_hash(&row.get::<Vec<u8>>(4)?)?,
            base: absent_or_hash(&row.get::<Option<Vec<u8>>>(5)?.unwrap_or_default())?,
            time: Time(row.get(6)?),
            writer: row.get::<Uuid>(7)?.into(),
        })
    }
}

async fn heads(tx: &mut Tx, project: ProjectId) -> Result<HashMap<Key, Head>> {
    let rows: Vec<Head> = tx
        .sql(
            "-- flatten.heads
            SELECT kind, id, first_seq, seq, content_hash, base_hash, write_time, writer_id
            FROM heads WHERE project_id = $1",
        )
        .bind(project.0)
        .all()
        .await?;
    Ok(rows.into_iter().map(|head| (head.key, head)).collect())
}

async fn at_fork(
    tx: &mut Tx,
    above: &View,
    keys: impl Iterator<Item = Key>,
) -> Result<HashMap<Key, Option<ContentHash>>> {
    let keys: Vec<_> = keys.collect();
    let mut fork = HashMap::new();
    for kind in Kind::ALL {
        let ids = keys.iter().filter(|key| key.0 == kind).map(|(_, id)| *id).collect();
        for (id, found) in resource::resolve_many(tx, above, kind, ids).await? {
            fork.insert((kind, id), found.hash);
        }
    }
    Ok(fork)
}

/// The child's heads as they shall be: those copied, and its own where the parent had touched the same.
///
/// A base with the parent becomes one with the parent's parent: what the two merged directly, if they did; what the
/// parent agreed on with its own parent, if the child has the parent's newest; else what the parent began with, which may
/// show a resource as Diverged once more than need be, but never loses an edit.
fn rebased(
    seen: &[Seen],
    parents: &HashMap<Key, Head>,
    own: &HashMap<Key, Head>,
    with_above: &HashMap<Key, Option<ContentHash>>,
    fork: &HashMap<Key, Option<ContentHash>>,
) -> Vec<Head> {
    let base =
        |key: Key, agreed_with_parent: Option<ContentHash>| match (with_above.get(&key), parents.get(&key)) {
            (Some(merged), _) => *merged,
            (None, Some(parent)) if parent.hash == agreed_with_parent => parent.base,
            (None, _) => fork.get(&key).copied().flatten(),
        };
    let copied = seen.iter().filter(|seen| !own.contains_key(&seen.key)).map(|seen| Head {
        key: seen.key,
        first: 0,
        seq: 0,
        hash: seen.hash,
        base: base(seen.key, seen.hash),
        time: seen.time,
        writer: seen.writer,
    });
    let shown: std::collections::HashSet<_> = seen.iter().map(|seen| seen.key).collect();
    let touched = own.values().filter(|head| parents.contains_key(&head.key)).map(|head| Head {
        first: if shown.contains(&head.key) { 0 } else { head.first },
        base: base(head.key, head.base),
        ..*head
    });
    copied.chain(touched).collect()
}

async fn put_versions(tx: &mut Tx, child: ProjectId, seen: &[Seen]) -> Result<()> {
    const INSERT: &str = "-- flatten.put_versions
        INSERT INTO versions (project_id, kind, id, seq, name, content_hash, prev_hash, write_time, writer_id) VALUES";
    // What an earlier move copied comes first, as it did when it was read.
    for chunk in text::chunks(seen, text::ROWS) {
        let mut statement = tx.sql(text::rows(INSERT, 9, chunk.len(), "ON CONFLICT DO NOTHING"));
        for row in chunk {
            statement = statement.bind(child.0).bind(row.key.0 as i64).bind(row.key.1.0).bind(0_i64);
            statement =
                statement.bind(row.name.as_str()).bind(bytes_or_empty(row.hash)).bind(row.prev.as_slice());
            statement = statement.bind(row.time.0).bind(row.writer.0);
        }
        statement.execute().await?;
    }
    Ok(())
}

async fn put_claims(
    tx: &mut Tx,
    child: ProjectId,
    parent: ProjectId,
    at: Revision,
    own: &HashMap<Key, Head>,
) -> Result<()> {
    let rows: Vec<(i64, String, Uuid)> = tx
        .sql(
            "-- flatten.put_claims
            SELECT space, key, id FROM claims WHERE project_id = $1 AND since_seq <= $2 AND until_seq > $2",
        )
        .bind(parent.0)
        .bind(at.0)
        .all()
        .await?;
    let first: HashMap<ResourceId, i64> = own.values().map(|head| (head.key.1, head.first)).collect();
    let rows = rows.into_iter().filter_map(|(space, key, id)| {
        let id = ResourceId(id);
        // Until the child touched it itself; not at all if it had a copy already.
        let until = first.get(&id).copied().unwrap_or(claim::STILL);
        (until > 0).then_some(ClaimRow { space, key, id, since: 0, until })
    });
    claim::put(tx, child, rows.collect()).await
}

async fn put_heads(tx: &mut Tx, child: ProjectId, rows: &[Head]) -> Result<()> {
    const INSERT: &str = "-- flatten.put_heads
        INSERT INTO heads (project_id, kind, id, first_seq, seq, content_hash, base_hash, write_time, writer_id) VALUES";
    const UPDATE: &str = "ON CONFLICT (project_id, kind, id) DO UPDATE SET first_seq = excluded.first_seq,
        base_hash = excluded.base_hash";
    for chunk in text::chunks(rows, text::ROWS) {
        let mut statement = tx.sql(text::rows(INSERT, 9, chunk.len(), UPDATE));
        for head in chunk {
            statement = statement.bind(child.0).bind(head.key.0 as i64).bind(head.key.1.0);
            statement = statement.bind(head.first).bind(head.seq).bind(bytes_or_empty(head.hash));
            statement = statement.bind(bytes_or_empty(head.base)).bind(head.time.0).bind(head.writer.0);
        }
        statement.execute().await?;
    }
    Ok(())
}
