//! Makes the model's values of the document's.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{
    Collection, Config, CredentialLink, EdgeId, Error, JobId, Keychain, ResourceId, Result, TriggerId,
    Violations, Workflow, json,
    workflow::{
        Condition, Cron, DEFAULT_ADAPTOR, DEFAULT_CRON, Edge, EdgeSource, Job, MAX_BODY_BYTES, Position,
        Trigger, TriggerKind, Uses, Webhook,
    },
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    piece::{Piece, Silent, SilentTrigger, WorkflowPiece},
    section::Item,
    wire::{self, Parts, Place},
};

impl Item for wire::Workflow {
    fn piece(self, at: &str, make_id: &mut dyn FnMut() -> Uuid) -> Result<Piece> {
        let mut piece = WorkflowPiece {
            id: self.id.map(ResourceId),
            workflow: named(self.name.clone().unwrap_or_default()),
            enabled: BTreeMap::new(),
            delete: self.delete == Some(true) || self.deleted_at.is_some(),
            lock_version: self.lock_version,
            silent: Silent::default(),
        };
        if !piece.delete {
            let mut reading = Reading { at, make_id, found: Violations::default(), gone: BTreeSet::new() };
            reading.content(self, &mut piece)?;
            reading.found.into_result()?;
        }
        Ok(Piece::Workflow(piece))
    }
}

impl Item for wire::Collection {
    fn piece(self, at: &str, _: &mut dyn FnMut() -> Uuid) -> Result<Piece> {
        let delete = self.delete == Some(true);
        let mut found = Violations::default();
        let name = needed(&mut found, self.name, delete, at, "name");
        found.into_result()?;
        Ok(Piece::Collection { id: self.id.map(ResourceId), collection: Collection { name }, delete })
    }
}

impl Item for wire::CredentialLink {
    fn piece(self, at: &str, _: &mut dyn FnMut() -> Uuid) -> Result<Piece> {
        let delete = self.delete == Some(true);
        let mut found = Violations::default();
        let name = needed(&mut found, self.name, delete, at, "name");
        let owner = needed(&mut found, self.owner, delete, at, "owner");
        found.into_result()?;
        Ok(Piece::CredentialLink {
            id: self.id.map(ResourceId),
            link: CredentialLink { credential: None, name, owner },
            delete,
        })
    }
}

impl Item for wire::Config {
    fn piece(self, at: &str, _: &mut dyn FnMut() -> Uuid) -> Result<Piece> {
        let delete = self.delete == Some(true);
        let mut found = Violations::default();
        let kind = needed(&mut found, self.kind, delete, at, "kind");
        let name = needed(&mut found, self.name, delete, at, "name");
        let value = match self.value {
            Some(text) => json::parse(text.get()),
            None if delete => Ok(Value::default()),
            None => Err("is required".to_owned()),
        };
        let value = value.unwrap_or_else(|problem| {
            found.add(format!("{at}.value"), problem);
            Value::default()
        });
        found.into_result()?;
        let config = Config { kind, name, references: self.references, value };
        Ok(Piece::Config { id: self.id.map(ResourceId), config, delete })
    }
}

impl Item for wire::Keychain {
    fn piece(self, at: &str, _: &mut dyn FnMut() -> Uuid) -> Result<Piece> {
        let delete = self.delete == Some(true);
        let mut found = Violations::default();
        let name = needed(&mut found, self.name, delete, at, "name");
        let json_path = needed(&mut found, self.path, delete, at, "path");
        found.into_result()?;
        let default_link = self.default_credential_id.map(ResourceId);
        let keychain = Keychain { name, json_path, default_link };
        Ok(Piece::Keychain { id: self.id.map(ResourceId), keychain, delete })
    }
}

/// What the making of one workflow needs.
struct Reading<'a> {
    at: &'a str,
    make_id: &'a mut dyn FnMut() -> Uuid,
    found: Violations,
    /// Jobs and triggers that the document deletes by name: their edges go with them.
    gone: BTreeSet<Uuid>,
}

