//! The records of merges: what an auditor reads, and what an undo works from.

mod resource;

use sandbar_model::{Error, Kind, MergeId, PrincipalId, ProjectId, ResourceId, Result, Revision, Time};
use uuid::Uuid;

pub use resource::{MergedResource, resource, resources};

use crate::{
    db::{FromRow, Row, Tx},
    unique,
};

/// One merge as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeRecord {
    /// A UUID of version 7: later merges have greater ids.
    pub id: MergeId,
    /// The target's tree.
    pub root: ProjectId,
    /// Merged from.
    pub source: ProjectId,
    /// Merged into.
    pub target: ProjectId,
    /// Which kind of merge.
    pub what: MergeKind,
    /// When.
    pub time: Time,
    /// By whom.
    pub principal: PrincipalId,
    /// The target's revision after it.
    pub target_revision: Revision,
    /// Whether it scheduled the source for deletion.
    pub retired_source: bool,
    /// Whether it was applied without a preview.
    pub unreviewed: bool,
    /// The merge that this one undid.
    pub reverts: Option<MergeId>,
    /// The revert that undid this one.
    pub reverted_by: Option<MergeId>,
    /// How many resources it wrote.
    pub resource_count: i64,
    /// What the caller chose, as JSON.
    pub choices: String,
}

/// A kind of merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeKind {
    /// From a project to one of its ancestors, or between any other two.
    Merge,
    /// From a project to one of its descendants.
    Sync,
    /// The undo of another merge.
    Revert,
}

/// Which merges of a project to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those into it, or out of it.
    pub direction: Option<Direction>,
    /// Only of this kind.
    pub what: Option<MergeKind>,
    /// Only those with this project on the other side.
    pub other: Option<ProjectId>,
    /// Only those that wrote this resource of their target.
    pub resource: Option<(Kind, ResourceId)>,
}

/// Which way a merge went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Into the project.
    Into,
    /// Out of it.
    OutOf,
}

/// The columns of a merge in the order in which a [`MergeRecord`] is read.
macro_rules! columns {
    () => {
        "id, root_id, source_id, target_id, what, merge_time, principal_id, target_seq, retired_source, unreviewed, \
         reverts_id, reverted_by_id, resource_count, choices"
    };
}

/// What both halves of a page of merges ask alike.
macro_rules! filters {
    () => {
        " AND ($6 = '' OR what = $6) AND ($9 OR EXISTS (SELECT 1 FROM merge_resources r
            WHERE r.merge_id = merges.id AND r.kind = $10 AND r.id = $11)) ORDER BY id DESC LIMIT $3"
    };
}

/// Adds a merge with what it did, each resource once.
///
/// # Errors
/// [`Error::IdTaken`] when another merge has the id.
pub async fn insert(tx: &mut Tx, merge: &MergeRecord, resources: &[MergedResource]) -> Result<()> {
    tx.sql(concat!(
        "-- merge_record.insert\nINSERT INTO merges (",
        columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    ))
    .bind(merge.id.0)
    .bind(merge.root.0)
    .bind(merge.source.0)
    .bind(merge.target.0)
    .bind(merge.what.word())
    .bind(merge.time.0)
    .bind(merge.principal.0)
    .bind(merge.target_revision.0)
    .bind(merge.retired_source)
    .bind(merge.unreviewed)
    .bind(merge.reverts.map(|id| id.0))
    .bind(merge.reverted_by.map(|id| id.0))
    .bind(merge.resource_count)
    .bind(merge.choices.as_str())
    .try_execute()
    .await
    .map_err(|error| {
        unique::refusal(error, |_| Error::IdTaken { id: merge.id.to_string(), place: "by another merge" })
    })?;
    resource::insert(tx, merge.id, resources).await
}

/// One record, without its resources.
pub async fn get(tx: &mut Tx, id: MergeId) -> Result<Option<MergeRecord>> {
    tx.sql(concat!("-- merge_record.get\nSELECT ", columns!(), " FROM merges WHERE id = $1"))
        .bind(id.0)
        .optional()
        .await
}

/// At most `limit` merges into and out of a project, newest first: those older than the cursor, or the newest ones.
pub async fn page_of_project(
    tx: &mut Tx,
    project: ProjectId,
    filter: &Filter,
    before: Option<MergeId>,
    limit: i64,
) -> Result<Vec<MergeRecord>> {
    let (kind, id) = filter.resource.map_or((0, Uuid::nil()), |(kind, id)| (kind as i64, id.0));
    // Each of the two stops at the limit on an index of its own; an OR would sort everything.
    tx.sql(concat!(
        "-- merge_record.page_of_project\nSELECT ",
        columns!(),
        " FROM (SELECT * FROM merges WHERE $4 AND source_id = $1 AND id < $2 AND ($7 OR target_id = $8)",
        filters!(),
        ") AS outward UNION ALL SELECT ",
        columns!(),
        " FROM (SELECT * FROM merges WHERE $5 AND target_id = $1 AND source_id <> $1 AND id < $2
            AND ($7 OR source_id = $8)",
        filters!(),
        ") AS inward ORDER BY id DESC LIMIT $3"
    ))
    .bind(project.0)
    .bind(before.map_or(Uuid::max(), |id| id.0))
    .bind(limit)
    .bind(filter.direction != Some(Direction::Into))
    .bind(filter.direction != Some(Direction::OutOf))
    .bind(filter.what.map_or("", MergeKind::word))
    .bind(filter.other.is_none())
    .bind(filter.other.map_or(Uuid::nil(), |id| id.0))
    .bind(filter.resource.is_none())
    .bind(kind)
    .bind(id)
    .all()
    .await
}

/// Notes which revert undid a merge. False: there is no such merge.
pub async fn set_reverted_by(tx: &mut Tx, id: MergeId, by: MergeId) -> Result<bool> {
    let changed = tx
        .sql("-- merge_record.set_reverted_by\nUPDATE merges SET reverted_by_id = $2 WHERE id = $1")
        .bind(id.0)
        .bind(by.0)
        .execute()
        .await?;
    Ok(changed == 1)
}

impl FromRow for MergeRecord {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get::<Uuid>(0)?.into(),
            root: row.get::<Uuid>(1)?.into(),
            source: row.get::<Uuid>(2)?.into(),
            target: row.get::<Uuid>(3)?.into(),
            what: MergeKind::from_word(&row.get::<String>(4)?)?,
            time: Time(row.get(5)?),
            principal: row.get::<Uuid>(6)?.into(),
            target_revision: Revision(row.get(7)?),
            retired_source: row.get(8)?,
            unreviewed: row.get(9)?,
            reverts: row.get::<Option<Uuid>>(10)?.map(MergeId),
            reverted_by: row.get::<Option<Uuid>>(11)?.map(MergeId),
            resource_count: row.get(12)?,
            choices: row.get(13)?,
        })
    }
}

impl MergeKind {
    fn word(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Sync => "sync",
            Self::Revert => "revert",
        }
    }

    fn from_word(word: &str) -> Result<Self> {
        match word {
            "merge" => Ok(Self::Merge),
            "sync" => Ok(Self::Sync),
            "revert" => Ok(Self::Revert),
            _ => Err(Error::Bug("a stored kind of merge is unknown")),
        }
    }
}
