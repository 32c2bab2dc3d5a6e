//! A source and a target with what they agreed on: what the store keeps, as maps.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};

use sandbar_merge::{
    Candidate, Choices, Context, Decision, Item, Label, Plan, Purpose, Selector, State, Write, claims, plan,
};
use sandbar_model::{ContentHash, Document, Kind, ResourceId, workflow::Uses};

use super::{body, history::body_text, id, state};

pub type Key = (Kind, ResourceId);
pub type Project = BTreeMap<Key, State>;

/// A keychain that every project has, though it is listed in none.
pub const KEYCHAIN: u128 = 0xcafe;

/// A fresh fork has source = target = base.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub base: Project,
    pub source: Project,
    pub target: Project,
    /// Those of bodies that neither the generator nor a saved state has.
    pub texts: BTreeMap<ContentHash, Arc<str>>,
}

/// Every text that the generator gives a step.
static GENERATED: LazyLock<BTreeMap<ContentHash, Arc<str>>> = LazyLock::new(|| {
    let numbered = (0..8).map(|n| format!("text {n}"));
    let texts = ["start", "body", "new step", "new", "source", "target", "base"].map(str::to_owned);
    numbered.chain(texts).map(|text| (body(&text), Arc::from(text))).collect()
});

pub fn project(resources: impl IntoIterator<Item = (u128, Document)>) -> Project {
    let keyed = |(n, document): (u128, Document)| ((document.kind(), id(n)), state(document));
    resources.into_iter().map(keyed).collect()
}

impl World {
    pub fn fork(project: Project) -> Self {
        Self { base: project.clone(), source: project.clone(), target: project, ..Self::default() }
    }

    /// By hand: what both agreed on, what each has.
    pub fn of<const B: usize, const S: usize, const T: usize>(
        base: [(u128, Document); B],
        source: [(u128, Document); S],
        target: [(u128, Document); T],
    ) -> Self {
        Self { base: project(base), source: project(source), target: project(target), ..Self::default() }
    }

    /// What either side touched, and nothing else, as the store finds it.
    pub fn candidates(&self) -> Vec<Candidate> {
        self.all().into_iter().filter(|one| one.source != one.base || one.target != one.base).collect()
    }

    /// Every resource.
    pub fn all(&self) -> Vec<Candidate> {
        let keys: BTreeSet<_> =
            [&self.base, &self.source, &self.target].into_iter().flat_map(BTreeMap::keys).collect();
        keys.into_iter()
            .map(|key| Candidate {
                kind: key.0,
                id: key.1,
                base: self.base.get(key).cloned(),
                source: self.source.get(key).cloned(),
                target: self.target.get(key).cloned(),
            })
            .collect()
    }

    /// A body's.
    pub fn text(&self, hash: ContentHash) -> Option<Arc<str>> {
        let known = self.texts.get(&hash).or_else(|| GENERATED.get(&hash)).cloned();
        known.or_else(|| body_text(hash))
    }

    pub fn context(&self) -> Context {
        let keychain = id(KEYCHAIN);
        let links = self.target.keys().filter(|key| key.0 == Kind::CredentialLink).map(|key| key.1);
        let keychains = self.target.keys().filter(|key| key.0 == Kind::Keychain).map(|key| key.1);
        let held = self
            .target
            .iter()
            .flat_map(|(key, state)| claims(&state.document).into_iter().map(|claim| (claim, key.1)));
        Context {
            purpose: Purpose::Merge,
            same_root: true,
            target_links: links.collect(),
            target_keychains: keychains.chain([keychain]).collect(),
            may_write_keychains: true,
            target_resources: self.target.keys().copied().collect(),
            holders: held.collect(),
            collection_items: BTreeMap::new(),
            bodies: BTreeMap::new(),
        }
    }

    pub fn plan(&self, choices: &Choices) -> Plan {
        plan(self.candidates(), &self.context(), choices).expect("the choices can be made")
    }

