//! Credentials: what a user's steps sign in with. Each has a set of secret values for each environment.

mod values;

use serde::{Deserialize, Serialize};

pub use values::{MAX_KEY_BYTES, MAX_KEYS, MAX_VALUES_BYTES, Values};

use crate::{CredentialId, PrincipalId, Time, Violations, field::path, project, text};

/// The longest name, schema or external id, in characters.
pub const MAX_TEXT: usize = 255;
/// The most environments for which a credential can have values.
pub const MAX_ENVIRONMENTS: usize = 32;

/// A credential without its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Its name for programs.
    pub id: CredentialId,
    /// Whose it is.
    pub owner: PrincipalId,
    /// 1–255 characters, NFC, unique among its owner's.
    pub name: String,
    /// What its values are for: an adaptor's name, `raw`, `oauth`. 1–255 characters.
    pub schema: String,
    /// What the owner's other systems call it; at most 255 characters; empty: nothing.
    pub external_id: String,
    /// Counts its changes, those of its values included: its etag.
    pub version: i64,
    /// When it was made.
    pub create_time: Time,
    /// When it or its values were changed.
    pub update_time: Time,
}

/// What may be told of a set of values: never the values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueSet {
    /// The label of the projects whose runs get it.
    pub environment: String,
    /// The names of its top-level members, sorted.
    pub keys: Vec<String>,
    /// When it was set.
    pub update_time: Time,
}

impl Credential {
    /// The one form in which it is kept: with its name in NFC, so that what looks alike is alike.
    #[must_use]
    pub fn tidy(self) -> Self {
        Self { name: text::nfc(&self.name), ..self }
    }

    /// What breaks a rule, with fields named below `prefix`. That the name is unique is checked where the others are
    /// known.
    pub fn violations(&self, prefix: &str) -> Violations {
        let mut found = Violations::default();
        text::check_name(&mut found, &path(prefix, "name"), &self.name, MAX_TEXT);
        text::check_name(&mut found, &path(prefix, "schema"), &self.schema, MAX_TEXT);
        if !self.external_id.is_empty() {
            text::check_name(&mut found, &path(prefix, "external_id"), &self.external_id, MAX_TEXT);
        }
        found
    }
}

/// What is wrong with the label of a value set: it keeps the rule of projects' environments, so that a project can have it.
pub fn environment_violations(label: &str, field: &str) -> Violations {
    let mut found = Violations::default();
    project::check_environment(&mut found, field.to_owned(), label);
    found
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn fields(name: &str, schema: &str, external_id: &str) -> Vec<String> {
        let credential = Credential {
            id: CredentialId(Uuid::from_u128(1)),
            owner: PrincipalId(Uuid::from_u128(2)),
            name: name.to_owned(),
            schema: schema.to_owned(),
            external_id: external_id.to_owned(),
            version: 1,
            create_time: Time(0),
            update_time: Time(0),
        };
        credential.violations("credential").0.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn a_credential_has_a_name_and_a_schema() {
        assert!(fields("DHIS2", "raw", "").is_empty());
        assert!(fields(&"é".repeat(255), "@openfn/language-dhis2", &"x".repeat(255)).is_empty());
        assert_eq!(fields("", "", "a\n"), ["credential.name", "credential.schema", "credential.external_id"]);
        assert_eq!(
            fields(&"é".repeat(256), "raw", &"x".repeat(256)),
            ["credential.name", "credential.external_id"]
        );
    }

    #[test]
    fn a_label_is_one_that_a_project_can_have() {
        for good in ["main", "dev", "eu-1_b", &"a".repeat(32)] {
            assert!(environment_violations(good, "environment").is_empty(), "{good}");
        }
        for bad in ["", "Main", "-a", "_a", "a b", "ä", &"a".repeat(33)] {
            assert_eq!(environment_violations(bad, "environment").0.len(), 1, "{bad}");
        }
    }
}
