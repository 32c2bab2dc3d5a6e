//! The document's values as they are written, before anything is made of them. Unknown keys are ignored: foreign tools add
//! them, and servers add their own.

use std::{fmt, marker::PhantomData};

use sandbar_model::{config::Reference, workflow::Position};
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{head::Given, keys::Seen};

/// The most jobs, triggers, edges or positions that one workflow may have: far more than a person can look at, and few
/// enough that a short hostile text can't fill the memory with them.
const MAX_PARTS: usize = 20_000;

#[derive(Deserialize)]
pub(super) struct Workflow {
    pub(super) id: Option<Uuid>,
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) concurrency: Given<u32>,
    pub(super) enable_job_logs: Option<bool>,
    pub(super) lock_version: Option<i64>,
    pub(super) delete: Option<bool>,
    pub(super) deleted_at: Option<IgnoredAny>,
    pub(super) positions: Option<Parts<Position>>,
    #[serde(default)]
    pub(super) jobs: Parts<Job>,
    #[serde(default)]
    pub(super) triggers: Parts<Trigger>,
    #[serde(default)]
    pub(super) edges: Parts<Edge>,
}

#[derive(Deserialize)]
pub(super) struct Job {
    pub(super) id: Option<Uuid>,
    pub(super) name: Option<String>,
    pub(super) body: Option<String>,
    pub(super) adaptor: Option<String>,
    pub(super) project_credential_id: Option<Uuid>,
    pub(super) keychain_credential_id: Option<Uuid>,
    pub(super) delete: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Trigger {
    pub(super) id: Option<Uuid>,
    #[serde(rename = "type")]
    pub(super) kind: Option<TriggerKind>,
    pub(super) enabled: Option<bool>,
    #[serde(default)]
    pub(super) custom_path: Given<String>,
    #[serde(default)]
    pub(super) webhook_reply: Given<sandbar_model::workflow::WebhookReply>,
    #[serde(default)]
    pub(super) webhook_response_config: Given<ResponseConfig>,
    pub(super) cron_expression: Option<String>,
    #[serde(default)]
    pub(super) cron_cursor_job_id: Given<Uuid>,
    pub(super) delete: Option<bool>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TriggerKind {
    Webhook,
    Cron,
    Kafka,
}

#[derive(Default, Deserialize)]
pub(super) struct ResponseConfig {
    pub(super) success_code: Option<u16>,
    pub(super) error_code: Option<u16>,
}

#[derive(Deserialize)]
pub(super) struct Edge {
    pub(super) id: Option<Uuid>,
    pub(super) source_job_id: Option<Uuid>,
    pub(super) source_trigger_id: Option<Uuid>,
    pub(super) target_job_id: Option<Uuid>,
    pub(super) condition_type: Option<Condition>,
    pub(super) condition_label: Option<String>,
    pub(super) condition_expression: Option<String>,
    pub(super) enabled: Option<bool>,
    pub(super) delete: Option<bool>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Condition {
    Always,
    Never,
    OnJobSuccess,
    OnJobFailure,
    JsExpression,
}

#[derive(Deserialize)]
pub(super) struct Collection {
    pub(super) id: Option<Uuid>,
    pub(super) name: Option<String>,
    pub(super) delete: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct CredentialLink {
    pub(super) id: Option<Uuid>,
    pub(super) name: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) delete: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Config {
    pub(super) id: Option<Uuid>,
    pub(super) kind: Option<String>,
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) references: Vec<Reference>,
    /// As it is written, so that every digit of its numbers can be looked at.
    pub(super) value: Option<Box<RawValue>>,
    pub(super) delete: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Keychain {
    pub(super) id: Option<Uuid>,
    pub(super) name: Option<String>,
    pub(super) path: Option<String>,
    pub(super) default_credential_id: Option<Uuid>,
    pub(super) delete: Option<bool>,
}

/// The values of an object or of a list, in their order; none when it is null.
pub(super) struct Parts<T>(pub(super) Vec<(Place, T)>);

/// Where a value was: what an error calls it, with no more of a long key than tells it from others.
pub(super) enum Place {
    /// Under this key of an object.
    Key(String),
    /// In a list, counted from 0.
    Index(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, ".{key:.100}"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

impl<T> Default for Parts<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Parts<T> {
    fn add<E: Error>(&mut self, place: Place, value: T) -> Result<(), E> {
        if self.0.len() == MAX_PARTS {
            return Err(E::custom(format_args!("more than {MAX_PARTS} entries; split the workflow")));
        }
        self.0.push((place, value));
        Ok(())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Parts<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartsVisitor(PhantomData))
    }
}

struct PartsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for PartsVisitor<T> {
    type Value = Parts<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of objects")
    }

    fn visit_unit<E: Error>(self) -> Result<Parts<T>, E> {
        Ok(Parts::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts<T>, A::Error> {
        let mut parts = Parts::default();
        let mut seen = Seen::default();
        while let Some(key) = map.next_key::<String>()? {
            seen.note(&key)?;
            let value = map.next_value()?;
            parts.add(Place::Key(key), value)?;
        }
        Ok(parts)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Parts<T>, A::Error> {
        let mut parts = Parts::default();
        while let Some(value) = list.next_element()? {
            parts.add(Place::Index(parts.0.len()), value)?;
        }
        Ok(parts)
    }
}
