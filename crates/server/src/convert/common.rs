//! Roles, kinds, keys and stamps.

use sandbar_model::{Kind, PrincipalId, ResourceId, Role, Time};

use super::{Fields, time};
use crate::wire;

/// As the wire has it; unspecified where there is none.
pub fn role_to_wire(role: Option<Role>) -> wire::Role {
    match role {
        None => wire::Role::Unspecified,
        Some(Role::Viewer) => wire::Role::Viewer,
        Some(Role::Editor) => wire::Role::Editor,
        Some(Role::Admin) => wire::Role::Admin,
        Some(Role::Owner) => wire::Role::Owner,
    }
}

/// As the wire has it.
pub fn kind_to_wire(kind: Kind) -> wire::ResourceKind {
    match kind {
        Kind::Workflow => wire::ResourceKind::Workflow,
        Kind::Collection => wire::ResourceKind::Collection,
        Kind::CredentialLink => wire::ResourceKind::CredentialLink,
        Kind::Config => wire::ResourceKind::Config,
        Kind::Keychain => wire::ResourceKind::Keychain,
    }
}

/// The name of one resource.
pub fn key_to_wire(kind: Kind, id: ResourceId) -> wire::ResourceKey {
    wire::ResourceKey { kind: kind_to_wire(kind).into(), id: id.to_string() }
}

/// When and by whom something was written. `name` is empty once the principal is gone.
pub fn stamp_to_wire(when: Time, who: PrincipalId, name: &str) -> wire::Stamp {
    let actor = wire::Actor { principal_id: who.to_string(), name: name.to_owned() };
    wire::Stamp { time: Some(time::to_wire(when)), actor: Some(actor) }
}

impl Fields {
    /// A role, or none where it is unspecified.
    pub fn optional_role(&mut self, field: &str, number: i32) -> Option<Role> {
        self.optional_enum(field, number, role)
    }

    /// A role that must be there.
    pub fn role(&mut self, field: &str, number: i32) -> Role {
        self.required_enum(field, number, role, Role::Viewer)
    }

    /// The name of one resource, that must be there.
    pub fn key(&mut self, field: &str, key: Option<wire::ResourceKey>) -> (Kind, ResourceId) {
        let Some(key) = key else {
            self.add(field, "is required: the kind and the id of a resource");
            return (Kind::Workflow, ResourceId(uuid::Uuid::nil()));
        };
        let found = self.required_enum(&format!("{field}.kind"), key.kind, kind, Kind::Workflow);
        (found, self.id(&format!("{field}.id"), &key.id))
    }
}

fn role(role: wire::Role) -> Option<Role> {
    match role {
        wire::Role::Unspecified => None,
        wire::Role::Viewer => Some(Role::Viewer),
        wire::Role::Editor => Some(Role::Editor),
        wire::Role::Admin => Some(Role::Admin),
        wire::Role::Owner => Some(Role::Owner),
    }
}

fn kind(kind: wire::ResourceKind) -> Option<Kind> {
    match kind {
        wire::ResourceKind::Unspecified => None,
        wire::ResourceKind::Workflow => Some(Kind::Workflow),
        wire::ResourceKind::Collection => Some(Kind::Collection),
        wire::ResourceKind::CredentialLink => Some(Kind::CredentialLink),
        wire::ResourceKind::Config => Some(Kind::Config),
        wire::ResourceKind::Keychain => Some(Kind::Keychain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_keys_come_back_and_unknown_ones_are_refused() {
        let mut fields = Fields::default();
        for role in [None, Some(Role::Viewer), Some(Role::Editor), Some(Role::Admin), Some(Role::Owner)] {
            assert_eq!(fields.optional_role("role", role_to_wire(role).into()), role);
        }
        for kind in Kind::ALL {
            let id = ResourceId(uuid::Uuid::from_u128(7));
            assert_eq!(fields.key("key", Some(key_to_wire(kind, id))), (kind, id));
        }
        fields.finish(()).unwrap();

        let mut fields = Fields::default();
        fields.role("a", 0);
        fields.optional_role("b", 99);
        fields.key("c", Some(wire::ResourceKey::default()));
        fields.key("d", None);
        let error = fields.finish(()).unwrap_err().to_string();
        for field in
            ["a: is required", "b: has the value 99", "c.kind: is required", "c.id: is required", "d: is"]
        {
            assert!(error.contains(field), "{error}");
        }
    }
}
