//! Keychains from the wire and to it.

use sandbar_app::{keychains::PickView, view::KeychainView};
use sandbar_model::{
    Keychain, ResourceId,
    keychain::{Found, Pick},
};
use uuid::Uuid;

use super::{Fields, common::stamp_to_wire, credential::link_to_wire};
use crate::wire;

impl Fields {
    /// A keychain as a caller sends it, and its id: a new one where it has none.
    pub fn keychain(
        &mut self,
        field: &str,
        keychain: wire::Keychain,
        new_id: impl FnOnce() -> Uuid,
    ) -> (ResourceId, Keychain) {
        let wire::Keychain { id, name, json_path, default_credential_link_id: default, .. } = keychain;
        let id = self.optional_id(&format!("{field}.id"), &id).unwrap_or_else(|| ResourceId(new_id()));
        let default_link = self.optional_id(&format!("{field}.default_credential_link_id"), &default);
        (id, Keychain { name, json_path, default_link })
    }
}

/// A keychain.
pub fn keychain_to_wire(view: KeychainView) -> wire::Keychain {
    let Keychain { name, json_path, default_link } = view.keychain;
    let actor = view.updated.actor;
    wire::Keychain {
        id: view.id.to_string(),
        name,
        json_path,
        default_credential_link_id: default_link.map(|link| link.to_string()).unwrap_or_default(),
        revision: view.revision.0,
        etag: view.hash.to_string(),
        updated: Some(stamp_to_wire(view.updated.time, actor.id, &actor.name)),
    }
}

/// What a keychain would pick.
pub fn pick_to_wire(view: PickView) -> wire::PreviewKeychainResponse {
    use wire::preview_keychain_response::Outcome;
    let message = view.say();
    let (outcome, others) = match view.resolved.pick {
        Pick::Match { others, .. } => (Outcome::Match, others),
        Pick::Default(_) => (Outcome::Default, 0),
        Pick::None => (Outcome::None, 0),
    };
    let (value, several_values) = match view.resolved.found {
        Found::Value(value) => (value, false),
        Found::Several => (String::new(), true),
        Found::Nothing => (String::new(), false),
    };
    wire::PreviewKeychainResponse {
        outcome: outcome.into(),
        value,
        several_values,
        credential_link: view.picked.map(|picked| link_to_wire(picked.link)),
        others_alike: i64::try_from(others).unwrap_or(i64::MAX),
        message,
    }
}

#[cfg(test)]
mod tests {
    use sandbar_app::view::{Actor, Stamp};
    use sandbar_model::{ContentHash, PrincipalId, Revision, Time};

    use super::*;

    #[test]
    fn what_is_read_comes_back() {
        let sent = wire::Keychain {
            name: "Clinics".into(),
            json_path: "$.site".into(),
            default_credential_link_id: Uuid::from_u128(7).to_string(),
            ..wire::Keychain::default()
        };
        let mut fields = Fields::default();
        let (id, keychain) = fields.keychain("keychain", sent.clone(), || Uuid::from_u128(3));
        fields.finish(()).unwrap();
        let actor = Actor { id: PrincipalId(Uuid::nil()), name: "ann".to_owned() };
        let updated = Stamp { time: Time(0), actor };
        let view = KeychainView { id, keychain, revision: Revision(5), hash: ContentHash::of(b"x"), updated };
        let answered = keychain_to_wire(view);
        assert_eq!((answered.id.clone(), answered.revision), (Uuid::from_u128(3).to_string(), 5));
        let bare =
            wire::Keychain { id: String::new(), revision: 0, etag: String::new(), updated: None, ..answered };
        assert_eq!(bare, sent);
    }

    #[test]
    fn everything_malformed_is_named() {
        let sent = wire::Keychain {
            id: "7".into(),
            default_credential_link_id: "x".into(),
            ..wire::Keychain::default()
        };
        let mut fields = Fields::default();
        fields.keychain("keychain", sent, Uuid::nil);
        let error = fields.finish(()).unwrap_err().to_string();
        assert!(
            error.contains("keychain.id") && error.contains("keychain.default_credential_link_id"),
            "{error}"
        );
    }
}
