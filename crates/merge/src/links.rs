//! Which credentials and keychains a step can use in the target.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{Document, Kind, ResourceId, workflow::Uses};

use crate::{Context, Item, pair::Subject};

/// The target's credential links and keychains, as a plan would leave them.
#[derive(Clone, Debug)]
pub(crate) struct Links<'a> {
    context: &'a Context,
    /// Those of the target's that are candidates themselves.
    looked_at: BTreeSet<Uses>,
    added: BTreeSet<Uses>,
    removed: BTreeSet<Uses>,
    /// A link or keychain of the source → the target's to the same credential, or of the same name.
    same: BTreeMap<Uses, Uses>,
    /// What a person calls them, as far as the plan looked at them.
    names: BTreeMap<Uses, String>,
}

impl<'a> Links<'a> {
    /// As if every one that the source has was taken, and none removed: what *can* cross, whatever the caller decides.
    pub(crate) fn reachable(subjects: &[Subject], context: &'a Context) -> Self {
        let mut links = Self {
            context,
            looked_at: BTreeSet::new(),
            added: BTreeSet::new(),
            removed: BTreeSet::new(),
            same: BTreeMap::new(),
            names: BTreeMap::new(),
        };
        for subject in subjects {
            let (Some(own), Some(theirs)) =
                (uses(subject.kind, subject.id), uses(subject.kind, subject.target_id))
            else {
                continue;
            };
            let may = subject.kind != Kind::Keychain || context.may_write_keychains;
            if subject.target.is_some() {
                links.looked_at.insert(theirs);
            } else if subject.source.is_some() && subject.source != subject.base && may {
                // One that the target removed, and the source did not touch, can't be taken.
                links.added.insert(theirs);
            }
            if own != theirs {
                links.same.insert(own, theirs);
            }
            for state in [&subject.base, &subject.target, &subject.source].into_iter().flatten() {
                if let Some(name) = name(&state.document) {
                    links.names.insert(own, name.clone());
                    links.names.insert(theirs, name);
                }
            }
        }
        links
    }

    /// As these decisions leave them.
    pub(crate) fn decided(self, items: &[Item]) -> Self {
        let taken = |there: bool| {
            let taken = items.iter().filter(move |item| item.is_taken() && item.source.is_some() == there);
            taken.filter_map(|item| uses(item.kind, item.target_id)).collect()
        };
        Self { added: taken(true), removed: taken(false), ..self }
    }

    /// What a step of the source uses, as the target has it. None: the target does not have it.
    pub(crate) fn resolved(&self, uses: Uses) -> Option<Uses> {
        let uses = self.translated(uses);
        let known = self.has(uses) || self.looked_at.contains(&uses);
        (self.added.contains(&uses) || (known && !self.removes(uses))).then_some(uses)
    }

    /// What a step of the source uses, under the target's id if it is the same, whether the target has it or not.
    pub(crate) fn translated(&self, uses: Uses) -> Uses {
        self.same.get(&uses).copied().unwrap_or(uses)
    }

    /// The same of a credential link, which a keychain may fall back on.
    pub(crate) fn resolved_link(&self, link: ResourceId) -> Option<ResourceId> {
        self.resolved(Uses::CredentialLink(link)).map(id_of)
    }

    /// The same of a credential link.
    pub(crate) fn translated_link(&self, link: ResourceId) -> ResourceId {
        id_of(self.translated(Uses::CredentialLink(link)))
    }

    fn has(&self, uses: Uses) -> bool {
        match uses {
            Uses::CredentialLink(id) => self.context.target_links.contains(&id),
            Uses::Keychain(id) => self.context.target_keychains.contains(&id),
        }
    }

    /// Whether the plan takes this one of the target's away.
    pub(crate) fn removes(&self, uses: Uses) -> bool {
        self.removed.contains(&uses)
    }

    /// For a message.
    pub(crate) fn name(&self, uses: Uses) -> String {
        self.names.get(&uses).cloned().unwrap_or_else(|| match uses {
            Uses::CredentialLink(id) => format!("the credential {id}"),
            Uses::Keychain(id) => format!("the keychain {id}"),
        })
    }
}

/// What a step that uses the resource holds. None: no step can use one of this kind.
pub(crate) fn uses(kind: Kind, id: ResourceId) -> Option<Uses> {
    match kind {
        Kind::CredentialLink => Some(Uses::CredentialLink(id)),
        Kind::Keychain => Some(Uses::Keychain(id)),
        Kind::Workflow | Kind::Collection | Kind::Config => None,
    }
}

fn id_of(uses: Uses) -> ResourceId {
    match uses {
        Uses::CredentialLink(id) | Uses::Keychain(id) => id,
    }
}

fn name(document: &Document) -> Option<String> {
    match document {
        Document::CredentialLink(link) => Some(format!("the credential {:?} of {}", link.name, link.owner)),
        Document::Keychain(keychain) => Some(format!("the keychain {:?}", keychain.name)),
        Document::Workflow(_) | Document::Collection(_) | Document::Config(_) => None,
    }
}
