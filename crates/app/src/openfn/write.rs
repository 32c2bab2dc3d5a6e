//! Writes a project state document, piece by piece.

use std::{
    io::{self, BufWriter, Write},
    mem,
};

use sandbar_model::{
    Collection, Config, CredentialLink, Keychain, Project, ResourceId, Time, TriggerId, Workflow, json,
};
use serde::Serialize;
use serde_json::{
    Serializer,
    ser::{Formatter, PrettyFormatter},
    value::RawValue,
};

use super::keys::{Unique, slug};

mod digest;
mod entry;
mod spec;

#[cfg(test)]
pub(super) use digest::collate;
pub use digest::digest;
pub use spec::SpecWriter;

/// Writes one project, with nothing kept of what is written but a number per key. Text as `OpenFn`'s own files have it:
/// indented by one space, characters as they are, a newline at the end; order of keys as in `tests/data/histories`.
///
/// Sections come in their order: credentials, collections, workflows; those left out are written as empty, for a state is
/// complete. Configs and keychains come last, in sections of Sandbar's own that are only there when there are some: a
/// document without them is as `OpenFn` would write it. Writes are buffered; nothing is complete before [`Self::finish`].
pub struct StateWriter<W: Write> {
    out: BufWriter<W>,
    format: PrettyFormatter<'static>,
    /// How many of [`SECTIONS`] were begun.
    begun: usize,
    /// Whether a section is open.
    entered: bool,
    /// Whether the next key is the first of its object.
    first: bool,
    keys: Unique,
    shape: Shape,
}

/// How sections, and the parts of a workflow, are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// As objects, each entry under its slug: what `OpenFn` keeps as a project's state.
    #[default]
    Keyed,
    /// As lists: what its server answers, and all that old clients take.
    Listed,
}

const SECTIONS: [&str; 5] = ["project_credentials", "collections", "workflows", "configs", "keychains"];
/// How many of them every document has.
const ALWAYS: usize = 3;

/// What a server notes about a workflow, for people and for clients that check whether they are out of date. Ignored when
/// the document is read again, but for the lock version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamps {
    /// When it was made.
    pub inserted_at: Option<Time>,
    /// When it was last changed.
    pub updated_at: Option<Time>,
    /// Counts its changes.
    pub lock_version: Option<i64>,
    /// What clients know its states by, oldest first, the present one last: see [`super::digest`].
    pub version_history: Vec<String>,
}

impl<W: Write> StateWriter<W> {
    /// Begins a document with what it says about the project.
    ///
    /// # Errors
    /// Those of `out`, as in all of these.
    pub fn begin(out: W, project: &Project, shape: Shape) -> io::Result<Self> {
        let mut writer = Self {
            out: BufWriter::with_capacity(64 * 1024, out),
            format: PrettyFormatter::with_indent(b" "),
            begun: 0,
            entered: false,
            first: true,
            keys: Unique::default(),
            shape,
        };
        writer.format.begin_object(&mut writer.out)?;
        writer.project(project)?;
        Ok(writer)
    }

    /// Writes a credential link.
    ///
    /// # Errors
    /// A collection or workflow was written before, which is a bug of the caller.
    pub fn credential(&mut self, id: ResourceId, link: &CredentialLink) -> io::Result<()> {
        self.enter(1)?;
        let key = self.keys.key(slug(&format!("{}-{}", link.owner, link.name)));
        self.entry(&key, &entry::Credential { id, name: &link.name, owner: &link.owner })
    }

    /// Writes a collection.
    ///
    /// # Errors
    /// A workflow was written before, which is a bug of the caller.
    pub fn collection(&mut self, id: ResourceId, collection: &Collection) -> io::Result<()> {
        self.enter(2)?;
        let key = self.keys.key(collection.name.clone());
        self.entry(&key, &entry::Collection { id, name: &collection.name })
    }

    /// Writes a workflow. `enabled` says which of its triggers are on.
    ///
    /// # Errors
    /// A config was written before, which is a bug of the caller.
    pub fn workflow(
        &mut self,
        id: ResourceId,
        workflow: &Workflow<String>,
        enabled: &dyn Fn(TriggerId) -> bool,
        stamps: Stamps,
    ) -> io::Result<()> {
        self.enter(3)?;
        let key = self.keys.key(slug(&workflow.name));
        self.entry(&key, &entry::Workflow::new(id, workflow, enabled, stamps, self.shape))
    }

