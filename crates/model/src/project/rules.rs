//! The rules of 1-domain §2 that a project can be held to by itself.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{Profile, RETENTION_DAYS, RetentionPolicy, Settings};
use crate::{
    Violations,
    field::path,
    text::{self, shown},
    time::{DAY, HOUR},
};

/// The longest name of a project, in characters.
pub const MAX_PROJECT_NAME: usize = 100;
/// The longest description of a project, in characters.
pub const MAX_DESCRIPTION: usize = 240;
/// The longest label of an environment, in characters.
const MAX_ENVIRONMENT: usize = 32;
/// The shortest life that a sandbox can be given, in microseconds: 1 hour.
pub const SANDBOX_TTL_MIN: i64 = HOUR;
/// The longest life that a sandbox can be given, in microseconds: 365 days.
pub const SANDBOX_TTL_MAX: i64 = 365 * DAY;

impl Profile {
    /// What breaks a rule, all of it, with fields named below `prefix`. Rules that need other projects (names of
    /// siblings, environments of ancestors) are checked where those are known.
    pub fn violations(&self, prefix: &str) -> Violations {
        let mut found = Violations::default();
        let name = path(prefix, "name");
        text::check_length(&mut found, &name, &self.name, 1, MAX_PROJECT_NAME);
        found.require(text::is_lower_ascii(&self.name, b"-"), name, name_problem(&self.name));
        let description = path(prefix, "description");
        text::check_length(&mut found, &description, &self.description, 0, MAX_DESCRIPTION);
        // PostgreSQL can't keep NUL; line breaks and tabs are what a description may have.
        found.require(
            self.description.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')),
            description,
            "must not contain control characters other than line breaks and tabs",
        );
        found.require(
            self.color.is_empty() || is_color(&self.color),
            path(prefix, "color"),
            format!("must be `#rgb`, `#rrggbb` or `#rrggbbaa`; it is {}", shown(&self.color)),
        );
        check_environment(&mut found, path(prefix, "environment"), &self.environment);
        found.append(self.settings.violations(&path(prefix, "settings")));
        found
    }
}

impl Settings {
    /// What breaks a rule, all of it, with fields named below `prefix`.
    pub fn violations(&self, prefix: &str) -> Violations {
        let mut found = Violations::default();
        found.require(
            self.concurrency != Some(0),
            path(prefix, "concurrency"),
            "must be at least 1; leave it out for no limit of its own",
        );
        let history = path(prefix, "history_retention_days");
        check_days(&mut found, &history, self.history_retention_days);
        let dataclip = path(prefix, "dataclip_retention_days");
        check_days(&mut found, &dataclip, self.dataclip_retention_days);
        if let Some(days) = self.dataclip_retention_days {
            match self.history_retention_days {
                _ if self.retention_policy == RetentionPolicy::EraseAll => {
                    found.add(
                        dataclip,
                        "must be left out with the policy ERASE_ALL, which keeps no dataclips",
                    );
                }
                None => found.add(dataclip, "must be left out where history_retention_days is"),
                Some(history) if days > history => {
                    found.add(
                        dataclip,
                        format!("must be at most history_retention_days, {history}; it is {days}"),
                    );
                }
                Some(_) => {}
            }
        }
        found
    }
}

/// What is wrong with the life that a sandbox is to have, given in microseconds: it must be 1 hour to 365 days.
pub fn sandbox_ttl_violations(ttl: i64, field: &str) -> Violations {
    let mut found = Violations::default();
    found.require(
        (SANDBOX_TTL_MIN..=SANDBOX_TTL_MAX).contains(&ttl),
        field,
        "must be 1 hour to 365 days; leave it out for a sandbox that stays until it is deleted",
    );
    found
}

/// The project name that a client may offer for what a person typed: lower-case, without accents, with `-` for whatever
/// else a name can't have. None when nothing is left.
pub fn slug(text: &str) -> Option<String> {
    let mut slug = String::new();
    // Compatibility decomposition: letters without their accents, and plain ones for ligatures and wide forms.
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        if slug.len() == MAX_PROJECT_NAME {
            break;
        }
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') && !is_combining_mark(c) {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    (!slug.is_empty()).then_some(slug)
}

