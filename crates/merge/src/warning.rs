//! What a person should know before approving.

use sandbar_model::{ResourceId, claim::Claim, workflow::Uses};
use serde::Serialize;
use uuid::Uuid;

/// See `MergeWarning` in `merge.proto`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// What it is about.
    pub kind: WarningKind,
    /// The step or trigger that it is about. None: the whole resource.
    pub part: Option<Uuid>,
    /// One sentence for a person.
    pub message: String,
}

/// The kinds of warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// A step's credential or keychain can't follow, because the target does not have it.
    CredentialNotLinked,
    /// What a keychain falls back on can't follow, because the target does not link it.
    KeychainDefaultDropped,
    /// A keychain stays as it is in the target, because whoever merges may not write keychains there.
    KeychainNeedsAdmin,
    /// A new trigger arrives turned off.
    TriggerOff,
    /// The webhook auth methods of a new trigger can't follow, because the projects have different roots.
    AuthMethodsDropped,
    /// A collection would be deleted together with its items in the target.
    CollectionDeleted,
    /// An edge would go, because a step or trigger at an end of it does.
    EdgeDropped,
    /// A config would refer to something that the target does not have.
    ReferenceMissing,
    /// A name, custom path or trigger id is taken in the target. Taking it is refused.
    NameTaken,
    /// The result would break a rule of the target. Taking it is refused.
    InvalidResult,
}

impl WarningKind {
    /// Whether a plan that takes the resource can't be applied.
    pub const fn refuses(self) -> bool {
        match self {
            Self::NameTaken | Self::InvalidResult => true,
            Self::CredentialNotLinked
            | Self::KeychainDefaultDropped
            | Self::KeychainNeedsAdmin
            | Self::TriggerOff
            | Self::AuthMethodsDropped
            | Self::CollectionDeleted
            | Self::EdgeDropped
            | Self::ReferenceMissing => false,
        }
    }
}

impl Warning {
    /// What is bound of it. How many items a collection holds changes with every run and is no edit: what a plan token binds of
    /// that is for whoever makes the token.
    pub(crate) fn mark(&self) -> (WarningKind, Option<Uuid>, &str) {
        let said = if self.kind == WarningKind::CollectionDeleted { "" } else { &self.message };
        (self.kind, self.part, said)
    }

    pub(crate) fn credential((job, step): (Uuid, &str), (uses, name): (Uses, &str), stays: bool) -> Self {
        let outcome = if stays { "the target's own stays" } else { "the step arrives without one" };
        let advice = match uses {
            Uses::CredentialLink(_) => "link it there first to carry it",
            Uses::Keychain(_) => "make it there first to carry it, or take it too",
        };
        Self {
            kind: WarningKind::CredentialNotLinked,
            part: Some(job),
            message: format!(
                "step {step:?} uses {name}, which the target does not have: {outcome}; {advice}"
            ),
        }
    }

    pub(crate) fn keychain_default(keychain: &str, credential: &str, stays: bool) -> Self {
        let outcome = if stays { "the target's own default stays" } else { "it arrives without a default" };
        Self {
            kind: WarningKind::KeychainDefaultDropped,
            part: None,
            message: format!(
                "the keychain {keychain:?} falls back on {credential}, which the target does not have: {outcome}; link it there first to carry it"
            ),
        }
    }

    pub(crate) fn keychain_needs_admin(keychain: &str) -> Self {
        Self {
            kind: WarningKind::KeychainNeedsAdmin,
            part: None,
            message: format!(
                "the keychain {keychain:?} stays as it is in the target: only an admin there may write keychains; have one merge it"
            ),
        }
    }

    pub(crate) fn trigger_off(trigger: Uuid, what: &str) -> Self {
        Self {
            kind: WarningKind::TriggerOff,
            part: Some(trigger),
            message: format!(
                "the {what} is new in the target and arrives turned off; turn it on there when it is ready"
            ),
        }
    }

    pub(crate) fn auth_dropped(trigger: Uuid, count: usize) -> Self {
        Self {
            kind: WarningKind::AuthMethodsDropped,
            part: Some(trigger),
            message: format!(
                "the webhook trigger is guarded by {count} auth method(s) of another workspace, which can't follow; add the target's own before you turn it on"
            ),
        }
    }

    pub(crate) fn collection_deleted(name: &str, items: u64) -> Self {
        Self {
            kind: WarningKind::CollectionDeleted,
            part: None,
            message: format!(
                "the collection {name:?} would be deleted with the {items} item(s) that it holds in the target"
            ),
        }
    }

    pub(crate) fn edge_dropped(edge: &str) -> Self {
        Self {
            kind: WarningKind::EdgeDropped,
            part: None,
            message: format!("the {edge} would go, because one side removed what it leads from or to"),
        }
    }

    pub(crate) fn reference_missing(config: &str, what: &str) -> Self {
        Self {
            kind: WarningKind::ReferenceMissing,
            part: None,
            message: format!(
                "config {config:?} refers to {what}, which the target would not have; take that too, or change the reference there afterwards"
            ),
        }
    }

    pub(crate) fn taken(claim: &Claim, holder: ResourceId) -> Self {
        Self {
            kind: WarningKind::NameTaken,
            part: match claim {
                Claim::Trigger(id) => Some(id.0),
                Claim::Name(..) | Claim::CustomPath(_) | Claim::Guard(..) => None,
            },
            message: format!(
                "{} is taken in the target by another resource, {holder}; change one of the two, or take the other's change too",
                claim.phrase()
            ),
        }
    }

    pub(crate) fn invalid(part: Option<Uuid>, rule: String) -> Self {
        Self { kind: WarningKind::InvalidResult, part, message: rule }
    }
}
