//! The content of a resource, and its one canonical form.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use crate::{Config, CredentialId, Keychain, Violations, field::path, text, workflow::StoredWorkflow};

/// The longest name of a collection, a credential, a config or a keychain, in characters.
pub const MAX_NAME: usize = 255;

/// The kinds of resources. The numbers are kept in the database and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A [`crate::Workflow`].
    Workflow = 1,
    /// A [`Collection`].
    Collection = 2,
    /// A [`CredentialLink`].
    CredentialLink = 3,
    /// A [`Config`].
    Config = 4,
    /// A [`Keychain`].
    Keychain = 5,
}

impl Kind {
    /// Every kind, in the order in which plans list them.
    pub const ALL: [Self; 5] =
        [Self::Workflow, Self::Collection, Self::CredentialLink, Self::Config, Self::Keychain];

    /// From its number in the database.
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Workflow),
            2 => Some(Self::Collection),
            3 => Some(Self::CredentialLink),
            4 => Some(Self::Config),
            5 => Some(Self::Keychain),
            _ => None,
        }
    }

    /// The word for it in messages and paths.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Workflow => "workflow",
            Self::Collection => "collection",
            Self::CredentialLink => "credential link",
            Self::Config => "config",
            Self::Keychain => "keychain",
        }
    }
}

/// What a resource holds, with step bodies by hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Document {
    /// A workflow.
    Workflow(StoredWorkflow),
    /// A collection.
    Collection(Collection),
    /// A credential link.
    CredentialLink(CredentialLink),
    /// A config.
    Config(Config),
    /// A keychain.
    Keychain(Keychain),
}

/// A collection's name. Its items are data of one project and no part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// 1–255 characters, unique in the project.
    pub name: String,
}

/// A project's permission to use a credential. Never holds a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialLink {
    /// The credential. None: it was imported, and known are only its name and owner, so nothing stands behind it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialId>,
    /// The credential's name when it was linked, 1–255 characters.
    pub name: String,
    /// Address of the credential's owner then, 1–254 characters: see [`crate::access::Principal::address`].
    pub owner: String,
}

impl Collection {
    /// The one form in which it is kept: with its name in NFC, so that what looks alike is alike.
    #[must_use]
    pub fn tidy(self) -> Self {
        Self { name: text::nfc(&self.name) }
    }

    /// What breaks a rule; the same before and after [`Self::tidy`]. Fields are named below `prefix`.
    pub fn violations(&self, prefix: &str) -> Violations {
        let mut found = Violations::default();
        text::check_name(&mut found, &path(prefix, "name"), &self.name, MAX_NAME);
        found
    }
}

impl CredentialLink {
    /// The one form in which it is kept: with its name in NFC, so that what looks alike is alike.
    #[must_use]
    pub fn tidy(self) -> Self {
        Self { name: text::nfc(&self.name), ..self }
    }

    /// What breaks a rule; the same before and after [`Self::tidy`]. Fields are named below `prefix`.
    pub fn violations(&self, prefix: &str) -> Violations {
        let mut found = Violations::default();
        text::check_name(&mut found, &path(prefix, "name"), &self.name, MAX_NAME);
        let owner = path(prefix, "owner");
        text::check_email(&mut found, &owner, &self.owner);
        // Else `a@x|b` with `c` and `a@x` with `b|c` would share a key.
        found.require(
            self.credential.is_some() || !self.owner.contains('|'),
            owner,
            "must not contain `|`, which parts owner and name in the link's key",
        );
        found
    }

    /// What is unique in a project: the credential's id, or (of one that was imported) [`Self::title`].
    pub fn key(&self) -> String {
        self.credential.map_or_else(|| self.title(), |credential| credential.to_string())
    }

    /// For people: `owner|name`, the form that `@openfn/cli` uses too.
    pub fn title(&self) -> String {
        format!("{}|{}", self.owner, self.name)
    }
}

