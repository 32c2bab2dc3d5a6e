//! Keychains: which of a project's credentials a step signs in with, told by what its run begins with (1-domain §7).

mod path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CredentialId, ResourceId, Time, Violations, document::MAX_NAME, field, json, text};

pub use path::{MAX_PATH, MAX_SELECTORS};

/// A way from a run's initial dataclip to one of the project's credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keychain {
    /// 1–255 characters, unique among the project's keychains.
    pub name: String,
    /// Where in the dataclip the external id of the credential is: a `JSONPath` (RFC 9535) of 1–255 characters. A path that
    /// could take longer than the dataclip is large is refused: see [`Self::violations`].
    pub json_path: String,
    /// The credential link of the project that is picked where none has the external id. None: then none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_link: Option<ResourceId>,
}

/// What a keychain's path finds in a dataclip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No string and no number.
    Nothing,
    /// One, as text; several that are the same count as one.
    Value(String),
    /// Several different ones. None of them decides: else what belongs to the others would go where the first one belongs.
    Several,
}

/// A credential that a project links, as far as a keychain has to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The project's link.
    pub link: ResourceId,
    /// What it leads to.
    pub credential: CredentialId,
    /// What the credential's owner calls it elsewhere; empty: nothing.
    pub external_id: String,
    /// When the credential was made.
    pub create_time: Time,
}

/// What a keychain picks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The link to the credential with the external id.
    Match {
        /// The link.
        link: ResourceId,
        /// How many other credentials that the project links have the same external id.
        others: usize,
    },
    /// The default, because no linked credential has the external id, or none was found.
    Default(ResourceId),
    /// Nothing: there is no default either.
    None,
}

impl Keychain {
    /// The one form in which it is kept: with its name in NFC, so that what looks alike is alike.
    #[must_use]
    pub fn tidy(self) -> Self {
        Self { name: text::nfc(&self.name), ..self }
    }

    /// What breaks a rule; the same before and after [`Self::tidy`]. Fields are named below `prefix`. That the default is
    /// linked is checked where the project is known.
    ///
    /// Of RFC 9535 a path has everything but what could make it cost more than the dataclip is large: functions, more than
    /// one `..`, more than [`MAX_SELECTORS`] selectors between commas, filters in filters, and filters that look at more
    /// than one place at a time.
    pub fn violations(&self, prefix: &str) -> Violations {
        let mut found = Violations::default();
        text::check_name(&mut found, &field::path(prefix, "name"), &self.name, MAX_NAME);
        if let Err(problem) = path::parse(&self.json_path) {
            found.add(field::path(prefix, "json_path"), problem);
        }
        found
    }

    /// What the path finds in a dataclip. Strings count as they are, numbers as their shortest text (`7`, not `7.0`);
    /// anything else does not count. Takes time linear in the size of the dataclip.
    pub fn find(&self, dataclip: &Value) -> Found {
        // A path that is no longer one finds nothing, which the default is for.
        let Ok(path) = path::parse(&self.json_path) else { return Found::Nothing };
        let mut texts = path::values(&path, dataclip).into_iter().filter_map(as_text);
        let Some(first) = texts.next() else { return Found::Nothing };
        if texts.all(|other| other == first) { Found::Value(first) } else { Found::Several }
    }

