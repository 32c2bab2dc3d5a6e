//! A project: a root (the workspace, production) or a sandbox of another project; rules of 1-domain §2.

mod rules;

pub(crate) use rules::check_environment;

use serde::{Deserialize, Serialize};

pub use rules::{
    MAX_DESCRIPTION, MAX_PROJECT_NAME, SANDBOX_TTL_MAX, SANDBOX_TTL_MIN, sandbox_ttl_violations, slug,
};

use crate::{PrincipalId, ProjectId, Revision, Time};

/// The deepest that sandboxes may nest, unless the operator says less.
pub const MAX_DEPTH: u32 = 5;

/// The environment of a root made without one.
pub const ROOT_ENVIRONMENT: &str = "main";
/// The environment of a sandbox made without one.
pub const SANDBOX_ENVIRONMENT: &str = "dev";

/// The colours of which a sandbox made without one gets a random one: far enough apart to tell, dark enough to carry
/// white text (a contrast of at least 4.5, WCAG 2 level AA).
pub const PALETTE: [&str; 16] = [
    "#b91c1c", "#c2410c", "#92590a", "#5b5f07", "#3b7a1a", "#166534", "#047464", "#0e7490", "#78350f",
    "#1d4ed8", "#312e81", "#6d28d9", "#a21caf", "#be185d", "#7f1d3f", "#475569",
];

/// What a person chooses about a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// `[a-z0-9-]{1,100}`.
    pub name: String,
    /// At most 240 characters.
    pub description: String,
    /// `#rgb`, `#rrggbb` or `#rrggbbaa`, or empty.
    pub color: String,
    /// The label that picks credential values: `[a-z0-9][a-z0-9_-]{0,31}`.
    pub environment: String,
    /// See [`Settings`].
    pub settings: Settings,
}

/// How a project's runs go and what is kept of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Runs at once, at least 1; none: no limit of its own.
    pub concurrency: Option<u32>,
    /// Whether support users may see the project.
    pub allow_support_access: bool,
    /// Whether callers must have signed in with a second factor.
    pub requires_mfa: bool,
    /// See [`RetentionPolicy`].
    pub retention_policy: RetentionPolicy,
    /// One of [`RETENTION_DAYS`]; none: for ever.
    pub history_retention_days: Option<u32>,
    /// One of [`RETENTION_DAYS`], at most the history's; none when that is none or the policy is erase-all.
    pub dataclip_retention_days: Option<u32>,
}

/// The lengths of time that history can be kept for.
pub const RETENTION_DAYS: [u32; 6] = [7, 14, 30, 90, 180, 365];

/// Which run history is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetentionPolicy {
    /// All of it.
    #[default]
    RetainAll,
    /// Only of runs that failed.
    RetainWithErrors,
    /// None of it.
    EraseAll,
}

/// A project as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its name for programs.
    pub id: ProjectId,
    /// The root of its tree; its own id in a root.
    pub root: ProjectId,
    /// None in a root.
    pub fork: Option<Fork>,
    /// 0 in a root, the parent's + 1 in a sandbox.
    pub depth: u32,
    /// The newest revision of its resources.
    pub head: Revision,
    /// Counts the writes to this record; the etag.
    pub version: i64,
    /// What a person chose.
    pub profile: Profile,
    /// Live workflows, those read through the fork included.
    pub workflow_count: i64,
    /// Live collections, likewise.
    pub collection_count: i64,
    /// None: active. Else it is scheduled for deletion.
    pub scheduled: Option<Schedule>,
    /// When a sandbox is scheduled for deletion by itself.
    pub expire_time: Option<Time>,
    /// When it was made.
    pub create_time: Time,
    /// When this record was last written.
    pub update_time: Time,
    /// Who made it.
    pub creator: PrincipalId,
    /// Counts the switches of its triggers, so that what was read of them can be remembered until the next.
    pub trigger_version: i64,
}

/// What letting callers in and reading resources needs to know of a project: a few numbers of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProjectRef {
    /// See [`Project::id`].
    pub id: ProjectId,
    /// See [`Project::root`].
    pub root: ProjectId,
    /// See [`Project::fork`].
    pub fork: Option<Fork>,
    /// See [`Project::head`].
    pub head: Revision,
    /// See [`Project::trigger_version`].
    pub trigger_version: i64,
    /// See [`Settings::allow_support_access`].
    pub allow_support_access: bool,
    /// See [`Settings::requires_mfa`].
    pub requires_mfa: bool,
}

impl From<&Project> for ProjectRef {
    fn from(project: &Project) -> Self {
        let Project { id, root, fork, head, trigger_version, .. } = *project;
        let Settings { allow_support_access, requires_mfa, .. } = project.profile.settings;
        Self { id, root, fork, head, trigger_version, allow_support_access, requires_mfa }
    }
}

/// What a sandbox was cloned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fork {
    /// The project that it reads through to.
    pub parent: ProjectId,
    /// As it was at this revision. Never moves.
    pub at: Revision,
}

/// When a project was told to go and when it will be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// When its deletion was asked for.
    pub delete_time: Time,
    /// When the purge worker may remove it.
    pub purge_time: Time,
}

impl Project {
    /// Whether it has a parent.
    pub fn is_sandbox(&self) -> bool {
        self.fork.is_some()
    }
}
