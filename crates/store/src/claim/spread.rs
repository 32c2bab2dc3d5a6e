//! Who holds a claim anywhere now, through every fork that still sees it.

use sandbar_model::{Kind, ProjectId, ResourceId, Result};
use uuid::Uuid;

use super::STILL;
use crate::db::Tx;

/// A stretch of a project's revisions, from the first until before the second, at which a resource held something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) project: ProjectId,
    pub(crate) id: ResourceId,
    pub(crate) since: i64,
    pub(crate) until: i64,
}

/// Every project in which a resource of the kind holds what it held in one of these stretches: of its own right, or because
/// it was forked when the one above it did, also if that one does no more. In order. Costs a statement for each of them.
pub(crate) async fn holding(
    tx: &mut Tx,
    kind: Kind,
    mut open: Vec<Stretch>,
) -> Result<Vec<(ProjectId, ResourceId)>> {
    let mut found = Vec::new();
    while let Some(stretch) = open.pop() {
        if stretch.until == STILL {
            found.push((stretch.project, stretch.id));
        }
        open.extend(inheriting(tx, kind, &stretch).await?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The children that were forked within a stretch. One that has touched the resource itself has seen the parent's until
/// then; what it made of it is in claims of its own.
async fn inheriting(tx: &mut Tx, kind: Kind, above: &Stretch) -> Result<Vec<Stretch>> {
    let rows: Vec<(Uuid, Option<i64>)> = tx
        .sql(
            "-- claim.inheriting
            SELECT p.id, h.first_seq FROM projects p
            LEFT JOIN heads h ON h.project_id = p.id AND h.kind = $4 AND h.id = $5
            WHERE p.parent_id = $1 AND p.fork_seq >= $2 AND p.fork_seq < $3",
        )
        .bind(above.project.0)
        .bind(above.since)
        .bind(above.until)
        .bind(kind as i64)
        .bind(above.id.0)
        .all()
        .await?;
    let below = |(project, touched): (Uuid, Option<i64>)| Stretch {
        project: project.into(),
        id: above.id,
        since: 0,
        until: touched.unwrap_or(STILL),
    };
    Ok(rows.into_iter().map(below).collect())
}
