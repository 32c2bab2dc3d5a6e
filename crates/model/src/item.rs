//! The items of a collection: data of one project, never versioned, cloned or merged. What they may be, and the patterns
//! that pick some of them.

use std::fmt;

use crate::{Time, Violations, field::path};

/// The longest key, in characters.
pub const MAX_KEY: usize = 255;
/// The longest value, in characters.
pub const MAX_VALUE: usize = 1_000_000;
/// The most items, or keys, of one request.
pub const MAX_ITEMS: usize = 10_000;

/// The only wildcard of a pattern: any text, also none.
const WILDCARD: char = '*';

/// A key with its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    /// 1–255 characters, unique in the collection; kept as it is, byte for byte.
    pub key: String,
    /// JSON text, or any other: at most 1,000,000 characters, kept as it is.
    pub value: String,
}

/// Values are in no log.
impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Item {
    /// What it counts against the limit of a collection: key and value, in bytes.
    pub fn size(&self) -> i64 {
        i64::try_from(self.key.len() + self.value.len()).unwrap_or(i64::MAX)
    }

    /// What breaks a rule. Fields are named below `prefix`. Keys and values are data of the project's: none is shown.
    pub fn violations(&self, prefix: &str) -> Violations {
        let mut found = Violations::default();
        check_key(&mut found, path(prefix, "key"), &self.key);
        let length = self.value.chars().count();
        found.require(
            length <= MAX_VALUE,
            path(prefix, "value"),
            format!("has {length} characters; at most {MAX_VALUE} are allowed"),
        );
        found.require(
            !self.value.contains('\0'),
            path(prefix, "value"),
            "must not contain the character NUL, which a database can't keep (in JSON write it \\u0000)",
        );
        found
    }
}

/// A key: 1 to 255 characters, none of them a control character. `*` is none but in a pattern.
pub fn check_key(found: &mut Violations, field: String, key: &str) {
    let length = key.chars().count();
    if length == 0 || length > MAX_KEY {
        found.add(field.as_str(), format!("must have 1 to {MAX_KEY} characters; it has {length}"));
    }
    found.require(
        !key.chars().any(char::is_control),
        field,
        "must not contain control characters (line breaks, tabs, …)",
    );
}

/// Which keys: a text in which each `*` stands for any text. Everything else stands for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPattern(String);

/// Every key.
impl Default for KeyPattern {
    fn default() -> Self {
        Self(WILDCARD.to_string())
    }
}

