//! The gate for callers who only want to read one resource, the most frequent calls of all.

use sandbar_model::{
    Error, Kind, ProjectId, ResourceId, Result, Revision, Role, Time,
    access::{Scope, TokenHash},
    project::{Fork, ProjectRef},
};
use uuid::Uuid;

use super::Bearer;
use crate::{
    content::absent_or_hash,
    db::{Column, FromRow, Row, Tx},
    member,
    resource::Found,
    text,
};

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

/// What a caller wants to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

const JOINS: &str = ") AS q
    JOIN tokens t ON t.hash = q.column2
    LEFT JOIN projects p ON p.id = q.column3
    LEFT JOIN members m ON m.project_id = q.column3 AND m.principal_id = t.principal_id
    LEFT JOIN heads h ON h.project_id = q.column3 AND h.kind = q.column4 AND h.id = q.column5";

/// A row for each answer.
const ROWS: &str = "-- gate.enter_to_read
SELECT q.column1, t.id, t.principal_id, t.project_id, t.max_role, t.expire_time, t.revoke_time, t.last_use_time,
    t.mfa, m.role, p.id, p.root_id, p.parent_id, p.fork_seq, p.head_seq, p.trigger_version, p.allow_support_access,
    p.requires_mfa, h.seq, h.content_hash, h.write_time, h.writer_id
FROM (VALUES";

/// All answers in one value, in the same order. For SQLite: its driver hands each row from one thread to another and copies
/// each column with an allocation of its own, which showed in the calls per second (`tests/load`, `floor`).
const PACKED: &str = "-- gate.enter_to_read
SELECT group_concat(format('%s %s %s %s %s %s %s %s %s %s %s %s %s %s %s %s %s %s %s %s %s %s',
    q.column1, hex(t.id), hex(t.principal_id), hex(t.project_id), t.max_role, t.expire_time, t.revoke_time, t.last_use_time,
    t.mfa, m.role, hex(p.id), hex(p.root_id), hex(p.parent_id), p.fork_seq, p.head_seq, p.trigger_version, p.allow_support_access,
    p.requires_mfa, h.seq, hex(h.content_hash), h.write_time, hex(h.writer_id)), char(10))
FROM (VALUES";

/// Who bears each token, and what there is to read of each resource: an answer to each question, in their order. None:
/// nobody has such a token.
///
/// # Errors
/// [`Error::Bug`] for more than [`MOST_QUESTIONS`].
pub async fn enter_to_read(tx: &mut Tx, questions: &[Question]) -> Result<Vec<Option<Reading>>> {
    if questions.len() > MOST_QUESTIONS {
        return Err(Error::Bug("too many questions for one statement"));
    }
    if questions.is_empty() {
        return Ok(Vec::new());
    }
    let size = text::list_size(questions.len());
    let is_packed = !tx.is_postgres();
    let mut statement = tx.sql(text::rows(if is_packed { PACKED } else { ROWS }, 5, size, JOINS));
    // The last question is asked again and again to fill the list, with the same answer.
    for (number, question) in text::filled(&questions.iter().enumerate().collect::<Vec<_>>(), size) {
        let number = i64::try_from(*number).unwrap_or(i64::MAX);
        statement = statement.bind(number).bind(question.hash.0.to_vec()).bind(question.project.0);
        statement = statement.bind(question.kind as i64).bind(question.id.0);
    }
    let found = if is_packed {
        let Packed(found) = statement.one().await?;
        found
    } else {
        statement.all().await?
    };
    let mut answers = vec![None; questions.len()];
    for Numbered(number, reading) in found {
        let answer = usize::try_from(number).ok().and_then(|number| answers.get_mut(number));
        *answer.ok_or(Error::Bug("an answer to no question"))? = Some(reading);
    }
    Ok(answers)
}

/// The answer to the question of that number.
struct Numbered(i64, Reading);

impl FromRow for Numbered {
    fn from_row(row: &Row) -> Result<Self> {
        Self::read(&mut Columns { row, next: 0 })
    }
}

/// All of them.
struct Packed(Vec<Numbered>);

impl FromRow for Packed {
    fn from_row(row: &Row) -> Result<Self> {
        let text: Option<String> = row.get(0)?;
        let answers = text.iter().flat_map(|text| text.lines());
        answers.map(|line| Numbered::read(&mut line.split(' '))).collect::<Result<_>>().map(Self)
    }
}

impl Numbered {
    fn read(cells: &mut impl Cells) -> Result<Self> {
        let number = there(cells.number()?)?;
        let bearer = Bearer {
            token: there(cells.id()?)?.into(),
            principal: there(cells.id()?)?.into(),
            scope: Scope {
                project: cells.id()?.map(ProjectId),
                max_role: member::maybe_role(cells.number()?)?,
            },
            expire_time: cells.number()?.map(Time),
            revoke_time: cells.number()?.map(Time),
            last_use_time: cells.number()?.map(Time),
            mfa: there(cells.flag()?)?,
        };
        let role = member::maybe_role(cells.number()?)?;
        let project = project(cells)?;
        Ok(Self(number, Reading { bearer, role, project, head: head(cells)? }))
    }
}

fn project(cells: &mut impl Cells) -> Result<Option<ProjectRef>> {
    let (id, root, parent) = (cells.id()?, cells.id()?, cells.id()?);
    let (fork, head, trigger_version) = (cells.number()?, cells.number()?, cells.number()?);
    let (support, mfa) = (cells.flag()?, cells.flag()?);
    let Some(id) = id else { return Ok(None) };
    Ok(Some(ProjectRef {
        id: id.into(),
        root: there(root)?.into(),
        fork: parent.zip(fork).map(|(parent, at)| Fork { parent: parent.into(), at: Revision(at) }),
        head: Revision(there(head)?),
        trigger_version: there(trigger_version)?,
        allow_support_access: there(support)?,
        requires_mfa: there(mfa)?,
    }))
}

fn head(cells: &mut impl Cells) -> Result<Option<Found>> {
    let (seq, hash, write_time, writer) = (cells.number()?, cells.bytes()?, cells.number()?, cells.id()?);
    let Some(seq) = seq else { return Ok(None) };
    Ok(Some(Found {
        level: 0,
        revision: Revision(seq),
        hash: absent_or_hash(&hash)?,
        write_time: Time(there(write_time)?),
        writer: there(writer)?.into(),
    }))
}

fn there<T>(value: Option<T>) -> Result<T> {
    value.ok_or(Error::Bug("a value that is always there is not"))
}

/// The values of an answer, one after the other.
trait Cells {
    fn id(&mut self) -> Result<Option<Uuid>>;
    fn number(&mut self) -> Result<Option<i64>>;
    fn flag(&mut self) -> Result<Option<bool>>;
    /// Empty where there are none.
    fn bytes(&mut self) -> Result<Vec<u8>>;
}

struct Columns<'r> {
    row: &'r Row,
    next: usize,
}

impl Columns<'_> {
    fn get<T: Column>(&mut self) -> Result<Option<T>>
    where
        Option<T>: Column,
    {
        let at = self.next;
        self.next += 1;
        self.row.get(at)
    }
}

