//! Messages as JSON: `snake_case` names, RFC 3339 times, enum values as lower-case words, null for what is absent.
//!
//! It goes by the contract's descriptors, so every message has its JSON form without code of its own.

use std::sync::LazyLock;

use jiff::Timestamp;
use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, MessageDescriptor,
    ReflectMessage, Value as Reflected,
};
use sandbar_client::FILE_DESCRIPTOR_SET;
use sandbar_client::prost::{Message, Name};
use serde_json::{Map, Value};

use crate::failure::Failure;

static POOL: LazyLock<Result<DescriptorPool, String>> =
    LazyLock::new(|| DescriptorPool::decode(FILE_DESCRIPTOR_SET).map_err(|error| error.to_string()));

/// A message as JSON.
pub(crate) fn to_json<M: Message + Name>(message: &M) -> Result<Value, Failure> {
    let bytes = message.encode_to_vec();
    let dynamic =
        DynamicMessage::decode(descriptor::<M>()?, bytes.as_slice()).map_err(|error| broken(&error))?;
    Ok(write_message(&dynamic))
}

/// The message that JSON in the same form says. Unknown names are errors, so that a typing error changes nothing.
pub(crate) fn from_json<M: Message + Name + Default>(mut value: Value) -> Result<M, Failure> {
    let descriptor = descriptor::<M>()?;
    restore_enums(&descriptor, &mut value);
    let dynamic = DynamicMessage::deserialize(descriptor, value)
        .map_err(|error| Failure::Usage(format!("the document is not a {}: {error}", M::NAME)))?;
    dynamic.transcode_to().map_err(|error| broken(&error))
}

fn descriptor<M: Name>() -> Result<MessageDescriptor, Failure> {
    let pool = POOL.as_ref().map_err(broken)?;
    pool.get_message_by_name(&M::full_name()).ok_or_else(|| broken(&M::full_name()))
}

fn broken(problem: &impl ToString) -> Failure {
    Failure::Here(format!("this build of sandbar does not know its own contract: {}", problem.to_string()))
}

fn write_message(message: &DynamicMessage) -> Value {
    match message.descriptor().full_name() {
        "google.protobuf.Timestamp" => write_time(message),
        "google.protobuf.Duration" => Value::String(format!("{}s", number(message, "seconds"))),
        _ => {
            let mut object = Map::new();
            for field in message.descriptor().fields() {
                let chosen = field.containing_oneof().is_some_and(|oneof| !oneof.is_synthetic());
                let value = match message.has_field(&field) || !field.supports_presence() {
                    true => write_field(&field, &message.get_field(&field)),
                    // Of a choice, only what was chosen shows.
                    false if chosen => continue,
                    false => Value::Null,
                };
                object.insert(field.name().to_owned(), value);
            }
            Value::Object(object)
        }
    }
}

fn write_field(field: &FieldDescriptor, value: &Reflected) -> Value {
    match value {
        Reflected::List(items) => items.iter().map(|item| write_field(field, item)).collect(),
        Reflected::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().map(|(key, item)| (key_text(key), item)).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            let write = |(key, item): (String, &Reflected)| (key, write_field(field, item));
            Value::Object(entries.into_iter().map(write).collect())
        }
        Reflected::EnumNumber(number) => match field.kind() {
            Kind::Enum(descriptor) => enum_word(&descriptor, *number),
            _ => Value::from(*number),
        },
        Reflected::Message(message) => write_message(message),
        Reflected::Bool(value) => Value::from(*value),
        Reflected::I32(value) => Value::from(*value),
        Reflected::I64(value) => Value::from(*value),
        Reflected::U32(value) => Value::from(*value),
        Reflected::U64(value) => Value::from(*value),
        Reflected::F32(value) => Value::from(*value),
        Reflected::F64(value) => Value::from(*value),
        Reflected::String(value) => Value::from(value.as_str()),
        Reflected::Bytes(value) => Value::from(String::from_utf8_lossy(value)),
    }
}

fn key_text(key: &MapKey) -> String {
    key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned)
}

