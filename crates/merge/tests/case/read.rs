//! Turns what cases say into workflows and projects.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use sandbar_merge::combine::Resolution;
use sandbar_model::{
    Collection, ContentHash, CredentialLink, Document, JobId, Keychain, ResourceId, TriggerId,
    workflow::{
        Condition, Cron, DEFAULT_ADAPTOR, Edge, EdgeSource, Job, Position, StoredWorkflow, Trigger,
        TriggerKind, Uses, Webhook,
    },
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{entries, only, words};
use crate::build::{self, body, state, world::Project};

/// Keeps the texts and the names of what it has read.
#[derive(Default)]
pub struct Reader {
    texts: RefCell<BTreeMap<ContentHash, Arc<str>>>,
    resources: RefCell<BTreeMap<ResourceId, String>>,
}

const PARTS: [&str; 9] =
    ["ids", "parts_of", "name", "steps", "triggers", "edges", "positions", "concurrency", "enable_job_logs"];

impl Reader {
    pub fn text(&self, hash: ContentHash) -> Option<Arc<str>> {
        self.texts.borrow().get(&hash).cloned()
    }

    /// What a case calls the resource.
    pub fn key_of(&self, id: ResourceId) -> String {
        self.resources.borrow().get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// `workflows/intake` → its id.
    pub fn resource(&self, key: &str) -> ResourceId {
        let id = ResourceId(id(key));
        self.resources.borrow_mut().insert(id, key.to_owned());
        id
    }

    /// `workflows: {key: …}`, `collections: {key: name}`, `links: {key: name of owner}`, `keychains: {key: path}`; a list where
    /// key and name are one.
    pub fn project(&self, value: &Value) -> Project {
        only(value, &["workflows", "collections", "links", "keychains", "items"]);
        let workflows = named(&value["workflows"]).into_iter().map(|(key, workflow)| {
            let key = format!("workflows/{key}");
            (key.clone(), Document::Workflow(self.workflow(&workflow, &key)))
        });
        let collections = named(&value["collections"]).into_iter().map(|(key, name)| {
            let name = name.as_str().expect("a name").to_owned();
            (format!("collections/{key}"), Document::Collection(Collection { name }))
        });
        let links = named(&value["links"])
            .into_iter()
            .map(|(key, link)| (format!("links/{key}"), Document::CredentialLink(link_of(&link))));
        let keychains = named(&value["keychains"])
            .into_iter()
            .map(|(key, one)| (format!("keychains/{key}"), Document::Keychain(self.keychain_of(&key, &one))));
        let all = workflows.chain(collections).chain(links).chain(keychains);
        all.map(|(key, document)| ((document.kind(), self.resource(&key)), state(document))).collect()
    }

    /// A workflow; its parts' ids are made from `place` and their keys. A text: one step, `step`, with that body.
    pub fn workflow(&self, value: &Value, place: &str) -> StoredWorkflow {
        if value.is_string() {
            return self.workflow(&json!({ "steps": { "step": value } }), place);
        }
        only(value, &PARTS);
        let key = place.rsplit('/').next().expect("a key");
        let name = value.get("name").map_or(key, |name| name.as_str().expect("a name"));
        let place = value["parts_of"].as_str().map_or(place.to_owned(), |other| format!("workflows/{other}"));
        let anew = if value["ids"] == "anew" { "new-" } else { "" };
        let id = |key: &str| id(&format!("{place}/{anew}{key}"));
        let positions = entries(&value["positions"])
            .map(|(key, at)| (id(key), Position { x: at[0].as_f64().unwrap(), y: at[1].as_f64().unwrap() }));
        let edges = value["edges"].as_array().into_iter().flatten();
        StoredWorkflow {
            concurrency: value["concurrency"].as_u64().map(|runs| u32::try_from(runs).unwrap()),
            enable_job_logs: value["enable_job_logs"].as_bool().unwrap_or(true),
            positions: positions.collect(),
            jobs: entries(&value["steps"]).map(|(key, step)| self.job(id(key), key, step)).collect(),
            triggers: entries(&value["triggers"]).map(|(key, kind)| trigger(id(key), kind, &id)).collect(),
            edges: edges.map(|edge| edge_of(edge, &value["triggers"], &id)).collect(),
            ..build::workflow(name)
        }
        .tidy()
    }

    fn job(&self, id: Uuid, key: &str, step: &Value) -> Job<ContentHash> {
        let long =
            step.as_object().cloned().unwrap_or_else(|| Map::from_iter([("body".into(), step.clone())]));
        only(&Value::Object(long.clone()), &["body", "name", "adaptor", "credential", "keychain"]);
        let text = long["body"].as_str().unwrap_or_else(|| panic!("step {key} has no body: {step}"));
        self.texts.borrow_mut().insert(body(text), Arc::from(text));
        let word = |field: &str| long.get(field).map(|value| value.as_str().expect("a word").to_owned());
        let link = word("credential").map(|key| Uses::CredentialLink(self.resource(&format!("links/{key}"))));
        let keychain = word("keychain").map(|key| Uses::Keychain(self.keychain(&key)));
        Job {
            id: JobId(id),
            name: word("name").unwrap_or_else(|| key.to_owned()),
            adaptor: word("adaptor").unwrap_or_else(|| DEFAULT_ADAPTOR.to_owned()),
            body: body(text),
            uses: link.or(keychain),
        }
    }

    fn keychain(&self, key: &str) -> ResourceId {
        self.resource(&format!("keychains/{key}"))
    }

    /// Its path, or `{name, path, default}`.
    fn keychain_of(&self, key: &str, value: &Value) -> Keychain {
        if !value.is_string() {
            only(value, &["name", "path", "default"]);
        }
        let word = |field: &str| value[field].as_str().map(str::to_owned);
        let path = value.as_str().filter(|text| text.starts_with('$')).map(str::to_owned);
        Keychain {
            name: word("name").unwrap_or_else(|| key.to_owned()),
            json_path: path.or(word("path")).unwrap_or_else(|| format!("$.{key}")),
            default_link: word("default").map(|link| self.resource(&format!("links/{link}"))),
        }
    }
}

/// Key and value of each; of a list each is both.
fn named(value: &Value) -> Vec<(String, Value)> {
    let listed = words(value).map(|name| (name.to_owned(), json!(name)));
    listed.chain(entries(value).map(|(key, value)| (key.clone(), value.clone()))).collect()
}

fn link_of(link: &Value) -> CredentialLink {
    let text = link.as_str().expect("a link");
    let (name, owner) = text.split_once(" of ").unwrap_or((text, "amy@example.org"));
    CredentialLink { credential: None, name: name.to_owned(), owner: owner.to_owned() }
}

/// `jobs/fetch/adaptor` of the workflow at `place` → `jobs/<id>/adaptor`.
pub fn path_of(path: &str, place: &str) -> String {
    let mut parts: Vec<_> = path.split('/').map(str::to_owned).collect();
    if let Some(key) = parts.get_mut(1) {
        *key = id(&format!("{place}/{key}")).to_string();
    }
    parts.join("/")
}

/// How conflicts of the workflow at `place` are settled.
pub fn resolutions(value: &Value, place: &str) -> BTreeMap<String, Resolution> {
    let how = |how: &Value| serde_json::from_value(how.clone()).expect("a way to settle a conflict");
    entries(value).map(|(path, value)| (path_of(path, place), how(value))).collect()
}

fn id(key: &str) -> Uuid {
    Uuid::new_v5(&Uuid::nil(), key.as_bytes())
}

/// `webhook <custom path>`, `cron <schedule>`, or an object with `webhook` or `cron` and the rest.
fn trigger(part: Uuid, kind: &Value, id: &dyn Fn(&str) -> Uuid) -> Trigger {
    let text = kind.as_str().map(|text| text.split_once(' ').unwrap_or((text, "")));
    let long = text.map_or_else(|| kind.clone(), |(word, rest)| json!({ word: rest }));
    only(&long, &["webhook", "cron", "reply", "success", "error", "guards", "cursor"]);
    let kind = if let Some(schedule) = long["cron"].as_str() {
        let cursor_job = long["cursor"].as_str().map(|key| JobId(id(key)));
        TriggerKind::Cron(Cron { expression: schedule.to_owned(), cursor_job })
    } else {
        let path = long["webhook"].as_str().expect("a webhook or a cron trigger");
        let code = |field: &str| long[field].as_u64().map(|code| u16::try_from(code).unwrap());
        TriggerKind::Webhook(Webhook {
            custom_path: (!path.is_empty()).then(|| path.to_owned()),
            reply: long
                .get("reply")
                .map(|reply| serde_json::from_value(reply.clone()).unwrap())
                .unwrap_or_default(),
            success_code: code("success"),
            error_code: code("error"),
            auth_methods: words(&long["guards"]).map(|guard| self::id(&format!("guards/{guard}"))).collect(),
        })
    };
    Trigger { id: TriggerId(part), kind }
}

/// `from>to <condition> <off>`, or an object with that as its `path`, a `label` and an `expression`.
fn edge_of(edge: &Value, triggers: &Value, id: &dyn Fn(&str) -> Uuid) -> Edge {
    let word = |field: &str| edge[field].as_str().map(str::to_owned);
    let text = edge.as_str().or(edge["path"].as_str()).expect("an edge");
    let mut words = text.split(' ');
    let ends = words.next().unwrap();
    let (key, ends) = ends.split_once('=').unwrap_or((ends, ends));
    let (from, to) = ends.split_once('>').unwrap();
    let source = match triggers.get(from) {
        Some(_) => EdgeSource::Trigger(TriggerId(id(from))),
        None => EdgeSource::Job(JobId(id(from))),
    };
    let (label, expression) = (word("label"), word("expression"));
    let mut edge = Edge { id: id(key).into(), label, expression, ..build::edge(0, source, JobId(id(to))) };
    for word in words {
        match word {
            "off" => edge.enabled = false,
            condition => edge.condition = serde_json::from_value::<Condition>(json!(condition)).unwrap(),
        }
    }
    edge
}
