//! Requests that differ from another one in one field, made from the contract's descriptors.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage, Value as Field};
use serde_json::Value;
use uuid::Uuid;

use super::wire::{json, message, method};

/// A request that differs from another one.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The path of the field that is another, at most two levels deep.
    pub path: String,
    /// All of it, in protobuf's JSON.
    pub request: Value,
}

/// For each field of a call's request, the same request with something else there: valid by itself where the field's kind
/// and name tell what is. A field that is a message of our own with something in it stands for its fields.
///
/// # Errors
/// The contract has no such call, or the request is not of its form.
pub fn variants(name: &str, request: &Value) -> Result<Vec<Variant>, String> {
    let request = message(method(name)?.input(), request)?;
    let mut found = Vec::new();
    for field in request.descriptor().fields() {
        let Some(inner) = inside(&request, &field) else {
            found.push(Variant { path: field.name().to_owned(), request: json(&other(&request, &field)) });
            continue;
        };
        for below in inner.descriptor().fields() {
            let mut whole = request.clone();
            whole.set_field(&field, Field::Message(other(&inner, &below)));
            let path = format!("{}.{}", field.name(), below.name());
            found.push(Variant { path, request: json(&whole) });
        }
    }
    Ok(found)
}

/// The message of our own in a field. Those of protobuf, such as a time, are values.
fn inside(message: &DynamicMessage, field: &FieldDescriptor) -> Option<DynamicMessage> {
    let ours = !field.is_list() && !field.is_map() && is_ours(&field.kind());
    if ours && message.has_field(field) { message.get_field(field).as_message().cloned() } else { None }
}

fn is_ours(kind: &Kind) -> bool {
    kind.as_message().is_some_and(|message| message.package_name() == "sandbar.v1")
}

/// The message with something else in one field.
fn other(message: &DynamicMessage, field: &FieldDescriptor) -> DynamicMessage {
    let mut changed = message.clone();
    let mut value = message.get_field(field).into_owned();
    match &mut value {
        Field::List(list) => {
            list.push(another(Field::default_value(&field.kind()), field.name()));
        }
        Field::Map(map) => {
            let of = field.kind().as_message().and_then(|entry| entry.get_field_by_name("value"));
            let of = of.expect("an entry of a map has a value").kind();
            map.insert(MapKey::String("x".to_owned()), Field::default_value(&of));
        }
        // Being there is a difference.
        Field::Message(_) if is_ours(&field.kind()) => {}
        _ => value = another(value, field.name()),
    }
    changed.set_field(field, value);
    changed
}

fn another(value: Field, name: &str) -> Field {
    match value {
        Field::Bool(is) => Field::Bool(!is),
        Field::I32(number) => Field::I32(number + 1),
        Field::I64(number) => Field::I64(number + 1),
        Field::U32(number) => Field::U32(number + 1),
        Field::U64(number) => Field::U64(number + 1),
        Field::F64(number) => Field::F64(number + 1.0),
        Field::EnumNumber(number) => Field::EnumNumber(if number == 1 { 2 } else { 1 }),
        Field::String(text) => Field::String(other_text(&text, name)),
        Field::Bytes(bytes) => Field::Bytes([&bytes[..], b"x"].concat().into()),
        Field::Message(inner) => Field::Message(other_value(&inner)),
        value => panic!("what is another {value:?}?"),
    }
}

/// An id for an id.
fn other_text(text: &str, name: &str) -> String {
    let id = if text.is_empty() && (name == "id" || name.ends_with("_id")) {
        Some(0)
    } else {
        Uuid::try_parse(text).ok().map(|id| id.as_u128())
    };
    id.map_or_else(|| format!("{text}x"), |id| Uuid::from_u128(id ^ 1).to_string())
}

/// Of a message of protobuf's: a time or a duration another second, a mask one more path.
fn other_value(message: &DynamicMessage) -> DynamicMessage {
    let first = message.descriptor().fields().next().expect("protobuf's values have fields");
    other(message, &first)
}
