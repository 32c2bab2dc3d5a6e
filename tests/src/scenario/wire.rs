//! Calls by name, over the contract's descriptors: no method needs code of its own.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use http::uri::PathAndQuery;
use prost::{Message, bytes::Bytes};
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, FieldDescriptor, MessageDescriptor, MethodDescriptor,
    SerializeOptions,
};
use sandbar_client::FILE_DESCRIPTOR_SET;
use serde_json::{Map, Value};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
    transport::Channel,
};
use tonic_types::StatusExt;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the client's descriptors are whole")
});

/// How many bytes of a document travel in one message.
const CHUNK_BYTES: usize = 512 * 1024;

/// A method of the contract.
#[derive(Clone, Debug)]
pub struct MethodInfo {
    /// As scenarios name it: `Service/Method`.
    pub name: String,
    /// The paths of the fields of its request, two levels deep.
    pub fields: Vec<String>,
    /// Whether the contract says that it changes nothing.
    pub reading: bool,
}

/// Every method of the contract.
pub fn methods() -> Vec<MethodInfo> {
    let all = POOL.services().flat_map(|service| service.methods().collect::<Vec<_>>());
    let ours = all.filter(|method| method.parent_service().package_name() == "sandbar.v1");
    ours.map(|method| MethodInfo {
        name: format!("{}/{}", method.parent_service().name(), method.name()),
        fields: method.input().fields().flat_map(|field| paths(&field)).collect(),
        reading: method.method_descriptor_proto().options.as_ref().is_some_and(|options| {
            options.idempotency_level()
                == prost_reflect::prost_types::method_options::IdempotencyLevel::NoSideEffects
        }),
    })
    .collect()
}

/// Every reason of the contract, without its prefix.
pub fn reasons() -> Vec<String> {
    let reason = POOL.get_enum_by_name("sandbar.v1.Reason").expect("the contract has reasons");
    let names = reason.values().filter(|value| value.number() != 0);
    names.map(|value| value.name().trim_start_matches("REASON_").to_owned()).collect()
}

fn paths(field: &FieldDescriptor) -> Vec<String> {
    let below = field.kind().as_message().filter(|_| !field.is_list() && !field.is_map()).map(|message| {
        message.fields().map(|inner| format!("{}.{}", field.name(), inner.name())).collect::<Vec<_>>()
    });
    [vec![field.name().to_owned()], below.unwrap_or_default()].concat()
}

/// One call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// `Service/Method`.
    pub method: &'a str,
    /// Whose; none: nobody's.
    pub token: Option<&'a str>,
    /// In protobuf's JSON.
    pub request: &'a Value,
    /// What comes after the header of an import.
    pub document: Option<&'a [u8]>,
    /// The id that it shall have in the server's log; none: the server gives it one.
    pub log_id: Option<&'a str>,
}

/// Makes a call. The answer is as the contract's JSON with the field names of the `.proto` files. A stream of answers is
/// seen as one: each field holds the list of the values that it had; a document's chunks are put together.
///
/// # Errors
/// The outer one is the test's own fault: the contract has no such call, or the request is not of its form.
pub async fn call(channel: &Channel, call: &Call<'_>) -> Result<Result<Value, Status>, String> {
    let method = method(call.method)?;
    let mut messages = vec![message(method.input(), call.request)?];
    if let Some(document) = call.document {
        for chunk in document.chunks(CHUNK_BYTES) {
            let mut part = DynamicMessage::new(method.input());
            part.set_field_by_name("chunk", prost_reflect::Value::Bytes(Bytes::copy_from_slice(chunk)));
            messages.push(part);
        }
    }
    let mut request = Request::new(tokio_stream::iter(messages));
    if let Some(token) = call.token {
        let value = format!("Bearer {token}").parse().map_err(|_| "the token can't be sent".to_owned())?;
        request.metadata_mut().insert("authorization", value);
    }
    if let Some(id) = call.log_id {
        let id = id.parse().map_err(|_| "the log id can't be sent".to_owned())?;
        request.metadata_mut().insert("x-request-id", id);
    }
    Ok(send(channel, &method, request).await)
}

