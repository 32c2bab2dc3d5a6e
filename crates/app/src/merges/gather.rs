//! Reading what a plan is made from.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_merge::{Candidate, Choices, Context, Plan, Purpose, State};
use sandbar_model::{
    ContentHash, CredentialId, Document, Error, Kind, PrincipalId, ResourceId, Result,
    claim::{Claim, claims},
    config::Reference,
    policy::Action,
    workflow::Uses,
};
use sandbar_store::{
    Tx, claim, collection,
    content::Trees,
    credential,
    resource::{self, Found},
    view::View,
};

use super::relation::{Key, Relation};
use crate::{App, configs::present, gate::Entry};

/// Everything that a plan looks at.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) context: Context,
    /// Who wrote each resource last, in the source and in the target.
    pub(crate) found: BTreeMap<Key, (Option<Found>, Option<Found>)>,
}

/// The three contents of one resource, by hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hashes {
    pub(crate) base: Option<ContentHash>,
    pub(crate) source: Option<ContentHash>,
    pub(crate) target: Option<ContentHash>,
}

/// Who merges, and what they may do in the target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Merger {
    pub(crate) id: PrincipalId,
    pub(crate) may_write_keychains: bool,
}

impl Merger {
    /// Whoever was let into the target.
    pub(crate) fn of(target: &Entry) -> Self {
        Self { id: target.caller.id, may_write_keychains: target.may(Action::ManageKeychains).is_ok() }
    }
}

/// Reads what a merge between two projects is planned from, for somebody.
pub(crate) async fn between(app: &App, tx: &mut Tx, relation: &Relation, merger: Merger) -> Result<Gathered> {
    let mut gathered = BTreeMap::new();
    let mut found = BTreeMap::new();
    let mut keys = relation.touched(tx).await?;
    // Two resources of one name are looked at together, whichever of the two was touched: so until no more turn up.
    while !keys.is_empty() {
        read(tx, relation, &keys, &mut gathered, &mut found).await?;
        keys = namesakes(app, tx, relation, &keys, &gathered).await?;
        keys.retain(|key| !gathered.contains_key(key));
    }
    let mut candidates = candidates(app, tx, relation.trees(), gathered).await?;
    if !relation.one_tree() {
        candidates = without_others_credentials(tx, candidates, merger.id).await?;
    }
    let context = context(tx, &relation.target, &candidates, (Purpose::Merge, merger)).await?;
    let context = Context { same_root: relation.one_tree(), ..context };
    Ok(Gathered { candidates, context, found })
}

/// A link lets a project's runs use a credential. Into another tree, where nothing guards the environments, only its owner
/// takes it; else whoever is admin of a sandbox could run with production's values in a project of their own.
async fn without_others_credentials(
    tx: &mut Tx,
    mut candidates: Vec<Candidate>,
    caller: PrincipalId,
) -> Result<Vec<Candidate>> {
    let linked = |state: &Option<State>| -> Option<CredentialId> {
        state.as_ref()?.document.credential_link()?.credential
    };
    let there: BTreeSet<_> = candidates.iter().filter_map(|c| linked(&c.target)).collect();
    let new: BTreeSet<_> =
        candidates.iter().filter_map(|c| linked(&c.source)).filter(|id| !there.contains(id)).collect();
    let new: Vec<_> = new.into_iter().collect();
    let own = credential::many(tx, &new).await?.into_iter().filter(|one| one.owner == caller);
    let own: BTreeSet<_> = own.map(|one| one.id).collect();
    candidates.retain(|c| linked(&c.source).is_none_or(|id| there.contains(&id) || own.contains(&id)));
    Ok(candidates)
}

