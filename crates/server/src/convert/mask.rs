//! Which fields of a project an update changes (AIP-134): those that the mask names, and no others.

use prost_types::FieldMask;
use sandbar_model::{
    Time,
    project::{Profile, RetentionPolicy, Settings},
};

use super::Fields;
use crate::wire;

/// The new value of each field that changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the profile")]
pub struct ProfileChange {
    pub name: Option<String>,
    pub description: Option<String>,
    pub color: Option<String>,
    pub environment: Option<String>,
    pub settings: SettingsChange,
    /// Only of sandboxes. `Some(None)`: never.
    pub expire_time: Option<Option<Time>>,
}

/// The new value of each setting that changes. `Some(None)`: no limit any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, clippy::option_option, reason = "the fields are those of the settings")]
pub struct SettingsChange {
    pub concurrency: Option<Option<u32>>,
    pub allow_support_access: Option<bool>,
    pub requires_mfa: Option<bool>,
    pub retention_policy: Option<RetentionPolicy>,
    pub history_retention_days: Option<Option<u32>>,
    pub dataclip_retention_days: Option<Option<u32>>,
}

/// What may be updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updated {
    /// A root has no expiry.
    Root,
    /// A sandbox has.
    Sandbox,
}

impl ProfileChange {
    /// The profile as it is afterwards. The expiry is not part of it.
    #[must_use]
    pub fn apply(self, profile: Profile) -> Profile {
        Profile {
            name: self.name.unwrap_or(profile.name),
            description: self.description.unwrap_or(profile.description),
            color: self.color.unwrap_or(profile.color),
            environment: self.environment.unwrap_or(profile.environment),
            settings: self.settings.apply(&profile.settings),
        }
    }
}

impl SettingsChange {
    /// All of them.
    fn all(settings: &Settings) -> Self {
        Self {
            concurrency: Some(settings.concurrency),
            allow_support_access: Some(settings.allow_support_access),
            requires_mfa: Some(settings.requires_mfa),
            retention_policy: Some(settings.retention_policy),
            history_retention_days: Some(settings.history_retention_days),
            dataclip_retention_days: Some(settings.dataclip_retention_days),
        }
    }

    fn apply(self, settings: &Settings) -> Settings {
        Settings {
            concurrency: self.concurrency.unwrap_or(settings.concurrency),
            allow_support_access: self.allow_support_access.unwrap_or(settings.allow_support_access),
            requires_mfa: self.requires_mfa.unwrap_or(settings.requires_mfa),
            retention_policy: self.retention_policy.unwrap_or(settings.retention_policy),
            history_retention_days: self.history_retention_days.unwrap_or(settings.history_retention_days),
            dataclip_retention_days: self.dataclip_retention_days.unwrap_or(settings.dataclip_retention_days),
        }
    }
}

impl Fields {
    /// What an update changes. `message` is the name of the project's field in the request; the mask's is
    /// `update_mask`.
    pub fn profile_change(
        &mut self,
        message: &str,
        project: Option<wire::Project>,
        mask: Option<FieldMask>,
        updated: Updated,
    ) -> ProfileChange {
        let project = self.required(message, project);
        let paths = mask.unwrap_or_default().paths;
        if paths.is_empty() {
            self.add(
                "update_mask",
                format!("is required: name the fields to change ({})", possible(updated)),
            );
        }
        let expire_time = self.optional_time(&format!("{message}.expire_time"), project.expire_time.as_ref());
        let new = self.profile(message, project);
        let mut change = ProfileChange::default();
        for path in paths {
            if !change.take(&path, &new, expire_time, updated) {
                self.add(
                    "update_mask",
                    format!("{path:?} can't be changed; possible are {}", possible(updated)),
                );
            }
        }
        change
    }
}

