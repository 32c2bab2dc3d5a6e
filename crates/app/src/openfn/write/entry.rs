//! How each entry is written. Null-valued keys are left out of triggers and edges and kept on jobs, as `OpenFn` does: else
//! its client sees changes where there are none.

use std::collections::HashMap;

use sandbar_model::{
    ResourceId, Time, TriggerId,
    config::Reference,
    workflow::{self, Condition, EdgeSource, Position, TriggerKind, Uses, WebhookReply},
};
use serde::{Serialize, Serializer, ser::Error};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{
    super::keys::{Unique, slug},
    Shape, Stamps,
};

#[derive(Serialize)]
pub(super) struct Credential<'a> {
    pub(super) id: ResourceId,
    pub(super) name: &'a str,
    pub(super) owner: &'a str,
}

#[derive(Serialize)]
pub(super) struct Collection<'a> {
    pub(super) id: ResourceId,
    pub(super) name: &'a str,
}

/// Its value stands on one line, as it is kept: so no digit of it is touched.
#[derive(Serialize)]
pub(super) struct Config<'a> {
    pub(super) id: ResourceId,
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "<[Reference]>::is_empty")]
    pub(super) references: &'a [Reference],
    pub(super) value: &'a RawValue,
}

#[derive(Serialize)]
pub(super) struct Keychain<'a> {
    pub(super) id: ResourceId,
    pub(super) name: &'a str,
    pub(super) path: &'a str,
    pub(super) default_credential_id: Option<ResourceId>,
}

#[derive(Serialize)]
pub(super) struct Workflow<'a> {
    id: ResourceId,
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_job_logs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inserted_at: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_version: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    version_history: Vec<String>,
    #[serde(skip_serializing_if = "Entries::is_empty")]
    positions: Entries<Point>,
    pub(super) triggers: Entries<Trigger<'a>>,
    pub(super) jobs: Entries<Job<'a>>,
    pub(super) edges: Entries<Edge<'a>>,
}

#[derive(Serialize)]
pub(super) struct Job<'a> {
    pub(super) id: Uuid,
    pub(super) name: &'a str,
    pub(super) body: &'a str,
    pub(super) adaptor: &'a str,
    pub(super) project_credential_id: Option<ResourceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) keychain_credential_id: Option<ResourceId>,
}

#[derive(Default, Serialize)]
pub(super) struct Trigger<'a> {
    pub(super) enabled: bool,
    pub(super) id: Uuid,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) custom_path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) webhook_reply: Option<WebhookReply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) webhook_response_config: Option<ResponseConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cron_expression: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cron_cursor_job_id: Option<Uuid>,
}

#[derive(Serialize)]
pub(super) struct ResponseConfig {
    success_code: Option<u16>,
    error_code: Option<u16>,
}

#[derive(Serialize)]
pub(super) struct Edge<'a> {
    pub(super) enabled: bool,
    pub(super) id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source_job_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source_trigger_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) condition_expression: Option<&'a str>,
    pub(super) condition_type: Condition,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) condition_label: Option<&'a str>,
    pub(super) target_job_id: Uuid,
}

impl<'a> Workflow<'a> {
    pub(super) fn new(
        id: ResourceId,
        from: &'a workflow::Workflow<String>,
        enabled: &dyn Fn(TriggerId) -> bool,
        stamps: Stamps,
        shape: Shape,
    ) -> Self {
        let mut keys = HashMap::new();
        let triggers = triggers(from, enabled, &mut keys);
        let jobs = jobs(from, &mut keys);
        Self {
            id,
            name: &from.name,
            concurrency: from.concurrency,
            enable_job_logs: (!from.enable_job_logs).then_some(false),
            inserted_at: stamps.inserted_at.map(Stamp),
            updated_at: stamps.updated_at.map(Stamp),
            lock_version: stamps.lock_version,
            version_history: stamps.version_history,
            // By the ids of what they are of, whatever the shape.
            positions: Entries {
                entries: from.positions.iter().map(|(id, at)| (id.to_string(), Point::from(*at))).collect(),
                shape: Shape::Keyed,
            },
            triggers: Entries { entries: triggers, shape },
            jobs: Entries { entries: jobs, shape },
            edges: Entries { entries: edges(from, &keys), shape },
        }
    }
}

/// Sorted by type, then id: a client that keeps one trigger of each type must find the same one every time.
fn triggers<'a>(
    from: &'a workflow::Workflow<String>,
    enabled: &dyn Fn(TriggerId) -> bool,
    keys: &mut HashMap<Uuid, String>,
) -> Vec<(String, Trigger<'a>)> {
    let mut triggers: Vec<_> = from.triggers.iter().map(|from| trigger(from, enabled(from.id))).collect();
    triggers.sort_by_key(|trigger| (trigger.kind, trigger.id));
    let mut unique = Unique::default();
    let keyed = triggers.into_iter().map(|trigger| {
        let key = unique.key(trigger.kind.to_owned());
        keys.insert(trigger.id, key.clone());
        (key, trigger)
    });
    keyed.collect()
}

