//! Who belongs to a project, in which role.

use std::collections::HashMap;

use sandbar_model::{Error, PrincipalId, ProjectId, Result, Role, access::Member};
use uuid::Uuid;

use crate::{
    db::{FromRow, Row, Tx},
    text, unique,
};

/// A member, with what a list shows of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedMember {
    /// Who, and what they may do.
    pub member: Member,
    /// The principal's name.
    pub name: String,
    /// The principal's e-mail address; empty: none.
    pub email: String,
}

/// The role of a direct member.
pub async fn role(tx: &mut Tx, project: ProjectId, principal: PrincipalId) -> Result<Option<Role>> {
    let row: Option<(i64,)> = tx
        .sql("-- member.role\nSELECT role FROM members WHERE project_id = $1 AND principal_id = $2")
        .bind(project.0)
        .bind(principal.0)
        .optional()
        .await?;
    maybe_role(row.map(|(number,)| number))
}

/// The roles of one principal in several projects, such as the ancestors whose admins a sandbox can't dismiss. Projects
/// of which it is no direct member are left out.
pub async fn roles(
    tx: &mut Tx,
    principal: PrincipalId,
    projects: &[ProjectId],
) -> Result<HashMap<ProjectId, Role>> {
    const SELECT: &str = "-- member.roles
        SELECT project_id, role FROM members WHERE principal_id = $1 AND project_id IN";
    let mut roles = HashMap::with_capacity(projects.len());
    for chunk in projects.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::seek(tx.is_postgres(), SELECT, 2, size)).bind(principal.0);
        for project in text::filled(chunk, size) {
            statement = statement.bind(project.0);
        }
        let rows: Vec<(Uuid, i64)> = statement.all().await?;
        for (project, number) in rows {
            roles.insert(project.into(), known_role(number)?);
        }
    }
    Ok(roles)
}

/// Adds a member or changes its role.
///
/// # Errors
/// [`Error::MemberProtected`] when a second owner would come about.
pub async fn put(tx: &mut Tx, project: ProjectId, member: &Member) -> Result<()> {
    tx.sql(
        "-- member.put
        INSERT INTO members (project_id, principal_id, role) VALUES ($1, $2, $3)
        ON CONFLICT (project_id, principal_id) DO UPDATE SET role = excluded.role",
    )
    .bind(project.0)
    .bind(member.principal.0)
    .bind(member.role as i64)
    .try_execute()
    .await
    .map_err(|error| {
        unique::refusal(error, |_| Error::MemberProtected {
            problem: "a project has exactly one owner; give this member another role",
            principal: member.principal,
        })
    })?;
    Ok(())
}

/// Removes a member. False: it was none.
pub async fn remove(tx: &mut Tx, project: ProjectId, principal: PrincipalId) -> Result<bool> {
    let removed = tx
        .sql("-- member.remove\nDELETE FROM members WHERE project_id = $1 AND principal_id = $2")
        .bind(project.0)
        .bind(principal.0)
        .execute()
        .await?;
    Ok(removed == 1)
}

/// At most `limit` members, by name and then id: those after the cursor, or the first ones.
pub async fn page(
    tx: &mut Tx,
    project: ProjectId,
    after: Option<(&str, PrincipalId)>,
    limit: i64,
) -> Result<Vec<NamedMember>> {
    let (name, id) = after.unwrap_or(("", PrincipalId(Uuid::nil())));
    tx.sql(
        "-- member.page
        SELECT m.principal_id, m.role, u.name, u.email FROM members m JOIN principals u ON u.id = m.principal_id
        WHERE m.project_id = $1 AND (u.name, u.id) > ($2, $3) ORDER BY u.name, u.id LIMIT $4",
    )
    .bind(project.0)
    .bind(name)
    .bind(id.0)
    .bind(limit)
    .all()
    .await
}

/// Gives a new sandbox its members, who from then on are independent of the parent's: its creator as the owner; the
/// parent's owner as an admin; the others in the role they have there. The creator appears once.
pub async fn copy_from_parent(
    tx: &mut Tx,
    parent: ProjectId,
    child: ProjectId,
    creator: PrincipalId,
) -> Result<u64> {
    tx.sql(
        "-- member.copy_from_parent
        INSERT INTO members (project_id, principal_id, role)
        SELECT $2, principal_id, CASE WHEN role = 4 THEN 3 ELSE role END FROM members
        WHERE project_id = $1 AND principal_id <> $3
        UNION ALL SELECT $2, $3, 4",
    )
    .bind(parent.0)
    .bind(child.0)
    .bind(creator.0)
    .execute()
    .await
}

impl FromRow for NamedMember {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            member: Member { principal: row.get::<Uuid>(0)?.into(), role: known_role(row.get(1)?)? },
            name: row.get(2)?,
            email: row.get(3)?,
        })
    }
}

/// From its number in the database, where there may be none.
pub(crate) fn maybe_role(number: Option<i64>) -> Result<Option<Role>> {
    number.map(known_role).transpose()
}

fn known_role(number: i64) -> Result<Role> {
    Role::from_number(number).ok_or(Error::Bug("a stored role is unknown"))
}
