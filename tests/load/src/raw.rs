//! Calls as fast as a server takes them. Messages go out and come in as bytes, so that the caller, which shares the
//! machine with the server, costs little and the same for every server.

use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, Bytes};
use futures::future::try_join_all;
use http::uri::PathAndQuery;
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

use crate::{Result, figures::Sample, machine};

const CONNECTIONS: usize = 4;
const CALLS_EACH: usize = 4;

/// What is called: a method of a server, with any of these messages.
#[derive(Debug)]
pub(crate) struct Target {
    channels: Vec<Channel>,
    process: u32,
    path: PathAndQuery,
    authorization: Option<MetadataValue<Ascii>>,
    messages: Vec<Bytes>,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Run {
    /// How long each call took.
    pub(crate) sample: Sample,
    /// Calls a second.
    pub(crate) rate: f64,
    /// Processor time of the server per call, in microseconds.
    pub(crate) cpu: f64,
}

impl Target {
    /// Connects to a server, of which the process is known.
    pub(crate) async fn connect(
        url: &str,
        process: u32,
        path: &'static str,
        token: Option<&str>,
        messages: Vec<Bytes>,
    ) -> Result<Self> {
        let endpoint = Endpoint::from_shared(url.to_owned())?.tcp_nodelay(true);
        let channels = try_join_all((0..CONNECTIONS).map(|_| endpoint.connect())).await?;
        let authorization = token.map(|token| format!("Bearer {token}").parse()).transpose()?;
        Ok(Self { channels, process, path: PathAndQuery::from_static(path), authorization, messages })
    }

    /// One call.
    pub(crate) async fn once(&self, message: usize) -> Result<Bytes> {
        let channel = self.channels.first().ok_or("a target without a connection")?;
        Ok(self.call(&mut Grpc::new(channel.clone()), message).await?)
    }

    /// 16 calls in flight on 4 connections, for so long.
    pub(crate) async fn run(&self, length: Duration) -> Result<Run> {
        let (begun, before) = (Instant::now(), machine::cpu_micros(self.process)?);
        let end = begun + length;
        let callers = self.channels.iter().flat_map(|channel| std::iter::repeat_n(channel, CALLS_EACH));
        let callers = callers.enumerate().map(|(number, channel)| self.caller(channel, number, end));
        let mut sample = Sample::default();
        for calls in try_join_all(callers).await? {
            sample.extend(calls);
        }
        let (took, cpu) = (begun.elapsed(), machine::cpu_micros(self.process)? - before);
        #[expect(clippy::cast_precision_loss)]
        let (calls, cpu) = (sample.len() as f64, cpu as f64);
        Ok(Run { sample, rate: calls / took.as_secs_f64(), cpu: cpu / calls.max(1.0) })
    }

    async fn caller(
        &self,
        channel: &Channel,
        number: usize,
        end: Instant,
    ) -> std::result::Result<Sample, Status> {
        let mut grpc = Grpc::new(channel.clone());
        let mut sample = Sample::default();
        let mut begun = Instant::now();
        let mut message = number * 7;
        while begun < end {
            self.call(&mut grpc, message).await?;
            let now = Instant::now();
            sample.push(now - begun);
            begun = now;
            message += 1;
        }
        Ok(sample)
    }

    async fn call(&self, grpc: &mut Grpc<Channel>, message: usize) -> std::result::Result<Bytes, Status> {
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let message = self.messages.get(message % self.messages.len()).cloned().unwrap_or_default();
        let mut request = Request::new(message);
        if let Some(token) = &self.authorization {
            request.metadata_mut().insert("authorization", token.clone());
        }
        Ok(grpc.unary(request, self.path.clone(), Raw).await?.into_inner())
    }
}

/// Messages as they are on the wire.
#[derive(Clone, Copy, Debug)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> std::result::Result<(), Status> {
        into.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> std::result::Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
