//! Names of things. Look-alikes are types of their own, so that one can't be given for another.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::try_parse(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// A project: a root or a sandbox.
    ProjectId
    /// A workflow, collection or other resource; the same in every sandbox of a tree.
    ResourceId
    /// A step of a workflow.
    JobId
    /// A trigger of a workflow.
    TriggerId
    /// An edge of a workflow.
    EdgeId
    /// A user or service account.
    PrincipalId
    /// A bearer token's record (not the token).
    TokenId
    /// The record of a merge.
    MergeId
    /// A credential of a user; its values are kept for each environment.
    CredentialId
    /// A webhook auth method of a root.
    WebhookAuthMethodId
    /// A run of a workflow.
    RunId
    /// What a run begins or ends with.
    DataclipId
}

/// A project's counter: every write to one of its resources takes the next one. 0: nothing was written yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub i64);

impl Revision {
    /// Later than every revision: reads "as it is now".
    pub const NEWEST: Self = Self(i64::MAX - 1);
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
