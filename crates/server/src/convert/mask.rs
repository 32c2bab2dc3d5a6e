//! Which fields of a project an update changes (AIP-134): those that the mask names, and no others.

use prost_types::FieldMask;
use sandbar_app::projects::{ProfilePatch, SettingsPatch};
use sandbar_model::{Time, project::Profile};

use super::Fields;
use crate::wire;

/// What may be updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updated {
    /// A root has no expiry.
    Root,
    /// A sandbox has.
    Sandbox,
}

impl Fields {
    /// What an update changes, and the new expiry if it changes that (`Some(None)`: never). `message` is the name of the
    /// project's field in the request; the mask's is `update_mask`.
    pub fn profile_patch(
        &mut self,
        message: &str,
        project: Option<wire::Project>,
        mask: Option<FieldMask>,
        updated: Updated,
    ) -> (ProfilePatch, Option<Option<Time>>) {
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
        let mut patch = ProfilePatch::default();
        let mut new_expire_time = None;
        for path in paths {
            if path == "expire_time" && updated == Updated::Sandbox {
                new_expire_time = Some(expire_time);
            } else if !take(&mut patch, &path, &new) {
                self.add(
                    "update_mask",
                    format!("{path:?} can't be changed; possible are {}", possible(updated)),
                );
            }
        }
        (patch, new_expire_time)
    }
}

/// Takes one field over; false when there is none of that name.
fn take(patch: &mut ProfilePatch, field: &str, new: &Profile) -> bool {
    let settings = &mut patch.settings;
    match field {
        "name" => patch.name = Some(new.name.clone()),
        "description" => patch.description = Some(new.description.clone()),
        "color" => patch.color = Some(new.color.clone()),
        "environment" => patch.environment = Some(new.environment.clone()),
        "settings" => *settings = SettingsPatch::all(&new.settings),
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

    #[expect(clippy::option_option, reason = "a change of something that may be none")]
    fn change(
        new: &Profile,
        paths: &[&str],
        updated: Updated,
    ) -> sandbar_model::Result<(ProfilePatch, Option<Option<Time>>)> {
        let mut fields = Fields::default();
        let mask = FieldMask { paths: paths.iter().map(ToString::to_string).collect() };
        let wire = project_to_wire(project(new.clone()), None);
        let change = fields.profile_patch("project", Some(wire), Some(mask), updated);
        fields.finish(change)
    }

    proptest! {
        #[test]
        fn all_fields_make_the_new_one_and_one_field_only_that(old in profile(), new in profile()) {
            let all = ["name", "description", "color", "environment", "settings"];
            prop_assert_eq!(change(&new, &all, Updated::Root).unwrap().0.apply(&old), new.clone());

            let one = change(&new, &["color", "settings.requires_mfa"], Updated::Root).unwrap().0.apply(&old);
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
            let applied = change(&new, &descriptor, Updated::Root).unwrap().0.apply(&old);
            prop_assert_eq!(applied.settings, new.settings);
        }
    }

    #[test]
    fn unknown_and_output_fields_are_refused_and_so_is_an_empty_mask() {
        let some = project_to_wire(project(blank()), None);
        let mut fields = Fields::default();
        fields.profile_patch("project", Some(some), None, Updated::Root);
        assert!(fields.finish(()).unwrap_err().to_string().starts_with("update_mask: is required"));
        for path in ["id", "etag", "settings.nope", "expire_time", "*", ""] {
            let error = change(&blank(), &[path], Updated::Root).unwrap_err().to_string();
            assert!(error.contains("can't be changed"), "{error}");
        }
    }

    #[test]
    fn only_a_sandbox_has_an_expiry() {
        let change = change(&blank(), &["expire_time"], Updated::Sandbox).unwrap();
        assert_eq!(change.1, Some(Some(Time(27))));
        let mut fields = Fields::default();
        let mut wire = project_to_wire(project(blank()), None);
        wire.expire_time = Some(time::to_wire(Time(i64::MAX)));
        let mask = FieldMask { paths: vec!["expire_time".to_owned()] };
        fields.profile_patch("sandbox", Some(wire), Some(mask), Updated::Sandbox);
        assert!(fields.finish(()).unwrap_err().to_string().starts_with("sandbox.expire_time: "));
    }

    fn blank() -> Profile {
        Profile {
            name: String::new(),
            description: String::new(),
            color: String::new(),
            environment: String::new(),
            settings: sandbar_model::project::Settings::default(),
        }
    }
}
