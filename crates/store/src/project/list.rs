//! Lists of projects as somebody sees them.

use sandbar_model::{PrincipalId, Project, ProjectId, Result, Role};
use uuid::Uuid;

use super::row::{COLUMNS, columns, read};
use crate::{
    db::{FromRow, Row, Tx},
    member,
};

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// The principal: sees the projects that it is a direct member of.
    pub principal: PrincipalId,
    /// Whether it is a support user, who also sees projects that allow support access.
    pub support: bool,
}

/// A project, and what its viewer is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visible {
    /// The project.
    pub project: Project,
    /// None: seen by support access only.
    pub role: Option<Role>,
}

/// At most `limit` projects of all trees that the viewer may see, by name and then id: those after the cursor, or the
/// first ones.
pub async fn page_visible(
    tx: &mut Tx,
    viewer: Viewer,
    roots_only: bool,
    show_scheduled: bool,
    after: Option<(&str, ProjectId)>,
    limit: i64,
) -> Result<Vec<Visible>> {
    let (name, id) = after.unwrap_or(("", ProjectId(Uuid::nil())));
    // Two texts, because the ways to answer have nothing in common: from somebody's few memberships, or through all
    // projects by name. CROSS JOIN keeps SQLite on the first way.
    let text = if viewer.support {
        concat!(
            "-- project.page_visible\nSELECT ",
            columns!("p."),
            ", m.role FROM projects p
            LEFT JOIN members m ON m.project_id = p.id AND m.principal_id = $1
            WHERE (p.allow_support_access OR m.role IS NOT NULL) AND (p.name, p.id) > ($2, $3)
                AND (p.parent_id IS NULL OR NOT $4) AND (p.state = 0 OR $5)
            ORDER BY p.name, p.id LIMIT $6"
        )
    } else {
        concat!(
            "-- project.page_visible\nSELECT ",
            columns!("p."),
            ", m.role FROM members m CROSS JOIN projects p
            WHERE m.principal_id = $1 AND p.id = m.project_id AND (p.name, p.id) > ($2, $3)
                AND (p.parent_id IS NULL OR NOT $4) AND (p.state = 0 OR $5)
            ORDER BY p.name, p.id LIMIT $6"
        )
    };
    tx.sql(text)
        .bind(viewer.principal.0)
        .bind(name)
        .bind(id.0)
        .bind(roots_only)
        .bind(show_scheduled)
        .bind(limit)
        .all()
        .await
}

/// At most `limit` direct children of a project that the viewer may see, by name and then id: those after the cursor,
/// or the first ones.
pub async fn children(
    tx: &mut Tx,
    parent: ProjectId,
    viewer: Viewer,
    show_scheduled: bool,
    after: Option<(&str, ProjectId)>,
    limit: i64,
) -> Result<Vec<Visible>> {
    let (name, id) = after.unwrap_or(("", ProjectId(Uuid::nil())));
    tx.sql(concat!(
        "-- project.children\nSELECT ",
        columns!("p."),
        ", m.role FROM projects p
        LEFT JOIN members m ON m.project_id = p.id AND m.principal_id = $2
        WHERE p.parent_id = $1 AND (m.role IS NOT NULL OR (p.allow_support_access AND $3))
            AND (p.state = 0 OR $4) AND (p.name, p.id) > ($5, $6)
        ORDER BY p.name, p.id LIMIT $7"
    ))
    .bind(parent.0)
    .bind(viewer.principal.0)
    .bind(viewer.support)
    .bind(show_scheduled)
    .bind(name)
    .bind(id.0)
    .bind(limit)
    .all()
    .await
}

/// Everything in a tree that the viewer may see, parents before children, siblings by name. At most 10,000.
pub async fn visible_tree(
    tx: &mut Tx,
    root: ProjectId,
    viewer: Viewer,
    show_scheduled: bool,
) -> Result<Vec<Visible>> {
    tx.sql(concat!(
        "-- project.visible_tree\nSELECT ",
        columns!("p."),
        ", m.role FROM projects p
        LEFT JOIN members m ON m.project_id = p.id AND m.principal_id = $2
        WHERE p.root_id = $1 AND (m.role IS NOT NULL OR (p.allow_support_access AND $3)) AND (p.state = 0 OR $4)
        ORDER BY p.depth, p.name, p.id LIMIT 10000"
    ))
    .bind(root.0)
    .bind(viewer.principal.0)
    .bind(viewer.support)
    .bind(show_scheduled)
    .all()
    .await
}

impl FromRow for Visible {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self { project: read(row, 0)?, role: member::maybe_role(row.get(COLUMNS)?)? })
    }
}