fn number(message: &DynamicMessage, name: &str) -> i64 {
    let value = message.get_field_by_name(name);
    value.and_then(|value| value.as_i64().or(value.as_i32().map(i64::from))).unwrap_or(0)
}

fn write_time(message: &DynamicMessage) -> Value {
    let nanos = i32::try_from(number(message, "nanos")).unwrap_or(0);
    Timestamp::new(number(message, "seconds"), nanos)
        .map_or(Value::Null, |time| Value::from(time.to_string()))
}

/// `PROJECT_STATE_ACTIVE` as `active`; a value that this client does not know as its number; unspecified as null.
fn enum_word(descriptor: &EnumDescriptor, number: i32) -> Value {
    match descriptor.get_value(number) {
        _ if number == 0 => Value::Null,
        Some(value) => Value::from(
            value.name().strip_prefix(&prefix(descriptor)).unwrap_or(value.name()).to_ascii_lowercase(),
        ),
        None => Value::from(number),
    }
}

/// What the names of an enum's values begin with: `PROJECT_STATE_`.
fn prefix(descriptor: &EnumDescriptor) -> String {
    let mut prefix = String::new();
    for (index, letter) in descriptor.name().chars().enumerate() {
        if index > 0 && letter.is_uppercase() {
            prefix.push('_');
        }
        prefix.push(letter.to_ascii_uppercase());
    }
    prefix + "_"
}

/// Gives the lower-case words of enums their full names back, which is what the protobuf JSON reader takes.
fn restore_enums(descriptor: &MessageDescriptor, value: &mut Value) {
    let Value::Object(object) = value else { return };
    for (name, value) in object {
        let Some(field) = descriptor.get_field_by_name(name) else { continue };
        let items: Vec<&mut Value> = match value {
            Value::Array(items) => items.iter_mut().collect(),
            Value::Object(entries) if field.is_map() => entries.values_mut().collect(),
            one => vec![one],
        };
        for item in items {
            match (field.kind(), item) {
                (Kind::Message(inner), item) => restore_enums(&inner, item),
                (Kind::Enum(inner), Value::String(word)) => {
                    *word = prefix(&inner) + &word.to_ascii_uppercase();
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sandbar_client::prost_types::Timestamp;
    use sandbar_client::v1;
    use sandbar_client::v1::trigger::Type;

    use super::*;

    fn workflow() -> v1::Workflow {
        v1::Workflow {
            id: "w".into(),
            name: "Sync".into(),
            concurrency: Some(2),
            positions: BTreeMap::from([("j".to_owned(), v1::Position { x: 1.5, y: -2.0 })]),
            jobs: vec![v1::Job {
                id: "j".into(),
                name: "Fetch".into(),
                body: "get('/');\n".into(),
                uses: Some(v1::job::Uses::CredentialLinkId("c".into())),
                ..Default::default()
            }],
            triggers: vec![v1::Trigger {
                id: "t".into(),
                r#type: Some(Type::Webhook(v1::WebhookTrigger {
                    reply: v1::WebhookReply::AfterCompletion.into(),
                    ..Default::default()
                })),
                ..Default::default()
            }],
            revision: 7,
            updated: Some(v1::Stamp {
                time: Some(Timestamp { seconds: 1_800_000_000, nanos: 500_000_000 }),
                actor: None,
            }),
            ..Default::default()
        }
    }

    #[test]
    fn a_workflow_has_stable_names_and_words() {
        insta::assert_snapshot!(format!("{:#}", to_json(&workflow()).unwrap()));
    }

    #[test]
    fn what_get_prints_put_accepts() {
        let json = to_json(&workflow()).unwrap();
        assert_eq!(from_json::<v1::Workflow>(json).unwrap(), workflow());
    }

    #[test]
    fn a_typing_error_is_an_error() {
        let failure = from_json::<v1::Workflow>(serde_json::json!({"nmae": "Sync"})).unwrap_err();
        assert!(failure.to_string().contains("nmae"), "{failure}");
        assert_eq!(failure.exit_code(), 2);
        let word = serde_json::json!({"edges": [{"condition": "sometimes"}]});
        assert!(from_json::<v1::Workflow>(word).is_err());
    }
}
