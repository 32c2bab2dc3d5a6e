//! Configs: JSON documents of a product's own kind, such as a journey or an e-mail template. What they mean is the
//! product's business; what they refer to is declared beside them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Kind, ResourceId, Violations, document::MAX_NAME, field::path, json, text};

/// The longest kind, in characters.
pub const MAX_KIND: usize = 63;
/// The largest value, in bytes of its canonical text.
pub const MAX_VALUE_BYTES: usize = 1024 * 1024;
/// How deep a value may nest: an object in an object is 2.
pub const MAX_DEPTH: usize = 64;
/// The most references of one config.
pub const MAX_REFERENCES: usize = 1000;

/// A JSON document of a product's own kind, with what it refers to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The product's word for what it is: `journey`. `[a-z][a-z0-9_-]{0,62}`.
    #[serde(rename = "config_kind")]
    pub kind: String,
    /// 1–255 characters, unique among the project's configs of its kind.
    pub name: String,
    /// Which resources of the project it needs, each once. That they are there is checked where the project is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// The document itself, an object. Kept as a text of its own: the order of keys is no content, and a number is kept
    /// whole that the canonical form of everything around it would round.
    #[serde(with = "json::canonical_text")]
    pub value: Value,
}

/// Another resource that a config needs. Where in the value it is used is not declared: a place in a list moves with
/// every edit, and would be wrong after a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Of which kind.
    pub kind: Kind,
    /// Which one.
    pub id: ResourceId,
}

impl Config {
    /// The one form in which it is kept: its name in NFC, references sorted and each once, numbers written in one way.
    #[must_use]
    pub fn tidy(mut self) -> Self {
        self.references.sort_unstable();
        self.references.dedup();
        json::tidy(&mut self.value);
        Self { name: text::nfc(&self.name), ..self }
    }

    /// What breaks a rule; the same before and after [`Self::tidy`]. Fields are named below `prefix`.
    pub fn violations(&self, prefix: &str) -> Violations {
        let mut found = Violations::default();
        check_kind(&mut found, path(prefix, "kind"), &self.kind);
        text::check_name(&mut found, &path(prefix, "name"), &self.name, MAX_NAME);
        let references = self.references.len();
        found.require(
            references <= MAX_REFERENCES,
            path(prefix, "references"),
            format!("has {references} entries; at most {MAX_REFERENCES} are allowed"),
        );
        check_value(&mut found, path(prefix, "value"), &self.value);
        found
    }

    /// What is unique in a project: `kind/name`. A kind has no slash, so no two configs share one.
    pub fn key(&self) -> String {
        key(&self.kind, &self.name)
    }
}

/// The key of a config of this kind and name.
pub fn key(kind: &str, name: &str) -> String {
    format!("{kind}/{name}")
}

/// The kind and the name in a key.
pub fn parts(key: &str) -> (&str, &str) {
    key.split_once('/').unwrap_or((key, ""))
}

/// Notes what is wrong with a kind.
pub fn check_kind(found: &mut Violations, field: String, kind: &str) {
    let word =
        kind.starts_with(|first: char| first.is_ascii_lowercase()) && text::is_lower_ascii(kind, b"_-");
    found.require(
        word && kind.len() <= MAX_KIND,
        field,
        format!(
            "must be a lower-case word of 1 to {MAX_KIND} characters: a letter, then letters, digits, `-` and `_`; it is {}",
            text::shown(kind)
        ),
    );
}

fn check_value(found: &mut Violations, field: String, value: &Value) {
    let depth = json::depth(value);
    let what = match value {
        Value::Object(_) => None,
        Value::Array(_) => Some("a list"),
        Value::String(_) => Some("a string"),
        Value::Number(_) => Some("a number"),
        Value::Bool(_) => Some("a boolean"),
        Value::Null => Some("null"),
    };
    if let Some(what) = what {
        found.add(field, format!("must be a JSON object; it is {what}"));
    } else if depth > MAX_DEPTH {
        found.add(field, format!("nests {depth} levels deep; at most {MAX_DEPTH} are allowed"));
    } else {
        let bytes = json::canonical(value).len();
        found.require(
            bytes <= MAX_VALUE_BYTES,
            field,
            format!("has {bytes} bytes without blanks; at most {MAX_VALUE_BYTES} are allowed"),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn config() -> Config {
        Config {
            kind: "journey".to_owned(),
            name: "Solar".to_owned(),
            references: Vec::new(),
            value: json!({ "steps": [] }),
        }
    }

    fn fields(change: impl FnOnce(&mut Config)) -> Vec<String> {
        let mut config = config();
        change(&mut config);
        let found = config.violations("config");
        assert_eq!(config.tidy().violations("config"), found, "tidying changes nothing of it");
        found.0.into_iter().map(|violation| violation.field).collect()
    }

    fn nested(depth: usize) -> Value {
        (1..depth).fold(json!({}), |inner, _| json!({ "a": inner }))
    }

    #[test]
    fn a_kind_is_a_lower_case_word() {
        for good in ["a", "journey", "e-mail_template2", &"a".repeat(MAX_KIND)] {
            assert!(fields(|c| c.kind = good.to_owned()).is_empty(), "{good}");
        }
        for bad in ["", "Journey", "2nd", "-a", "a b", "a/b", "é", &"a".repeat(MAX_KIND + 1)] {
            assert_eq!(fields(|c| c.kind = bad.to_owned()), ["config.kind"], "{bad}");
        }
    }

    #[test]
    fn a_value_is_an_object_of_limited_size_and_depth() {
        for bad in [json!([]), json!("a"), json!(1), json!(true), json!(null)] {
            assert_eq!(fields(|c| c.value = bad.clone()), ["config.value"], "{bad}");
        }
        assert!(fields(|c| c.value = nested(MAX_DEPTH)).is_empty());
        assert_eq!(fields(|c| c.value = nested(MAX_DEPTH + 1)), ["config.value"]);
        let text = |bytes: usize| json!({ "a": "x".repeat(bytes - r#"{"a":""}"#.len()) });
        assert!(fields(|c| c.value = text(MAX_VALUE_BYTES)).is_empty());
        assert_eq!(fields(|c| c.value = text(MAX_VALUE_BYTES + 1)), ["config.value"]);
    }

    #[test]
    fn a_name_is_unique_among_those_of_its_kind() {
        assert_eq!(fields(|c| c.name = String::new()), ["config.name"]);
        assert_eq!(config().key(), "journey/Solar");
        assert_eq!(parts("journey/a/b"), ("journey", "a/b"));
    }

    #[test]
    fn references_are_kept_sorted_and_each_once() {
        let reference = |kind, id| Reference { kind, id: ResourceId(Uuid::from_u128(id)) };
        let given = [(Kind::Config, 2), (Kind::Workflow, 3), (Kind::Config, 2), (Kind::Workflow, 1)];
        let references = given.map(|(kind, id)| reference(kind, id)).to_vec();
        let tidy = Config { references, ..config() }.tidy();
        let kept = [(Kind::Workflow, 1), (Kind::Workflow, 3), (Kind::Config, 2)];
        assert_eq!(tidy.references, kept.map(|(kind, id)| reference(kind, id)));
        let many = |count| (0..count).map(|id| reference(Kind::Workflow, id)).collect::<Vec<_>>();
        assert!(fields(|c| c.references = many(1000)).is_empty());
        assert_eq!(fields(|c| c.references = many(1001)), ["config.references"]);
    }
}
