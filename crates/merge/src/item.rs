//! One resource of a plan: what happened to it, what was decided, what would come of it.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{ContentHash, Document, Error, Kind, ResourceId, Result};

use crate::{
    Context, Decision, FieldChange, Label, State, Warning,
    carry::{Carrier, as_keychain, as_workflow},
    choice::Decided,
    combine::{Conflict, Resolution, Versions, combine},
    config::{ConfigVersions, combine_configs},
    field,
    keychain::{KeychainVersions, combine_keychains},
    pair::Subject,
};

/// One resource of a plan, with its states on the three sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// With the id, its key.
    pub kind: Kind,
    /// The source's, or the target's where the source has none.
    pub id: ResourceId,
    /// The target's. Another than `id` only where one thing was made on both sides under two ids.
    pub target_id: ResourceId,
    /// What happened to it.
    pub label: Label,
    /// In the source, or in the target where the source has none.
    pub name: String,
    /// What it was called when the two last agreed, when either side renamed it.
    pub renamed_from: Option<String>,
    /// What the caller decided, or the default.
    pub decision: Decision,
    /// What the two last agreed on.
    pub base: Option<State>,
    /// What the source has.
    pub source: Option<State>,
    /// What the target has.
    pub target: Option<State>,
    /// What the target would have if this was taken; what it has, where there is nothing to take.
    pub after: Option<State>,
    /// What a person should know before taking it.
    pub warnings: Vec<Warning>,
    /// Of a collection that the source lacks: how many items the target's holds, which would go with it.
    pub collection_items: u64,
    /// Of what is combined: where both sides have their own idea, in the order of a workflow's fields.
    pub conflicts: Vec<Conflict>,
    /// The texts in `after` that neither side had, by their hash.
    pub bodies: BTreeMap<ContentHash, String>,
    /// The source's version as it crosses. None: the source has none.
    pub crossed: Option<State>,
    resolutions: BTreeMap<String, Resolution>,
}

/// One change of the target.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// With the id, its key in the target.
    pub kind: Kind,
    /// The target's.
    pub id: ResourceId,
    /// What is there afterwards. None: it is deleted.
    pub after: Option<State>,
    /// What the two agree on from now on, by id; None: that it is absent. The source's version as it crossed, under the
    /// source's id: not the source's own hash, or what could not cross would count as agreed on and be lost; nor the
    /// target's, where both were combined, or the source would seem to have taken the target's edits back. Of a pair also
    /// the target's id, absent, so that the two stay one.
    pub bases: Vec<(ResourceId, Option<ContentHash>)>,
    /// The agreed version, where it is neither side's and so kept nowhere else.
    pub agreed: Option<State>,
    /// The texts that neither side had, by their hash.
    pub bodies: BTreeMap<ContentHash, String>,
}

impl Item {
    pub(crate) fn new(subject: Subject, label: Label, warnings: Vec<Warning>) -> Self {
        let name = |state: &Option<State>| state.as_ref().map(|state| state.document.title());
        let (base, source, target) = (name(&subject.base), name(&subject.source), name(&subject.target));
        let renamed = |now: &Option<String>| now.is_some() && *now != base;
        let renamed_from = base.clone().filter(|_| renamed(&source) || renamed(&target));
        Self {
            kind: subject.kind,
            id: subject.id,
            target_id: subject.target_id,
            label,
            name: source.or(target).unwrap_or_default(),
            renamed_from,
            decision: Decision::Leave,
            after: subject.target.clone(),
            base: subject.base,
            source: subject.source,
            target: subject.target,
            warnings,
            collection_items: 0,
            conflicts: Vec::new(),
            bodies: BTreeMap::new(),
            crossed: None,
            resolutions: BTreeMap::new(),
        }
    }

    /// Notes what the caller wants.
    pub(crate) fn decide(&mut self, decided: Decided) {
        self.decision = decided.decision;
        self.resolutions = decided.resolutions;
    }

    /// The conflicts that keep a plan that takes this from being applied.
    pub fn open_conflicts(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts.iter().filter(|conflict| conflict.resolution.is_none())
    }

    /// What an apply would write. None: nothing, because it is left, or because nothing of it can cross now.
    pub fn write(&self) -> Option<Write> {
        self.writes().then(|| Write {
            kind: self.kind,
            id: self.target_id,
            after: self.after.clone(),
            bases: self.bases(),
            agreed: self.crossed.clone().filter(|_| self.is_combined()),
            bodies: self.bodies.clone(),
        })
    }

    fn bases(&self) -> Vec<(ResourceId, Option<ContentHash>)> {
        let other = (self.id != self.target_id).then_some((self.target_id, None));
        std::iter::once((self.id, self.agreed_hash())).chain(other).collect()
    }

    /// What the two agree on once this is taken; none: that it is absent.
    pub fn agreed_hash(&self) -> Option<ContentHash> {
        hash(self.crossed.as_ref())
    }

    fn is_combined(&self) -> bool {
        self.decision == Decision::Combine
    }

    /// Every difference: between what the target has and what it would have if this was taken; between base and target
    /// where there is nothing to take. Worked out on each call, since an apply has no use for it.
    pub fn fields(&self) -> Vec<FieldChange> {
        let source = if self.label == Label::TargetOnly { &self.base } else { &self.after };
        field::changes(
            self.base.as_ref().map(|state| &*state.document),
            self.target.as_ref().map(|state| &*state.document),
            source.as_ref().map(|state| &*state.document),
        )
    }