fn name_problem(name: &str) -> String {
    let offer = slug(name).map(|slug| format!("; {slug:?} would do")).unwrap_or_default();
    format!("may only have lower-case letters a–z, digits and `-`; it is {}{offer}", shown(name))
}

fn check_days(found: &mut Violations, field: &str, days: Option<u32>) {
    if let Some(days) = days.filter(|days| !RETENTION_DAYS.contains(days)) {
        found.add(
            field,
            format!("must be 7, 14, 30, 90, 180 or 365 days, or left out for ever; it is {days}"),
        );
    }
}

fn is_color(color: &str) -> bool {
    let digits = color.strip_prefix('#').unwrap_or_default();
    matches!(digits.len(), 3 | 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The label of an environment: of a project, or of a credential's value set.
pub(crate) fn check_environment(found: &mut Violations, field: String, label: &str) {
    found.require(
        is_environment(label),
        field,
        format!(
            "must have 1 to 32 lower-case letters a–z, digits, `_` and `-`, and start with a letter or digit; it is {}",
            shown(label)
        ),
    );
}

fn is_environment(label: &str) -> bool {
    (1..=MAX_ENVIRONMENT).contains(&label.len())
        && text::is_lower_ascii(label, b"_-")
        && !label.starts_with(['_', '-'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::project::{PALETTE, ROOT_ENVIRONMENT, SANDBOX_ENVIRONMENT};

    fn profile() -> Profile {
        Profile {
            name: "health-sync".to_owned(),
            description: "Clinics to the ministry.\n".to_owned(),
            color: String::new(),
            environment: ROOT_ENVIRONMENT.to_owned(),
            settings: Settings::default(),
        }
    }

    fn fields(change: impl FnOnce(&mut Profile)) -> Vec<String> {
        let mut profile = profile();
        change(&mut profile);
        profile.violations("project").0.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn each_field_has_its_rule() {
        assert!(fields(|_| ()).is_empty());
        for name in ["", "A", "a_b", "ä", "a b", &"a".repeat(101)] {
            assert_eq!(fields(|p| p.name = name.to_owned()), ["project.name"], "{name:?}");
        }
        for name in ["-", "0", &"a".repeat(100)] {
            assert!(fields(|p| p.name = name.to_owned()).is_empty(), "{name:?}");
        }
        assert!(fields(|p| p.description = "é".repeat(240)).is_empty());
        assert_eq!(fields(|p| p.description = "é".repeat(241)), ["project.description"]);
        assert_eq!(fields(|p| p.description = "\0".to_owned()), ["project.description"]);
        for color in ["#", "red", "#12", "#1234", "#12345g", "#1234567", "123456", "#12345é"] {
            assert_eq!(fields(|p| p.color = color.to_owned()), ["project.color"], "{color:?}");
        }
        for color in ["#fff", "#A1b2C3", "#a1b2c3d4"] {
            assert!(fields(|p| p.color = color.to_owned()).is_empty(), "{color:?}");
        }
        for label in ["", "_a", "-a", "Dev", "a b", &"a".repeat(33)] {
            assert_eq!(fields(|p| p.environment = label.to_owned()), ["project.environment"], "{label:?}");
        }
        for label in ["0", SANDBOX_ENVIRONMENT, "a_-", &"a".repeat(32)] {
            assert!(fields(|p| p.environment = label.to_owned()).is_empty(), "{label:?}");
        }
    }

    #[test]
    fn a_wrong_name_comes_with_a_right_one() {
        let violations = Profile { name: "Health Sync".to_owned(), ..profile() }.violations("");
        assert!(violations.0[0].problem.contains("\"health-sync\" would do"), "{violations:?}");
    }

    #[test]
    fn dataclips_are_kept_no_longer_than_history() {
        let problems = |history, dataclip, retention_policy| {
            let settings = Settings {
                history_retention_days: history,
                dataclip_retention_days: dataclip,
                retention_policy,
                ..Settings::default()
            };
            settings.violations("s").0.into_iter().map(|v| v.field).collect::<Vec<_>>()
        };
        let all = RetentionPolicy::RetainAll;
        assert!(problems(None, None, RetentionPolicy::EraseAll).is_empty());
        for days in RETENTION_DAYS {
            assert!(problems(Some(days), Some(days), all).is_empty());
        }
        assert!(problems(Some(30), Some(7), RetentionPolicy::RetainWithErrors).is_empty());
        assert_eq!(problems(Some(7), Some(14), all), ["s.dataclip_retention_days"]);
        assert_eq!(problems(None, Some(14), all), ["s.dataclip_retention_days"]);
        assert_eq!(problems(Some(14), Some(14), RetentionPolicy::EraseAll), ["s.dataclip_retention_days"]);
        assert_eq!(problems(Some(8), Some(7), all), ["s.history_retention_days"]);
        assert_eq!(problems(Some(8), Some(9), all).len(), 3);
        let settings = Settings { concurrency: Some(0), ..Settings::default() };
        assert_eq!(settings.violations("").0[0].field, "concurrency");
    }

    #[test]
    fn a_life_is_an_hour_to_a_year() {
        for (ttl, fine) in [
            (HOUR, true),
            (HOUR - 1, false),
            (365 * DAY, true),
            (365 * DAY + 1, false),
            (0, false),
            (i64::MIN, false),
            (i64::MAX, false),
        ] {
            assert_eq!(sandbox_ttl_violations(ttl, "ttl").is_empty(), fine, "{ttl}");
        }
    }

    #[test]
    fn a_slug_is_what_a_person_would_have_typed() {
        for (text, expected) in [
            ("Health Sync", Some("health-sync")),
            ("  Übung: Größe №5!  ", Some("ubung-gro-e-no5")),
            ("a__b--c", Some("a-b-c")),
            ("Ｗｉｄｅ ﬁle™", Some("wide-filetm")),
            ("İstanbul", Some("istanbul")),
            ("", None),
            ("---", None),
            ("日本", None),
        ] {
            assert_eq!(slug(text).as_deref(), expected, "{text:?}");
        }
        assert_eq!(slug(&format!("{}-b", "a".repeat(99))), Some("a".repeat(99)));
    }

    #[test]
    fn the_palette_is_distinct_and_readable() {
        for (at, color) in PALETTE.iter().enumerate() {
            assert!(is_color(color) && color.len() == 7, "{color}");
            assert!(contrast_with_white(color) >= 4.5, "{color}");
            for other in PALETTE.iter().skip(at + 1) {
                let apart =
                    channels(color).iter().zip(channels(other)).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
                assert!(apart.sqrt() >= 40.0, "{color} and {other} look alike");
            }
        }
    }

    fn channels(color: &str) -> [f64; 3] {
        [1, 3, 5].map(|at| u8::from_str_radix(&color[at..at + 2], 16).unwrap().into())
    }

    /// WCAG 2.2, "relative luminance" and "contrast ratio".
    fn contrast_with_white(color: &str) -> f64 {
        let [red, green, blue] = channels(color).map(|value| {
            let value = value / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    }

    proptest! {
        #[test]
        fn every_slug_is_a_name(text in "\\PC{0,150}") {
            if let Some(slug) = slug(&text) {
                let found = Profile { name: slug.clone(), ..profile() }.violations("");
                prop_assert!(found.is_empty(), "{found:?}");
                prop_assert_eq!(super::slug(&slug), Some(slug));
            }
        }

        #[test]
        fn an_ordinary_name_is_its_own_slug(name in "[a-z0-9]{1,20}(-[a-z0-9]{1,20}){0,3}") {
            prop_assert_eq!(slug(&name), Some(name));
        }
    }
}
