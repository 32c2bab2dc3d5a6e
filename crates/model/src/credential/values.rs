//! A set of secret values, on its way from its owner to where it is encrypted.

use std::{collections::BTreeSet, fmt};

use secrecy::{ExposeSecret, SecretString};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

/// The largest set, in bytes of its text.
pub const MAX_VALUES_BYTES: usize = 256 * 1024;
/// The most top-level members.
pub const MAX_KEYS: usize = 100;
/// The most bytes of all their names together, so that a list of many credentials fits into a message.
pub const MAX_KEY_BYTES: usize = 4 * 1024;

/// The text of a JSON object of secrets, exactly as it was sent: no digit is lost. Never shown by `Debug`, and wiped from
/// memory when dropped.
#[derive(Clone)]
pub struct Values {
    text: SecretString,
    keys: Vec<String>,
}

impl Values {
    /// Reads a text of at most 256 KiB: a JSON object of at most 100 members, in which no object has a key twice.
    ///
    /// # Errors
    /// What is wrong with it, without a word of its content.
    pub fn parse(text: SecretString) -> Result<Self, String> {
        let said = text.expose_secret();
        if said.len() > MAX_VALUES_BYTES {
            return Err(format!(
                "has {} bytes; at most {MAX_VALUES_BYTES} are allowed, for what signs in somewhere",
                said.len()
            ));
        }
        // What the reader says may quote what it read, so only the place is told.
        let Shape(keys) = serde_json::from_str(said).map_err(|error| {
            format!(
                "must be the text of a JSON object in which no key is there twice (line {}, column {})",
                error.line(),
                error.column()
            )
        })?;
        let named: usize = keys.iter().map(String::len).sum();
        if keys.len() > MAX_KEYS || named > MAX_KEY_BYTES {
            return Err(format!(
                "has {} members whose names have {named} bytes; at most {MAX_KEYS} members and {MAX_KEY_BYTES} bytes are allowed",
                keys.len()
            ));
        }
        Ok(Self { keys: keys.into_iter().collect(), text })
    }

    /// The names of its members, sorted. They are no secret.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The text, to be encrypted or given to a run, and to nobody else.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Values(redacted)")
    }
}

/// The names of an object's members. No value is kept, so that there is no copy to wipe.
struct Shape(BTreeSet<String>);

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members).map(Self)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = BTreeSet<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BTreeSet<String>, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if !keys.insert(key) {
                return Err(A::Error::custom("twice"));
            }
            map.next_value::<Checked>()?;
        }
        Ok(keys)
    }
}

/// Any value whose objects have each key once.
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Checking)
    }
}

struct Checking;

impl<'de> Visitor<'de> for Checking {
    type Value = Checked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_str<E>(self, _: &str) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Checked, A::Error> {
        while list.next_element::<Checked>()?.is_some() {}
        Ok(Checked)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Checked, A::Error> {
        Members.visit_map(map).map(|_| Checked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Values, String> {
        Values::parse(text.into())
    }

    #[test]
    fn what_was_sent_is_what_is_kept() {
        let text =
            " {\"z\": 1.10, \"a\": {\"n\": [18446744073709551616, null, true, -1, \"é\\u0000\"]}, \"\": {}}";
        let values = read(text).unwrap();
        assert_eq!(values.expose(), text);
        assert_eq!(values.keys(), ["", "a", "z"]);
        assert!(read("{}").unwrap().keys().is_empty());
    }

    #[test]
    fn nothing_but_an_object_with_each_key_once_is_taken() {
        for wrong in [
            "",
            "hunter2",
            "1",
            "\"hunter2\"",
            "[\"hunter2\"]",
            "{\"a\":hunter2}",
            "{\"a\":\"hunter2\"",
            "{} {}",
            "{\"a\":\"hunter2\",\"a\":1}",
            "{\"a\":[{\"hunter2\":1,\"hunter2\":2}]}",
            "{\"a\":1e999}",
            "{\"a\":\"hunter2\u{0}\"}",
        ] {
            let problem = read(wrong).unwrap_err();
            assert!(!problem.contains("hunter2"), "{problem}");
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
        assert!(read(&deep).is_err(), "a stack is not endless");
    }

    #[test]
    fn there_is_an_end_to_it() {
        let of = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        assert_eq!(of(MAX_VALUES_BYTES).len(), MAX_VALUES_BYTES);
        assert!(read(&of(MAX_VALUES_BYTES)).is_ok());
        assert!(read(&of(MAX_VALUES_BYTES + 1)).is_err());
        let members = |count: usize| {
            let members: Vec<_> = (0..count).map(|n| format!("\"{n}\":{n}")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(read(&members(MAX_KEYS)).is_ok());
        assert!(read(&members(MAX_KEYS + 1)).is_err());
        let named = |bytes: usize| format!("{{\"{}\":1}}", "k".repeat(bytes));
        assert!(read(&named(MAX_KEY_BYTES)).is_ok());
        assert!(read(&named(MAX_KEY_BYTES + 1)).is_err());
    }

    #[test]
    fn debug_shows_nothing() {
        let values = read("{\"password\":\"hunter2\"}").unwrap();
        assert_eq!(format!("{values:?} {:#?}", values.clone()), "Values(redacted) Values(redacted)");
    }
}
