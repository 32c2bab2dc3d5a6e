//! Landing the pieces of a document in a project: in batches, each written as soon as it is full, so that what is in
//! memory does not grow with the document but for a few dozen bytes a resource.

mod checks;
mod fill;
mod names;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sandbar_model::{
    ContentHash, Document, Error, Kind, ResourceId, Result, TriggerId,
    claim::Claim,
    config::Reference,
    field::named,
    json,
    workflow::{StoredWorkflow, TriggerKind, Uses},
};
use sandbar_store::{
    Tx, claim, content,
    content::NewContent,
    resource, trigger,
    write::{Clash, Write, Written},
};

use fill::There;

use super::links::Links;
use crate::{
    App,
    changing::Changing,
    openfn::{Piece, Sections, WorkflowPiece},
    workflows::{as_workflow, checked},
};

/// A batch is written when it has this many resources,
const BATCH: usize = 512;
/// or this many bytes of bodies and values.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// How many resources were what.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(super) deleted: u64,
    pub(super) unchanged: u64,
}

/// An import that has landed.
pub(super) struct Landed<'a> {
    pub(super) counts: Counts,
    pub(super) change: Changing<'a>,
    /// Kinds of which something was made, changed or deleted.
    pub(super) wrote: BTreeSet<Kind>,
}

/// An import under way.
pub(super) struct Landing<'a> {
    app: &'a App,
    change: Changing<'a>,
    is_new: bool,
    /// What the document does not name stays, and what its writer can't know of: see [`fill`].
    is_deploy: bool,
    counts: Counts,
    batch: Vec<Write>,
    bodies: Vec<NewContent>,
    body_bytes: usize,
    enabled: Vec<(TriggerId, bool)>,
    seen: HashSet<(Kind, ResourceId)>,
    /// Each credential link and keychain that a step uses, with the first such step.
    uses: BTreeMap<Uses, String>,
    /// Each credential link that a keychain falls back on, with the first such keychain.
    defaults: BTreeMap<ResourceId, String>,
    /// Kinds of which something was made, changed or deleted.
    wrote: BTreeSet<Kind>,
    /// Each resource that a config newly refers to, with the first such config.
    references: BTreeMap<Reference, String>,
    /// What needs a name that something else has, which may be about to go.
    clashes: Vec<Clash>,
    links: Links,
    /// What steps and keychains may no longer use.
    removed: BTreeSet<Uses>,
}

impl<'a> Landing<'a> {
    pub(super) fn new(app: &'a App, change: Changing<'a>, is_new: bool, is_deploy: bool) -> Self {
        Self {
            app,
            change,
            is_new,
            is_deploy,
            counts: Counts::default(),
            batch: Vec::new(),
            bodies: Vec::new(),
            body_bytes: 0,
            enabled: Vec::new(),
            seen: HashSet::new(),
            uses: BTreeMap::new(),
            defaults: BTreeMap::new(),
            wrote: BTreeSet::new(),
            references: BTreeMap::new(),
            clashes: Vec::new(),
            links: Links::default(),
            removed: BTreeSet::new(),
        }
    }

    /// Takes one piece.
    pub(super) async fn take(&mut self, tx: &mut Tx, piece: Piece) -> Result<()> {
        let (id, document) = match piece {
            // No client of `OpenFn` knows them.
            Piece::Config { .. } | Piece::Keychain { .. } if self.is_deploy => return Ok(()),
            Piece::Workflow(piece) => self.workflow(tx, piece).await?,
            Piece::Collection { id, collection, delete } => {
                let id =
                    self.identify(tx, id, Claim::Name(Kind::Collection, collection.name.clone())).await?;
                ((Kind::Collection, id), (!delete).then_some(Document::Collection(collection)))
            }
            Piece::CredentialLink { id, link, delete } => {
                let (id, link) = self.links.land(self.app, tx, &self.change, (id, link)).await?;
                if self.is_deploy && !delete {
                    self.has_credential(tx, id, &link).await?;
                }
                ((Kind::CredentialLink, id), (!delete).then_some(Document::CredentialLink(link)))
            }
            Piece::Config { id, config, delete } => {
                let id = self.identify(tx, id, Claim::Name(Kind::Config, config.key())).await?;
                self.body_bytes += json::canonical(&config.value).len();
                ((Kind::Config, id), (!delete).then_some(Document::Config(config)))
            }
            Piece::Keychain { id, keychain, delete } => {
                let id = self.identify(tx, id, Claim::Name(Kind::Keychain, keychain.name.clone())).await?;
                if let (Some(link), false) = (keychain.default_link, delete) {
                    self.defaults.entry(link).or_insert_with(|| keychain.name.clone());
                }
                ((Kind::Keychain, id), (!delete).then_some(Document::Keychain(keychain)))
            }
        };
        let (kind, resource) = id;
        if !self.seen.insert(id) {
            return Err(Error::IdTaken {
                id: resource.to_string(),
                place: "by two resources of the document",
            });
        }
        if document.is_none() {
            self.note_removed(id);
        }
        let document = document.map(Document::tidy);
        if let Some(
            document @ (Document::Collection(_)
            | Document::CredentialLink(_)
            | Document::Config(_)
            | Document::Keychain(_)),
        ) = &document
        {
            document.violations(&format!("document.{}", kind.word())).into_result()?;
        }
        self.batch.push(Write { kind, id: resource, document });
        if self.batch.len() >= BATCH || self.body_bytes >= BATCH_BYTES {
            self.write_batch(tx).await?;
        }
        Ok(())
    }

