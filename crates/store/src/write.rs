//! Writing resources: a batch takes a block of revisions, and touches only what differs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sandbar_model::{
    ContentHash, Document, Error, Kind, PrincipalId, Project, ProjectId, ResourceId, Result, Revision, Time,
    claim::{Claim, claims},
};

use crate::{
    claim::{self, ClaimRow, Held},
    collection,
    content::{self, NewContent, bytes_or_empty},
    db::Tx,
    resource::{self, Found},
    text,
    view::View,
};

/// What a resource shall be. Its bodies were put before.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// Of which kind.
    pub kind: Kind,
    /// Which one.
    pub id: ResourceId,
    /// Its content; none: deleted.
    pub document: Option<Document>,
}

/// What a write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Of which kind.
    pub kind: Kind,
    /// Which one.
    pub id: ResourceId,
    /// The revision it took.
    pub revision: Revision,
    /// None: it was absent.
    pub before: Option<ContentHash>,
    /// None: it is deleted.
    pub after: Option<ContentHash>,
}

/// A write that needs a claim held by a resource outside the batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Clash {
    /// Left undone.
    pub write: Write,
    /// What is held.
    pub claim: Claim,
}

/// What came of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Those that changed something, in the order of their revisions. Writes of what was there already are not listed.
    pub written: Vec<Written>,
    /// Those that could not be done. When there is one, the caller tries it again after its other writes, or gives up
    /// the whole transaction.
    pub clashes: Vec<Clash>,
}

/// Writes resources into one project, whose lock the transaction holds.
#[derive(Debug)]
pub struct Writer<'a> {
    /// As it was locked; its head and counts move along.
    pub project: &'a mut Project,
    /// What it sees.
    pub view: &'a View,
    /// When.
    pub now: Time,
    /// By whom.
    pub writer: PrincipalId,
}

/// A write on its way.
struct Pending {
    write: Write,
    canonical: Option<NewContent>,
    found: Option<Found>,
    claims: Vec<Claim>,
}

impl Pending {
    fn new(write: Write, found: Option<Found>) -> Result<Self> {
        let canonical = match &write.document {
            Some(document) => {
                Some(NewContent::of(document.canonical().map_err(|e| Error::Storage(e.into()))?))
            }
            None => None,
        };
        let claims = write.document.as_ref().map(claims).unwrap_or_default();
        Ok(Self { write, canonical, found, claims })
    }

    fn before(&self) -> Option<ContentHash> {
        self.found.and_then(|found| found.hash)
    }

    fn after(&self) -> Option<ContentHash> {
        self.canonical.as_ref().map(|content| content.hash)
    }
}

