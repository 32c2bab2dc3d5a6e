//! What a document is read as: one resource after another.

use std::collections::BTreeMap;

use sandbar_model::{Collection, Config, CredentialLink, Keychain, ResourceId, TriggerId, Workflow};

/// One resource of the document.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// A workflow with its bodies.
    Workflow(WorkflowPiece),
    /// A collection's name.
    Collection {
        /// None: the document names none.
        id: Option<ResourceId>,
        /// With an empty name where one is deleted by id alone.
        collection: Collection,
        /// Whether the document says that it goes.
        delete: bool,
    },
    /// A credential that the project may use.
    CredentialLink {
        /// What jobs of the same document refer to. None: the document names none.
        id: Option<ResourceId>,
        /// With empty parts where one is deleted by id alone.
        link: CredentialLink,
        /// Whether the document says that it goes.
        delete: bool,
    },
    /// A config with its value. `OpenFn`'s own documents have none.
    Config {
        /// None: the document names none.
        id: Option<ResourceId>,
        /// With empty parts where one is deleted by id alone.
        config: Config,
        /// Whether the document says that it goes.
        delete: bool,
    },
    /// A keychain. `OpenFn`'s own documents have none.
    Keychain {
        /// What jobs of the same document refer to. None: the document names none.
        id: Option<ResourceId>,
        /// With empty parts where one is deleted by id alone.
        keychain: Keychain,
        /// Whether the document says that it goes.
        delete: bool,
    },
}

/// See [`Piece::Workflow`].
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowPiece {
    /// None: the document names none.
    pub id: Option<ResourceId>,
    /// All of its content, parts sorted by id. Of a deleted one only the name is read, which may be empty.
    pub workflow: Workflow<String>,
    /// Whether each trigger is on; those of which the document says nothing are not in it.
    pub enabled: BTreeMap<TriggerId, bool>,
    /// Whether the document says that it goes: `"delete": true`, or a `deleted_at`.
    pub delete: bool,
    /// The server's count that the writer of the document saw last. No content: an import has no use for it.
    pub lock_version: Option<i64>,
    /// What the document says nothing of. An import takes that for the default.
    pub silent: Silent,
}

/// What a document says nothing of in a workflow, because its writer may not know that there is such a thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Silent {
    /// `concurrency`.
    pub concurrency: bool,
    /// `enable_job_logs`.
    pub enable_job_logs: bool,
    /// `positions`.
    pub positions: bool,
    /// Of each trigger.
    pub triggers: BTreeMap<TriggerId, SilentTrigger>,
}

/// What a document says nothing of in a trigger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each key")]
pub struct SilentTrigger {
    /// `custom_path`.
    pub custom_path: bool,
    /// `webhook_reply`.
    pub reply: bool,
    /// `webhook_response_config`.
    pub codes: bool,
    /// `cron_expression`.
    pub expression: bool,
    /// `cron_cursor_job_id`.
    pub cursor_job: bool,
}