fn trigger(from: &workflow::Trigger, enabled: bool) -> Trigger<'_> {
    let trigger = Trigger { enabled, id: from.id.0, ..Trigger::default() };
    match &from.kind {
        TriggerKind::Webhook(webhook) => {
            let (success_code, error_code) = (webhook.success_code, webhook.error_code);
            Trigger {
                kind: "webhook",
                custom_path: webhook.custom_path.as_deref(),
                webhook_reply: Some(webhook.reply).filter(|reply| *reply != WebhookReply::default()),
                webhook_response_config: success_code
                    .or(error_code)
                    .map(|_| ResponseConfig { success_code, error_code }),
                ..trigger
            }
        }
        TriggerKind::Cron(cron) => Trigger {
            kind: "cron",
            cron_expression: Some(&cron.expression),
            cron_cursor_job_id: cron.cursor_job.map(|job| job.0),
            ..trigger
        },
    }
}

fn jobs<'a>(
    from: &'a workflow::Workflow<String>,
    keys: &mut HashMap<Uuid, String>,
) -> Vec<(String, Job<'a>)> {
    let mut unique = Unique::default();
    let keyed = from.jobs.iter().map(|job| {
        let key = unique.key(slug(&job.name));
        keys.insert(job.id.0, key.clone());
        let (link, keychain) = match job.uses {
            None => (None, None),
            Some(Uses::CredentialLink(link)) => (Some(link), None),
            Some(Uses::Keychain(keychain)) => (None, Some(keychain)),
        };
        let job = Job {
            id: job.id.0,
            name: &job.name,
            body: &job.body,
            adaptor: &job.adaptor,
            project_credential_id: link,
            keychain_credential_id: keychain,
        };
        (key, job)
    });
    keyed.collect()
}

fn edges<'a>(from: &'a workflow::Workflow<String>, keys: &HashMap<Uuid, String>) -> Vec<(String, Edge<'a>)> {
    let mut unique = Unique::default();
    let key_of = |id: Uuid| keys.get(&id).cloned().unwrap_or_else(|| id.to_string());
    let keyed = from.edges.iter().map(|edge| {
        let (source_job_id, source_trigger_id) = match edge.source {
            EdgeSource::Job(job) => (Some(job.0), None),
            EdgeSource::Trigger(trigger) => (None, Some(trigger.0)),
        };
        let source = source_job_id.or(source_trigger_id).map(key_of).unwrap_or_default();
        let key = unique.key(format!("{source}->{}", key_of(edge.target.0)));
        let edge = Edge {
            enabled: edge.enabled,
            id: edge.id.0,
            source_job_id,
            source_trigger_id,
            condition_expression: edge.expression.as_deref(),
            condition_type: edge.condition,
            condition_label: edge.label.as_deref(),
            target_job_id: edge.target.0,
        };
        (key, edge)
    });
    keyed.collect()
}

/// An object with its keys in this order, or a list.
pub(super) struct Entries<T> {
    pub(super) entries: Vec<(String, T)>,
    shape: Shape,
}

impl<T> Entries<T> {
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|(_, value)| value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(String, T)> {
        self.entries.iter()
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<T: Serialize> Serialize for Entries<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.shape {
            Shape::Keyed => serializer.collect_map(self.entries.iter().map(|(key, value)| (key, value))),
            Shape::Listed => serializer.collect_seq(self.values()),
        }
    }
}

/// A time as RFC 3339 in UTC.
pub(super) struct Stamp(pub(super) Time);

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = jiff::Timestamp::from_microsecond(self.0.0).map_err(S::Error::custom)?;
        serializer.collect_str(&time)
    }
}

#[derive(Serialize)]
struct Point {
    x: Coordinate,
    y: Coordinate,
}

impl From<Position> for Point {
    fn from(from: Position) -> Self {
        Self { x: Coordinate(from.x), y: Coordinate(from.y) }
    }
}

/// A whole number is written as one, like JavaScript does: `250`, not `250.0`.
struct Coordinate(f64);

impl Serialize for Coordinate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Up to here, every whole number is exactly itself as a 64-bit float (2^53).
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if self.0.fract() == 0.0 && self.0.abs() <= EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "whole, and within the bound above")]
            return serializer.serialize_i64(self.0 as i64);
        }
        serializer.serialize_f64(self.0)
    }
}