    /// Writes a config.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn config(&mut self, id: ResourceId, config: &Config) -> io::Result<()> {
        self.enter(4)?;
        let key = self.keys.key(config.key());
        let value = RawValue::from_string(json::canonical(&config.value))?;
        let Config { kind, name, references, value: _ } = config;
        self.entry(&key, &entry::Config { id, kind, name, references, value: &value })
    }

    /// Writes a keychain.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn keychain(&mut self, id: ResourceId, keychain: &Keychain) -> io::Result<()> {
        self.enter(5)?;
        let key = self.keys.key(slug(&keychain.name));
        let Keychain { name, json_path: path, default_link } = keychain;
        self.entry(&key, &entry::Keychain { id, name, path, default_credential_id: *default_link })
    }

    /// Ends the document, and gives back what it was written to.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<W> {
        self.enter(ALWAYS.max(self.begun))?;
        self.leave()?;
        self.format.end_object(&mut self.out)?;
        self.out.write_all(b"\n")?;
        self.out.into_inner().map_err(io::IntoInnerError::into_error)
    }

    fn project(&mut self, project: &Project) -> io::Result<()> {
        let profile = &project.profile;
        let settings = &profile.settings;
        self.member("id", &project.id)?;
        self.member("name", &profile.name)?;
        self.member("description", &filled(&profile.description))?;
        self.member("color", &filled(&profile.color))?;
        self.member("env", &filled(&profile.environment))?;
        self.member("concurrency", &settings.concurrency)?;
        self.member("inserted_at", &entry::Stamp(project.create_time))?;
        self.member("updated_at", &entry::Stamp(project.update_time))?;
        if let Some(fork) = &project.fork {
            self.member("parent_id", &fork.parent)?;
        }
        let purge = project.scheduled.map(|schedule| entry::Stamp(schedule.purge_time));
        self.member("scheduled_deletion", &purge)?;
        self.member("history_retention_period", &settings.history_retention_days)?;
        self.member("dataclip_retention_period", &settings.dataclip_retention_days)?;
        self.member("retention_policy", &settings.retention_policy)?;
        self.member("allow_support_access", &settings.allow_support_access)?;
        self.member("requires_mfa", &settings.requires_mfa)
    }

    /// Goes on to the section with this number, counted from 1, past those in between. Of those only the ones that every
    /// document has are written.
    fn enter(&mut self, section: usize) -> io::Result<()> {
        if self.begun > section {
            return Err(io::Error::other(
                "credentials, collections, workflows, configs and keychains must be written in this order",
            ));
        }
        for (at, name) in SECTIONS.iter().enumerate().take(section).skip(self.begun) {
            self.begun += 1;
            if at >= ALWAYS && self.begun < section {
                continue;
            }
            self.leave()?;
            self.key(name)?;
            match self.shape {
                Shape::Keyed => self.format.begin_object(&mut self.out)?,
                Shape::Listed => self.format.begin_array(&mut self.out)?,
            }
            self.entered = true;
            self.first = true;
            self.keys = Unique::default();
        }
        Ok(())
    }

    /// Ends the section that was begun, if any.
    fn leave(&mut self) -> io::Result<()> {
        if self.entered {
            match self.shape {
                Shape::Keyed => self.format.end_object(&mut self.out)?,
                Shape::Listed => self.format.end_array(&mut self.out)?,
            }
            self.format.end_object_value(&mut self.out)?;
            self.first = false;
        }
        Ok(())
    }

    /// Writes an entry of the section that was begun.
    fn entry(&mut self, key: &str, value: &impl Serialize) -> io::Result<()> {
        if self.shape == Shape::Keyed {
            return self.member(key, value);
        }
        self.format.begin_array_value(&mut self.out, mem::take(&mut self.first))?;
        self.value(value)?;
        self.format.end_array_value(&mut self.out)
    }

    fn member(&mut self, key: &str, value: &impl Serialize) -> io::Result<()> {
        self.key(key)?;
        self.value(value)?;
        self.format.end_object_value(&mut self.out)
    }

    fn value(&mut self, value: &impl Serialize) -> io::Result<()> {
        // The formatter's copy knows how deep it is.
        Ok(value.serialize(&mut Serializer::with_formatter(&mut self.out, self.format.clone()))?)
    }

    fn key(&mut self, key: &str) -> io::Result<()> {
        self.format.begin_object_key(&mut self.out, mem::take(&mut self.first))?;
        serde_json::to_writer(&mut self.out, key)?;
        self.format.end_object_key(&mut self.out)?;
        self.format.begin_object_value(&mut self.out)
    }
}

/// An empty text is written as null.
fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
