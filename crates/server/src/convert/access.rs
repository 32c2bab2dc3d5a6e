//! Principals, tokens and members.

use sandbar_app::access::{MemberView, member_etag, token_etag};
use sandbar_model::access::{Principal, PrincipalKind, Scope, Token};

use super::{Fields, common::role_to_wire, time};
use crate::wire;

/// A user or service account as its reader sees it.
pub fn principal_to_wire(principal: Principal) -> wire::Principal {
    let kind = match principal.kind {
        PrincipalKind::User => wire::PrincipalKind::User,
        PrincipalKind::ServiceAccount => wire::PrincipalKind::ServiceAccount,
        PrincipalKind::Support => wire::PrincipalKind::Support,
    };
    wire::Principal {
        id: principal.id.to_string(),
        kind: kind.into(),
        name: principal.name,
        email: principal.email,
        administrator: principal.administrator,
        create_time: Some(time::to_wire(principal.create_time)),
    }
}

/// A token's record.
pub fn token_to_wire(token: Token) -> wire::Token {
    wire::Token {
        etag: token_etag(&token),
        id: token.id.to_string(),
        principal_id: token.principal.to_string(),
        name: token.name,
        project_id: token.scope.project.map(|project| project.to_string()).unwrap_or_default(),
        max_role: role_to_wire(token.scope.max_role).into(),
        create_time: Some(time::to_wire(token.create_time)),
        expire_time: token.expire_time.map(time::to_wire),
        revoke_time: token.revoke_time.map(time::to_wire),
        last_use_time: token.last_use_time.map(time::to_wire),
        mfa: token.mfa,
    }
}

/// A member with what there is to know of the principal.
pub fn member_to_wire(view: MemberView) -> wire::Member {
    wire::Member {
        etag: member_etag(&view.member),
        principal_id: view.member.principal.to_string(),
        name: view.name,
        email: view.email,
        role: role_to_wire(Some(view.member.role)).into(),
    }
}

/// What is chosen about a new user or service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPrincipal {
    /// What it is.
    pub kind: PrincipalKind,
    /// See [`Principal::name`].
    pub name: String,
    /// See [`Principal::email`].
    pub email: String,
    /// See [`Principal::administrator`].
    pub administrator: bool,
}

impl Fields {
    /// What is chosen about a new user or service account; everything else in the message is ignored.
    pub fn new_principal(&mut self, field: &str, principal: Option<wire::Principal>) -> NewPrincipal {
        let Some(principal) = principal else {
            self.add(field, "is required");
            return NewPrincipal {
                kind: PrincipalKind::User,
                name: String::new(),
                email: String::new(),
                administrator: false,
            };
        };
        NewPrincipal {
            kind: self.required_enum(&format!("{field}.kind"), principal.kind, kind, PrincipalKind::User),
            name: principal.name,
            email: principal.email,
            administrator: principal.administrator,
        }
    }

    /// What a new token is limited to, from the fields `project_id` and `max_role`.
    pub fn scope(&mut self, project_id: &str, max_role: i32) -> Scope {
        Scope {
            project: self.optional_id("project_id", project_id),
            max_role: self.optional_role("max_role", max_role),
        }
    }
}

fn kind(kind: wire::PrincipalKind) -> Option<PrincipalKind> {
    match kind {
        wire::PrincipalKind::Unspecified => None,
        wire::PrincipalKind::User => Some(PrincipalKind::User),
        wire::PrincipalKind::ServiceAccount => Some(PrincipalKind::ServiceAccount),
        wire::PrincipalKind::Support => Some(PrincipalKind::Support),
    }
}

#[cfg(test)]
mod tests {
    use sandbar_model::{PrincipalId, ProjectId, Time, TokenId};
    use uuid::Uuid;

    use sandbar_model::{Role, access::Member};

    use super::*;

    fn principal(kind: PrincipalKind) -> Principal {
        Principal {
            id: PrincipalId(Uuid::from_u128(1)),
            kind,
            name: "Ada".to_owned(),
            email: "ada@example.org".to_owned(),
            administrator: true,
            create_time: Time(5),
        }
    }

    #[test]
    fn principals_come_back() {
        for kind in [PrincipalKind::User, PrincipalKind::ServiceAccount, PrincipalKind::Support] {
            let known = principal(kind);
            let mut fields = Fields::default();
            let new = fields.new_principal("principal", Some(principal_to_wire(known.clone())));
            let Principal { kind, name, email, administrator, .. } = known;
            assert_eq!(fields.finish(new).unwrap(), NewPrincipal { kind, name, email, administrator });
        }
        let mut fields = Fields::default();
        fields.new_principal("principal", None);
        fields.new_principal("other", Some(wire::Principal::default()));
        let error = fields.finish(()).unwrap_err().to_string();
        assert_eq!(error, "principal: is required; other.kind: is required");
    }

    #[test]
    fn a_tokens_record_is_whole_and_its_scope_comes_back() {
        let scope = Scope { project: Some(ProjectId(Uuid::from_u128(3))), max_role: Some(Role::Editor) };
        let wire = token_to_wire(Token {
            id: TokenId(Uuid::from_u128(1)),
            principal: PrincipalId(Uuid::from_u128(2)),
            name: "laptop".to_owned(),
            scope,
            create_time: Time(4),
            expire_time: Some(Time(5)),
            revoke_time: None,
            last_use_time: Some(Time(6)),
            mfa: true,
        });
        let mut fields = Fields::default();
        let back = fields.scope(&wire.project_id, wire.max_role);
        assert_eq!(fields.finish(back).unwrap(), scope);
        let micros = |time: Option<prost_types::Timestamp>| time.map(|time| time.nanos / 1000);
        assert_eq!(micros(wire.create_time), Some(4));
        assert_eq!(micros(wire.expire_time), Some(5));
        assert_eq!(micros(wire.revoke_time), None);
        assert_eq!(micros(wire.last_use_time), Some(6));
        assert!(wire.mfa);
        assert_eq!(wire.principal_id, Uuid::from_u128(2).to_string());
    }

    #[test]
    fn a_member_has_a_role() {
        let id = principal(PrincipalKind::User).id;
        let member = member_to_wire(MemberView {
            member: Member { principal: id, role: Role::Admin },
            name: "Ada".to_owned(),
            email: String::new(),
        });
        assert_eq!((member.name.as_str(), member.role), ("Ada", wire::Role::Admin as i32));
    }
}