    async fn workflow(
        &mut self,
        tx: &mut Tx,
        mut piece: WorkflowPiece,
    ) -> Result<((Kind, ResourceId), Option<Document>)> {
        let name = Claim::Name(Kind::Workflow, piece.workflow.name.clone());
        let id = self.identify(tx, piece.id, name).await?;
        let before = if self.is_deploy { self.there(tx, id).await? } else { None };
        if piece.delete {
            before.iter().try_for_each(|before| before.unmoved(&piece))?;
            return Ok(((Kind::Workflow, id), None));
        }
        if self.is_deploy {
            fill::fill(&mut piece, before.as_ref().and_then(There::workflow));
        }
        let (mut stored, bodies) = checked(&piece.workflow, &named("workflows", &piece.workflow.name))
            .map_err(|error| names::parts(error, &piece.workflow))?;
        if let Some(before) = &before {
            before.take(&mut stored, &piece)?;
        }
        for job in &stored.jobs {
            if let Some(uses) = job.uses {
                self.uses.entry(uses).or_insert_with(|| job.name.clone());
            }
        }
        self.body_bytes += bodies.iter().map(|body| body.bytes.len()).sum::<usize>();
        self.bodies.extend(bodies);
        self.enabled.extend(piece.enabled);
        Ok(((Kind::Workflow, id), Some(Document::Workflow(stored))))
    }

    /// The id of a piece that has none: that of the resource of its name, else a new one.
    async fn identify(&self, tx: &mut Tx, id: Option<ResourceId>, name: Claim) -> Result<ResourceId> {
        if let Some(id) = id {
            return Ok(id);
        }
        let holder = claim::holders(tx, &self.change.view, vec![name]).await?.into_values().next();
        Ok(holder.unwrap_or_else(|| ResourceId(self.app.new_id())))
    }

    async fn write_batch(&mut self, tx: &mut Tx) -> Result<()> {
        self.body_bytes = 0;
        content::put(tx, self.change.view.root, std::mem::take(&mut self.bodies), self.app.now()).await?;
        let mut batch = std::mem::take(&mut self.batch);
        if !self.is_new {
            self.keep_guards(tx, &mut batch).await?;
        }
        self.note_references(tx, &batch).await?;
        self.write(tx, batch).await?;
        let enabled = std::mem::take(&mut self.enabled);
        self.switch(tx, enabled).await
    }

    async fn write(&mut self, tx: &mut Tx, writes: Vec<Write>) -> Result<()> {
        let wanted = writes.len() as u64;
        let outcome = self.change.write(tx, writes).await?;
        outcome.written.iter().for_each(|written| self.count(written));
        self.wrote.extend(outcome.written.iter().map(|written| written.kind));
        self.counts.unchanged += wanted - (outcome.written.len() + outcome.clashes.len()) as u64;
        self.clashes.extend(outcome.clashes);
        Ok(())
    }

    fn count(&mut self, written: &Written) {
        match (written.before, written.after) {
            (None, _) => self.counts.created += 1,
            (Some(_), Some(_)) => self.counts.updated += 1,
            (Some(_), None) => self.counts.deleted += 1,
        }
    }