impl Document {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Workflow(_) => Kind::Workflow,
            Self::Collection(_) => Kind::Collection,
            Self::CredentialLink(_) => Kind::CredentialLink,
            Self::Config(_) => Kind::Config,
            Self::Keychain(_) => Kind::Keychain,
        }
    }

    /// The workflow, if it is one.
    pub fn workflow(&self) -> Option<&StoredWorkflow> {
        match self {
            Self::Workflow(workflow) => Some(workflow),
            Self::Collection(_) | Self::CredentialLink(_) | Self::Config(_) | Self::Keychain(_) => None,
        }
    }

    /// The collection, if it is one.
    pub fn collection(&self) -> Option<&Collection> {
        match self {
            Self::Collection(collection) => Some(collection),
            Self::Workflow(_) | Self::CredentialLink(_) | Self::Config(_) | Self::Keychain(_) => None,
        }
    }

    /// The credential link, if it is one.
    pub fn credential_link(&self) -> Option<&CredentialLink> {
        match self {
            Self::CredentialLink(link) => Some(link),
            Self::Workflow(_) | Self::Collection(_) | Self::Config(_) | Self::Keychain(_) => None,
        }
    }

    /// The config, if it is one.
    pub fn config(&self) -> Option<&Config> {
        match self {
            Self::Config(config) => Some(config),
            Self::Workflow(_) | Self::Collection(_) | Self::CredentialLink(_) | Self::Keychain(_) => None,
        }
    }

    /// The keychain, if it is one.
    pub fn keychain(&self) -> Option<&Keychain> {
        match self {
            Self::Keychain(keychain) => Some(keychain),
            Self::Workflow(_) | Self::Collection(_) | Self::CredentialLink(_) | Self::Config(_) => None,
        }
    }

    /// What no other live resource of its kind in the project may be called.
    pub fn name(&self) -> String {
        match self {
            Self::Workflow(workflow) => workflow.name.clone(),
            Self::Collection(collection) => collection.name.clone(),
            Self::CredentialLink(link) => link.key(),
            Self::Config(config) => config.key(),
            Self::Keychain(keychain) => keychain.name.clone(),
        }
    }

    /// What a person calls it: its [name](Self::name), but of a credential link, whose name is an id, `owner|name`.
    pub fn title(&self) -> String {
        match self {
            Self::CredentialLink(link) => link.title(),
            Self::Workflow(_) | Self::Collection(_) | Self::Config(_) | Self::Keychain(_) => self.name(),
        }
    }

    /// The one form in which it is kept and hashed. Idempotent.
    #[must_use]
    pub fn tidy(self) -> Self {
        match self {
            Self::Workflow(workflow) => Self::Workflow(workflow.tidy()),
            Self::Collection(collection) => Self::Collection(collection.tidy()),
            Self::CredentialLink(link) => Self::CredentialLink(link.tidy()),
            Self::Config(config) => Self::Config(config.tidy()),
            Self::Keychain(keychain) => Self::Keychain(keychain.tidy()),
        }
    }

    /// What breaks a rule of 1-domain §3, with fields named below `prefix`. Rules that need to know the project (unique
    /// names, linked credentials) and the limit on bodies, which are hashes here, are checked where those are known.
    pub fn violations(&self, prefix: &str) -> Violations {
        match self {
            Self::Workflow(workflow) => workflow.violations(prefix),
            Self::Collection(collection) => collection.violations(prefix),
            Self::CredentialLink(link) => link.violations(prefix),
            Self::Config(config) => config.violations(prefix),
            Self::Keychain(keychain) => keychain.violations(prefix),
        }
    }

    /// The bytes that are kept and hashed: RFC 8785 JSON of this value with defaults left out, so that the same content
    /// hashes alike in every project, on both engines, in every release. Of a [tidy](Self::tidy) document. `CANONICAL.md`
    /// explains the form; `tests/canonical.rs` holds the vectors.
    ///
    /// # Errors
    /// Only when a position is not a finite number, which validation refuses.
    pub fn canonical(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json_canonicalizer::to_vec(self)
    }
}

/// SHA-256 of a content: of a document's canonical bytes, or of a step's body.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl ContentHash {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a content hash is 64 hexadecimal digits")]
pub struct NotAHash;

impl FromStr for ContentHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        // `from_str_radix` alone would take a sign too.
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotAHash);
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| NotAHash)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NotAHash)?;
        }
        Ok(Self(hash))
    }
}

impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