/// Reads what an undo is planned from: `hashes` holds what the merge left (base) and what was before (source).
pub(crate) async fn undo(
    app: &App,
    tx: &mut Tx,
    target: &View,
    mut hashes: BTreeMap<Key, Hashes>,
    merger: Merger,
) -> Result<Gathered> {
    let mut found = BTreeMap::new();
    for kind in Kind::ALL {
        let ids: Vec<_> = hashes.keys().filter(|key| key.0 == kind).map(|(_, id)| *id).collect();
        let now = resource::resolve_many(tx, target, kind, ids.clone()).await?;
        for id in ids {
            let here = now.get(&id).copied();
            if let Some(hashes) = hashes.get_mut(&(kind, id)) {
                hashes.target = here.and_then(|found| found.hash);
            }
            found.insert((kind, id), (None, here));
        }
    }
    let candidates = candidates(app, tx, target.root.into(), hashes).await?;
    let context = context(tx, target, &candidates, (Purpose::Revert, merger)).await?;
    Ok(Gathered { candidates, context, found })
}

/// Plans what was gathered. Only the bodies that combining needs are read.
///
/// # Errors
/// [`Error::ChoiceUnknown`].
pub(crate) async fn plan(
    app: &App,
    tx: &mut Tx,
    trees: Trees,
    gathered: &Gathered,
    choices: &Choices,
) -> Result<Plan> {
    let mut context = gathered.context.clone();
    loop {
        let plan = sandbar_merge::plan(gathered.candidates.clone(), &context, choices)?;
        if plan.wanted.is_empty() {
            return Ok(plan);
        }
        let wanted = plan.wanted.iter().copied().collect();
        let read = app.contents.bodies(tx, trees, wanted).await?;
        if plan.wanted.iter().any(|hash| !read.contains_key(hash)) {
            return Err(Error::Bug("a body of a plan is missing"));
        }
        context.bodies.extend(read);
    }
}

async fn read(
    tx: &mut Tx,
    relation: &Relation,
    keys: &BTreeSet<Key>,
    gathered: &mut BTreeMap<Key, Hashes>,
    found: &mut BTreeMap<Key, (Option<Found>, Option<Found>)>,
) -> Result<()> {
    let keys: Vec<_> = keys.iter().copied().collect();
    let bases = relation.bases(tx, &keys).await?;
    for kind in Kind::ALL {
        let ids: Vec<_> = keys.iter().filter(|key| key.0 == kind).map(|(_, id)| *id).collect();
        if ids.is_empty() {
            continue;
        }
        let source = resource::resolve_many(tx, &relation.source, kind, ids.clone()).await?;
        let target = resource::resolve_many(tx, &relation.target, kind, ids.clone()).await?;
        for id in ids {
            let (here, there) = (source.get(&id).copied(), target.get(&id).copied());
            let hashes = Hashes {
                base: bases.get(&(kind, id)).copied().flatten(),
                source: here.and_then(|found| found.hash),
                target: there.and_then(|found| found.hash),
            };
            gathered.insert((kind, id), hashes);
            found.insert((kind, id), (here, there));
        }
    }
    Ok(())
}

/// What has, on the one side, the name or a trigger of something that is only on the other: the two may be one thing that
/// was made on both sides.
async fn namesakes(
    app: &App,
    tx: &mut Tx,
    relation: &Relation,
    keys: &BTreeSet<Key>,
    gathered: &BTreeMap<Key, Hashes>,
) -> Result<BTreeSet<Key>> {
    let lonely = |side: fn(&Hashes) -> Option<ContentHash>, other: fn(&Hashes) -> Option<ContentHash>| {
        let hashes = keys.iter().filter_map(|key| gathered.get(key)).filter(move |h| other(h).is_none());
        hashes.filter_map(side).collect::<Vec<_>>()
    };
    let (source, target) = (lonely(|h| h.source, |h| h.target), lonely(|h| h.target, |h| h.source));
    let mut found = BTreeSet::new();
    for (hashes, view) in [(source, &relation.target), (target, &relation.source)] {
        let documents = app.contents.documents(tx, relation.trees(), hashes).await?;
        let claims = documents.values().flat_map(|document| claims(document));
        let telling = claims.filter(|claim| matches!(claim, Claim::Name(..) | Claim::Trigger(_))).collect();
        let holders = claim::holders(tx, view, telling).await?;
        found.extend(holders.into_iter().map(|(claim, id)| (claim.kind(), id)));
    }
    Ok(found)
}