    /// Picks one of the credentials that the project links: the one whose external id is exactly the value that was found.
    /// Where several have it, the one that was made first (then the one with the smallest id), so that linking another
    /// takes nothing over; [`Pick::Match::others`] tells of the rest.
    pub fn pick(&self, found: &Found, linked: &[Linked]) -> Pick {
        let alike: Vec<_> = match found {
            Found::Value(value) if !value.is_empty() => {
                linked.iter().filter(|one| one.external_id == *value).collect()
            }
            Found::Value(_) | Found::Nothing | Found::Several => Vec::new(),
        };
        match alike.iter().min_by_key(|one| (one.create_time, one.credential)) {
            Some(first) => Pick::Match { link: first.link, others: alike.len() - 1 },
            None => self.default_link.map_or(Pick::None, Pick::Default),
        }
    }
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) => Some(json::canonical(value)),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn keychain(json_path: &str) -> Keychain {
        Keychain { name: "Clinics".to_owned(), json_path: json_path.to_owned(), default_link: None }
    }

    fn linked(n: u128, external_id: &str, made: i64) -> Linked {
        Linked {
            link: ResourceId(Uuid::from_u128(n)),
            credential: CredentialId(Uuid::from_u128(100 - n)),
            external_id: external_id.to_owned(),
            create_time: Time(made),
        }
    }

    fn found(json_path: &str, dataclip: &Value) -> Found {
        keychain(json_path).find(dataclip)
    }

    #[test]
    fn strings_and_numbers_are_found_as_text() {
        let clip = json!({ "a": { "site": "Kono", "code": 7, "rate": 7.0, "big": u64::MAX }, "none": null });
        let value = |text: &str| Found::Value(text.to_owned());
        assert_eq!(found("$.a.site", &clip), value("Kono"));
        assert_eq!(found("$['a'][\"code\"]", &clip), value("7"));
        assert_eq!(found("$.a.rate", &clip), value("7"), "one number has one text");
        assert_eq!(found("$.a.big", &clip), value("18446744073709551615"));
        for nothing in ["$.none", "$.a", "$.b", "$", "$.a.site.x", "$[0]"] {
            assert_eq!(found(nothing, &clip), Found::Nothing, "{nothing}");
        }
        assert_eq!(found("$", &json!("Kono")), value("Kono"));
        assert_eq!(found("$.a", &json!({ "a": true })), Found::Nothing);
    }

    #[test]
    fn several_different_values_decide_nothing() {
        let clip = json!({ "r": [{ "site": "a" }, { "site": "a" }, { "other": 1 }, { "site": 5 }] });
        assert_eq!(found("$.r[0:2].site", &clip), Found::Value("a".to_owned()), "the same twice is one");
        assert_eq!(found("$.r[*].site", &clip), Found::Several);
        assert_eq!(found("$..site", &clip), Found::Several);
        assert_eq!(found("$.r[-1].site", &clip), Found::Value("5".to_owned()));
        assert_eq!(found("$.r[?@.other == 1].other", &clip), Found::Value("1".to_owned()));
        assert_eq!(found("$.r[?@.site && !@.other].site", &clip), Found::Several);
        assert_eq!(found("$.r[0,1].site", &clip), Found::Value("a".to_owned()));
    }

    #[test]
    fn the_external_id_decides_then_the_default_then_nothing() {
        let default = ResourceId(Uuid::from_u128(50));
        let with = Keychain { default_link: Some(default), ..keychain("$.a") };
        let linked = [linked(1, "Kono", 5), linked(2, "Bo", 5), linked(3, "", 1)];
        let value = |text: &str| Found::Value(text.to_owned());
        assert_eq!(with.pick(&value("Bo"), &linked), Pick::Match { link: linked[1].link, others: 0 });
        for nothing in [value("bo"), value("Bo "), value(""), Found::Nothing, Found::Several] {
            assert_eq!(with.pick(&nothing, &linked), Pick::Default(default), "{nothing:?}");
            assert_eq!(keychain("$.a").pick(&nothing, &linked), Pick::None, "{nothing:?}");
        }
    }

    #[test]
    fn of_several_the_one_that_was_made_first_is_picked() {
        let mut all = [linked(1, "Kono", 9), linked(2, "Kono", 3), linked(3, "Kono", 3), linked(4, "Bo", 1)];
        let expected = Pick::Match { link: all[2].link, others: 2 };
        for _ in 0..all.len() {
            all.rotate_left(1);
            assert_eq!(keychain("$").pick(&Found::Value("Kono".to_owned()), &all), expected);
        }
    }

    #[test]
    fn a_keychain_has_a_name_and_a_path() {
        let fields = |keychain: Keychain| -> Vec<String> {
            let found = keychain.violations("keychain");
            assert_eq!(keychain.tidy().violations("keychain"), found, "tidying changes nothing of it");
            found.0.into_iter().map(|violation| violation.field).collect()
        };
        assert!(fields(keychain("$.a")).is_empty());
        let nameless = |name: &str| Keychain { name: name.to_owned(), ..keychain("$.a") };
        assert!(fields(nameless(&"é".repeat(255))).is_empty());
        for wrong in ["", "a\n", &"é".repeat(256)] {
            assert_eq!(fields(nameless(wrong)), ["keychain.name"], "{wrong:?}");
        }
        assert_eq!(
            fields(Keychain { name: String::new(), ..keychain("") }),
            ["keychain.name", "keychain.json_path"]
        );
    }
}