impl Cells for Columns<'_> {
    fn id(&mut self) -> Result<Option<Uuid>> {
        self.get()
    }

    fn number(&mut self) -> Result<Option<i64>> {
        self.get()
    }

    fn flag(&mut self) -> Result<Option<bool>> {
        self.get()
    }

    fn bytes(&mut self) -> Result<Vec<u8>> {
        self.get().map(Option::unwrap_or_default)
    }
}

const UNREADABLE: Error = Error::Bug("a packed answer that can't be read");

/// Nothing stands for NULL.
impl Cells for std::str::Split<'_, char> {
    fn id(&mut self) -> Result<Option<Uuid>> {
        let hex = self.next().ok_or(UNREADABLE)?;
        (!hex.is_empty()).then(|| Uuid::try_parse(hex).map_err(|_| UNREADABLE)).transpose()
    }

    fn number(&mut self) -> Result<Option<i64>> {
        let digits = self.next().ok_or(UNREADABLE)?;
        (!digits.is_empty()).then(|| digits.parse().map_err(|_| UNREADABLE)).transpose()
    }

    fn flag(&mut self) -> Result<Option<bool>> {
        Ok(self.number()?.map(|number| number != 0))
    }

    fn bytes(&mut self) -> Result<Vec<u8>> {
        hex::decode(self.next().ok_or(UNREADABLE)?).map_err(|_| UNREADABLE)
    }
}