impl KeyPattern {
    /// From the wire: empty for every key.
    ///
    /// # Errors
    /// The problem, for a text that is longer than any that fits a key needs to be.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let most = 2 * MAX_KEY + 1;
        if text.chars().count() > most || text.chars().any(char::is_control) {
            return Err(format!("must have at most {most} characters, none of them a control character"));
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What every key begins with that fits.
    pub fn prefix(&self) -> &str {
        self.0.split(WILDCARD).next().unwrap_or_default()
    }

    /// The first and the last text, by byte, between which every key lies that fits.
    pub fn range(&self) -> (String, String) {
        let prefix = self.prefix();
        if !self.0.contains(WILDCARD) {
            return (prefix.to_owned(), prefix.to_owned());
        }
        // No key is longer, and no character is greater.
        let last = std::iter::repeat_n(char::MAX, MAX_KEY + 1);
        (prefix.to_owned(), prefix.chars().chain(last).collect())
    }

    /// Whether a key fits. Takes time at most in proportion to both lengths, multiplied.
    pub fn fits(&self, key: &str) -> bool {
        let mut parts = self.0.split(WILDCARD);
        let Some(mut rest) = parts.next().and_then(|first| key.strip_prefix(first)) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        // The earliest place for each leaves the most room for those after it.
        for part in parts {
            match rest.split_once(part) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// Which items of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemFilter {
    /// By key.
    pub pattern: KeyPattern,
    /// Only those made before then, not at it. Likewise the others.
    pub created_before: Option<Time>,
    /// Only those made after then.
    pub created_after: Option<Time>,
    /// Only those last written before then.
    pub updated_before: Option<Time>,
    /// Only those last written after then.
    pub updated_after: Option<Time>,
}

impl ItemFilter {
    /// Whether an item fits.
    pub fn fits(&self, key: &str, created: Time, updated: Time) -> bool {
        self.created_before.is_none_or(|limit| created < limit)
            && self.created_after.is_none_or(|limit| created > limit)
            && self.updated_before.is_none_or(|limit| updated < limit)
            && self.updated_after.is_none_or(|limit| updated > limit)
            && self.pattern.fits(key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> KeyPattern {
        KeyPattern::parse(text).unwrap()
    }

    fn problems(key: &str, value: &str) -> Vec<String> {
        let item = Item { key: key.to_owned(), value: value.to_owned() };
        item.violations("items[0]").0.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn keys_and_values_have_their_lengths() {
        assert!(problems(&"é".repeat(255), &"é".repeat(MAX_VALUE)).is_empty());
        assert!(problems("100%_[x]*?", "").is_empty());
        assert_eq!(problems("", &"x".repeat(MAX_VALUE + 1)), ["items[0].key", "items[0].value"]);
        assert_eq!(problems(&"é".repeat(256), "a\0b"), ["items[0].key", "items[0].value"]);
        assert_eq!(problems("a\nb", "{}"), ["items[0].key"]);
        let item = Item { key: "k".to_owned(), value: "secret".to_owned() };
        assert_eq!((item.size(), format!("{item:?}").contains("secret")), (7, false));
    }

    #[test]
    fn a_star_stands_for_any_text_and_nothing_else_does() {
        for (text, fits, not) in [
            ("", vec!["a", "*", "%"], vec![]),
            ("a", vec!["a"], vec!["", "A", "ab", "ba"]),
            ("a*", vec!["a", "ab", "a*"], vec!["ba", "A"]),
            ("*a", vec!["a", "ba", "aa"], vec!["ab"]),
            ("a*a", vec!["aa", "aba", "aaa"], vec!["a", "ab"]),
            ("*ab*ab*", vec!["abab", "xabxabx"], vec!["ab", "aab", "aba"]),
            ("100%_?[a]*", vec!["100%_?[a]", "100%_?[a]x"], vec!["1000_?[a]", "100%xxa"]),
            ("é*", vec!["é1"], vec!["e\u{301}1"]),
        ] {
            let pattern = pattern(text);
            assert!(fits.iter().all(|key| pattern.fits(key)), "{text} {fits:?}");
            assert!(!not.iter().any(|key| pattern.fits(key)), "{text} {not:?}");
        }
        assert!(KeyPattern::parse(&"*".repeat(511)).is_ok());
        assert!(KeyPattern::parse(&"*".repeat(512)).is_err());
        assert!(KeyPattern::parse("a\n").is_err());
    }

    #[test]
    fn dates_are_limits_that_do_not_fit_themselves() {
        let mut filter = ItemFilter {
            pattern: pattern("*"),
            created_before: Some(Time(5)),
            created_after: Some(Time(3)),
            updated_before: None,
            updated_after: None,
        };
        let created = |filter: &ItemFilter, time| filter.fits("k", Time(time), Time(9));
        assert_eq!([3, 4, 5].map(|time| created(&filter, time)), [false, true, false]);
        filter.updated_before = Some(Time(10));
        filter.updated_after = Some(Time(8));
        assert!(created(&filter, 4));
        filter.updated_after = Some(Time(9));
        assert!(!created(&filter, 4));
    }

    /// The obvious way, which takes exponential time.
    fn slowly(pattern: &[char], key: &[char]) -> bool {
        match (pattern.split_first(), key.split_first()) {
            (None, None) => true,
            (Some((&WILDCARD, rest)), _) => {
                slowly(rest, key) || key.split_first().is_some_and(|(_, key)| slowly(pattern, key))
            }
            (Some((one, rest)), Some((other, key))) => one == other && slowly(rest, key),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn what_fits_is_what_should_and_lies_in_the_range(text in "[ab*]{1,6}", key in "[ab]{1,8}") {
            let pattern = pattern(&text);
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(pattern.fits(&key), slowly(&chars(&text), &chars(&key)));
            let (first, last) = pattern.range();
            prop_assert!(!pattern.fits(&key) || (first <= key && key <= last));
        }
    }
}
