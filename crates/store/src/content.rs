//! Contents: documents and step bodies, each kept once in a tree under its hash.

mod keep;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use moka::sync::Cache;
use sandbar_model::{ContentHash, Document, Error, ProjectId, Result};

pub use keep::{NewContent, copy, put, put_document, put_parts};

use crate::{
    db::{FromRow, Row, Tx, storage},
    text,
};

/// How much of each kind is kept in memory.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Reads and writes contents. What was read is kept in a bounded cache, which needs no invalidation: a hash always means
/// the same bytes. Which hash a resource has is never cached.
#[derive(Debug)]
pub struct Contents {
    documents: Cache<(ProjectId, ContentHash), (Arc<Document>, u32)>,
    bodies: Cache<(ProjectId, ContentHash), Arc<str>>,
}

/// Where to look for a content: in one tree, or in two that merged and agreed on something, which may be kept in either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trees([ProjectId; 2]);

impl Trees {
    /// The trees of these two roots, which may be one.
    pub fn of(one: ProjectId, other: ProjectId) -> Self {
        Self([one, other])
    }

    fn roots(&self) -> impl Iterator<Item = ProjectId> {
        let [one, other] = self.0;
        std::iter::once(one).chain((one != other).then_some(other))
    }
}

impl From<ProjectId> for Trees {
    fn from(root: ProjectId) -> Self {
        Self([root; 2])
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

    /// Documents, by hash. Fails when one is missing.
    pub async fn documents(
        &self,
        tx: &mut Tx,
        trees: impl Into<Trees>,
        hashes: Vec<ContentHash>,
    ) -> Result<HashMap<ContentHash, Arc<Document>>> {
        let trees = trees.into();
        let cached = |hash| trees.roots().find_map(|root| self.documents.get(&(root, hash)));
        let (mut found, missing) = split(hashes, |hash| cached(hash).map(|(document, _)| document));
        for (root, hash, bytes) in load(tx, trees, missing).await? {
            let document: Document = serde_json::from_slice(&bytes).map_err(|e| Error::Storage(e.into()))?;
            let document = Arc::new(document);
            // A parsed document takes several times its text.
            let weight = u32::try_from(bytes.len().saturating_mul(4)).unwrap_or(u32::MAX);
            self.documents.insert((root, hash), (Arc::clone(&document), weight));
            found.insert(hash, document);
        }
        Ok(found)
    }

    /// Step bodies, by hash. Fails when one is missing.
    pub async fn bodies(
        &self,
        tx: &mut Tx,
        trees: impl Into<Trees>,
        hashes: Vec<ContentHash>,
    ) -> Result<HashMap<ContentHash, Arc<str>>> {
        let trees = trees.into();
        let cached = |hash| trees.roots().find_map(|root| self.bodies.get(&(root, hash)));
        let (mut found, missing) = split(hashes, cached);
        for (root, hash, bytes) in load(tx, trees, missing).await? {
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

/// Reads each from the first tree that has it.
async fn load(
    tx: &mut Tx,
    trees: Trees,
    mut missing: Vec<ContentHash>,
) -> Result<Vec<(ProjectId, ContentHash, Vec<u8>)>> {
    let mut found = Vec::with_capacity(missing.len());
    for root in trees.roots() {
        let here = load_from(tx, root, &missing).await?;
        let known: HashSet<_> = here.iter().map(|stored| stored.hash).collect();
        missing.retain(|hash| !known.contains(hash));
        found.extend(here.into_iter().map(|stored| (root, stored.hash, stored.bytes)));
    }
    if missing.is_empty() { Ok(found) } else { Err(Error::Bug("a content is missing")) }
}

async fn load_from(tx: &mut Tx, root: ProjectId, hashes: &[ContentHash]) -> Result<Vec<Stored>> {
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
        found.extend(rows);
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
            let (encoding, data) = keep::encode(bytes.clone());
            assert_eq!(decode(encoding, size, data).unwrap(), bytes);
        }
        assert_eq!(keep::encode(vec![7; 100_000]).0, 1);
        assert_eq!(keep::encode(vec![7; 100]).0, 0);
    }

    #[test]
    fn damage_is_an_error() {
        assert!(decode(1, 10, vec![255; 5]).is_err());
        assert!(decode(9, 0, vec![]).is_err());
    }
}
