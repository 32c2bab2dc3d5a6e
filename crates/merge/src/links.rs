//! Which credentials a step can use in the target.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{Kind, ResourceId, workflow::Uses};

use crate::{Context, Item, pair::Subject};

/// The target's credential links and keychains, as a plan would leave them.
#[derive(Clone, Debug)]
pub(crate) struct Links<'a> {
    target: &'a BTreeSet<ResourceId>,
    /// Those of the target's that are candidates themselves.
    looked_at: BTreeSet<ResourceId>,
    added: BTreeSet<ResourceId>,
    removed: BTreeSet<ResourceId>,
    /// A link of the source → the target's link to the same credential.
    same: BTreeMap<ResourceId, ResourceId>,
    /// What a person calls them, as far as the plan looked at them.
    names: BTreeMap<ResourceId, String>,
}

impl<'a> Links<'a> {
    /// As if every link that the source has was taken, and none removed: what *can* cross, whatever the caller
    /// decides.
    pub(crate) fn reachable(subjects: &[Subject], context: &'a Context) -> Self {
        let mut links = Self {
            target: &context.target_links,
            looked_at: BTreeSet::new(),
            added: BTreeSet::new(),
            removed: BTreeSet::new(),
            same: BTreeMap::new(),
            names: BTreeMap::new(),
        };
        for subject in subjects.iter().filter(|subject| subject.kind == Kind::CredentialLink) {
            if subject.target.is_some() {
                links.looked_at.insert(subject.target_id);
            } else if subject.source.is_some() && subject.source != subject.base {
                // One that the target removed, and the source did not touch, can't be taken.
                links.added.insert(subject.target_id);
            }
            if subject.id != subject.target_id {
                links.same.insert(subject.id, subject.target_id);
            }
            for state in [&subject.base, &subject.target, &subject.source].into_iter().flatten() {
                if let Some(link) = state.document.credential_link() {
                    let name = format!("the credential {:?} of {}", link.name, link.owner);
                    links.names.insert(subject.id, name.clone());
                    links.names.insert(subject.target_id, name);
                }
            }
        }
        links
    }

    /// As these decisions leave them.
    pub(crate) fn decided(self, items: &[Item]) -> Self {
        let taken = || items.iter().filter(|item| item.kind == Kind::CredentialLink && item.is_taken());
        let ids = |there: bool| {
            taken().filter(move |item| item.source.is_some() == there).map(|item| item.target_id).collect()
        };
        Self { added: ids(true), removed: ids(false), ..self }
    }

    /// What a step of the source uses, as the target has it. None: the target does not have it.
    pub(crate) fn resolved(&self, uses: Uses) -> Option<Uses> {
        match uses {
            Uses::CredentialLink(id) => self.resolve(id).map(Uses::CredentialLink),
            Uses::Keychain(id) => self.resolve(id).map(Uses::Keychain),
        }
    }

    /// What a step of the source uses, under the target's id if it is the same credential, whether the target has it or not.
    pub(crate) fn translated(&self, uses: Uses) -> Uses {
        let same = |id| self.same.get(&id).copied().unwrap_or(id);
        match uses {
            Uses::CredentialLink(id) => Uses::CredentialLink(same(id)),
            Uses::Keychain(id) => Uses::Keychain(same(id)),
        }
    }

    /// The target's id for a link or keychain that a step of the source uses. None: the target does not have it.
    fn resolve(&self, id: ResourceId) -> Option<ResourceId> {
        let id = self.same.get(&id).copied().unwrap_or(id);
        let known = self.target.contains(&id) || self.looked_at.contains(&id);
        (self.added.contains(&id) || (known && !self.removes(id))).then_some(id)
    }

    /// Whether the plan takes this link of the target's away.
    pub(crate) fn removes(&self, id: ResourceId) -> bool {
        self.removed.contains(&id)
    }

    /// For a message.
    pub(crate) fn name(&self, id: ResourceId) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| format!("the credential {id}"))
    }
}
