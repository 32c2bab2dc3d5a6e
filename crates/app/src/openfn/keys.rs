//! The keys of the document's objects: what makes them, and whether one was there before.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

/// The key for a name, as the `OpenFn` client makes it: each run of blanks becomes one `-`, case and the rest are kept.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    let mut in_blanks = false;
    for c in name.chars() {
        if !c.is_whitespace() {
            slug.push(c);
        } else if !in_blanks {
            slug.push('-');
        }
        in_blanks = c.is_whitespace();
    }
    slug
}

/// Makes the keys of one object differ: the second `a` becomes `a-2`.
///
/// It keeps a hash and a number per key, not the key, so that a project of very many workflows costs next to nothing. Two
/// keys with the same 64-bit hash only mean a suffix that was not needed.
#[derive(Default)]
pub(super) struct Unique {
    /// By the hash of each key given out, the next number to try after it.
    next: HashMap<u64, u32>,
}

impl Unique {
    /// This key, with a number after it where it was given out before.
    pub(super) fn key(&mut self, wanted: String) -> String {
        let mut key = wanted;
        let first = hash(&key);
        if let Some(&number) = self.next.get(&first) {
            let (free, next) = self.numbered(&key, number);
            self.next.insert(first, next);
            key = free;
        }
        self.next.insert(hash(&key), 2);
        key
    }

    fn numbered(&self, key: &str, mut number: u32) -> (String, u32) {
        loop {
            let candidate = format!("{key}-{number}");
            number = number.saturating_add(1);
            if !self.next.contains_key(&hash(&candidate)) {
                return (candidate, number);
            }
        }
    }
}

/// Notices a key that one object has twice. Keeps 8 bytes per key: for what this is used on, at most millions of keys, the
/// chance of two different keys with one 64-bit hash is below one in a million.
#[derive(Default)]
pub(super) struct Seen(HashSet<u64>);

impl Seen {
    /// Notes this key; an error, that names it, when it was there before.
    pub(super) fn note<E: serde::de::Error>(&mut self, key: &str) -> Result<(), E> {
        if self.0.insert(hash(key)) {
            Ok(())
        } else {
            Err(E::custom(format_args!("the key `{key:.100}` is there twice in one object")))
        }
    }
}

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_become_one_dash_each_run() {
        assert_eq!(slug("auto  WCS Camera\tDeployment "), "auto-WCS-Camera-Deployment-");
        assert_eq!(slug("Élan_vital (v2)"), "Élan_vital-(v2)");
    }

    #[test]
    fn keys_given_out_differ() {
        let mut keys = Unique::default();
        let given: Vec<_> = ["a", "a-2", "a", "a", "a-2"].map(|key| keys.key(key.to_owned())).into();
        assert_eq!(given, ["a", "a-2", "a-3", "a-4", "a-2-2"]);
    }

    #[test]
    fn thousands_of_equal_names_are_no_trouble() {
        let mut keys = Unique::default();
        let given: HashSet<_> = (0..20_000).map(|_| keys.key("same".to_owned())).collect();
        assert_eq!(given.len(), 20_000);
    }
}
