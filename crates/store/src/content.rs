//! Contents: documents and step bodies, each kept once in a tree under its hash.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use moka::sync::Cache;
use sandbar_model::{ContentHash, Document, Error, ProjectId, Result, Time, time::HOUR};

use crate::{
    db::{FromRow, Row, Tx, storage},
    text,
};

/// Above this many bytes a content is compressed, if that makes it smaller.
const COMPRESS_ABOVE: usize = 4 * 1024;
/// The largest statement, in bytes of content: a writer holds one at a time.
const STATEMENT_BYTES: usize = 4 * 1024 * 1024;
/// How much of each kind is kept in memory.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Reads and writes contents. What was read is kept in a bounded cache, which needs no invalidation: a hash always means
/// the same bytes. Which hash a resource has is never cached.
#[derive(Debug)]
pub struct Contents {
    documents: Cache<(ProjectId, ContentHash), (Arc<Document>, u32)>,
    bodies: Cache<(ProjectId, ContentHash), Arc<str>>,
}

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

impl Default for Contents {
    fn default() -> Self {
        Self {
            documents: Cache::builder().weigher(|_, (_, bytes)| *bytes).max_capacity(CACHE_BYTES).build(),
            bodies: Cache::builder()
                .weigher(|_, body: &Arc<str>| u32::try_from(body.len()).unwrap_or(u32::MAX))
                .max_capacity(CACHE_BYTES)
                .build(),
        }
    }
}

impl Contents {
    /// One document of the tree `root`.
    ///
    /// # Errors
    /// [`Error::Bug`] when there is none: whoever has the hash got it from a row that keeps the content alive.
    pub async fn document(&self, tx: &mut Tx, root: ProjectId, hash: ContentHash) -> Result<Arc<Document>> {
        if let Some((document, _)) = self.documents.get(&(root, hash)) {
            return Ok(document);
        }
        self.documents(tx, root, vec![hash]).await?.remove(&hash).ok_or(Error::Bug("a document is missing"))
    }

    /// Documents of the tree `root`, by hash. Fails when one is missing.
    pub async fn documents(
        &self,
        tx: &mut Tx,
        root: ProjectId,
        hashes: Vec<ContentHash>,
    ) -> Result<HashMap<ContentHash, Arc<Document>>> {
        let (mut found, missing) =
            split(hashes, |hash| self.documents.get(&(root, hash)).map(|(document, _)| document));
        for (hash, bytes) in load(tx, root, &missing).await? {
            let document: Document = serde_json::from_slice(&bytes).map_err(|e| Error::Storage(e.into()))?;
            let document = Arc::new(document);
            // A parsed document takes several times its text.
            let weight = u32::try_from(bytes.len().saturating_mul(4)).unwrap_or(u32::MAX);
            self.documents.insert((root, hash), (Arc::clone(&document), weight));
            found.insert(hash, document);
        }
        Ok(found)
    }

    /// Step bodies of the tree `root`, by hash. Fails when one is missing.
    pub async fn bodies(
        &self,
        tx: &mut Tx,
        root: ProjectId,
        hashes: Vec<ContentHash>,
    ) -> Result<HashMap<ContentHash, Arc<str>>> {
        let (mut found, missing) = split(hashes, |hash| self.bodies.get(&(root, hash)));
        for (hash, bytes) in load(tx, root, &missing).await? {
            let body: Arc<str> = String::from_utf8(bytes).map_err(|e| Error::Storage(e.into()))?.into();
            self.bodies.insert((root, hash), Arc::clone(&body));
            found.insert(hash, body);
        }
        Ok(found)
    }

