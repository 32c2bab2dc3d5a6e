//! What every call begins with: who calls, and what they are in the project that they call about. One round trip,
//! because it is paid by every call.

use sandbar_model::{
    Kind, Project, ProjectId, ResourceId, Result, Revision, Role, Time,
    access::{Principal, Token, TokenHash},
};
use uuid::Uuid;

use crate::{
    content::absent_or_hash,
    db::{FromRow, Row, Tx},
    member, principal, project,
    resource::Found,
    token,
};

/// A caller at the gate. Facts only: whether the token still holds and what the caller may do is decided above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The token's record: its scope, expiry, revocation and last use.
    pub token: Token,
    /// Whom it speaks for.
    pub principal: Principal,
    /// The project that was asked for; none: none was, or there is none.
    pub project: Option<Project>,
    /// The principal's role in the project, as a direct member.
    pub role: Option<Role>,
    /// The principal's role in the root of the project's tree, likewise.
    pub root_role: Option<Role>,
}

/// The columns of an [`Entry`] and where they come from: `$1` the token's hash, `$2` the project.
macro_rules! entry {
    ($name:literal, $columns:literal, $join:literal) => {
        concat!(
            $name,
            "\nSELECT ",
            token::columns!("t."),
            ", u.id, u.kind, u.name, u.email, u.administrator, u.create_time, m.role, r.role, ",
            project::columns!("p."),
            $columns,
            " FROM tokens t JOIN principals u ON u.id = t.principal_id
            LEFT JOIN projects p ON p.id = $2
            LEFT JOIN members m ON m.project_id = p.id AND m.principal_id = t.principal_id
            LEFT JOIN members r ON r.project_id = p.root_id AND r.principal_id = t.principal_id ",
            $join,
            " WHERE t.hash = $1"
        )
    };
}

/// Who bears this token, and what they are in `project`. None: nobody has such a token.
pub async fn enter(tx: &mut Tx, hash: &TokenHash, project: Option<ProjectId>) -> Result<Option<Entry>> {
    tx.sql(entry!("-- gate.enter", "", ""))
        .bind(hash.0.as_slice())
        .bind(project.map(|project| project.0))
        .optional()
        .await
}

/// As [`enter`], with the newest version of a resource that the project itself has touched (level 0 of its view); none:
/// it never touched it, look at the levels below.
pub async fn enter_with_head(
    tx: &mut Tx,
    hash: &TokenHash,
    project: ProjectId,
    kind: Kind,
    id: ResourceId,
) -> Result<Option<(Entry, Option<Found>)>> {
    let row: Option<WithHead> = tx
        .sql(entry!(
            "-- gate.enter_with_head",
            ", h.seq, h.content_hash, h.write_time, h.writer_id",
            "LEFT JOIN heads h ON h.project_id = p.id AND h.kind = $3 AND h.id = $4"
        ))
        .bind(hash.0.as_slice())
        .bind(project.0)
        .bind(kind as i64)
        .bind(id.0)
        .optional()
        .await?;
    Ok(row.map(|WithHead(entry, head)| (entry, head)))
}

const PRINCIPAL: usize = token::COLUMNS;
const ROLES: usize = PRINCIPAL + principal::COLUMNS;
const PROJECT: usize = ROLES + 2;
const HEAD: usize = PROJECT + project::COLUMNS;

impl FromRow for Entry {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            token: token::read(row, 0)?,
            principal: principal::read(row, PRINCIPAL)?,
            role: member::maybe_role(row.get(ROLES)?)?,
            root_role: member::maybe_role(row.get(ROLES + 1)?)?,
            project: project::read_joined(row, PROJECT)?,
        })
    }
}

struct WithHead(Entry, Option<Found>);

impl FromRow for WithHead {
    fn from_row(row: &Row) -> Result<Self> {
        let entry = Entry::from_row(row)?;
        let Some(seq) = row.get::<Option<i64>>(HEAD)? else { return Ok(Self(entry, None)) };
        let head = Found {
            level: 0,
            revision: Revision(seq),
            hash: absent_or_hash(&row.get::<Vec<u8>>(HEAD + 1)?)?,
            write_time: Time(row.get(HEAD + 2)?),
            writer: row.get::<Uuid>(HEAD + 3)?.into(),
        };
        Ok(Self(entry, Some(head)))
    }
}
