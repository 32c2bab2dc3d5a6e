//! Keeping contents.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{ContentHash, Document, Error, ProjectId, Result, Time, time::HOUR};

use crate::{db::Tx, text};

/// Above this many bytes a content is compressed, if that makes it smaller.
const COMPRESS_ABOVE: usize = 4 * 1024;
/// The largest statement, in bytes of content: a writer holds one at a time.
const STATEMENT_BYTES: usize = 4 * 1024 * 1024;
/// What is there already is marked as used, if it was not within the hour.
macro_rules! touch {
    () => {
        "ON CONFLICT (root_id, hash) DO UPDATE SET touch_time = excluded.touch_time
        WHERE contents.touch_time < excluded.touch_time - 3600000000"
    };
}
const _: () = assert!(HOUR == 3_600_000_000);

/// A content to be kept.
#[derive(Clone, Debug)]
pub struct NewContent {
    /// SHA-256 of the bytes.
    pub hash: ContentHash,
    /// What is kept.
    pub bytes: Vec<u8>,
}

impl NewContent {
    /// With the hash of these bytes.
    pub fn of(bytes: Vec<u8>) -> Self {
        Self { hash: ContentHash::of(&bytes), bytes }
    }
}

/// Keeps contents. One that is there already is left alone but for being marked as used at `now` (to the hour), so that
/// the sweep does not take what a writer in flight relies on.
pub async fn put(tx: &mut Tx, root: ProjectId, contents: Vec<NewContent>, now: Time) -> Result<()> {
    // Sorted, so that two writers of one tree take row locks in one order; each hash once, as PostgreSQL demands.
    let contents: BTreeMap<ContentHash, Vec<u8>> = contents.into_iter().map(|c| (c.hash, c.bytes)).collect();
    let rows: Vec<_> = contents.into_iter().map(|(hash, bytes)| (hash, bytes.len(), encode(bytes))).collect();
    let mut rest = rows.as_slice();
    while !rest.is_empty() {
        let mut bytes = 0_usize;
        let fitting = rest.iter().take_while(|(_, _, (_, data))| {
            bytes = bytes.saturating_add(data.len());
            bytes <= STATEMENT_BYTES
        });
        let (statement, later) = rest.split_at(fitting.count().clamp(1, text::ROWS));
        for chunk in text::chunks(statement, text::ROWS) {
            insert(tx, root, chunk, now).await?;
        }
        rest = later;
    }
    Ok(())
}

/// Keeps a document that no version holds. Its bodies were put before.
///
/// # Errors
/// As [`put_parts`]; [`Error::Storage`] for one without a canonical form.
pub async fn put_document(tx: &mut Tx, root: ProjectId, document: &Document, now: Time) -> Result<()> {
    let content = NewContent::of(document.canonical().map_err(|error| Error::Storage(error.into()))?);
    let hash = content.hash;
    put(tx, root, vec![content], now).await?;
    let Document::Workflow(workflow) = document else { return Ok(()) };
    let parts: Vec<_> = workflow.jobs.iter().map(|job| (hash, job.body)).collect();
    put_parts(tx, root, &parts, now).await
}

/// Copies into the tree `to` those of these contents that the tree `from` has, as used at `now`.
pub async fn copy(
    tx: &mut Tx,
    (from, to): (ProjectId, ProjectId),
    hashes: &[ContentHash],
    now: Time,
) -> Result<()> {
    const COPY: &str = "-- content.copy
        INSERT INTO contents (root_id, hash, encoding, size, data, touch_time)
        SELECT $2, hash, encoding, size, data, $3 FROM contents WHERE root_id = $1 AND hash IN";
    const END: &str = concat!("ORDER BY hash ", touch!());
    let hashes: BTreeSet<_> = hashes.iter().copied().collect();
    let hashes: Vec<_> = hashes.into_iter().collect();
    for chunk in hashes.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::list(COPY, 4, size, END)).bind(from.0).bind(to.0).bind(now.0);
        for hash in text::filled(chunk, size) {
            statement = statement.bind(hash.0.to_vec());
        }
        statement.execute().await?;
    }
    Ok(())
}

