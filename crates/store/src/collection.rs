//! Where a project keeps the items of its collections, and how much they are. A store's row is the lock of its items; while
//! it is live, its collection is there, because whoever removes the one detaches the other in the same transaction.
//!
//! Locks are taken in this order: the project's, a store's. The project's is needed only to open a store.

use std::collections::HashMap;

use sandbar_model::{Kind, PrincipalId, ProjectId, ResourceId, Result, Time};
use uuid::Uuid;

use crate::{
    db::{FromRow, Row, Tx},
    text,
};

/// How much a collection holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many items.
    pub items: i64,
    /// Their keys and values, in bytes.
    pub bytes: i64,
}

/// The live store of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemStore {
    /// Names it; never used again once it is detached.
    pub id: Uuid,
    /// What it holds. Exact under [`lock`].
    pub usage: Usage,
}

impl FromRow for ItemStore {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self { id: row.get(0)?, usage: Usage { items: row.get(1)?, bytes: row.get(2)? } })
    }
}

/// The store of a collection; none: it never had an item.
pub async fn get(tx: &mut Tx, project: ProjectId, collection: ResourceId) -> Result<Option<ItemStore>> {
    tx.sql(
        "-- collection.get
        SELECT id, item_count, byte_count FROM collection_stores
        WHERE project_id = $1 AND collection_id = $2 AND detach_time IS NULL",
    )
    .bind(project.0)
    .bind(collection.0)
    .optional()
    .await
}

/// Takes a store's lock until the transaction ends, and answers it as the writer before left it. The first statement of every
/// write to its items, and of whoever must know how many there are when the collection goes.
pub async fn lock(tx: &mut Tx, project: ProjectId, collection: ResourceId) -> Result<Option<ItemStore>> {
    tx.sql(
        "-- collection.lock
        UPDATE collection_stores SET item_count = item_count
        WHERE project_id = $1 AND collection_id = $2 AND detach_time IS NULL RETURNING id, item_count, byte_count",
    )
    .bind(project.0)
    .bind(collection.0)
    .optional()
    .await
}

/// Opens a store for a collection that has none. The caller holds the project's lock and has seen the collection under it.
pub async fn open(
    tx: &mut Tx,
    id: Uuid,
    (project, collection): (ProjectId, ResourceId),
) -> Result<ItemStore> {
    tx.sql(
        "-- collection.open
        INSERT INTO collection_stores (id, project_id, collection_id, item_count, byte_count) VALUES ($1, $2, $3, 0, 0)",
    )
    .bind(id)
    .bind(project.0)
    .bind(collection.0)
    .execute()
    .await?;
    Ok(ItemStore { id, usage: Usage::default() })
}

/// Stores how much a store holds. Under its [`lock`].
pub async fn set_usage(tx: &mut Tx, store: Uuid, usage: Usage) -> Result<()> {
    tx.sql("-- collection.set_usage\nUPDATE collection_stores SET item_count = $2, byte_count = $3 WHERE id = $1")
        .bind(store)
        .bind(usage.items)
        .bind(usage.bytes)
        .execute()
        .await?;
    Ok(())
}

/// How much each of these collections holds. Those that never had an item are left out.
pub async fn usages(
    tx: &mut Tx,
    project: ProjectId,
    collections: &[ResourceId],
) -> Result<HashMap<ResourceId, Usage>> {
    const SELECT: &str = "-- collection.usages
        SELECT collection_id, item_count, byte_count FROM collection_stores
        WHERE project_id = $1 AND detach_time IS NULL AND collection_id IN";
    let mut usages = HashMap::new();
    for chunk in collections.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::seek(tx.is_postgres(), SELECT, 2, size)).bind(project.0);
        for id in text::filled(chunk, size) {
            statement = statement.bind(id.0);
        }
        let rows: Vec<(Uuid, i64, i64)> = statement.all().await?;
        usages.extend(rows.into_iter().map(|(id, items, bytes)| (id.into(), Usage { items, bytes })));
    }
    Ok(usages)
}

/// Parts these collections from their items, which nobody sees from then on, and which the purge worker removes. Takes the
/// stores' locks: a writer of items comes before it, or finds the store gone.
pub(crate) async fn detach(
    tx: &mut Tx,
    project: ProjectId,
    collections: &[ResourceId],
    now: Time,
) -> Result<()> {
    const UPDATE: &str = "-- collection.detach
        UPDATE collection_stores SET detach_time = $2
        WHERE project_id = $1 AND detach_time IS NULL AND collection_id IN";
    for chunk in collections.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::list(UPDATE, 3, size, "")).bind(project.0).bind(now.0);
        for id in text::filled(chunk, size) {
            statement = statement.bind(id.0);
        }
        statement.execute().await?;
    }
    Ok(())
}

/// The active projects that somebody is a member of and that have a collection of this name, by id: roots only. At most
/// `limit`.
pub async fn roots_with(tx: &mut Tx, member: PrincipalId, name: &str, limit: i64) -> Result<Vec<ProjectId>> {
    let rows: Vec<(Uuid,)> = tx
        .sql(
            "-- collection.roots_with
            SELECT p.id FROM members m JOIN projects p ON p.id = m.project_id
            WHERE m.principal_id = $1 AND p.parent_id IS NULL AND p.state = 0 AND EXISTS (SELECT 1 FROM claims c
                WHERE c.project_id = p.id AND c.space = $2 AND c.key = $3 AND c.until_seq = 9223372036854775807)
            ORDER BY p.id LIMIT $4",
        )
        .bind(member.0)
        .bind(Kind::Collection as i64)
        .bind(name)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}
