//! `token …`, `member …`, `principal …`: who may do what.

use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use sandbar_client::prost_types;
use sandbar_client::v1::{
    CreatePrincipalRequest, CreateTokenRequest, ListMembersRequest, ListPrincipalsRequest, ListTokensRequest,
    Member, Principal, PrincipalKind, RemoveMemberRequest, RevokeTokenRequest, Role, RotateTokenRequest,
    SetMemberRequest, TransferOwnershipRequest,
};

use crate::args::duration;
use crate::failure::Failure;
use crate::output::note;
use crate::render::{tables, visible};
use crate::resolve::uuid;
use crate::session::Session;

/// `token …`.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token. It is shown this once
    Create {
        /// For people to recognise it by
        name: String,
        /// The only project (and those below it) that it works for. Default: all of the principal's
        #[arg(long)]
        project: Option<String>,
        /// The role that it gives at most. Default: the principal's own
        #[arg(long, value_enum)]
        max_role: Option<RoleWord>,
        /// How long it works: 1m to 366d. Default: 90d
        #[arg(long, value_parser = duration)]
        ttl: Option<Duration>,
        /// Whose token it is, by id. Default: yours
        #[arg(long, default_value = "", hide_default_value = true, value_name = "ID")]
        principal: String,
        /// Whether it counts as made with a second factor. Default: as the one that you use
        #[arg(long, value_name = "YES", num_args = 0..=1, default_missing_value = "true")]
        mfa: Option<bool>,
    },
    /// List your tokens, or those limited to a project
    List {
        /// The project
        #[arg(long)]
        project: Option<String>,
    },
    /// Make a token in place of another one, which goes on for a while. It is shown this once
    Rotate {
        /// The token's id. Default: the one that you use
        #[arg(default_value = "", hide_default_value = true)]
        token: String,
        /// How long the old one goes on at most: up to 30d. Default: 1h
        #[arg(long, value_parser = duration)]
        overlap: Option<Duration>,
    },
    /// End a token at once
    Revoke {
        /// The token's id
        token: String,
    },
}

/// `member …`.
#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// List a project's members
    List {
        /// The project
        project: String,
    },
    /// Add a member, or change its role
    Set {
        /// The project
        project: String,
        /// The principal's id; of one that is a member already, also its email or name
        member: String,
        /// The role
        #[arg(value_enum)]
        role: RoleWord,
    },
    /// Make a member the owner; you are an admin then
    Transfer {
        /// The project
        project: String,
        /// The member's id, email or name
        member: String,
    },
    /// Remove a member
    Remove {
        /// The project
        project: String,
        /// The principal's id, email or name
        member: String,
    },
}

/// `principal …`.
#[derive(Debug, Subcommand)]
pub(crate) enum PrincipalCommand {
    /// Make a user or service account
    Create {
        /// What it is
        #[arg(value_enum)]
        kind: KindWord,
        /// 1 to 100 characters
        name: String,
        /// Unique where given
        #[arg(long, default_value = "", hide_default_value = true)]
        email: String,
        /// Manages users, service accounts and subscriptions
        #[arg(long)]
        administrator: bool,
    },
    /// List users and service accounts
    List,
}

/// A role that can be given.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RoleWord {
    /// Sees
    Viewer,
    /// Also writes workflows and makes sandboxes
    Editor,
    /// Also changes settings and members, and merges
    Admin,
}

/// What a principal is.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum KindWord {
    /// A person
    User,
    /// A program
    ServiceAccount,
    /// A person of the operator's, who sees projects that allow support access
    Support,
}

impl From<RoleWord> for Role {
    fn from(role: RoleWord) -> Self {
        match role {
            RoleWord::Viewer => Self::Viewer,
            RoleWord::Editor => Self::Editor,
            RoleWord::Admin => Self::Admin,
        }
    }
}

impl From<KindWord> for PrincipalKind {
    fn from(kind: KindWord) -> Self {
        match kind {
            KindWord::User => Self::User,
            KindWord::ServiceAccount => Self::ServiceAccount,
            KindWord::Support => Self::Support,
        }
    }
}

/// Runs one of `token …`.
pub(crate) async fn token(session: &Session, command: TokenCommand) -> Result<(), Failure> {
    match command {
        TokenCommand::Create { name, project, max_role, ttl, principal, mfa } => {
            let far = |_| Failure::Usage("--ttl is too long; 366d is the most".to_owned());
            let request = CreateTokenRequest {
                principal_id: principal,
                name,
                project_id: optional_project(session, project).await?,
                max_role: max_role.map_or(Role::Unspecified, Role::from).into(),
                mfa,
                ttl: ttl.map(prost_types::Duration::try_from).transpose().map_err(far)?,
                ..Default::default()
            };
            let answer = session.client.access().create_token(request).await?;
            note("Keep the token now: it is not shown again.")?;
            // On its own, so that a script can take it as it is.
            session.out.show(&answer, || answer.secret.clone())
        }
        TokenCommand::List { project } => {
            let project_id = optional_project(session, project).await?;
            let request = ListTokensRequest { project_id, page_size: 500, ..Default::default() };
            let tokens = session.client.list(request).all().await?;
            session.out.list(&tokens, |tokens| tables::tokens(tokens, session.now))
        }
        TokenCommand::Rotate { token, overlap } => {
            let far = |_| Failure::Usage("--overlap is too long; 30d is the most".to_owned());
            let overlap = overlap.map(prost_types::Duration::try_from).transpose().map_err(far)?;
            let request = RotateTokenRequest { token_id: token, overlap, ..Default::default() };
            let answer = session.client.access().rotate_token(request).await?;
            note("Keep the token now: it is not shown again.")?;
            session.out.show(&answer, || answer.secret.clone())
        }
        TokenCommand::Revoke { token } => {
            let request = RevokeTokenRequest { token_id: token, ..Default::default() };
            let token = session.client.access().revoke_token(request).await?.token.unwrap_or_default();
            session.out.show(&token, || format!("revoked  {}  {}", visible(&token.name), token.id))
        }
    }
}