    /// The document has no way to say which auth methods guard a webhook trigger: the ones it has stay.
    async fn keep_guards(&self, tx: &mut Tx, batch: &mut [Write]) -> Result<()> {
        let ids = batch.iter().filter(|write| write.kind == Kind::Workflow).map(|write| write.id).collect();
        let found = resource::resolve_many(tx, &self.change.view, Kind::Workflow, ids).await?;
        let mut changed: HashMap<ResourceId, ContentHash> = HashMap::new();
        for write in batch.iter().filter(|write| write.kind == Kind::Workflow) {
            let Some(document) = &write.document else { continue };
            let there = found.get(&write.id).and_then(|found| found.hash);
            let hash = ContentHash::of(&document.canonical().map_err(|e| Error::Storage(e.into()))?);
            changed.extend(there.filter(|there| *there != hash).map(|there| (write.id, there)));
        }
        let old = self
            .app
            .contents
            .documents(tx, self.change.view.root, changed.values().copied().collect())
            .await?;
        for write in batch {
            let there = changed.get(&write.id).and_then(|hash| old.get(hash));
            if let (Some(Document::Workflow(workflow)), Some(there)) = (&mut write.document, there) {
                take_guards(workflow, as_workflow(there)?);
            }
        }
        Ok(())
    }

    /// Turns triggers on and off where the document says otherwise than it is. In a sandbox they stay as they are: the
    /// document may be one of production, and nothing must begin to run twice because it was imported.
    async fn switch(&self, tx: &mut Tx, enabled: Vec<(TriggerId, bool)>) -> Result<()> {
        if self.change.project.is_sandbox() {
            return Ok(());
        }
        let project = self.change.project.id;
        let ids: Vec<_> = enabled.iter().map(|(id, _)| *id).collect();
        let now = trigger::states(tx, project, &ids).await?;
        let differ: Vec<_> = enabled.into_iter().filter(|(id, on)| now.get(id) != Some(on)).collect();
        if differ.is_empty() { Ok(()) } else { trigger::set_many(tx, project, &differ).await }
    }

    /// Writes what is left, deletes what the document's sections do not name, and checks what only the whole can tell.
    pub(super) async fn finish(mut self, tx: &mut Tx, sections: Sections) -> Result<Landed<'a>> {
        self.write_batch(tx).await?;
        if !self.is_new && !self.is_deploy {
            for (kind, given) in [
                (Kind::Workflow, sections.workflows),
                (Kind::Collection, sections.collections),
                (Kind::CredentialLink, sections.credentials),
                (Kind::Config, sections.configs),
                (Kind::Keychain, sections.keychains),
            ] {
                if given {
                    let gone = self.delete_unseen(tx, kind).await?;
                    for id in gone {
                        self.note_removed((kind, id));
                    }
                }
            }
        }
        let clashes = std::mem::take(&mut self.clashes);
        self.write(tx, clashes.into_iter().map(|clash| clash.write).collect()).await?;
        if let Some(clash) = self.clashes.first() {
            return Err(claim::taken(&clash.claim));
        }
        let removed = std::mem::take(&mut self.removed);
        self.check_links(tx, &removed).await?;
        self.check_references(tx).await?;
        Ok(Landed { counts: self.counts, change: self.change, wrote: self.wrote })
    }

    fn note_removed(&mut self, (kind, id): (Kind, ResourceId)) {
        self.removed.extend(match kind {
            Kind::CredentialLink => Some(Uses::CredentialLink(id)),
            Kind::Keychain => Some(Uses::Keychain(id)),
            Kind::Workflow | Kind::Collection | Kind::Config => None,
        });
    }

    async fn delete_unseen(&mut self, tx: &mut Tx, kind: Kind) -> Result<Vec<ResourceId>> {
        let mut gone = Vec::new();
        let mut after = Some(String::new());
        while let Some(cursor) = after {
            let page = resource::page(tx, &self.change.view, kind, &cursor, BATCH).await?;
            gone.extend(
                page.rows.into_iter().map(|row| row.id).filter(|id| !self.seen.contains(&(kind, *id))),
            );
            after = page.next;
        }
        for chunk in gone.chunks(BATCH) {
            let writes = chunk.iter().map(|id| Write { kind, id: *id, document: None }).collect();
            self.write(tx, writes).await?;
        }
        Ok(gone)
    }
}

fn take_guards(workflow: &mut StoredWorkflow, old: &StoredWorkflow) {
    for trigger in &mut workflow.triggers {
        let before = old.triggers.iter().find(|before| before.id == trigger.id).map(|before| &before.kind);
        if let (TriggerKind::Webhook(webhook), Some(TriggerKind::Webhook(before))) =
            (&mut trigger.kind, before)
        {
            webhook.auth_methods.clone_from(&before.auth_methods);
        }
    }
}
