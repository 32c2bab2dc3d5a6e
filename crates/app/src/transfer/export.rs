//! A whole project as a document.

use std::{borrow::Cow, collections::HashMap, fs::File, io};

use sandbar_model::{
    Document, Error, Kind, Project, ProjectId, ResourceId, Result, Revision, TriggerId, policy::Action,
};
use sandbar_store::{Tx, resource, resource::Found, view::View};

use super::{
    shown::{states, whole, without_keychains},
    spool::{Spooled, disk},
    versions::Versions,
};
use crate::{
    App, Call,
    openfn::{Shape, SpecWriter, Stamps, StateWriter, lock_version},
    resources::at_revision,
    workflows::as_workflow,
};

/// Resources read at once. Bodies are read for one workflow at a time.
const PAGE: usize = 200;
/// Configs read at once: each may have a megabyte.
const CONFIGS: usize = 8;

/// A document, ready to be sent.
#[derive(Debug)]
pub struct Exported {
    /// Where it is.
    pub document: Spooled,
}

/// What a document shall be like.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// What it is for.
    pub audience: Audience,
    /// Workflows to be shown as they were at a revision of the project.
    pub snapshots: HashMap<ResourceId, Revision>,
}

/// What a document is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// To be imported again: nothing is left out.
    #[default]
    Import,
    /// For a client of `OpenFn`, in lists. Without what it does not know, configs and keychains: it sends everything back that it
    /// gets, also what has changed since.
    Client,
    /// For people, in YAML: see [`SpecWriter`].
    People,
}

/// Writes a project as a document: one snapshot, every body byte for byte. Needs to see it. The states of workflows that it
/// shows are remembered.
///
/// # Errors
/// The gate's; [`Error::ProjectScheduled`]; [`Error::RevisionNotFound`] for a snapshot that there is not.
pub async fn export(app: &App, call: &Call, project: ProjectId, form: Form) -> Result<Exported> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, project, Action::See).await?;
    entry.active()?;
    let view = app.views.of(&mut tx, &entry.project).await?;
    let writer = Writer::begin(form.audience, &entry.project).map_err(disk)?;
    let versions = Versions::new(app, &entry.project, &view);
    let mut export = Export { app, project: &entry.project, view, writer, form, versions };
    for kind in [Kind::CredentialLink, Kind::Collection, Kind::Workflow] {
        export.section(&mut tx, kind).await?;
    }
    if export.form.audience == Audience::Import {
        export.section(&mut tx, Kind::Config).await?;
        export.section(&mut tx, Kind::Keychain).await?;
    }
    if let Some((id, revision)) = export.form.snapshots.into_iter().next() {
        return Err(Error::RevisionNotFound { kind: Kind::Workflow, id, revision });
    }
    let document = Spooled::written(export.writer.finish().map_err(disk)?)?;
    drop(tx);
    export.versions.remember().await?;
    Ok(Exported { document })
}

struct Export<'a> {
    app: &'a App,
    project: &'a Project,
    view: View,
    writer: Writer,
    form: Form,
    versions: Versions<'a>,
}

impl Export<'_> {
    async fn section(&mut self, tx: &mut Tx, kind: Kind) -> Result<()> {
        let limit = if kind == Kind::Config { CONFIGS } else { PAGE };
        let mut after = Some(String::new());
        while let Some(cursor) = after {
            let page = resource::page(tx, &self.view, kind, &cursor, limit).await?;
            let ids: Vec<_> = page.rows.iter().map(|row| row.id).collect();
            if kind == Kind::Workflow {
                self.versions.load(tx, &ids).await?;
            }
            let mut found = resource::resolve_many(tx, &self.view, kind, ids).await?;
            for (id, found) in &mut found {
                if let Some(revision) = self.form.snapshots.remove(id) {
                    *found = at_revision(self.app, tx, self.project.into(), (kind, *id), revision).await?;
                    self.versions.is_snapshot(*id);
                }
            }
            let hashes = found.values().filter_map(|found| found.hash).collect();
            let documents = self.app.contents.documents(tx, self.view.root, hashes).await?;
            for row in page.rows {
                let found = found.get(&row.id).ok_or(Error::Bug("a listed resource is not there"))?;
                let document = found.hash.and_then(|hash| documents.get(&hash));
                let document = document.ok_or(Error::Bug("a listed resource has no content"))?;
                self.write(tx, row.id, *found, document).await?;
            }
            after = page.next;
        }
        Ok(())
    }

    async fn write(&mut self, tx: &mut Tx, id: ResourceId, found: Found, document: &Document) -> Result<()> {
        let stored = match document {
            Document::CredentialLink(link) => {
                self.versions.title(id, link.title());
                return self.writer.other(id, document).map_err(disk);
            }
            Document::Workflow(_) => as_workflow(document)?,
            document => return self.writer.other(id, document).map_err(disk),
        };
        let workflow = whole(self.app, tx, &self.view, stored).await?;
        let states = states(tx, self.project.id, stored).await?;
        let stamps = Stamps {
            inserted_at: None,
            updated_at: Some(found.write_time),
            lock_version: Some(lock_version(&found)),
            version_history: self.versions.of(tx, (id, found), &workflow, &states).await?,
        };
        let enabled = |id: TriggerId| states.get(&id) == Some(&true);
        let is_for_client = self.form.audience == Audience::Client;
        let workflow = if is_for_client { without_keychains(&workflow) } else { Cow::Borrowed(&workflow) };
        match &mut self.writer {
            Writer::State(writer) => writer.workflow(id, &workflow, &enabled, stamps),
            Writer::Spec(writer) => writer.workflow(&workflow, &enabled),
        }
        .map_err(disk)
    }
}

/// What writes the document.
enum Writer {
    State(StateWriter<File>),
    Spec(SpecWriter<File>),
}

impl Writer {
    fn begin(audience: Audience, project: &Project) -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        Ok(match audience {
            Audience::Import => Self::State(StateWriter::begin(file, project, Shape::Keyed)?),
            Audience::Client => Self::State(StateWriter::begin(file, project, Shape::Listed)?),
            Audience::People => Self::Spec(SpecWriter::begin(file, project)?),
        })
    }

    /// Writes what is no workflow.
    fn other(&mut self, id: ResourceId, document: &Document) -> io::Result<()> {
        match (self, document) {
            (Self::State(writer), Document::CredentialLink(link)) => writer.credential(id, link),
            (Self::State(writer), Document::Collection(collection)) => writer.collection(id, collection),
            (Self::State(writer), Document::Config(config)) => writer.config(id, config),
            (Self::State(writer), Document::Keychain(keychain)) => writer.keychain(id, keychain),
            (Self::Spec(writer), Document::CredentialLink(link)) => writer.credential(id, link),
            (Self::Spec(writer), Document::Collection(collection)) => writer.collection(collection),
            (Self::Spec(_), Document::Config(_) | Document::Keychain(_)) | (_, Document::Workflow(_)) => {
                Ok(())
            }
        }
    }

    fn finish(self) -> io::Result<File> {
        match self {
            Self::State(writer) => writer.finish(),
            Self::Spec(writer) => writer.finish(),
        }
    }
}
