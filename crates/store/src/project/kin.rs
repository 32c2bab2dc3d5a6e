//! A project's relatives: above, below, beside.

use sandbar_model::{Error, Project, ProjectId, Result, Time, project::Fork};
use uuid::Uuid;

use super::{SIBLING, row::columns};
use crate::{db::Tx, unique};

/// More projects than any tree is meant to have; what goes through whole trees stops here.
const MOST: i64 = 10_000;

/// The projects that a sandbox reads through, nearest first; none for a root. Scheduled ones included.
pub async fn ancestors(tx: &mut Tx, id: ProjectId) -> Result<Vec<Project>> {
    tx.sql(concat!(
        "-- project.ancestors
        WITH RECURSIVE above (id) AS (
            SELECT parent_id FROM projects WHERE id = $1
            UNION ALL SELECT q.parent_id FROM above a JOIN projects q ON q.id = a.id)
        SELECT ",
        columns!("p."),
        " FROM above a JOIN projects p ON p.id = a.id ORDER BY p.depth DESC"
    ))
    .bind(id.0)
    .all()
    .await
}

/// The project itself and everything below it, parents before children, siblings by name. At most 10,000. Scheduled
/// ones included.
pub async fn descendants(tx: &mut Tx, id: ProjectId) -> Result<Vec<Project>> {
    tx.sql(concat!(
        "-- project.descendants
        WITH RECURSIVE below (id) AS (
            SELECT id FROM projects WHERE id = $1
            UNION ALL SELECT q.id FROM below b JOIN projects q ON q.parent_id = b.id)
        SELECT ",
        columns!("p."),
        " FROM below b JOIN projects p ON p.id = b.id ORDER BY p.depth, p.name, p.id LIMIT $2"
    ))
    .bind(id.0)
    .bind(MOST)
    .all()
    .await
}

/// The whole tree of a root, parents before children, siblings by name. At most 10,000. Scheduled ones included.
pub async fn tree(tx: &mut Tx, root: ProjectId) -> Result<Vec<Project>> {
    tx.sql(concat!(
        "-- project.tree\nSELECT ",
        columns!(""),
        " FROM projects WHERE root_id = $1 ORDER BY depth, name, id LIMIT $2"
    ))
    .bind(root.0)
    .bind(MOST)
    .all()
    .await
}

/// The names of a project's active children, by name: what a new child can't be called.
pub async fn sibling_names(tx: &mut Tx, parent: ProjectId) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = tx
        .sql(
            "-- project.sibling_names
            SELECT name FROM projects WHERE parent_id = $1 AND state = 0 ORDER BY name LIMIT $2",
        )
        .bind(parent.0)
        .bind(MOST)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

/// Whether any project, active or scheduled, has this one as its parent.
pub async fn has_children(tx: &mut Tx, id: ProjectId) -> Result<bool> {
    let row: Option<(Uuid,)> = tx
        .sql("-- project.has_children\nSELECT id FROM projects WHERE parent_id = $1 LIMIT 1")
        .bind(id.0)
        .optional()
        .await?;
    Ok(row.is_some())
}

/// Hangs a sandbox below another project, read as it was at `fork.at`, and moves everything below it `levels` up.
/// Counts as a write to each of their records. The caller holds the tree's lock and has copied into the sandbox what it
/// saw through the levels that are left out.
///
/// # Errors
/// [`Error::NameTaken`] when an active child of the new parent has the sandbox's name.
pub async fn move_up(tx: &mut Tx, child: &Project, fork: Fork, levels: u32, now: Time) -> Result<()> {
    tx.sql("-- project.move_up\nUPDATE projects SET parent_id = $2, fork_seq = $3 WHERE id = $1")
        .bind(child.id.0)
        .bind(fork.parent.0)
        .bind(fork.at.0)
        .try_execute()
        .await
        .map_err(|error| {
            unique::refusal(error, |_| Error::NameTaken { name: child.profile.name.clone(), place: SIBLING })
        })?;
    tx.sql(
        "-- project.move_up
        UPDATE projects SET depth = depth - $2, update_time = $3, version = version + 1
        WHERE id IN (
            WITH RECURSIVE below (id) AS (
                SELECT id FROM projects WHERE id = $1
                UNION ALL SELECT q.id FROM below b JOIN projects q ON q.parent_id = b.id)
            SELECT id FROM below)",
    )
    .bind(child.id.0)
    .bind(i64::from(levels))
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}
