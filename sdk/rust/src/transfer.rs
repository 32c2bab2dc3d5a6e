//! Whole projects in and out, in chunks: the document is never held in memory.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, Stream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::v1::import_project_request::Part;
use crate::v1::{ExportProjectRequest, ImportHeader, ImportProjectRequest, ImportProjectResponse};
use crate::{Error, Projects, new_request_id};

/// How many bytes of a document travel in one message.
const CHUNK_BYTES: usize = 512 * 1024;

impl Projects<'_> {
    /// Makes a project equal to a document, in one atomic change that touches only what differs. The document is read
    /// as fast as the server takes it. `progress` is told how many bytes have been handed over so far.
    ///
    /// It is not retried, because the document can't be read twice; a header with the same `request_id` makes it safe
    /// to call again with the document from its beginning. There is no deadline.
    ///
    /// # Errors
    ///
    /// What the server refuses, and [`Error::Read`] when the document can't be read; nothing has changed then.
    pub async fn import_project(
        &self,
        mut header: ImportHeader,
        document: impl AsyncRead,
        progress: impl FnMut(u64),
    ) -> Result<ImportProjectResponse, Error> {
        if header.request_id.is_empty() {
            header.request_id = new_request_id();
        }
        let (sender, receiver) = mpsc::channel(1);
        let mut raw = Self::raw(self.client.service());
        let mut call = pin!(raw.import_project(messages(header, receiver)));
        tokio::select! {
            // The server may refuse before it has seen the whole document.
            answer = &mut call => return Ok(answer?.into_inner()),
            sent = send(document, &sender, progress) => sent?,
        }
        Ok(call.await?.into_inner())
    }

    /// Writes a project as a document, with every step body byte for byte. `progress` is told how many bytes have been
    /// written so far. Gives the number of bytes. There is no deadline.
    ///
    /// # Errors
    ///
    /// What the server refuses, and [`Error::Write`] when the document can't be written. What was written until then
    /// is not a whole document.
    pub async fn export_project(
        &self,
        project_id: impl Into<String>,
        document: impl AsyncWrite,
        mut progress: impl FnMut(u64),
    ) -> Result<u64, Error> {
        let mut document = pin!(document);
        let request = ExportProjectRequest { project_id: project_id.into() };
        let mut stream = Self::raw(self.client.service()).export_project(request).await?.into_inner();
        let mut total = 0;
        while let Some(message) = stream.message().await? {
            document.write_all(&message.chunk).await.map_err(Error::Write)?;
            total += message.chunk.len() as u64;
            progress(total);
        }
        document.flush().await.map_err(Error::Write)?;
        Ok(total)
    }
}

/// What is sent for a document. The end is a message of its own: a sender that goes away without it has failed, and
/// then the stream never ends, so that the server can't take a part of a document for the whole.
enum Next {
    Chunk(Bytes),
    End,
}

fn messages(
    header: ImportHeader,
    receiver: mpsc::Receiver<Next>,
) -> impl Stream<Item = ImportProjectRequest> + Send + 'static {
    let chunks = stream::unfold(receiver, async |mut receiver| match receiver.recv().await {
        Some(Next::Chunk(chunk)) => Some((ImportProjectRequest { part: Some(Part::Chunk(chunk)) }, receiver)),
        Some(Next::End) => None,
        None => std::future::pending().await,
    });
    let header = ImportProjectRequest { part: Some(Part::Header(header)) };
    stream::StreamExt::chain(stream::iter([header]), chunks)
}

async fn send(
    document: impl AsyncRead,
    sender: &mpsc::Sender<Next>,
    mut progress: impl FnMut(u64),
) -> Result<(), Error> {
    let mut document = pin!(document);
    let mut total = 0;
    loop {
        let chunk = read_chunk(&mut document).await.map_err(Error::Read)?;
        if chunk.is_empty() {
            // A closed channel means that the call has ended; its answer says why.
            let _ = sender.send(Next::End).await;
            return Ok(());
        }
        total += chunk.len() as u64;
        if sender.send(Next::Chunk(chunk)).await.is_err() {
            return Ok(());
        }
        progress(total);
    }
}

/// Reads until a chunk is full, or the document ends. Empty: it has ended.
async fn read_chunk(document: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Bytes> {
    let mut limited = document.take(CHUNK_BYTES as u64);
    let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
    while chunk.len() < CHUNK_BYTES && limited.read_buf(&mut chunk).await? > 0 {}
    Ok(chunk.freeze())
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    #[tokio::test]
    async fn a_document_is_cut_into_chunks_and_loses_nothing() {
        let document: Vec<u8> = (0..=255).cycle().take(CHUNK_BYTES * 2 + 7).collect();
        let (sender, receiver) = mpsc::channel(1);
        let mut seen = Vec::new();
        let reading = async {
            let parts: Vec<_> = messages(ImportHeader::default(), receiver).collect().await;
            parts.into_iter().filter_map(|part| match part.part {
                Some(Part::Chunk(chunk)) => Some(chunk),
                _ => None,
            })
        };
        let (sent, chunks) = tokio::join!(send(&document[..], &sender, |total| seen.push(total)), reading);
        sent.unwrap();
        let chunks: Vec<Bytes> = chunks.collect();
        assert_eq!(chunks.iter().map(Bytes::len).collect::<Vec<_>>(), [CHUNK_BYTES, CHUNK_BYTES, 7]);
        assert_eq!(chunks.concat(), document);
        assert_eq!(seen.last(), Some(&(document.len() as u64)));
    }

    #[tokio::test]
    async fn a_document_that_can_not_be_read_never_looks_finished() {
        let broken = broken_reader();
        let (sender, receiver) = mpsc::channel(4);
        let sent = send(broken, &sender, |_| {}).await;
        assert!(matches!(sent, Err(Error::Read(_))));
        drop(sender);
        let mut messages = pin!(messages(ImportHeader::default(), receiver));
        assert!(messages.next().await.is_some());
        assert!(futures::poll!(messages.next()).is_pending());
    }

    /// A reader that fails at once.
    fn broken_reader() -> impl AsyncRead {
        struct Broken;
        impl AsyncRead for Broken {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
                _: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::task::Poll::Ready(Err(std::io::Error::other("the disk is gone")))
            }
        }
        Broken
    }
}