async fn candidates(
    app: &App,
    tx: &mut Tx,
    trees: Trees,
    gathered: BTreeMap<Key, Hashes>,
) -> Result<Vec<Candidate>> {
    let hashes = gathered.values().flat_map(|h| [h.base, h.source, h.target]).flatten().collect();
    let documents = app.contents.documents(tx, trees, hashes).await?;
    let state = |hash: Option<ContentHash>| -> Result<Option<State>> {
        let Some(hash) = hash else { return Ok(None) };
        let document = documents.get(&hash).cloned().ok_or(Error::Bug("a document of a plan is missing"))?;
        Ok(Some(State { hash, document }))
    };
    let candidate = |((kind, id), h): ((Kind, ResourceId), Hashes)| {
        Ok(Candidate { kind, id, base: state(h.base)?, source: state(h.source)?, target: state(h.target)? })
    };
    gathered.into_iter().map(candidate).collect()
}

async fn context(
    tx: &mut Tx,
    target: &View,
    candidates: &[Candidate],
    (purpose, merger): (Purpose, Merger),
) -> Result<Context> {
    let sources: Vec<&Document> =
        candidates.iter().filter_map(|c| c.source.as_ref().map(|state| &*state.document)).collect();
    let (mut links, mut keychains) = (BTreeSet::new(), BTreeSet::new());
    for uses in sources.iter().flat_map(|document| uses(document)) {
        match uses {
            Uses::CredentialLink(id) => links.insert(id),
            Uses::Keychain(id) => keychains.insert(id),
        };
    }
    let holders =
        claim::holders(tx, target, sources.iter().flat_map(|document| claims(document)).collect()).await?;
    let referred: BTreeSet<_> = documents(candidates).flat_map(references).copied().collect();
    Ok(Context {
        purpose,
        same_root: true,
        target_links: live(tx, target, Kind::CredentialLink, links).await?,
        target_keychains: live(tx, target, Kind::Keychain, keychains).await?,
        may_write_keychains: merger.may_write_keychains,
        target_resources: present(tx, target, referred.into_iter().collect()).await?,
        holders,
        collection_items: items(tx, target, candidates).await?,
        bodies: BTreeMap::new(),
    })
}

/// How many items would go with each collection that the source lacks.
async fn items(tx: &mut Tx, target: &View, candidates: &[Candidate]) -> Result<BTreeMap<ResourceId, u64>> {
    let Some(project) = target.levels.first().map(|level| level.project) else { return Ok(BTreeMap::new()) };
    let lacking = candidates.iter().filter(|c| c.kind == Kind::Collection && c.source.is_none());
    let ids: Vec<_> = lacking.filter(|c| c.target.is_some()).map(|c| c.id).collect();
    let usages = collection::usages(tx, project, &ids).await?;
    Ok(usages.into_iter().map(|(id, usage)| (id, usage.items.unsigned_abs())).collect())
}

/// Everything that either side has.
fn documents(candidates: &[Candidate]) -> impl Iterator<Item = &Document> {
    candidates.iter().flat_map(|c| [&c.source, &c.target]).flatten().map(|state| &*state.document)
}

/// What a config refers to.
fn references(document: &Document) -> &[Reference] {
    document.config().map_or(&[], |config| &config.references)
}

/// Those of these resources that the target has.
async fn live(
    tx: &mut Tx,
    target: &View,
    kind: Kind,
    ids: BTreeSet<ResourceId>,
) -> Result<BTreeSet<ResourceId>> {
    let found = resource::resolve_many(tx, target, kind, ids.into_iter().collect()).await?;
    Ok(found.into_iter().filter(|(_, found)| found.hash.is_some()).map(|(id, _)| id).collect())
}

/// The credential links and keychains that a document needs.
fn uses(document: &Document) -> impl Iterator<Item = Uses> {
    let jobs = document.workflow().into_iter().flat_map(|workflow| &workflow.jobs);
    let default = document.keychain().and_then(|keychain| keychain.default_link).map(Uses::CredentialLink);
    jobs.filter_map(|job| job.uses).chain(default)
}
