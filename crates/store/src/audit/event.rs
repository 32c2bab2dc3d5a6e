//! One event: what it holds, and its hash.

use sandbar_model::{ContentHash, PrincipalId, ProjectId, Result, Time, TokenId};
use uuid::Uuid;

use crate::db::{FromRow, Row};

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// A UUID of version 7.
    pub id: Uuid,
    /// The tree, which is also the chain; none: it was not about one.
    pub root: Option<ProjectId>,
    /// The project; none: it was not about one.
    pub project: Option<ProjectId>,
    /// When.
    pub time: Time,
    /// Who.
    pub principal: PrincipalId,
    /// With which token.
    pub token: TokenId,
    /// From where, as the server knows it; empty: it does not.
    pub address: String,
    /// The id under which the call stands in the log; empty: it was none.
    pub request_id: String,
    /// What, such as `sandbox.create`.
    pub action: String,
    /// What it was done to, if that was one thing other than the project.
    pub subject: Option<Subject>,
    /// JSON of what an auditor needs beyond that. Never a secret.
    pub detail: String,
}

/// One thing that something was done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Such as `workflow`, `credential`, `trigger`, `token`, `principal`, `merge`.
    pub kind: String,
    /// Which.
    pub id: Uuid,
}

/// An event in its place, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chained {
    /// The event.
    pub event: Event,
    /// Its place: 1, 2, 3, …
    pub position: i64,
    /// The hash of the event before it; of the first one all zeros.
    pub previous: ContentHash,
    /// Its own.
    pub hash: ContentHash,
}

/// The columns of an event in the order in which a [`Chained`] is read.
macro_rules! columns {
    () => {
        "chain_id, position, id, project_id, event_time, principal_id, token_id, address, request_id, action, \
         subject_kind, subject_id, detail, prev_hash, hash"
    };
}

/// The statement that adds one.
macro_rules! insert {
    () => {
        "\nINSERT INTO audit_events (chain_id, position, id, project_id, event_time, principal_id, token_id, address,
            request_id, action, subject_kind, subject_id, detail, prev_hash, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
    };
}

impl Event {
    /// SHA-256 over the hash before and everything that the event holds: see `AuditEvent.hash` in `audit.proto`, which
    /// tells others how to check it.
    pub fn hash(&self, position: i64, previous: &ContentHash) -> ContentHash {
        let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        let subject = self.subject.as_ref();
        let parts = [
            "sandbar.audit.1".to_owned(),
            previous.to_string(),
            position.to_string(),
            id(Some(self.id)),
            id(self.root.map(|root| root.0)),
            id(self.project.map(|project| project.0)),
            self.time.0.to_string(),
            self.principal.to_string(),
            self.token.to_string(),
            self.address.clone(),
            self.request_id.clone(),
            self.action.clone(),
            subject.map(|subject| subject.kind.clone()).unwrap_or_default(),
            id(subject.map(|subject| subject.id)),
            self.detail.clone(),
        ];
        // Each with its length, so that no two different events are the same bytes.
        let parts = parts.iter().map(|part| format!("{}:{part},", part.len()));
        ContentHash::of(parts.collect::<String>().as_bytes())
    }
}

impl Chained {
    /// Whether its hash would be right at a position, after what it says it came after.
    pub(super) fn fits(&self, position: i64) -> bool {
        self.event.hash(position, &self.previous) == self.hash
    }
}

/// A hash as it is kept. What was tampered with may have any length; it is then the hash of nothing.
pub(super) fn hash(bytes: &[u8]) -> ContentHash {
    bytes.try_into().map_or_else(|_| ContentHash::of(bytes), ContentHash)
}

impl FromRow for Chained {
    fn from_row(row: &Row) -> Result<Self> {
        let chain: Uuid = row.get(0)?;
        let (kind, subject): (String, Option<Uuid>) = (row.get(10)?, row.get(11)?);
        let event = Event {
            root: (!chain.is_nil()).then_some(ProjectId(chain)),
            id: row.get(2)?,
            project: row.get::<Option<Uuid>>(3)?.map(ProjectId),
            time: Time(row.get(4)?),
            principal: row.get::<Uuid>(5)?.into(),
            token: row.get::<Uuid>(6)?.into(),
            address: row.get(7)?,
            request_id: row.get(8)?,
            action: row.get(9)?,
            // A kind without an id is none that was written here: it must not read as if nothing was.
            subject: (subject.is_some() || !kind.is_empty())
                .then(|| Subject { kind, id: subject.unwrap_or_default() }),
            detail: row.get(12)?,
        };
        Ok(Self {
            event,
            position: row.get(1)?,
            previous: hash(&row.get::<Vec<u8>>(13)?),
            hash: hash(&row.get::<Vec<u8>>(14)?),
        })
    }
}
