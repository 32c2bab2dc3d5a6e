//! Who did what. Outlives the project that it was done to.
//!
//! The events of a tree are a chain, in the order in which they were committed: each holds the hash of the one before and
//! a hash over that and itself, so that nobody can change, remove, add or move one afterwards without [`walk`] telling.
//! What is about no tree (users, service accounts, their unlimited tokens) is a chain too.
//!
//! # How a chain stays exact
//! [`append`] updates the row that says where the chain ends, and so waits for whoever appends to the same chain. It is
//! the last thing that a transaction does before its commit: it is held for one more statement, and nobody who holds it
//! waits for anything else, so it adds no deadlock to those that the projects' and trees' locks rule out.

#[macro_use]
mod event;
mod page;
mod walk;

use sandbar_model::{ContentHash, ProjectId, Result};
use uuid::Uuid;

use crate::{db::Tx, text};

pub use event::{Chained, Event, Subject};
pub use page::{Filter, Window, chain_of_project, following, newest};
pub use walk::{Broken, Damage, Walk, walk};

/// Whose events: a tree's, by its root. None: what is about no tree.
pub type Chain = Option<ProjectId>;

/// How far a chain has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Of the last event; 0: there is none yet.
    pub position: i64,
    /// Its hash.
    pub hash: ContentHash,
}

impl Head {
    /// Before the first event.
    pub const START: Self = Self { position: 0, hash: ContentHash([0; 32]) };
}

/// Adds an event to its chain, in the transaction of what it tells. To be called last in it: until it ends, everybody
/// waits who appends to this chain.
pub async fn append(tx: &mut Tx, event: &Event) -> Result<Head> {
    let before = next(tx, event.root).await?;
    let position = before.position;
    let hash = event.hash(position, &before.hash);
    // PostgreSQL does both in one round trip, which is half of the time that others wait.
    let both = tx.is_postgres();
    let text = if both {
        concat!(
            "-- audit.append\nWITH ended AS (UPDATE audit_chains SET hash = $15 WHERE chain_id = $1) ",
            insert!()
        )
    } else {
        concat!("-- audit.append", insert!())
    };
    insert(tx, text, event, (position, &before.hash, &hash)).await?;
    if !both {
        end_at(tx, event.root, &hash).await?;
    }
    Ok(Head { position, hash })
}

async fn insert(
    tx: &mut Tx,
    text: &'static str,
    event: &Event,
    (position, previous, hash): (i64, &ContentHash, &ContentHash),
) -> Result<()> {
    let subject = event.subject.as_ref();
    tx.sql(text)
        .bind(chain_id(event.root))
        .bind(position)
        .bind(event.id)
        .bind(event.project.map(|project| project.0))
        .bind(event.time.0)
        .bind(event.principal.0)
        .bind(event.token.0)
        .bind(event.address.as_str())
        .bind(event.request_id.as_str())
        .bind(event.action.as_str())
        .bind(subject.map_or("", |subject| subject.kind.as_str()))
        .bind(subject.map(|subject| subject.id))
        .bind(event.detail.as_str())
        .bind(previous.0.as_slice())
        .bind(hash.0.as_slice())
        .execute()
        .await?;
    Ok(())
}

/// The position of the event that comes next and the hash of the one before it. Whoever asks too waits from here.
async fn next(tx: &mut Tx, chain: Chain) -> Result<Head> {
    let (position, hash): (i64, Vec<u8>) = tx
        .sql(
            "-- audit.next
            INSERT INTO audit_chains (chain_id, position, hash) VALUES ($1, 1, $2)
            ON CONFLICT (chain_id) DO UPDATE SET position = audit_chains.position + 1
            RETURNING position, hash",
        )
        .bind(chain_id(chain))
        .bind(Head::START.hash.0.as_slice())
        .one()
        .await?;
    Ok(Head { position, hash: event::hash(&hash) })
}

async fn end_at(tx: &mut Tx, chain: Chain, hash: &ContentHash) -> Result<()> {
    tx.sql("-- audit.end_at\nUPDATE audit_chains SET hash = $2 WHERE chain_id = $1")
        .bind(chain_id(chain))
        .bind(hash.0.as_slice())
        .execute()
        .await?;
    Ok(())
}

/// Where a chain ends, as its own row says. None: it has none.
pub async fn head(tx: &mut Tx, chain: Chain) -> Result<Option<Head>> {
    let row: Option<(i64, Vec<u8>)> = tx
        .sql("-- audit.head\nSELECT position, hash FROM audit_chains WHERE chain_id = $1")
        .bind(chain_id(chain))
        .optional()
        .await?;
    Ok(row.map(|(position, hash)| Head { position, hash: event::hash(&hash) }))
}

/// How far each of these chains has come; those that have no event yet are left out.
pub async fn heads(tx: &mut Tx, chains: &[Chain]) -> Result<Vec<(Chain, i64)>> {
    const SELECT: &str = "-- audit.heads
        SELECT chain_id, position FROM audit_chains WHERE chain_id IN";
    let mut heads = Vec::with_capacity(chains.len());
    for chunk in chains.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::seek(tx.is_postgres(), SELECT, 1, size));
        for chain in text::filled(chunk, size) {
            statement = statement.bind(chain_id(*chain));
        }
        let rows: Vec<(Uuid, i64)> = statement.all().await?;
        heads.extend(
            rows.into_iter().map(|(id, position)| ((!id.is_nil()).then_some(ProjectId(id)), position)),
        );
    }
    Ok(heads)
}

fn chain_id(chain: Chain) -> Uuid {
    chain.map_or(Uuid::nil(), |root| root.0)
}
