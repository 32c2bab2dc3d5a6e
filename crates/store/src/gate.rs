//! What every call begins with: who calls, and what they are in the project that they call about. One round trip,
//! because it is paid by every call.

mod reading;

use sandbar_model::{
    PrincipalId, Project, ProjectId, Result, Role, Time, TokenId,
    access::{PrincipalKind, Scope, TokenHash},
};
use uuid::Uuid;

use crate::{
    db::{FromRow, Row, Tx},
    member, principal, project,
};

pub use reading::{MOST_QUESTIONS, Question, Reading, enter_to_read};

/// Who bears a token, and what the token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The token's record.
    pub token: TokenId,
    /// Whom it speaks for.
    pub principal: PrincipalId,
    /// What it is limited to.
    pub scope: Scope,
    /// When it ends; none: never.
    pub expire_time: Option<Time>,
    /// When it was revoked; none: it was not.
    pub revoke_time: Option<Time>,
    /// Exact to about a minute.
    pub last_use_time: Option<Time>,
    /// Whether it counts as made with a second factor.
    pub mfa: bool,
}

/// A caller at the gate. Facts only: whether the token still holds and what the caller may do is decided above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who calls.
    pub bearer: Bearer,
    /// What they are.
    pub kind: PrincipalKind,
    /// Whether they manage the service.
    pub administrator: bool,
    /// The project that was asked for; none: none was, or there is none.
    pub project: Option<Project>,
    /// The principal's role in the project, as a direct member.
    pub role: Option<Role>,
    /// The principal's role in the root of the project's tree, likewise.
    pub root_role: Option<Role>,
}

/// The columns of a [`Bearer`].
macro_rules! bearer {
    () => {
        "t.id, t.principal_id, t.project_id, t.max_role, t.expire_time, t.revoke_time, t.last_use_time, t.mfa"
    };
}
/// Where the columns after it begin.
const NEXT: usize = 8;

/// Who bears this token, and what they are in `project`. None: nobody has such a token.
pub async fn enter(tx: &mut Tx, hash: &TokenHash, project: Option<ProjectId>) -> Result<Option<Entry>> {
    tx.sql(concat!(
        "-- gate.enter\nSELECT ",
        bearer!(),
        ", u.kind, u.administrator, m.role, r.role, ",
        project::columns!("p."),
        " FROM tokens t JOIN principals u ON u.id = t.principal_id
        LEFT JOIN projects p ON p.id = $2
        LEFT JOIN members m ON m.project_id = p.id AND m.principal_id = t.principal_id
        LEFT JOIN members r ON r.project_id = p.root_id AND r.principal_id = t.principal_id
        WHERE t.hash = $1"
    ))
    .bind(hash.0.as_slice())
    .bind(project.map(|project| project.0))
    .optional()
    .await
}

impl Bearer {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            token: row.get::<Uuid>(0)?.into(),
            principal: row.get::<Uuid>(1)?.into(),
            scope: Scope {
                project: row.get::<Option<Uuid>>(2)?.map(ProjectId),
                max_role: member::maybe_role(row.get(3)?)?,
            },
            expire_time: row.get::<Option<i64>>(4)?.map(Time),
            revoke_time: row.get::<Option<i64>>(5)?.map(Time),
            last_use_time: row.get::<Option<i64>>(6)?.map(Time),
            mfa: row.get(7)?,
        })
    }
}

impl FromRow for Entry {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            bearer: Bearer::read(row)?,
            kind: principal::kind(row.get(NEXT)?)?,
            administrator: row.get(NEXT + 1)?,
            role: member::maybe_role(row.get(NEXT + 2)?)?,
            root_role: member::maybe_role(row.get(NEXT + 3)?)?,
            project: project::read_joined(row, NEXT + 4)?,
        })
    }
}
