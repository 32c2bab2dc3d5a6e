//! A whole project as a document.

use std::{collections::HashMap, fs::File};

use sandbar_model::{
    Document, Error, Kind, Project, ProjectId, ResourceId, Result, TriggerId, policy::Action,
};
use sandbar_store::{Tx, resource, trigger, view::View};

use super::spool::{Spooled, disk, unnamed};
use crate::{
    App, Call,
    openfn::{Stamps, StateWriter},
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

/// Writes a project as a document: one snapshot, every body byte for byte. Needs to see it.
///
/// # Errors
/// The gate's; [`Error::ProjectScheduled`].
pub async fn export(app: &App, call: &Call, project: ProjectId) -> Result<Exported> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, project, Action::See).await?;
    entry.active()?;
    let view = app.views.of(&mut tx, &entry.project).await?;
    let writer = StateWriter::begin(unnamed()?, &entry.project).map_err(disk)?;
    let mut export = Export { app, project: &entry.project, view, writer };
    for kind in [Kind::CredentialLink, Kind::Collection, Kind::Workflow, Kind::Config, Kind::Keychain] {
        export.section(&mut tx, kind).await?;
    }
    Ok(Exported { document: Spooled::written(export.writer.finish().map_err(disk)?)? })
}

struct Export<'a> {
    app: &'a App,
    project: &'a Project,
    view: View,
    writer: StateWriter<File>,
}

impl Export<'_> {
    async fn section(&mut self, tx: &mut Tx, kind: Kind) -> Result<()> {
        let limit = if kind == Kind::Config { CONFIGS } else { PAGE };
        let mut after = Some(String::new());
        while let Some(cursor) = after {
            let page = resource::page(tx, &self.view, kind, &cursor, limit).await?;
            let ids = page.rows.iter().map(|row| row.id).collect();
            let found = resource::resolve_many(tx, &self.view, kind, ids).await?;
            let hashes = found.values().filter_map(|found| found.hash).collect();
            let documents = self.app.contents.documents(tx, self.view.root, hashes).await?;
            for row in page.rows {
                let found = found.get(&row.id).ok_or(Error::Bug("a listed resource is not there"))?;
                let document = found.hash.and_then(|hash| documents.get(&hash));
                let document = document.ok_or(Error::Bug("a listed resource has no content"))?;
                let stamps = Stamps {
                    inserted_at: None,
                    updated_at: Some(found.write_time),
                    lock_version: Some(found.revision.0),
                };
                self.write(tx, row.id, document, stamps).await?;
            }
            after = page.next;
        }
        Ok(())
    }

    async fn write(
        &mut self,
        tx: &mut Tx,
        id: ResourceId,
        document: &Document,
        stamps: Stamps,
    ) -> Result<()> {
        let stored = match document {
            Document::CredentialLink(link) => return self.writer.credential(id, link).map_err(disk),
            Document::Collection(collection) => return self.writer.collection(id, collection).map_err(disk),
            Document::Config(config) => return self.writer.config(id, config).map_err(disk),
            Document::Keychain(keychain) => return self.writer.keychain(id, keychain).map_err(disk),
            Document::Workflow(_) => as_workflow(document)?,
        };
        let hashes = stored.jobs.iter().map(|job| job.body).collect();
        let bodies = self.app.contents.bodies(tx, self.view.root, hashes).await?;
        let workflow =
            stored.clone().map_bodies(|hash| bodies.get(&hash).map(ToString::to_string).unwrap_or_default());
        let triggers: Vec<_> = stored.triggers.iter().map(|trigger| trigger.id).collect();
        let states: HashMap<TriggerId, bool> = trigger::states(tx, self.project.id, &triggers).await?;
        let enabled = |id: TriggerId| states.get(&id) == Some(&true);
        self.writer.workflow(id, &workflow, &enabled, stamps).map_err(disk)
    }
}