impl ProfileChange {
    /// Takes one field over; false when there is none of that name.
    fn take(&mut self, path: &str, new: &Profile, expire_time: Option<Time>, updated: Updated) -> bool {
        let settings = &mut self.settings;
        match path {
            "name" => self.name = Some(new.name.clone()),
            "description" => self.description = Some(new.description.clone()),
            "color" => self.color = Some(new.color.clone()),
            "environment" => self.environment = Some(new.environment.clone()),
            "expire_time" if updated == Updated::Sandbox => self.expire_time = Some(expire_time),
            "settings" => *settings = SettingsChange::all(&new.settings),
            "settings.concurrency" => settings.concurrency = Some(new.settings.concurrency),
            "settings.allow_support_access" => {
                settings.allow_support_access = Some(new.settings.allow_support_access);
            }
            "settings.requires_mfa" => settings.requires_mfa = Some(new.settings.requires_mfa),
            "settings.retention_policy" => settings.retention_policy = Some(new.settings.retention_policy),
            "settings.history_retention_days" => {
                settings.history_retention_days = Some(new.settings.history_retention_days);
            }
            "settings.dataclip_retention_days" => {
                settings.dataclip_retention_days = Some(new.settings.dataclip_retention_days);
            }
            _ => return false,
        }
        true
    }
}

fn possible(updated: Updated) -> &'static str {
    match updated {
        Updated::Root => "name, description, color, environment, settings, settings.<field>",
        Updated::Sandbox => "name, description, color, environment, settings, settings.<field>, expire_time",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::convert::{
        project::{
            project_to_wire,
            tests::{profile, project},
        },
        time,
    };

    fn change(new: &Profile, paths: &[&str], updated: Updated) -> sandbar_model::Result<ProfileChange> {
        let mut fields = Fields::default();
        let mask = FieldMask { paths: paths.iter().map(ToString::to_string).collect() };
        let wire = project_to_wire(project(new.clone()), None);
        let change = fields.profile_change("project", Some(wire), Some(mask), updated);
        fields.finish(change)
    }

    proptest! {
        #[test]
        fn all_fields_make_the_new_one_and_one_field_only_that(old in profile(), new in profile()) {
            let all = ["name", "description", "color", "environment", "settings"];
            prop_assert_eq!(change(&new, &all, Updated::Root).unwrap().apply(old.clone()), new.clone());

            let one = change(&new, &["color", "settings.requires_mfa"], Updated::Root).unwrap().apply(old.clone());
            let mut expected = old;
            expected.color = new.color;
            expected.settings.requires_mfa = new.settings.requires_mfa;
            prop_assert_eq!(one, expected);
        }

        #[test]
        fn the_fields_of_the_settings_are_all_of_them(old in profile(), new in profile()) {
            let descriptor = [
                "settings.concurrency", "settings.allow_support_access", "settings.requires_mfa",
                "settings.retention_policy", "settings.history_retention_days", "settings.dataclip_retention_days",
            ];
            let applied = change(&new, &descriptor, Updated::Root).unwrap().apply(old);
            prop_assert_eq!(applied.settings, new.settings);
        }
    }

    #[test]
    fn unknown_and_output_fields_are_refused_and_so_is_an_empty_mask() {
        let some = project_to_wire(project(blank()), None);
        let mut fields = Fields::default();
        fields.profile_change("project", Some(some), None, Updated::Root);
        assert!(fields.finish(()).unwrap_err().to_string().starts_with("update_mask: is required"));
        for path in ["id", "etag", "settings.nope", "expire_time", "*", ""] {
            let error = change(&blank(), &[path], Updated::Root).unwrap_err().to_string();
            assert!(error.contains("can't be changed"), "{error}");
        }
    }

    #[test]
    fn only_a_sandbox_has_an_expiry() {
        let change = change(&blank(), &["expire_time"], Updated::Sandbox).unwrap();
        assert_eq!(change.expire_time, Some(Some(Time(27))));
        let mut fields = Fields::default();
        let mut wire = project_to_wire(project(blank()), None);
        wire.expire_time = Some(time::to_wire(Time(i64::MAX)));
        let mask = FieldMask { paths: vec!["expire_time".to_owned()] };
        fields.profile_change("sandbox", Some(wire), Some(mask), Updated::Sandbox);
        assert!(fields.finish(()).unwrap_err().to_string().starts_with("sandbox.expire_time: "));
    }

    fn blank() -> Profile {
        Profile {
            name: String::new(),
            description: String::new(),
            color: String::new(),
            environment: String::new(),
            settings: Settings::default(),
        }
    }
}
