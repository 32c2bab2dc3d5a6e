//! What a document says about the project itself.

use sandbar_model::{
    ProjectId,
    project::{Profile, RetentionPolicy},
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess},
};

/// What the document says about the project itself. None, and [`Given::Absent`]: nothing, so it stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The project that was saved; not necessarily the one to change.
    pub id: Option<ProjectId>,
    /// Its name.
    pub name: Option<String>,
    /// Its description; empty where the document says null.
    pub description: Option<String>,
    /// Its colour; empty where the document says null.
    pub color: Option<String>,
    /// The key `env`. A null says nothing, since every project has one.
    pub environment: Option<String>,
    /// Null: no limit of its own.
    pub concurrency: Given<u32>,
    /// See [`sandbar_model::project::Settings::allow_support_access`].
    pub allow_support_access: Option<bool>,
    /// See [`sandbar_model::project::Settings::requires_mfa`].
    pub requires_mfa: Option<bool>,
    /// See [`RetentionPolicy`].
    pub retention_policy: Option<RetentionPolicy>,
    /// The key `history_retention_period`, in days. Null: for ever.
    pub history_retention_days: Given<u32>,
    /// The key `dataclip_retention_period`, in days. Null: for ever.
    pub dataclip_retention_days: Given<u32>,
    /// Which sections there were.
    pub sections: Sections,
}

/// Which sections a document has. One that is absent or null is to stay as it is; an empty one says that there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each section")]
pub struct Sections {
    /// `project_credentials`.
    pub credentials: bool,
    /// `collections`.
    pub collections: bool,
    /// `workflows`.
    pub workflows: bool,
    /// `configs`.
    pub configs: bool,
    /// `keychains`.
    pub keychains: bool,
}

/// A value where not said, and said to be nothing, are two things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Given<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// It is there and null.
    Null,
    /// It is there.
    Value(T),
}

impl Head {
    /// Changes what the document speaks of: everything but the id and the name, which are the caller's to decide on.
    pub fn apply(&self, profile: &mut Profile) {
        let settings = &mut profile.settings;
        set(&mut profile.description, self.description.as_ref());
        set(&mut profile.color, self.color.as_ref());
        set(&mut profile.environment, self.environment.as_ref());
        set(&mut settings.allow_support_access, self.allow_support_access.as_ref());
        set(&mut settings.requires_mfa, self.requires_mfa.as_ref());
        set(&mut settings.retention_policy, self.retention_policy.as_ref());
        self.concurrency.apply(&mut settings.concurrency);
        self.history_retention_days.apply(&mut settings.history_retention_days);
        self.dataclip_retention_days.apply(&mut settings.dataclip_retention_days);
    }

    /// Reads the value of one key of the document that is not a section.
    pub(super) fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "id" => self.id = value(key, map)?,
            "name" => self.name = value(key, map)?,
            "description" => self.description = Some(value(key, map)?.unwrap_or_default()),
            "color" => self.color = Some(value(key, map)?.unwrap_or_default()),
            "env" => self.environment = value(key, map)?,
            "concurrency" => self.concurrency = value(key, map)?.into(),
            "allow_support_access" => self.allow_support_access = value(key, map)?,
            "requires_mfa" => self.requires_mfa = value(key, map)?,
            "retention_policy" => self.retention_policy = value(key, map)?,
            "history_retention_period" => self.history_retention_days = value(key, map)?.into(),
            "dataclip_retention_period" => self.dataclip_retention_days = value(key, map)?.into(),
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<T> Given<T> {
    /// Whether the key is not there.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// What it says, if anything.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Absent | Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// Changes the field, unless nothing was said.
    pub fn apply(self, field: &mut Option<T>) {
        match self {
            Self::Absent => {}
            Self::Null => *field = None,
            Self::Value(value) => *field = Some(value),
        }
    }
}

/// For a key that is there; one that is not is the default.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::from)
    }
}

impl<T> From<Option<T>> for Given<T> {
    /// The value of a key that is there.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

fn set<T: Clone>(field: &mut T, given: Option<&T>) {
    if let Some(value) = given {
        field.clone_from(value);
    }
}

fn value<'de, T: Deserialize<'de>, A: MapAccess<'de>>(key: &str, map: &mut A) -> Result<Option<T>, A::Error> {
    map.next_value().map_err(|error| A::Error::custom(format_args!("{key}: {error}")))
}
