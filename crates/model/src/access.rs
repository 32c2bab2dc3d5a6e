//! Who calls: principals, their tokens, and members of projects.

mod rules;
mod secret;

use serde::{Deserialize, Serialize};

pub use rules::{
    MAX_PRINCIPAL_NAME, MAX_TOKEN_NAME, TOKEN_TTL_DEFAULT, TOKEN_TTL_MAX, TOKEN_TTL_MIN, token_violations,
};
pub use secret::{RunSecret, TokenHash, TokenSecret};

use crate::{PrincipalId, ProjectId, Role, Time, TokenId};

/// A user or service account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// Its name for programs.
    pub id: PrincipalId,
    /// What it is.
    pub kind: PrincipalKind,
    /// 1–100 characters.
    pub name: String,
    /// Unique where given; at most 254 characters; empty: none.
    pub email: String,
    /// Manages users, service accounts and subscriptions. Gives no rights in projects.
    pub administrator: bool,
    /// When it was made.
    pub create_time: Time,
}

/// What a principal is. The numbers are kept in the database and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// A person.
    User = 1,
    /// A program.
    ServiceAccount = 2,
    /// A person of the operator's, who sees projects that allow support access.
    Support = 3,
}

impl Principal {
    /// Its e-mail address; of one that has none, one that can never be anybody's (RFC 2606), so that documents that name
    /// owners by their addresses can name it too.
    pub fn address(&self) -> String {
        if self.email.is_empty() { format!("{}@sandbar.invalid", self.id) } else { self.email.clone() }
    }
}

impl PrincipalKind {
    /// From its number in the database.
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::User),
            2 => Some(Self::ServiceAccount),
            3 => Some(Self::Support),
            _ => None,
        }
    }
}

/// A bearer token's record. The token itself is known only to its bearer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its name for programs; not secret.
    pub id: TokenId,
    /// Whom it speaks for.
    pub principal: PrincipalId,
    /// For people to recognise it by; at most 100 characters.
    pub name: String,
    /// What it is limited to.
    pub scope: Scope,
    /// Whether it counts as made with a second factor. Fixed when it is made.
    #[serde(default)]
    pub mfa: bool,
    /// When it was made.
    pub create_time: Time,
    /// None: never.
    pub expire_time: Option<Time>,
    /// None: not revoked.
    pub revoke_time: Option<Time>,
    /// Exact to about a minute.
    pub last_use_time: Option<Time>,
}

/// What a token is limited to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Only this project and those below it.
    pub project: Option<ProjectId>,
    /// At most this role.
    pub max_role: Option<Role>,
}

/// Somebody's place in a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub principal: PrincipalId,
    /// What they may do.
    pub role: Role,
}
