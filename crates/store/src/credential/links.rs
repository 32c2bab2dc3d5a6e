//! Where a credential is linked, through every fork that still sees the link.

use sandbar_model::{CredentialId, Kind, ProjectId, ResourceId, Result};
use uuid::Uuid;

use crate::{claim::STILL, db::Tx};

/// A project that links a credential now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Linked {
    /// The project.
    pub project: ProjectId,
    /// The link.
    pub link: ResourceId,
}

/// A stretch of a project's revisions, from the first until before the second, at which it had a link.
struct Stretch {
    at: Linked,
    since: i64,
    until: i64,
}

/// Every project that links a credential now: of its own right, or because it was forked when the one above it did, also
/// if that one does no more. Costs a statement for each of them.
pub async fn linked(tx: &mut Tx, credential: CredentialId) -> Result<Vec<Linked>> {
    let key = credential.to_string();
    let rows: Vec<(Uuid, Uuid, i64, i64)> = tx
        .sql("-- credential.linked\nSELECT project_id, id, since_seq, until_seq FROM claims WHERE space = 3 AND key = $1")
        .bind(key.as_str())
        .all()
        .await?;
    let mut open: Vec<_> = rows
        .into_iter()
        .map(|(project, id, since, until)| Stretch {
            at: Linked { project: project.into(), link: id.into() },
            since,
            until,
        })
        .collect();
    let mut found = Vec::new();
    while let Some(stretch) = open.pop() {
        if stretch.until == STILL {
            found.push(stretch.at);
        }
        open.extend(inheriting(tx, &stretch).await?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The children that were forked within a stretch. One that has touched the link itself has seen the parent's until then;
/// what it made of it is in claims of its own.
async fn inheriting(tx: &mut Tx, above: &Stretch) -> Result<Vec<Stretch>> {
    let rows: Vec<(Uuid, Option<i64>)> = tx
        .sql(
            "-- credential.inheriting
            SELECT p.id, h.first_seq FROM projects p
            LEFT JOIN heads h ON h.project_id = p.id AND h.kind = $4 AND h.id = $5
            WHERE p.parent_id = $1 AND p.fork_seq >= $2 AND p.fork_seq < $3",
        )
        .bind(above.at.project.0)
        .bind(above.since)
        .bind(above.until)
        .bind(Kind::CredentialLink as i64)
        .bind(above.at.link.0)
        .all()
        .await?;
    let below = |(project, touched): (Uuid, Option<i64>)| Stretch {
        at: Linked { project: project.into(), link: above.at.link },
        since: 0,
        until: touched.unwrap_or(STILL),
    };
    Ok(rows.into_iter().map(below).collect())
}