impl Reading<'_> {
    fn content(&mut self, from: wire::Workflow, to: &mut WorkflowPiece) -> Result<()> {
        needed(&mut self.found, from.name, false, self.at, "name");
        let workflow = &mut to.workflow;
        to.silent.concurrency = from.concurrency.is_absent();
        to.silent.enable_job_logs = from.enable_job_logs.is_none();
        to.silent.positions = from.positions.is_none();
        workflow.concurrency = from.concurrency.value();
        workflow.enable_job_logs = from.enable_job_logs.unwrap_or(true);
        workflow.positions = self.positions(from.positions.unwrap_or_default());
        for (place, job) in from.jobs.0 {
            let at = format!("{}.jobs{place}", self.at);
            workflow.jobs.extend(self.job(job, &at)?);
        }
        for (place, trigger) in from.triggers.0 {
            let at = format!("{}.triggers{place}", self.at);
            let (enabled, silent) = (trigger.enabled, silent(&trigger));
            let Some(trigger) = self.trigger(trigger, &at)? else { continue };
            to.enabled.extend(enabled.map(|enabled| (trigger.id, enabled)));
            to.silent.triggers.insert(trigger.id, silent);
            workflow.triggers.push(trigger);
        }
        for (place, edge) in from.edges.0 {
            let at = format!("{}.edges{place}", self.at);
            workflow.edges.extend(self.edge(edge, &at));
        }
        workflow.jobs.sort_by_key(|job| job.id);
        workflow.triggers.sort_by_key(|trigger| trigger.id);
        workflow.edges.sort_by_key(|edge| edge.id);
        Ok(())
    }

    fn positions(&mut self, from: Parts<Position>) -> BTreeMap<Uuid, Position> {
        let mut positions = BTreeMap::new();
        for (place, position) in from.0 {
            match &place {
                Place::Key(key) if let Ok(id) = Uuid::try_parse(key) => {
                    positions.insert(id, position);
                }
                _ => self.found.add(
                    format!("{}.positions{place}", self.at),
                    "must be under the id of a job or trigger, a UUID",
                ),
            }
        }
        positions
    }

    fn id(&mut self, given: Option<Uuid>) -> Uuid {
        given.unwrap_or_else(|| (self.make_id)())
    }

    fn job(&mut self, from: wire::Job, at: &str) -> Result<Option<Job>> {
        if from.delete == Some(true) {
            self.gone.extend(from.id);
            return Ok(None);
        }
        let body = from.body.unwrap_or_default();
        if body.len() > MAX_BODY_BYTES {
            return Err(Error::TooLarge { what: format!("{at}.body"), limit_bytes: MAX_BODY_BYTES as u64 });
        }
        let uses = match (from.project_credential_id, from.keychain_credential_id) {
            (None, None) => None,
            (Some(link), None) => Some(Uses::CredentialLink(ResourceId(link))),
            (None, Some(keychain)) => Some(Uses::Keychain(ResourceId(keychain))),
            (Some(_), Some(_)) => {
                let problem = "a job uses a project_credential_id or a keychain_credential_id, not both; set one to null";
                self.found.add(format!("{at}.keychain_credential_id"), problem);
                None
            }
        };
        let name = needed(&mut self.found, from.name, false, at, "name");
        let adaptor = from.adaptor.unwrap_or_else(|| DEFAULT_ADAPTOR.to_owned());
        Ok(Some(Job { id: JobId(self.id(from.id)), name, adaptor, body, uses }))
    }

    fn trigger(&mut self, from: wire::Trigger, at: &str) -> Result<Option<Trigger>> {
        if from.delete == Some(true) {
            self.gone.extend(from.id);
            return Ok(None);
        }
        let kind = match from.kind {
            Some(wire::TriggerKind::Kafka) => {
                let trigger = from.id.map_or_else(|| at.to_owned(), |id| id.to_string());
                return Err(Error::KafkaUnsupported { trigger });
            }
            Some(wire::TriggerKind::Webhook) => {
                let codes = from.webhook_response_config.value().unwrap_or_default();
                TriggerKind::Webhook(Webhook {
                    custom_path: from.custom_path.value(),
                    reply: from.webhook_reply.value().unwrap_or_default(),
                    success_code: codes.success_code,
                    error_code: codes.error_code,
                    auth_methods: Vec::new(),
                })
            }
            Some(wire::TriggerKind::Cron) => TriggerKind::Cron(Cron {
                expression: from.cron_expression.unwrap_or_else(|| DEFAULT_CRON.to_owned()),
                cursor_job: from.cron_cursor_job_id.value().map(JobId),
            }),
            None => {
                self.found.add(format!("{at}.type"), "is needed: webhook or cron");
                return Ok(None);
            }
        };
        Ok(Some(Trigger { id: TriggerId(self.id(from.id)), kind }))
    }

    fn edge(&mut self, from: wire::Edge, at: &str) -> Option<Edge> {
        let ends = [from.source_job_id, from.source_trigger_id, from.target_job_id];
        let goes = from.delete == Some(true) || ends.iter().flatten().any(|end| self.gone.contains(end));
        // A client that removes a step together with its last edge leaves the edge behind, without a target.
        let target = JobId(from.target_job_id.filter(|_| !goes)?);
        let source = match (from.source_job_id, from.source_trigger_id) {
            (Some(job), None) => EdgeSource::Job(JobId(job)),
            (None, Some(trigger)) => EdgeSource::Trigger(TriggerId(trigger)),
            _ => {
                self.found.add(at, "needs exactly one of source_job_id and source_trigger_id");
                return None;
            }
        };
        // The model's conditions have no `never`: an edge that is never followed is one that is off.
        let never = matches!(from.condition_type, Some(wire::Condition::Never));
        Some(Edge {
            id: EdgeId(self.id(from.id)),
            source,
            target,
            condition: condition(from.condition_type, source),
            label: from.condition_label,
            expression: from.condition_expression,
            enabled: from.enabled.unwrap_or(true) && !never,
        })
    }
}