    pub fn defaults(&self) -> Plan {
        self.plan(&Choices::defaults())
    }

    /// With everything taken or overwritten.
    pub fn everything(&self) -> Plan {
        let choices = all_of(&self.defaults());
        self.plan(&choices)
    }

    /// What the store does with a plan.
    pub fn apply(&mut self, plan: &Plan) {
        assert!(plan.blocked().is_none(), "{:?}", plan.blocked());
        for item in plan.selected() {
            let write = item.write().expect("a selected item writes");
            set(&mut self.target, (write.kind, write.id), write.after.clone());
            self.texts.extend(write.bodies.iter().map(|(hash, text)| (*hash, Arc::from(text.as_str()))));
            for (id, hash) in write.bases {
                let mut kept = [&write.after, &write.agreed].into_iter().flatten();
                let agreed = kept.find(|state| Some(state.hash) == hash).cloned();
                assert_eq!(
                    agreed.is_some(),
                    hash.is_some(),
                    "a base is a content that the target has or was given"
                );
                set(&mut self.base, (write.kind, id), agreed);
            }
        }
    }

    /// The same two projects, looked at from the other side.
    pub fn turned(self) -> Self {
        Self { base: self.base, source: self.target, target: self.source, texts: self.texts }
    }

    /// The revert of these writes, on a target that was `before` when they were made.
    pub fn revert(writes: &[Write], before: &Project, now: &Project) -> Self {
        let mut world = Self { target: now.clone(), ..Self::default() };
        for write in writes {
            let key = (write.kind, write.id);
            set(&mut world.base, key, write.after.clone());
            set(&mut world.source, key, before.get(&key).cloned());
        }
        // Only what the merge wrote is looked at.
        world.target.retain(|key, _| world.base.contains_key(key) || world.source.contains_key(key));
        world
    }
}

/// The choices that take everything that a plan lists.
pub fn all_of(plan: &Plan) -> Choices {
    let decision = |item: &Item| match item.label {
        Label::New | Label::Changed | Label::Deleted => Some(Decision::Take),
        Label::Diverged => Some(Decision::Overwrite),
        Label::TargetOnly => None,
    };
    let choice = |item: &Item| Some((Selector::Key(item.kind, item.id), decision(item)?));
    Choices { choices: plan.items.iter().filter_map(choice).collect(), ..Choices::default() }
}

fn set(project: &mut Project, key: Key, state: Option<State>) {
    match state {
        Some(state) => project.insert(key, state),
        None => project.remove(&key),
    };
}

/// Everything that is wrong with a project: rules of each workflow, claims made twice, links that are not there.
pub fn faults(project: &Project) -> Vec<String> {
    let mut faults = Vec::new();
    let mut held = BTreeMap::new();
    for ((kind, id), state) in project {
        for claim in claims(&state.document) {
            if let Some(other) = held.insert(claim.clone(), *id) {
                faults.push(format!("{} is held by {other} and {id}", claim.phrase()));
            }
        }
        if let Some((keychain, link)) =
            state.document.keychain().and_then(|one| Some((one, one.default_link?)))
            && !project.contains_key(&(Kind::CredentialLink, link))
        {
            faults.push(format!("{} falls back on {link}", keychain.name));
        }
        let Document::Workflow(workflow) = &*state.document else { continue };
        faults.extend(workflow.violations("").0.into_iter().map(|v| format!("{kind:?} {id}: {v:?}")));
        for job in &workflow.jobs {
            if let Some(Uses::CredentialLink(link)) = job.uses
                && !project.contains_key(&(Kind::CredentialLink, link))
            {
                faults.push(format!("{} uses {link}", job.name));
            }
            if let Some(Uses::Keychain(keychain)) = job.uses
                && keychain != super::id(KEYCHAIN)
                && !project.contains_key(&(Kind::Keychain, keychain))
            {
                faults.push(format!("{} uses {keychain}", job.name));
            }
        }
    }
    faults
}
