//! Writes a project as old clients of `OpenFn` keep it in a file for people (`project.yaml`): without ids, everything under a
//! key that the client makes of its name, and refers to by it.

use std::{
    collections::HashMap,
    io::{self, BufWriter, Write},
};

use sandbar_model::{
    Collection, CredentialLink, Project, ResourceId, TriggerId, Workflow,
    workflow::{Condition, WebhookReply},
};
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::{Shape, Stamps, entry, filled};
use crate::openfn::keys::{Unique, slug};

const SECTIONS: [&str; 3] = ["credentials", "collections", "workflows"];

/// Writes one project, a piece at a time, as [`super::StateWriter`] does and with the same keys.
pub struct SpecWriter<W: Write> {
    out: BufWriter<W>,
    /// How many of [`SECTIONS`] were begun.
    begun: usize,
    /// Whether the section has an entry.
    entered: bool,
    keys: Unique,
    /// The key of each credential link.
    credentials: HashMap<ResourceId, String>,
}

impl<W: Write> SpecWriter<W> {
    /// Begins a document with what it says about the project.
    ///
    /// # Errors
    /// Those of `out`, as in all of these.
    pub fn begin(out: W, project: &Project) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(64 * 1024, out);
        let profile = &project.profile;
        let head = Head { name: &profile.name, description: filled(&profile.description) };
        out.write_all(yaml(&head)?.as_bytes())?;
        Ok(Self { out, begun: 0, entered: false, keys: Unique::default(), credentials: HashMap::new() })
    }

    /// Writes a credential link.
    ///
    /// # Errors
    /// A collection or workflow was written before, which is a bug of the caller.
    pub fn credential(&mut self, id: ResourceId, link: &CredentialLink) -> io::Result<()> {
        self.enter(1)?;
        let key = self.keys.key(slug(&format!("{}-{}", link.owner, link.name)));
        self.credentials.insert(id, key.clone());
        let text = self.entry(&key, &Credential { name: &link.name, owner: &link.owner })?;
        self.put(&text)
    }

    /// Writes a collection.
    ///
    /// # Errors
    /// A workflow was written before, which is a bug of the caller.
    pub fn collection(&mut self, collection: &Collection) -> io::Result<()> {
        self.enter(2)?;
        let key = self.keys.key(collection.name.clone());
        let text = self.entry(&key, &Named { name: &collection.name })?;
        self.put(&text)
    }

    /// Writes a workflow. `enabled` says which of its triggers are on.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn workflow(
        &mut self,
        workflow: &Workflow<String>,
        enabled: &dyn Fn(TriggerId) -> bool,
    ) -> io::Result<()> {
        self.enter(3)?;
        let key = self.keys.key(slug(&workflow.name));
        let (stamps, id) = (Stamps::default(), ResourceId(Uuid::nil()));
        let shown = entry::Workflow::new(id, workflow, enabled, stamps, Shape::Keyed);
        let text = self.entry(&key, &self.spec(&shown))?;
        self.put(&text)
    }

    /// Ends the document, and gives back what it was written to.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<W> {
        self.enter(SECTIONS.len())?;
        self.leave()?;
        self.out.into_inner().map_err(io::IntoInnerError::into_error)
    }

    fn spec<'a>(&'a self, shown: &'a entry::Workflow<'a>) -> WorkflowSpec<'a> {
        let jobs = shown.jobs.iter().map(|(key, job)| (job.id, key));
        let keys: HashMap<Uuid, &str> = jobs
            .chain(shown.triggers.iter().map(|(key, trigger)| (trigger.id, key)))
            .map(|(id, key)| (id, key.as_str()))
            .collect();
        let key_of = |id: Uuid| keys.get(&id).copied();
        let jobs = shown.jobs.iter().map(|(key, job)| {
            let credential = job.project_credential_id.and_then(|link| self.credentials.get(&link));
            let credential = credential.map(String::as_str);
            (key.as_str(), JobSpec { name: job.name, adaptor: job.adaptor, credential, body: job.body })
        });
        let triggers = shown.triggers.iter().map(|(key, trigger)| {
            let spec = TriggerSpec {
                kind: trigger.kind,
                custom_path: trigger.custom_path,
                webhook_reply: trigger.webhook_reply,
                webhook_response_config: trigger.webhook_response_config.as_ref(),
                cron_expression: trigger.cron_expression,
                cron_cursor_job: trigger.cron_cursor_job_id.and_then(key_of),
                enabled: trigger.enabled,
            };
            (key.as_str(), spec)
        });
        let edges = shown.edges.iter().map(|(key, edge)| {
            let spec = EdgeSpec {
                source_trigger: edge.source_trigger_id.and_then(key_of),
                source_job: edge.source_job_id.and_then(key_of),
                target_job: key_of(edge.target_job_id),
                condition_type: edge.condition_type,
                condition_expression: edge.condition_expression,
                condition_label: edge.condition_label,
                enabled: edge.enabled,
            };
            (key.as_str(), spec)
        });
        WorkflowSpec {
            name: shown.name,
            jobs: Keyed(jobs.collect()),
            triggers: Keyed(triggers.collect()),
            edges: Keyed(edges.collect()),
        }
    }

    fn enter(&mut self, section: usize) -> io::Result<()> {
        if self.begun > section {
            return Err(io::Error::other(
                "credentials, collections and workflows must be written in this order",
            ));
        }
        while self.begun < section {
            self.leave()?;
            self.begun += 1;
            self.entered = false;
            self.keys = Unique::default();
        }
        Ok(())
    }

    /// A section without an entry is there all the same.
    fn leave(&mut self) -> io::Result<()> {
        match self.begun.checked_sub(1).and_then(|at| SECTIONS.get(at)) {
            Some(name) if !self.entered => writeln!(self.out, "{name}: null"),
            _ => Ok(()),
        }
    }

    /// An entry as it stands below the name of its section, which comes first.
    fn entry(&self, key: &str, value: &impl Serialize) -> io::Result<String> {
        let name = self.begun.checked_sub(1).and_then(|at| SECTIONS.get(at)).copied().unwrap_or_default();
        yaml(&Keyed(vec![(name, Keyed(vec![(key, value)]))]))
    }

    fn put(&mut self, entry: &str) -> io::Result<()> {
        // The section's name is there once.
        let text = if self.entered { entry.split_once('\n').map_or("", |(_, rest)| rest) } else { entry };
        self.entered = true;
        self.out.write_all(text.as_bytes())
    }
}