/// What a document says nothing of in a trigger. A null is a word where something can be nothing.
fn silent(trigger: &wire::Trigger) -> SilentTrigger {
    SilentTrigger {
        custom_path: trigger.custom_path.is_absent(),
        reply: trigger.webhook_reply.is_absent(),
        codes: trigger.webhook_response_config.is_absent(),
        expression: trigger.cron_expression.is_none(),
        cursor_job: trigger.cron_cursor_job_id.is_absent(),
    }
}

/// The condition that is said, else what a new edge of this source has in the `OpenFn` editor.
fn condition(said: Option<wire::Condition>, source: EdgeSource) -> Condition {
    let usual = match source {
        EdgeSource::Trigger(_) => Condition::Always,
        EdgeSource::Job(_) => Condition::OnJobSuccess,
    };
    match said {
        Some(wire::Condition::Always) => Condition::Always,
        Some(wire::Condition::OnJobSuccess) => Condition::OnJobSuccess,
        Some(wire::Condition::OnJobFailure) => Condition::OnJobFailure,
        Some(wire::Condition::JsExpression) => Condition::JsExpression,
        Some(wire::Condition::Never) | None => usual,
    }
}

fn named(name: String) -> Workflow {
    Workflow {
        name,
        concurrency: None,
        enable_job_logs: true,
        positions: BTreeMap::new(),
        jobs: Vec::new(),
        triggers: Vec::new(),
        edges: Vec::new(),
    }
}

/// A text that only something to be deleted may lack.
fn needed(found: &mut Violations, text: Option<String>, delete: bool, at: &str, key: &str) -> String {
    found.require(text.is_some() || delete, format!("{at}.{key}"), "is needed");
    text.unwrap_or_default()
}
