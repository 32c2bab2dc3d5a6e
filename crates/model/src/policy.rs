//! Who may do what: the one table that every operation asks (1-domain §6).

use serde::{Deserialize, Serialize};

/// What a member may do in one project. Each role includes those before it. The numbers are kept in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees the project.
    Viewer = 1,
    /// Writes workflows and configs, makes sandboxes.
    Editor = 2,
    /// Changes settings, members, sandboxes.
    Admin = 3,
    /// Exactly one in each project.
    Owner = 4,
}

/// What a caller wants to do in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// See, list, get, watch, read history.
    See,
    /// Make a sandbox below it.
    CreateSandbox,
    /// Write workflows and configs, turn triggers on and off.
    Write,
    /// Put and delete items of collections.
    WriteItems,
    /// Link and unlink credentials.
    LinkCredentials,
    /// Update, delete or restore it (a sandbox).
    ManageSandbox,
    /// Merge from it.
    MergeFrom,
    /// Merge into it.
    MergeInto,
    /// Change its settings.
    ManageSettings,
    /// Add, change and remove members.
    ManageMembers,
    /// Create, rename and delete collections.
    ManageCollections,
    /// Make another member its owner.
    TransferOwnership,
    /// Write and delete keychains.
    ManageKeychains,
    /// Make, rename and delete webhook auth methods (of a root).
    ManageWebhookAuth,
    /// Make, list and revoke its tokens.
    ManageTokens,
    /// Delete, restore or transfer it (a root).
    DeleteRoot,
    /// Read what the audit trail tells of it.
    ReadAudit,
    /// Start and cancel runs, make, name and delete dataclips.
    StartRuns,
}

/// What is known of a caller's standing in a project. Facts only: reading them is the store's work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The caller's role in the project, as a direct member, lowered to what the token allows.
    pub role: Option<Role>,
    /// The caller's role in the root of the tree, likewise.
    pub root_role: Option<Role>,
    /// Whether the caller is a support user and the project allows support access.
    pub support: bool,
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The caller may not know that the project exists.
    Hidden,
    /// The caller sees the project and needs this role in it.
    Needs(Role),
}

impl Role {
    /// The word for it in messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// From its number in the database.
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Viewer),
            2 => Some(Self::Editor),
            3 => Some(Self::Admin),
            4 => Some(Self::Owner),
            _ => None,
        }
    }
}

impl Action {
    /// Every action, for tests that walk the table.
    pub const ALL: [Self; 18] = [
        Self::See,
        Self::CreateSandbox,
        Self::Write,
        Self::WriteItems,
        Self::LinkCredentials,
        Self::ManageSandbox,
        Self::MergeFrom,
        Self::MergeInto,
        Self::ManageSettings,
        Self::ManageMembers,
        Self::ManageCollections,
        Self::TransferOwnership,
        Self::ManageKeychains,
        Self::ManageWebhookAuth,
        Self::ManageTokens,
        Self::DeleteRoot,
        Self::ReadAudit,
        Self::StartRuns,
    ];

    /// The lowest role in the project that may.
    pub const fn needs(self) -> Role {
        match self {
            Self::See => Role::Viewer,
            Self::CreateSandbox
            | Self::Write
            | Self::WriteItems
            | Self::LinkCredentials
            | Self::StartRuns
            | Self::MergeInto => Role::Editor,
            Self::ManageSandbox
            | Self::MergeFrom
            | Self::ManageSettings
            | Self::ManageMembers
            | Self::ManageCollections
            | Self::ManageKeychains
            | Self::ManageWebhookAuth
            | Self::ManageTokens
            | Self::ReadAudit => Role::Admin,
            Self::DeleteRoot | Self::TransferOwnership => Role::Owner,
        }
    }

    /// Whether admins and owners of the tree's root may too, as non-members.
    pub const fn open_to_root_admins(self) -> bool {
        matches!(self, Self::ManageSandbox | Self::MergeFrom | Self::ReadAudit)
    }

    /// What a message calls it, as the subject of a sentence.
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::See => "seeing the project",
            Self::CreateSandbox => "making a sandbox",
            Self::Write => "writing workflows and configs",
            Self::WriteItems => "writing items of collections",
            Self::LinkCredentials => "linking or unlinking credentials",
            Self::ManageSandbox => "changing, deleting or restoring a sandbox",
            Self::MergeFrom => "merging from a project",
            Self::MergeInto => "merging into a project",
            Self::ManageSettings => "changing settings",
            Self::ManageMembers => "changing members",
            Self::ManageCollections => "creating, renaming or deleting collections",
            Self::TransferOwnership => "giving the project to another owner",
            Self::ManageKeychains => "writing or deleting keychains",
            Self::ManageWebhookAuth => "making, renaming or deleting webhook auth methods",
            Self::ManageTokens => "managing the project's tokens",
            Self::DeleteRoot => "deleting or restoring a root project",
            Self::ReadAudit => "reading the audit trail",
            Self::StartRuns => "starting or cancelling runs, or changing dataclips",
        }
    }
}

/// Whether a caller may take runs out of the queues of a tree, and with them their run tokens, which open the values of
/// credentials. So it takes a service account, which only administrators of the service make, and which an admin of the
/// *root* made at least an editor there: a worker of production is chosen in production, and none of its sandboxes can
/// choose one. Administrators of the service may not as such: they see no project.
///
/// # Errors
/// [`Refusal`], where `Needs` stands for being such an account.
pub fn may_work(is_service_account: bool, standing: Standing) -> Result<(), Refusal> {
    let editor_of_root = standing.root_role.is_some_and(|role| role >= Role::Editor);
    if is_service_account && editor_of_root {
        Ok(())
    } else if standing.role.is_some() || standing.support {
        Err(Refusal::Needs(Role::Editor))
    } else {
        Err(Refusal::Hidden)
    }
}

/// What a caller's memberships come to with the token that the call carries: a role limit lowers the role in the project
/// and the one in the root alike; outside the token's scope nothing is left, not even a support user's sight.
///
/// `support`: the caller is a support user and the project allows support access. `in_scope`: the token isn't limited to
/// a project, or the project is that one or below it.
pub fn standing(
    role: Option<Role>,
    root_role: Option<Role>,
    support: bool,
    scope_max_role: Option<Role>,
    in_scope: bool,
) -> Standing {
    if !in_scope {
        return Standing::default();
    }
    let lowered = |role: Role| scope_max_role.map_or(role, |limit| role.min(limit));
    Standing { role: role.map(lowered), root_role: root_role.map(lowered), support }
}

/// Decides. `Hidden` comes before `Needs`: who may not see a project must not learn that it exists.
///
/// # Errors
/// The [`Refusal`], when the caller may not.
pub fn may(standing: Standing, action: Action) -> Result<(), Refusal> {
    let allowed_by_role = standing.role.is_some_and(|role| role >= action.needs());
    let allowed_by_root =
        action.open_to_root_admins() && standing.root_role.is_some_and(|role| role >= Role::Admin);
    let allowed_by_support = action == Action::See && standing.support;
    if allowed_by_role || allowed_by_root || allowed_by_support {
        Ok(())
    } else if standing.role.is_some() || standing.support {
        Err(Refusal::Needs(action.needs()))
    } else {
        Err(Refusal::Hidden)
    }
}