async fn optional_project(session: &Session, reference: Option<String>) -> Result<String, Failure> {
    match reference {
        Some(reference) => session.project(&reference).await,
        None => Ok(String::new()),
    }
}

/// Runs one of `member …`.
pub(crate) async fn member(session: &Session, command: MemberCommand) -> Result<(), Failure> {
    match command {
        MemberCommand::List { project } => {
            let members = members(session, &session.project(&project).await?).await?;
            session.out.list(&members, tables::members)
        }
        MemberCommand::Set { project, member, role } => {
            let project_id = session.project(&project).await?;
            let request = SetMemberRequest {
                principal_id: principal_id(session, &project_id, &member).await?,
                project_id,
                role: Role::from(role).into(),
                ..Default::default()
            };
            let member = session.client.access().set_member(request).await?.member.unwrap_or_default();
            let role = tables::word(member.role().as_str_name(), "ROLE_");
            session.out.show(&member, || format!("{}  {role}", visible(&member.name)))
        }
        MemberCommand::Transfer { project, member } => {
            let project_id = session.project(&project).await?;
            let request = TransferOwnershipRequest {
                principal_id: principal_id(session, &project_id, &member).await?,
                project_id,
                ..Default::default()
            };
            let owner = session.client.access().transfer_ownership(request).await?.owner.unwrap_or_default();
            session.out.show(&owner, || format!("{}  owner", visible(&owner.name)))
        }
        MemberCommand::Remove { project, member } => {
            let project_id = session.project(&project).await?;
            let request = RemoveMemberRequest {
                principal_id: principal_id(session, &project_id, &member).await?,
                project_id,
                ..Default::default()
            };
            let answer = session.client.access().remove_member(request).await?;
            session.out.show(&answer, || format!("removed  {}", visible(&member)))
        }
    }
}

async fn members(session: &Session, project_id: &str) -> Result<Vec<Member>, Failure> {
    let project_id = project_id.to_owned();
    let request = ListMembersRequest { project_id, page_size: 500, ..Default::default() };
    Ok(session.client.list(request).all().await?)
}

async fn principal_id(session: &Session, project_id: &str, reference: &str) -> Result<String, Failure> {
    match uuid(reference) {
        Some(id) => Ok(id),
        None => pick(&members(session, project_id).await?, reference),
    }
}

/// The member that an email, or a name that only one has, means.
fn pick(members: &[Member], reference: &str) -> Result<String, Failure> {
    let fits = |member: &&Member| {
        member.name == reference || (!member.email.is_empty() && member.email.eq_ignore_ascii_case(reference))
    };
    match members.iter().filter(fits).collect::<Vec<_>>().as_slice() {
        [one] => Ok(one.principal_id.clone()),
        [] => Err(Failure::Here(format!("the project has no member {reference:?}; name someone new by id"))),
        several => {
            let lines = several.iter().map(|one| format!("\n  {}  {}", one.principal_id, one.email));
            let lines: String = lines.collect();
            Err(Failure::Usage(format!("{reference:?} fits several members; name one by id:{lines}")))
        }
    }
}

/// Runs one of `principal …`.
pub(crate) async fn principal(session: &Session, command: PrincipalCommand) -> Result<(), Failure> {
    match command {
        PrincipalCommand::Create { kind, name, email, administrator } => {
            let kind = PrincipalKind::from(kind).into();
            let principal = Principal { kind, name, email, administrator, ..Default::default() };
            let request = CreatePrincipalRequest { principal: Some(principal), ..Default::default() };
            let answer = session.client.access().create_principal(request).await?;
            let principal = answer.principal.unwrap_or_default();
            session.out.show(&principal, || format!("{}  {}", visible(&principal.name), principal.id))
        }
        PrincipalCommand::List => {
            let request = ListPrincipalsRequest { page_size: 500, ..Default::default() };
            let principals = session.client.list(request).all().await?;
            session.out.list(&principals, |principals| tables::principals(principals, session.now))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_email_or_by_a_name_of_their_own() {
        let make = |id: &str, name: &str, email: &str| Member {
            principal_id: id.into(),
            name: name.into(),
            email: email.into(),
            ..Default::default()
        };
        let members = [make("1", "Ada", "ada@x.org"), make("2", "Bo", "bo@x.org"), make("3", "Bo", "")];
        assert_eq!(pick(&members, "Ada").unwrap(), "1");
        assert_eq!(pick(&members, "BO@x.org").unwrap(), "2");
        assert_eq!(pick(&members, "Bo").unwrap_err().exit_code(), 2);
        assert!(pick(&members, "").is_err());
    }
}