impl Writer<'_> {
    /// Writes a batch. The head and counts of the project record are the caller's to store, once, at the end.
    pub async fn write(&mut self, tx: &mut Tx, writes: Vec<Write>) -> Result<Outcome> {
        let pending = self.pending(tx, writes).await?;
        let ids: Vec<_> = pending.iter().map(|p| p.write.id).collect();
        let held = claim::held_by(tx, self.project.id, &ids).await?;
        let (pending, clashes) = self.part_clashes(tx, pending, &held).await?;
        let written = self.number(&pending);
        self.put_documents(tx, &pending).await?;
        self.put_claims(tx, &pending, &written, &held).await?;
        self.put_versions(tx, &pending, &written).await?;
        self.put_heads(tx, &pending, &written).await?;
        self.let_items_go(tx, &written).await?;
        self.count(&written);
        Ok(Outcome { written, clashes })
    }

    /// Drops writes of what is there already.
    async fn pending(&self, tx: &mut Tx, writes: Vec<Write>) -> Result<Vec<Pending>> {
        let mut found = HashMap::new();
        for kind in Kind::ALL {
            let ids: Vec<_> =
                writes.iter().filter(|write| write.kind == kind).map(|write| write.id).collect();
            if ids.is_empty() {
                continue;
            }
            for (id, hit) in resource::resolve_many(tx, self.view, kind, ids).await? {
                found.insert((kind, id), hit);
            }
        }
        let mut pending = Vec::with_capacity(writes.len());
        for write in writes {
            let hit = found.get(&(write.kind, write.id)).copied();
            let next = Pending::new(write, hit)?;
            if next.before() != next.after() {
                pending.push(next);
            }
        }
        Ok(pending)
    }

    /// Parts off the writes that need what a resource holds that does not let it go in the same batch.
    async fn part_clashes(
        &self,
        tx: &mut Tx,
        pending: Vec<Pending>,
        held: &HashMap<ResourceId, Vec<Held>>,
    ) -> Result<(Vec<Pending>, Vec<Clash>)> {
        let wanted =
            pending.iter().flat_map(|p| p.claims.iter().filter(|c| !holds(held, p.write.id, c)).cloned());
        let holders = claim::holders(tx, self.view, wanted.collect()).await?;
        let mut clashing = BTreeMap::new();
        // Leaving a write out keeps what it would have let go, which can make the next one clash: until nothing changes.
        loop {
            let batch: HashMap<_, _> = pending
                .iter()
                .filter(|p| !clashing.contains_key(&p.write.id))
                .map(|p| (p.write.id, p.claims.as_slice()))
                .collect();
            let mut taken: BTreeSet<&Claim> = BTreeSet::new();
            let before = clashing.len();
            for p in pending.iter().filter(|p| batch.contains_key(&p.write.id)) {
                let clash = p.claims.iter().find(|claim| {
                    let holder = holders.get(*claim).copied().filter(|holder| *holder != p.write.id);
                    let kept =
                        holder.is_some_and(|h| batch.get(&h).is_none_or(|claims| claims.contains(claim)));
                    kept || !taken.insert(*claim)
                });
                if let Some(claim) = clash {
                    clashing.insert(p.write.id, claim.clone());
                }
            }
            if clashing.len() == before {
                break;
            }
        }
        let mut clashes = Vec::new();
        let mut free = Vec::with_capacity(pending.len());
        for p in pending {
            match clashing.remove(&p.write.id) {
                Some(claim) => clashes.push(Clash { write: p.write, claim }),
                None => free.push(p),
            }
        }
        Ok((free, clashes))
    }

    /// Gives each its revision: one each, because rows that share a number skew the statistics of both engines.
    fn number(&mut self, pending: &[Pending]) -> Vec<Written> {
        pending
            .iter()
            .map(|p| {
                self.project.head.0 += 1;
                Written {
                    kind: p.write.kind,
                    id: p.write.id,
                    revision: self.project.head,
                    before: p.before(),
                    after: p.after(),
                }
            })
            .collect()
    }

    async fn put_documents(&self, tx: &mut Tx, pending: &[Pending]) -> Result<()> {
        let contents = pending.iter().filter_map(|p| p.canonical.clone()).collect();
        content::put(tx, self.view.root, contents, self.now).await?;
        let mut parts = BTreeSet::new();
        for p in pending {
            if let (Some(hash), Some(Document::Workflow(workflow))) = (p.after(), &p.write.document) {
                parts.extend(workflow.jobs.iter().map(|job| (hash, job.body)));
            }
        }
        content::put_parts(tx, self.view.root, &parts.into_iter().collect::<Vec<_>>(), self.now).await
    }

    async fn put_claims(
        &self,
        tx: &mut Tx,
        pending: &[Pending],
        written: &[Written],
        held: &HashMap<ResourceId, Vec<Held>>,
    ) -> Result<()> {
        let mut rows = Vec::new();
        for (p, done) in pending.iter().zip(written) {
            let id = p.write.id;
            for old in held.get(&id).into_iter().flatten() {
                if !p.claims.iter().any(|claim| claim.space() == old.space && claim.key() == old.key) {
                    let (space, key, since) = (old.space, old.key.clone(), old.since);
                    rows.push(ClaimRow { space, key, id, since, until: done.revision.0 });
                }
            }
            for claim in p.claims.iter().filter(|claim| !holds(held, id, claim)) {
                let (space, key, since) = (claim.space(), claim.key(), done.revision.0);
                rows.push(ClaimRow { space, key, id, since, until: claim::STILL });
            }
        }
        claim::put(tx, self.project.id, rows).await
    }

    async fn put_versions(&self, tx: &mut Tx, pending: &[Pending], written: &[Written]) -> Result<()> {
        const INSERT: &str = "-- write.versions
            INSERT INTO versions (project_id, kind, id, seq, name, content_hash, prev_hash, write_time, writer_id) VALUES";
        let rows: Vec<_> = pending.iter().zip(written).collect();
        for chunk in text::chunks(&rows, text::ROWS) {
            let mut statement = tx.sql(text::rows(INSERT, 9, chunk.len(), ""));
            for (p, done) in chunk {
                let name = p.write.document.as_ref().map(Document::name).unwrap_or_default();
                statement = statement.bind(self.project.id.0).bind(done.kind as i64).bind(done.id.0);
                statement = statement.bind(done.revision.0).bind(name);
                statement = statement.bind(bytes_or_empty(done.after)).bind(bytes_or_empty(done.before));
                statement = statement.bind(self.now.0).bind(self.writer.0);
            }
            statement.execute().await?;
        }
        Ok(())
    }

    async fn put_heads(&self, tx: &mut Tx, pending: &[Pending], written: &[Written]) -> Result<()> {
        const INSERT: &str = "-- write.heads
            INSERT INTO heads (project_id, kind, id, first_seq, seq, content_hash, base_hash, write_time, writer_id) VALUES";
        // first_seq and base_hash stay as they were at the first touch.
        const UPDATE: &str = "ON CONFLICT (project_id, kind, id) DO UPDATE SET seq = excluded.seq,
            content_hash = excluded.content_hash, write_time = excluded.write_time, writer_id = excluded.writer_id";
        let rows: Vec<_> = pending.iter().zip(written).collect();
        for chunk in text::chunks(&rows, text::ROWS) {
            let mut statement = tx.sql(text::rows(INSERT, 9, chunk.len(), UPDATE));
            for (p, done) in chunk {
                // In a sandbox the base of a first touch is what the fork showed. A root agrees with nobody.
                let base = self.project.is_sandbox().then(|| bytes_or_empty(p.before()));
                statement = statement.bind(self.project.id.0).bind(done.kind as i64).bind(done.id.0);
                statement = statement.bind(done.revision.0).bind(done.revision.0);
                statement = statement.bind(bytes_or_empty(done.after)).bind(base);
                statement = statement.bind(self.now.0).bind(self.writer.0);
            }
            statement.execute().await?;
        }
        Ok(())
    }

    /// Whoever removes a collection, and however: its items go with it.
    async fn let_items_go(&self, tx: &mut Tx, written: &[Written]) -> Result<()> {
        let gone = written.iter().filter(|done| done.kind == Kind::Collection && done.after.is_none());
        let gone: Vec<_> = gone.map(|done| done.id).collect();
        collection::detach(tx, self.project.id, &gone, self.now).await
    }

    fn count(&mut self, written: &[Written]) {
        for done in written {
            let delta = i64::from(done.after.is_some()) - i64::from(done.before.is_some());
            match done.kind {
                Kind::Workflow => self.project.workflow_count += delta,
                Kind::Collection => self.project.collection_count += delta,
                Kind::CredentialLink | Kind::Config | Kind::Keychain => {}
            }
        }
    }
}

/// Makes `base` what a sandbox and its parent last agreed on, for resources that the sandbox has touched.
pub async fn set_bases(
    tx: &mut Tx,
    sandbox: ProjectId,
    bases: &[(Kind, ResourceId, Option<ContentHash>)],
) -> Result<()> {
    const UPDATE: &str = "-- write.set_bases
        UPDATE heads SET base_hash = v.column4 FROM (VALUES";
    const WHERE: &str = ") AS v
        WHERE heads.project_id = v.column1 AND heads.kind = v.column2 AND heads.id = v.column3";
    for chunk in text::chunks(bases, text::ROWS) {
        let mut statement = tx.sql(text::rows(UPDATE, 4, chunk.len(), WHERE));
        for (kind, id, base) in chunk {
            statement = statement.bind(sandbox.0).bind(*kind as i64).bind(id.0).bind(bytes_or_empty(*base));
        }
        statement.execute().await?;
    }
    Ok(())
}

fn holds(held: &HashMap<ResourceId, Vec<Held>>, id: ResourceId, claim: &Claim) -> bool {
    held.get(&id).is_some_and(|held| held.iter().any(|h| h.space == claim.space() && h.key == claim.key()))
}
