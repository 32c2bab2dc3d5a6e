//! What every call begins with: who calls, and what they are in the project that they call about. One round trip,
//! because it is paid by every call.

use sandbar_model::{
    Error, Kind, PrincipalId, Project, ProjectId, ResourceId, Result, Revision, Role, Time, TokenId,
    access::{PrincipalKind, Scope, TokenHash},
    project::ProjectRef,
};
use uuid::Uuid;

use crate::{
    content::absent_or_hash,
    db::{FromRow, Row, Tx},
    member, principal, project,
    resource::Found,
    text,
};

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

/// A caller who only wants to read one resource: the most frequent of all, so it brings no more than that takes. What
/// each table and column more costs PostgreSQL, which plans the joins but sets them up anew each time, showed in the calls
/// per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Who calls.
    pub bearer: Bearer,
    /// The project that was asked for; none: there is none.
    pub project: Option<ProjectRef>,
    /// The principal's role in the project, as a direct member.
    pub role: Option<Role>,
    /// The newest version of the resource that the project itself has touched (level 0 of its view); none: it never
    /// touched it, look at the levels below.
    pub head: Option<Found>,
}

/// The columns of a [`Bearer`].
macro_rules! bearer {
    () => {
        "t.id, t.principal_id, t.project_id, t.max_role, t.expire_time, t.revoke_time, t.last_use_time"
    };
}
/// Where the columns after it begin.
const NEXT: usize = 7;

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

/// What a caller wants to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Of the caller's token.
    pub hash: TokenHash,
    /// Where.
    pub project: ProjectId,
    /// A resource of this kind.
    pub kind: Kind,
    /// Which one.
    pub id: ResourceId,
}

/// The most questions of one statement.
pub const MOST_QUESTIONS: usize = 64;

/// Who bears each token, and what there is to read of each resource: an answer to each question, in their order. None:
/// nobody has such a token.
///
/// # Errors
/// [`Error::Bug`] for more than [`MOST_QUESTIONS`].
pub async fn enter_to_read(tx: &mut Tx, questions: &[Question]) -> Result<Vec<Option<Reading>>> {
    const SELECT: &str = concat!(
        "-- gate.enter_to_read\nSELECT ",
        bearer!(),
        ", m.role, p.id, p.root_id, p.parent_id, p.fork_seq, p.head_seq, p.trigger_version, p.allow_support_access,
            h.seq, h.content_hash, h.write_time, h.writer_id, q.column1
        FROM (VALUES"
    );
    const JOINS: &str = ") AS q
        JOIN tokens t ON t.hash = q.column2
        LEFT JOIN projects p ON p.id = q.column3
        LEFT JOIN members m ON m.project_id = q.column3 AND m.principal_id = t.principal_id
        LEFT JOIN heads h ON h.project_id = q.column3 AND h.kind = q.column4 AND h.id = q.column5";
    if questions.len() > MOST_QUESTIONS {
        return Err(Error::Bug("too many questions for one statement"));
    }
    if questions.is_empty() {
        return Ok(Vec::new());
    }
    let mut answers = vec![None; questions.len()];
    let size = text::list_size(questions.len());
    let mut statement = tx.sql(text::rows(SELECT, 5, size, JOINS));
    // The last question is asked again and again to fill the list, with the same answer.
    for (number, question) in text::filled(&questions.iter().enumerate().collect::<Vec<_>>(), size) {
        let number = i64::try_from(*number).unwrap_or(i64::MAX);
        statement = statement.bind(number).bind(question.hash.0.to_vec()).bind(question.project.0);
        statement = statement.bind(question.kind as i64).bind(question.id.0);
    }
    let rows: Vec<Numbered> = statement.all().await?;
    for Numbered(number, reading) in rows {
        let answer = usize::try_from(number).ok().and_then(|number| answers.get_mut(number));
        *answer.ok_or(Error::Bug("an answer to no question"))? = Some(reading);
    }
    Ok(answers)
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

/// The answer to the question of that number.
struct Numbered(i64, Reading);

impl FromRow for Numbered {
    fn from_row(row: &Row) -> Result<Self> {
        let project = row.get::<Option<Uuid>>(NEXT + 1)?;
        let head = row.get::<Option<i64>>(NEXT + 8)?;
        let reading = Reading {
            bearer: Bearer::read(row)?,
            role: member::maybe_role(row.get(NEXT)?)?,
            project: project.map(|id| read_project(row, id.into(), NEXT + 2)).transpose()?,
            head: head.map(|seq| read_head(row, Revision(seq), NEXT + 9)).transpose()?,
        };
        Ok(Self(row.get(NEXT + 12)?, reading))
    }
}

fn read_project(row: &Row, id: ProjectId, at: usize) -> Result<ProjectRef> {
    Ok(ProjectRef {
        id,
        root: row.get::<Uuid>(at)?.into(),
        fork: project::read_fork(row, at + 1)?,
        head: Revision(row.get(at + 3)?),
        trigger_version: row.get(at + 4)?,
        allow_support_access: row.get(at + 5)?,
    })
}

fn read_head(row: &Row, revision: Revision, at: usize) -> Result<Found> {
    Ok(Found {
        level: 0,
        revision,
        hash: absent_or_hash(&row.get::<Vec<u8>>(at)?)?,
        write_time: Time(row.get(at + 1)?),
        writer: row.get::<Uuid>(at + 2)?.into(),
    })
}