    /// Whether the caller wants it.
    pub(crate) fn is_taken(&self) -> bool {
        self.decision != Decision::Leave
    }

    /// Whether an apply changes the target by it, or what the two agree on: that all of the source's edits were settled
    /// for the target is worth keeping.
    pub(crate) fn writes(&self) -> bool {
        self.is_taken() && (self.is_combined() || hash(self.after.as_ref()) != hash(self.target.as_ref()))
    }

    /// What the target has after an apply.
    pub(crate) fn outcome(&self) -> Option<&State> {
        if self.is_taken() { self.after.as_ref() } else { self.target.as_ref() }
    }

    /// Works out what taking it would do. Gives the bodies that are to be in the context for that, and are not.
    pub(crate) fn carry(&mut self, carrier: Carrier<'_>, context: &Context) -> Result<BTreeSet<ContentHash>> {
        if self.label == Label::TargetOnly {
            return Ok(BTreeSet::new());
        }
        let (base, target) = (self.base.as_ref(), self.target.as_ref());
        self.crossed = self.source.as_ref().map(|source| carrier.onto(source, base, target)).transpose()?;
        self.after.clone_from(&self.crossed);
        self.warnings = match (&self.source, target.map(|target| &*target.document)) {
            (Some(source), _) => carrier.warnings(source, base, target),
            (None, Some(Document::Collection(collection))) => {
                self.collection_items =
                    context.collection_items.get(&self.target_id).copied().unwrap_or_default();
                vec![Warning::collection_deleted(&collection.name, self.collection_items)]
            }
            (None, _) => Vec::new(),
        };
        if self.is_combined() { self.combine(carrier, context) } else { Ok(BTreeSet::new()) }
    }

    fn combine(&mut self, carrier: Carrier<'_>, context: &Context) -> Result<BTreeSet<ContentHash>> {
        if self.kind == Kind::Config {
            return self.combine_configs().map(|()| BTreeSet::new());
        }
        if self.kind == Kind::Keychain {
            return self.combine_keychains(carrier).map(|()| BTreeSet::new());
        }
        let [base, source, target] =
            [&self.base, &self.source, &self.target].map(|side| side.as_ref().and_then(as_workflow));
        let (Some(source), Some(target)) = (source, target) else {
            return Err(Error::Bug("something other than two workflows is combined"));
        };
        let (source, base) = carrier.to_combine(source, base, target);
        let versions = Versions { base: base.as_ref(), source: &source, target };
        let bodies = |hash| context.bodies.get(&hash).cloned();
        let combined = combine(versions, &bodies, &self.resolutions)?;
        self.warnings.extend(combined.dropped_edges.iter().map(|edge| Warning::edge_dropped(edge)));
        let result = carrier.replacing(&combined.workflow, Some(target)).into_owned();
        let (jobs, triggers) = (result.jobs.iter().map(|job| job.id.0), result.triggers.iter());
        let left: BTreeSet<_> = jobs.chain(triggers.map(|trigger| trigger.id.0)).collect();
        self.warnings.retain(|warning| warning.part.is_none_or(|part| left.contains(&part)));
        self.after = Some(State::of(Document::Workflow(result))?);
        self.conflicts = combined.conflicts;
        self.bodies = combined.bodies;
        Ok(combined.wanted)
    }

    fn combine_configs(&mut self) -> Result<()> {
        let [base, source, target] = [&self.base, &self.crossed, &self.target]
            .map(|side| side.as_ref().and_then(|state| state.document.config()));
        let (Some(source), Some(target)) = (source, target) else {
            return Err(Error::Bug("something other than two configs is combined"));
        };
        let versions = ConfigVersions { base, source, target };
        let combined = combine_configs(versions, &self.resolutions)?;
        self.after = Some(State::of(Document::Config(combined.config))?);
        self.conflicts = combined.conflicts;
        Ok(())
    }

    fn combine_keychains(&mut self, carrier: Carrier<'_>) -> Result<()> {
        let [base, source, target] =
            [&self.base, &self.source, &self.target].map(|side| side.as_ref().and_then(as_keychain));
        let (Some(source), Some(target)) = (source, target) else {
            return Err(Error::Bug("something other than two keychains is combined"));
        };
        let (source, base) = carrier.keychains_to_combine(source, base, target);
        let versions = KeychainVersions { base: base.as_ref(), source: &source, target };
        let combined = combine_keychains(versions, &self.resolutions)?;
        let result = carrier.keychain(&combined.keychain, Some(target));
        self.after = Some(State::of(Document::Keychain(result))?);
        self.conflicts = combined.conflicts;
        Ok(())
    }

    /// What is bound of it: all that a person decided on, and what would come of it.
    pub(crate) fn mark(&self) -> Result<ContentHash> {
        let warnings = if self.is_taken() { self.warnings.as_slice() } else { &[] };
        let warnings: Vec<_> = warnings.iter().map(Warning::mark).collect();
        let mark = (
            (self.kind, self.id, self.target_id, self.label, self.decision),
            (&self.name, &self.renamed_from),
            [&self.base, &self.source, &self.target, &self.after].map(|state| hash(state.as_ref())),
            warnings,
        );
        serde_json::to_vec(&mark)
            .map(|bytes| ContentHash::of(&bytes))
            .map_err(|_| Error::Bug("an item of a plan that can't be digested"))
    }
}

/// None: absent.
pub(crate) fn hash(state: Option<&State>) -> Option<ContentHash> {
    state.map(|state| state.hash)
}