    /// Forgets everything that was read; for measurements.
    pub fn forget(&self) {
        self.documents.invalidate_all();
        self.bodies.invalidate_all();
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

type Encoded = (i64, Vec<u8>);

async fn insert(
    tx: &mut Tx,
    root: ProjectId,
    rows: &[(ContentHash, usize, Encoded)],
    now: Time,
) -> Result<()> {
    const INSERT: &str =
        "-- content.put\nINSERT INTO contents (root_id, hash, encoding, size, data, touch_time) VALUES";
    const TOUCH: &str = "ON CONFLICT (root_id, hash) DO UPDATE SET touch_time = excluded.touch_time
        WHERE contents.touch_time < excluded.touch_time - 3600000000";
    const { assert!(HOUR == 3_600_000_000) };
    let mut statement = tx.sql(text::rows(INSERT, 6, rows.len(), TOUCH));
    for (hash, size, (encoding, data)) in rows {
        let size = i64::try_from(*size).unwrap_or(i64::MAX);
        statement = statement.bind(root.0).bind(hash.0.to_vec()).bind(*encoding).bind(size);
        statement = statement.bind(data.as_slice()).bind(now.0);
    }
    statement.execute().await?;
    Ok(())
}

struct Stored {
    hash: ContentHash,
    bytes: Vec<u8>,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self> {
        let size: i64 = row.get(2)?;
        Ok(Self { hash: hash(&row.get::<Vec<u8>>(0)?)?, bytes: decode(row.get(1)?, size, row.get(3)?)? })
    }
}

async fn load(tx: &mut Tx, root: ProjectId, hashes: &[ContentHash]) -> Result<Vec<(ContentHash, Vec<u8>)>> {
    const SELECT: &str =
        "-- content.load\nSELECT hash, encoding, size, data FROM contents WHERE root_id = $1 AND hash IN";
    let mut found = Vec::with_capacity(hashes.len());
    for chunk in hashes.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::seek(tx.is_postgres(), SELECT, 2, size)).bind(root.0);
        for hash in text::filled(chunk, size) {
            statement = statement.bind(hash.0.to_vec());
        }
        let rows: Vec<Stored> = statement.all().await?;
        if rows.len() < chunk.len() {
            return Err(Error::Bug("a content is missing"));
        }
        found.extend(rows.into_iter().map(|stored| (stored.hash, stored.bytes)));
    }
    Ok(found)
}

/// Parts what the cache has from what must be loaded, each hash once.
fn split<T>(
    hashes: Vec<ContentHash>,
    cached: impl Fn(ContentHash) -> Option<T>,
) -> (HashMap<ContentHash, T>, Vec<ContentHash>) {
    let mut found = HashMap::new();
    let mut missing = HashSet::new();
    for hash in hashes {
        if found.contains_key(&hash) || missing.contains(&hash) {
            continue;
        }
        match cached(hash) {
            Some(value) => {
                found.insert(hash, value);
            }
            None => {
                missing.insert(hash);
            }
        }
    }
    (found, missing.into_iter().collect())
}

/// A hash as a row holds it.
pub(crate) fn hash(bytes: &[u8]) -> Result<ContentHash> {
    bytes.try_into().map(ContentHash).map_err(|_| Error::Bug("a stored hash has the wrong length"))
}

/// A hash where the empty string stands for "absent".
pub(crate) fn absent_or_hash(bytes: &[u8]) -> Result<Option<ContentHash>> {
    if bytes.is_empty() { Ok(None) } else { hash(bytes).map(Some) }
}

/// The other way round.
pub(crate) fn bytes_or_empty(hash: Option<ContentHash>) -> Vec<u8> {
    hash.map(|hash| hash.0.to_vec()).unwrap_or_default()
}

fn encode(bytes: Vec<u8>) -> Encoded {
    if bytes.len() > COMPRESS_ABOVE {
        let packed = lz4_flex::block::compress(&bytes);
        if packed.len() < bytes.len() {
            return (1, packed);
        }
    }
    (0, bytes)
}

fn decode(encoding: i64, size: i64, data: Vec<u8>) -> Result<Vec<u8>> {
    match encoding {
        0 => Ok(data),
        1 => {
            let size = usize::try_from(size).map_err(|_| Error::Bug("a stored size is negative"))?;
            lz4_flex::block::decompress(&data, size).map_err(|e| Error::Storage(e.into()))
        }
        _ => Err(storage(sqlx::Error::Decode("unknown encoding of a content".into()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_unpacks_to_the_same() {
        for bytes in
            [vec![], vec![1, 2, 3], vec![7; 100_000], (0..=255).cycle().take(70_000).collect::<Vec<u8>>()]
        {
            let size = i64::try_from(bytes.len()).unwrap();
            let (encoding, data) = encode(bytes.clone());
            assert_eq!(decode(encoding, size, data).unwrap(), bytes);
        }
        assert_eq!(encode(vec![7; 100_000]).0, 1);
        assert_eq!(encode(vec![7; 100]).0, 0);
    }

    #[test]
    fn damage_is_an_error() {
        assert!(decode(1, 10, vec![255; 5]).is_err());
        assert!(decode(9, 0, vec![]).is_err());
    }
}
