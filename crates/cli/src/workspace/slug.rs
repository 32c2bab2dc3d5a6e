//! Ids of files: what names become, as OpenFn's tools make them, and how equal ones are told apart.

use std::collections::HashMap;

/// The longest id, in bytes: with an ending it is still the name of a file everywhere.
pub(crate) const MAX_ID: usize = 200;

/// A name as an id: runs of everything but `A-Z`, `a-z`, `0-9` and `_` become one `-`, ends are cut, letters become small.
///
/// Just what `@openfn/project` makes of it, so that its files have the same names. A name without any of those
/// characters becomes empty.
pub(crate) fn slug(name: &str) -> String {
    let words = name.split(|c: char| !is_word(c)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// Whether an id may be the name of a file: it can't lead anywhere else.
pub(crate) fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len()) && id.chars().all(|c| is_word(c) || c == '-')
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Gives out ids of which no two are equal: the second `a` is `a-2`.
#[derive(Debug, Default)]
pub(crate) struct Ids(HashMap<String, u32>);

impl Ids {
    /// An id for the name; `otherwise` is that of a name of which nothing is left.
    pub(crate) fn take(&mut self, name: &str, otherwise: &str) -> String {
        let mut wanted = slug(name);
        if wanted.is_empty() {
            otherwise.clone_into(&mut wanted);
        }
        // Room for a number behind it.
        wanted.truncate(MAX_ID - 12);
        let mut number = self.0.get(&wanted).copied().unwrap_or(1);
        let mut id = wanted.clone();
        while self.0.contains_key(&id) {
            number += 1;
            id = format!("{wanted}-{number}");
        }
        self.0.insert(wanted, number);
        self.0.entry(id.clone()).or_insert(1);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_those_of_openfn() {
        // Made with `slugify` of @openfn/project 0.20.2.
        for (name, expected) in [
            ("Get Patients", "get-patients"),
            ("  auto  WCS\tDeployment (v2) ", "auto-wcs-deployment-v2"),
            ("Élan vital", "lan-vital"),
            ("a_b-c.d", "a_b-c-d"),
            ("--a--", "a"),
            ("日本語", ""),
            ("../../etc", "etc"),
        ] {
            assert_eq!(slug(name), expected, "{name}");
        }
    }

    #[test]
    fn no_two_ids_are_equal_whatever_the_names() {
        let mut ids = Ids::default();
        let given: Vec<_> =
            ["a b", "A-B", "a-b-2", "a.b", "日本", "語"].map(|name| ids.take(name, "step")).into();
        assert_eq!(given, ["a-b", "a-b-2", "a-b-2-2", "a-b-3", "step", "step-2"]);
        let long = ids.take(&"x".repeat(300), "step");
        let longer = ids.take(&"x".repeat(301), "step");
        assert!(is_id(&long) && is_id(&longer) && long != longer);
    }

    #[test]
    fn ids_lead_nowhere() {
        assert!(is_id("get-patients_2"));
        for id in ["", "..", "a/b", "a\\b", "a.js", "é", "a b", "a\0"] {
            assert!(!is_id(id), "{id:?}");
        }
    }
}
