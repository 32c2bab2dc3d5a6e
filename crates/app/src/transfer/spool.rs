//! Keeping a document in a file while it comes in or goes out, so that a slow client neither holds the database's write
//! lock nor a snapshot, and no document is ever whole in memory.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    sync::Arc,
};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use sandbar_model::{ContentHash, Error, Result};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

/// Read from the disk at once.
const CHUNK: u64 = 256 * 1024;

/// A document in an unnamed file, which is gone with this value.
#[derive(Debug)]
pub struct Spooled {
    file: Arc<File>,
    /// How many bytes it has.
    pub size: u64,
    /// SHA-256 of it.
    pub hash: ContentHash,
}

impl Spooled {
    /// Takes a whole document in.
    ///
    /// # Errors
    /// The stream's own; [`Error::TooLarge`] past `limit` bytes.
    pub async fn take(mut chunks: impl Stream<Item = Result<Bytes>> + Unpin, limit: u64) -> Result<Self> {
        let mut file = tokio::fs::File::from_std(unnamed()?);
        let (mut size, mut hasher) = (0_u64, Sha256::new());
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            size = size.saturating_add(chunk.len() as u64);
            if size > limit {
                return Err(Error::TooLarge { what: "the document".to_owned(), limit_bytes: limit });
            }
            hasher.update(&chunk);
            file.write_all(&chunk).await.map_err(disk)?;
        }
        file.flush().await.map_err(disk)?;
        Self::begin(file.into_std().await, size, ContentHash(hasher.finalize().into()))
    }

    /// A document that was written to `file`.
    pub(super) fn written(mut file: File) -> Result<Self> {
        let size = file.stream_position().map_err(disk)?;
        Self::begin(file, size, ContentHash([0; 32]))
    }

    fn begin(mut file: File, size: u64, hash: ContentHash) -> Result<Self> {
        file.seek(SeekFrom::Start(0)).map_err(disk)?;
        Ok(Self { file: Arc::new(file), size, hash })
    }

    /// To read it from its beginning, whoever else reads it.
    pub fn reader(&self) -> SpoolReader {
        SpoolReader { file: Arc::clone(&self.file), at: 0 }
    }

    /// All of it from its beginning, each part read when the one before was taken. It ends with its first error.
    pub fn chunks(&self) -> impl Stream<Item = Result<Bytes>> + Send + use<> {
        stream::unfold(Some(self.reader()), |reader| async move {
            let mut reader = reader?;
            let reading = tokio::task::spawn_blocking(move || {
                let mut chunk = Vec::new();
                let read = reader.by_ref().take(CHUNK).read_to_end(&mut chunk);
                (reader, read.map(|_| chunk))
            });
            match reading.await {
                Ok((_, Ok(chunk))) if chunk.is_empty() => None,
                Ok((reader, Ok(chunk))) => Some((Ok(chunk.into()), Some(reader))),
                Ok((_, Err(error))) => Some((Err(disk(error)), None)),
                Err(_) => Some((Err(Error::Bug("reading a document panicked")), None)),
            }
        })
    }
}

/// Reads a document at a place of its own: a file's own place is one for all who have it open.
#[derive(Debug)]
pub struct SpoolReader {
    file: Arc<File>,
    at: u64,
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// A file that nobody else can open.
fn unnamed() -> Result<File> {
    tempfile::tempfile().map_err(disk)
}

/// The server's disk is full or broken: nothing that the caller did.
pub(super) fn disk(error: io::Error) -> Error {
    Error::StorageUnavailable(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_goes_in_comes_out() {
        let chunks = [b"one ".as_slice(), b"", b"two"].map(|chunk| Ok(Bytes::from_static(chunk)));
        let spooled = Spooled::take(stream::iter(chunks), 7).await.unwrap();
        assert_eq!((spooled.size, spooled.hash), (7, ContentHash::of(b"one two")));
        let (mut first, mut start, mut text) = (spooled.reader(), [0; 4], String::new());
        first.read_exact(&mut start).unwrap();
        spooled.reader().read_to_string(&mut text).unwrap();
        assert_eq!((&start, text.as_str()), (b"one ", "one two"));
        text.clear();
        first.read_to_string(&mut text).unwrap();
        assert_eq!(text, "two");
    }

    #[tokio::test]
    async fn it_goes_out_in_parts() {
        let bytes: Vec<_> = (0..=250_u8).cycle().take(2 * 256 * 1024 + 1).collect();
        let spooled = Spooled::take(stream::iter([Ok(Bytes::from(bytes.clone()))]), u64::MAX).await.unwrap();
        let parts: Vec<_> = spooled.chunks().map(|part| part.unwrap()).collect().await;
        assert_eq!(parts.iter().map(|part| part.len() as u64).collect::<Vec<_>>(), [CHUNK, CHUNK, 1]);
        assert!(parts.concat() == bytes);
    }

    #[tokio::test]
    async fn too_much_is_refused() {
        let chunks = [Ok(Bytes::from_static(b"12345678"))];
        let refused = Spooled::take(stream::iter(chunks), 7).await;
        assert!(matches!(refused, Err(Error::TooLarge { limit_bytes: 7, .. })));
    }

    #[tokio::test]
    async fn a_stream_that_breaks_off_is_an_error() {
        let chunks = [Ok(Bytes::from_static(b"1")), Err(Error::Contention)];
        assert!(matches!(Spooled::take(stream::iter(chunks), 7).await, Err(Error::Contention)));
    }
}
