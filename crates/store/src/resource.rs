//! Reading resources through the fork: one, many, a page by name, the history.
//!
//! The forms of the statements are chosen so that both engines answer by seeking, whatever the statistics say: see
//! 2-storage §2 for what was measured. Above all: scalar subqueries with LIMIT 1 for "the newest at or below the cap".

mod history;
mod log;
mod touched;

use std::collections::{BTreeMap, HashMap};

use sandbar_model::{ContentHash, Kind, PrincipalId, ResourceId, Result, Revision, Time};
use uuid::Uuid;

pub use history::{Version, version, versions};
pub use log::{Logged, log};
pub use touched::{Unmerged, bases, touched, touched_since, unmerged, unmerged_count};

use crate::{
    content::absent_or_hash,
    db::{FromRow, Row, Tx},
    text,
    view::{Level, View},
};

/// The version of a resource that a project sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Found {
    /// Which level of the view it was found at; 0: the project's own.
    pub level: usize,
    /// The revision of that level's project that wrote it.
    pub revision: Revision,
    /// None: it was deleted there.
    pub hash: Option<ContentHash>,
    /// When.
    pub write_time: Time,
    /// By whom.
    pub writer: PrincipalId,
}

/// One row of a page by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The resource.
    pub id: ResourceId,
    /// What it is called in the view.
    pub name: String,
}

/// A page, and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// In order.
    pub rows: Vec<T>,
    /// The cursor of the next page; none: this was the last.
    pub next: Option<String>,
}

/// Finds one resource.
pub async fn resolve(tx: &mut Tx, view: &View, kind: Kind, id: ResourceId) -> Result<Option<Found>> {
    resolve_through(tx, &view.levels, 0, kind, id).await
}

/// Finds one resource among `levels`, the first of which is level `first` of its view.
pub async fn resolve_through(
    tx: &mut Tx,
    levels: &[Level],
    first: usize,
    kind: Kind,
    id: ResourceId,
) -> Result<Option<Found>> {
    let sql = text::union("resource.resolve", levels.len(), |level| {
        let (project, cap) = (level * 2 + 3, level * 2 + 4);
        format!(
            "SELECT * FROM (SELECT CAST({level} AS BIGINT) AS level, v.seq, v.content_hash, v.write_time, v.writer_id
            FROM versions v WHERE v.project_id = ${project} AND v.kind = $1 AND v.id = $2 AND v.seq <= ${cap}
            ORDER BY v.seq DESC LIMIT 1) t{level}"
        )
    });
    if levels.is_empty() {
        return Ok(None);
    }
    let mut statement = tx.sql(sql).bind(kind as i64).bind(id.0);
    for level in levels {
        statement = statement.bind(level.project.0).bind(level.cap.0);
    }
    let found: Vec<Found> = statement.all().await?;
    let nearest = found.into_iter().min_by_key(|found| found.level);
    Ok(nearest.map(|found| Found { level: found.level + first, ..found }))
}

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            level: usize::try_from(row.get::<i64>(0)?).unwrap_or_default(),
            revision: Revision(row.get(1)?),
            hash: absent_or_hash(&row.get::<Vec<u8>>(2)?)?,
            write_time: Time(row.get(3)?),
            writer: row.get::<Uuid>(4)?.into(),
        })
    }
}

/// Finds many resources of one kind: a statement a level for each 512 of them, and only for those that no
/// nearer level had.
pub async fn resolve_many(
    tx: &mut Tx,
    view: &View,
    kind: Kind,
    ids: Vec<ResourceId>,
) -> Result<HashMap<ResourceId, Found>> {
    let mut found = HashMap::new();
    let mut open = ids;
    for (number, level) in view.levels.iter().enumerate() {
        for (id, hit) in resolve_at(tx, *level, number, kind, &open).await? {
            found.insert(id, hit);
        }
        open.retain(|id| !found.contains_key(id));
        if open.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// A row of `heads`, with the version at the cap in place of a newer one.
struct Capped(ResourceId, Found);

impl FromRow for Capped {
    fn from_row(row: &Row) -> Result<Self> {
        let found = Found {
            level: 0,
            revision: Revision(row.get(1)?),
            hash: absent_or_hash(&row.get::<Vec<u8>>(2)?)?,
            write_time: Time(row.get(3)?),
            writer: row.get::<Uuid>(4)?.into(),
        };
        Ok(Self(row.get::<Uuid>(0)?.into(), found))
    }
}

async fn resolve_at(
    tx: &mut Tx,
    level: Level,
    number: usize,
    kind: Kind,
    ids: &[ResourceId],
) -> Result<Vec<(ResourceId, Found)>> {
    // Only a row that was written after the cap pays for the four seeks.
    const SELECT: &str = "-- resource.resolve_many
        SELECT h.id,
            CASE WHEN h.seq <= $3 THEN h.seq ELSE (SELECT v.seq FROM versions v
                WHERE v.project_id = $1 AND v.kind = $2 AND v.id = h.id AND v.seq <= $3 ORDER BY v.seq DESC LIMIT 1) END,
            CASE WHEN h.seq <= $3 THEN h.content_hash ELSE (SELECT v.content_hash FROM versions v
                WHERE v.project_id = $1 AND v.kind = $2 AND v.id = h.id AND v.seq <= $3 ORDER BY v.seq DESC LIMIT 1) END,
            CASE WHEN h.seq <= $3 THEN h.write_time ELSE (SELECT v.write_time FROM versions v
                WHERE v.project_id = $1 AND v.kind = $2 AND v.id = h.id AND v.seq <= $3 ORDER BY v.seq DESC LIMIT 1) END,
            CASE WHEN h.seq <= $3 THEN h.writer_id ELSE (SELECT v.writer_id FROM versions v
                WHERE v.project_id = $1 AND v.kind = $2 AND v.id = h.id AND v.seq <= $3 ORDER BY v.seq DESC LIMIT 1) END
        FROM heads h WHERE h.project_id = $1 AND h.kind = $2 AND h.first_seq <= $3 AND h.id IN";
    let mut found = Vec::new();
    for chunk in ids.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::seek(tx.is_postgres(), SELECT, 4, size));
        statement = statement.bind(level.project.0).bind(kind as i64).bind(level.cap.0);
        for id in text::filled(chunk, size) {
            statement = statement.bind(id.0);
        }
        let rows: Vec<Capped> = statement.all().await?;
        found.extend(rows.into_iter().map(|Capped(id, hit)| (id, Found { level: number, ..hit })));
    }
    Ok(found)
}