/// Notes which bodies each document refers to, and marks those as used at `now`: a document that was taken over from
/// elsewhere comes with bodies that its writer did not put.
///
/// # Errors
/// [`Error::Contention`] when the sweep has just taken a body: whoever tries again looks again at what there is.
pub async fn put_parts(
    tx: &mut Tx,
    root: ProjectId,
    parts: &[(ContentHash, ContentHash)],
    now: Time,
) -> Result<()> {
    const INSERT: &str =
        "-- content.put_parts\nINSERT INTO content_parts (root_id, document_hash, part_hash) VALUES";
    for chunk in text::chunks(parts, text::ROWS) {
        let mut statement = tx.sql(text::rows(INSERT, 3, chunk.len(), "ON CONFLICT DO NOTHING"));
        for (document, part) in chunk {
            statement = statement.bind(root.0).bind(document.0.to_vec()).bind(part.0.to_vec());
        }
        statement.execute().await?;
    }
    let bodies: BTreeSet<_> = parts.iter().map(|(_, part)| *part).collect();
    let bodies: Vec<_> = bodies.into_iter().collect();
    for chunk in bodies.chunks(text::LIST) {
        // Nearly always they were put a moment ago, and one look is enough.
        if fresh(tx, root, chunk, now).await? < chunk.len() {
            touch(tx, root, chunk, now).await?;
            if fresh(tx, root, chunk, now).await? < chunk.len() {
                return Err(Error::Contention);
            }
        }
    }
    Ok(())
}

/// How many of these (at most [`text::LIST`]) were used within the hour.
async fn fresh(tx: &mut Tx, root: ProjectId, hashes: &[ContentHash], now: Time) -> Result<usize> {
    const SELECT: &str = "-- content.fresh
        SELECT hash FROM contents WHERE root_id = $1 AND touch_time >= $2 AND hash IN";
    let size = text::list_size(hashes.len());
    let mut statement =
        tx.sql(text::seek(tx.is_postgres(), SELECT, 3, size)).bind(root.0).bind(now.plus(-HOUR).0);
    for hash in text::filled(hashes, size) {
        statement = statement.bind(hash.0.to_vec());
    }
    let rows: Vec<(Vec<u8>,)> = statement.all().await?;
    Ok(rows.len())
}

async fn touch(tx: &mut Tx, root: ProjectId, hashes: &[ContentHash], now: Time) -> Result<()> {
    const UPDATE: &str = "-- content.touch
        UPDATE contents SET touch_time = $2 WHERE root_id = $1 AND touch_time < $3 AND hash IN";
    let size = text::list_size(hashes.len());
    let mut statement = tx.sql(text::list(UPDATE, 4, size, "")).bind(root.0).bind(now.0);
    statement = statement.bind(now.plus(-HOUR).0);
    for hash in text::filled(hashes, size) {
        statement = statement.bind(hash.0.to_vec());
    }
    statement.execute().await?;
    Ok(())
}

async fn insert(
    tx: &mut Tx,
    root: ProjectId,
    rows: &[(ContentHash, usize, Encoded)],
    now: Time,
) -> Result<()> {
    const INSERT: &str =
        "-- content.put\nINSERT INTO contents (root_id, hash, encoding, size, data, touch_time) VALUES";
    let mut statement = tx.sql(text::rows(INSERT, 6, rows.len(), touch!()));
    for (hash, size, (encoding, data)) in rows {
        let size = i64::try_from(*size).unwrap_or(i64::MAX);
        statement = statement.bind(root.0).bind(hash.0.to_vec()).bind(*encoding).bind(size);
        statement = statement.bind(data.as_slice()).bind(now.0);
    }
    statement.execute().await?;
    Ok(())
}

/// How a content is kept, and its bytes.
type Encoded = (i64, Vec<u8>);

pub(super) fn encode(bytes: Vec<u8>) -> Encoded {
    if bytes.len() > COMPRESS_ABOVE {
        let packed = lz4_flex::block::compress(&bytes);
        if packed.len() < bytes.len() {
            return (1, packed);
        }
    }
    (0, bytes)
}