async fn send(
    channel: &Channel,
    method: &MethodDescriptor,
    request: Request<impl tokio_stream::Stream<Item = DynamicMessage> + Send + 'static>,
) -> Result<Value, Status> {
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let path: PathAndQuery = path.parse().expect("a method's name is a path");
    let mut grpc = Grpc::new(channel.clone()).max_decoding_message_size(usize::MAX);
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    // On the wire a call with one message is a stream of one.
    let mut answers = grpc.streaming(request, path, Dynamic(method.output())).await?.into_inner();
    let mut all = Vec::new();
    while let Some(answer) = answers.message().await? {
        all.push(answer);
    }
    if method.is_server_streaming() { Ok(together(&all)) } else { Ok(json(&all[0])) }
}

fn together(answers: &[DynamicMessage]) -> Value {
    let mut all: Map<String, Value> = Map::new();
    let mut document = Vec::new();
    for answer in answers {
        if let Some(chunk) =
            answer.get_field_by_name("chunk").as_deref().and_then(prost_reflect::Value::as_bytes)
        {
            document.extend_from_slice(chunk);
            continue;
        }
        for (name, value) in
            json(answer).as_object().into_iter().flatten().filter(|(_, value)| !value.is_null())
        {
            all.entry(name.clone())
                .or_insert_with(|| Value::Array(Vec::new()))
                .as_array_mut()
                .unwrap()
                .push(value.clone());
        }
    }
    if !document.is_empty() {
        let parsed = serde_json::from_slice(&document).unwrap_or(Value::Null);
        all.insert("document".to_owned(), parsed);
        all.insert("document_bytes".to_owned(), document.len().into());
    }
    Value::Object(all)
}

/// What somebody can see of a refusal, for telling two apart: everything but when and under which id it was.
/// The metadata of an `ErrorInfo` is a map, whose entries travel in any order, so they are sorted.
pub(super) fn visible(status: &Status) -> String {
    let mut headers: Vec<_> = headers(status.metadata());
    headers.sort();
    let mut details = status.get_error_details();
    let info = details.error_info().cloned();
    let metadata: BTreeMap<_, _> = info.iter().flat_map(|info| info.metadata.clone()).collect();
    if let Some(info) = info {
        details.set_error_info(info.reason, info.domain, HashMap::<String, String>::new());
    }
    let (code, message, bytes) = (status.code(), status.message(), status.details().len());
    format!("{code:?} {message:?} {details:?} {metadata:?} {bytes} bytes of details {headers:?}")
}

fn headers(metadata: &MetadataMap) -> Vec<String> {
    let text = metadata.clone().into_headers();
    let shown = text.iter().filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"));
    shown.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))).collect()
}

pub(super) fn method(name: &str) -> Result<MethodDescriptor, String> {
    let (service, method) = name.split_once('/').ok_or_else(|| format!("{name:?} is not Service/Method"))?;
    let service = POOL.get_service_by_name(&format!("sandbar.v1.{service}"));
    service
        .and_then(|service| service.methods().find(|one| one.name() == method))
        .ok_or_else(|| format!("the contract has no {name}"))
}

pub(super) fn message(kind: MessageDescriptor, value: &Value) -> Result<DynamicMessage, String> {
    let name = kind.name().to_owned();
    DynamicMessage::deserialize_with_options(kind, value.clone(), &DeserializeOptions::new())
        .map_err(|error| format!("{value} is no {name}: {error}"))
}

pub(super) fn json(message: &DynamicMessage) -> Value {
    let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(false);
    message.serialize_with_options(serde_json::value::Serializer, &options).expect("a message is JSON")
}

/// Reads and writes messages of a kind that is known by its descriptor only.
#[derive(Clone)]
struct Dynamic(MessageDescriptor);

impl Codec for Dynamic {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        self.clone()
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for Dynamic {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, item: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Dynamic {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.0.clone(), buffer);
        message.map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}