/// Texts of several lines as blocks, nothing wrapped: people and tools compare these files line by line.
fn yaml(value: &impl Serialize) -> io::Result<String> {
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    serde_saphyr::to_string_with_options(value, options).map_err(io::Error::other)
}

#[derive(Serialize)]
struct Head<'a> {
    name: &'a str,
    description: Option<&'a str>,
}

#[derive(Serialize)]
struct Credential<'a> {
    name: &'a str,
    owner: &'a str,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct WorkflowSpec<'a> {
    name: &'a str,
    jobs: Keyed<'a, JobSpec<'a>>,
    triggers: Keyed<'a, TriggerSpec<'a>>,
    edges: Keyed<'a, EdgeSpec<'a>>,
}

#[derive(Serialize)]
struct JobSpec<'a> {
    name: &'a str,
    adaptor: &'a str,
    credential: Option<&'a str>,
    #[serde(serialize_with = "body")]
    body: &'a str,
}

/// Clients lose blank lines of a block that has nothing else.
fn body<S: Serializer>(body: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if body.trim().is_empty() {
        serde_saphyr::DoubleQuoted(body).serialize(serializer)
    } else {
        serializer.serialize_str(body)
    }
}

#[derive(Serialize)]
struct TriggerSpec<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_reply: Option<WebhookReply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_response_config: Option<&'a entry::ResponseConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cron_expression: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cron_cursor_job: Option<&'a str>,
    enabled: bool,
}

#[derive(Serialize)]
struct EdgeSpec<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    source_trigger: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_job: Option<&'a str>,
    target_job: Option<&'a str>,
    condition_type: Condition,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition_expression: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition_label: Option<&'a str>,
    enabled: bool,
}

/// An object with its keys in this order.
struct Keyed<'a, T>(Vec<(&'a str, T)>);

impl<T: Serialize> Serialize for Keyed<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}