/// A page of the live resources of one kind, by name, those after `after`. One limited scan a level; nearer levels hide
/// what they touched by *id*, because a renamed resource sorts elsewhere than the row it hides.
pub async fn page(tx: &mut Tx, view: &View, kind: Kind, after: &str, limit: usize) -> Result<Page<Named>> {
    let mut after = after.to_owned();
    let mut rows = Vec::new();
    loop {
        // One more than fits tells whether there is a next page at all.
        let (found, frontier) = scan(tx, view, kind, &after, limit.saturating_add(1)).await?;
        rows.extend(found.into_iter().map(|(name, id)| Named { id, name }));
        if rows.len() > limit {
            rows.truncate(limit);
            return Ok(Page { next: rows.last().map(|row| row.name.clone()), rows });
        }
        match frontier {
            // What was scanned was partly hidden: look further.
            Some(frontier) => after = frontier,
            None => return Ok(Page { rows, next: None }),
        }
    }
}

/// The rows of one scan, by name, and the name up to which they are complete (none: to the end).
async fn scan(
    tx: &mut Tx,
    view: &View,
    kind: Kind,
    after: &str,
    limit: usize,
) -> Result<(BTreeMap<String, ResourceId>, Option<String>)> {
    let sql = text::union("resource.page", view.levels.len(), page_level);
    let bound = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = tx.sql(sql).bind(kind as i64).bind(after).bind(bound);
    for level in &view.levels {
        statement = statement.bind(level.project.0).bind(level.cap.0);
    }
    let scanned: Vec<(i64, String, Uuid, i64)> = statement.all().await?;
    let mut counts = vec![(0, ""); view.levels.len()];
    for (level, name, ..) in &scanned {
        if let Some(count) = usize::try_from(*level).ok().and_then(|level| counts.get_mut(level)) {
            *count = (count.0 + 1, count.1.max(name));
        }
    }
    // A level that gave as many rows as it was asked for may have more: beyond its last name nothing is certain.
    let frontier =
        counts.into_iter().filter(|(rows, _)| *rows >= limit).map(|(_, last)| last.to_owned()).min();
    let rows = scanned.into_iter().filter(|(_, name, _, hidden)| {
        *hidden == 0 && frontier.as_ref().is_none_or(|frontier| name <= frontier)
    });
    Ok((rows.map(|(_, name, id, _)| (name, id.into())).collect(), frontier))
}

fn page_level(level: usize) -> String {
    let (project, cap) = (level * 2 + 4, level * 2 + 5);
    let nearer: Vec<_> = (0..level)
        .map(|near| {
            format!(
                "(SELECT CAST(1 AS BIGINT) FROM heads h WHERE h.project_id = ${} AND h.kind = $1 AND h.id = c.id
                AND h.first_seq <= ${} LIMIT 1), ",
                near * 2 + 4,
                near * 2 + 5
            )
        })
        .collect();
    let hidden = if nearer.is_empty() {
        "CAST(0 AS BIGINT)".to_owned()
    } else {
        format!("COALESCE({}0)", nearer.concat())
    };
    format!(
        "SELECT * FROM (SELECT CAST({level} AS BIGINT) AS level, c.key, c.id, {hidden} AS hidden FROM claims c
        WHERE c.project_id = ${project} AND c.space = $1 AND c.key > $2 AND c.since_seq <= ${cap} AND c.until_seq > ${cap}
        ORDER BY c.key LIMIT $3) t{level}"
    )
}

/// A kind as a row holds it.
pub(crate) fn kind(number: i64) -> Result<Kind> {
    Kind::ALL
        .into_iter()
        .find(|kind| *kind as i64 == number)
        .ok_or(sandbar_model::Error::Bug("a stored kind is unknown"))
}
