//! Which of what people choose about a project to change, and to what.

use sandbar_model::project::{Profile, RetentionPolicy, Settings};

/// A change of a profile; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfilePatch {
    /// See [`Profile::name`].
    pub name: Option<String>,
    /// See [`Profile::description`].
    pub description: Option<String>,
    /// See [`Profile::color`].
    pub color: Option<String>,
    /// See [`Profile::environment`].
    pub environment: Option<String>,
    /// See [`Profile::settings`].
    pub settings: SettingsPatch,
}

/// A change of settings; what is none stays. Where a setting itself can be none, that is the inner one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsPatch {
    /// See [`Settings::concurrency`].
    pub concurrency: Option<Option<u32>>,
    /// See [`Settings::allow_support_access`].
    pub allow_support_access: Option<bool>,
    /// See [`Settings::requires_mfa`].
    pub requires_mfa: Option<bool>,
    /// See [`Settings::retention_policy`].
    pub retention_policy: Option<RetentionPolicy>,
    /// See [`Settings::history_retention_days`].
    pub history_retention_days: Option<Option<u32>>,
    /// See [`Settings::dataclip_retention_days`].
    pub dataclip_retention_days: Option<Option<u32>>,
}

impl ProfilePatch {
    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The profile with the change.
    #[must_use]
    pub fn apply(&self, profile: &Profile) -> Profile {
        let text = |new: &Option<String>, old: &String| new.as_ref().unwrap_or(old).clone();
        Profile {
            name: text(&self.name, &profile.name),
            description: text(&self.description, &profile.description),
            color: text(&self.color, &profile.color),
            environment: text(&self.environment, &profile.environment),
            settings: self.settings.apply(&profile.settings),
        }
    }
}

impl SettingsPatch {
    /// Changes all of them, to these: what a mask of just `settings` means.
    pub fn all(settings: &Settings) -> Self {
        Self {
            concurrency: Some(settings.concurrency),
            allow_support_access: Some(settings.allow_support_access),
            requires_mfa: Some(settings.requires_mfa),
            retention_policy: Some(settings.retention_policy),
            history_retention_days: Some(settings.history_retention_days),
            dataclip_retention_days: Some(settings.dataclip_retention_days),
        }
    }

    /// The settings with the change.
    #[must_use]
    pub fn apply(&self, settings: &Settings) -> Settings {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        Profile {
            name: "sync".to_owned(),
            description: "old".to_owned(),
            color: "#fff".to_owned(),
            environment: "main".to_owned(),
            settings: Settings {
                concurrency: Some(3),
                allow_support_access: true,
                requires_mfa: true,
                retention_policy: RetentionPolicy::RetainWithErrors,
                history_retention_days: Some(90),
                dataclip_retention_days: Some(30),
            },
        }
    }

    #[test]
    fn nothing_said_nothing_changed() {
        assert!(ProfilePatch::default().is_empty());
        assert_eq!(ProfilePatch::default().apply(&profile()), profile());
    }

    #[test]
    fn only_what_is_named_changes_and_it_can_become_nothing() {
        let settings =
            SettingsPatch { concurrency: Some(None), requires_mfa: Some(false), ..SettingsPatch::default() };
        let patch = ProfilePatch { color: Some(String::new()), settings, ..ProfilePatch::default() };
        assert!(!patch.is_empty());
        let mut expected = profile();
        expected.color = String::new();
        expected.settings.concurrency = None;
        expected.settings.requires_mfa = false;
        assert_eq!(patch.apply(&profile()), expected);
    }

    #[test]
    fn all_settings_replace_all_settings() {
        let patch = SettingsPatch::all(&Settings::default());
        assert_eq!(patch.apply(&profile().settings), Settings::default());
        let back = SettingsPatch::all(&profile().settings);
        assert_eq!(back.apply(&Settings::default()), profile().settings);
    }
}
