//! What things are: projects, workflows, configs, keychains, roles, tokens, the reasons for a refusal, and the rules that hold for each.
//!
//! Nothing here does I/O, reads a clock or makes an id.

pub mod access;
pub mod claim;
pub mod config;
pub mod credential;
pub mod document;
pub mod error;
pub mod field;
pub mod id;
pub mod item;
pub mod json;
pub mod keychain;
pub mod policy;
pub mod project;
pub mod run;
mod text;
pub mod time;
pub mod usage;
pub mod webhook;
pub mod workflow;

pub use config::Config;
pub use credential::Credential;
pub use document::{Collection, ContentHash, CredentialLink, Document, Kind};
pub use error::{Error, Result};
pub use field::{Violation, Violations};
pub use id::{
    CredentialId, DataclipId, EdgeId, JobId, MergeId, PrincipalId, ProjectId, ResourceId, Revision, RunId,
    TokenId, TriggerId, WebhookAuthMethodId,
};
pub use item::{Item, ItemFilter, KeyPattern};
pub use keychain::Keychain;
pub use policy::Role;
pub use project::Project;
pub use run::{Dataclip, Run};
pub use time::Time;
pub use webhook::WebhookAuthMethod;
pub use workflow::Workflow;
