//! Rules for the short texts that people type: names, addresses, labels.
//!
//! A character is a Unicode scalar value of the text in NFC, so that a limit doesn't depend on how an accent was typed.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::Violations;

/// The longest e-mail address, in characters (RFC 5321 §4.5.3.1.3 as corrected by erratum 1690).
pub(crate) const MAX_EMAIL: usize = 254;

/// A name: 1 to `max` characters, none of them a control character (a database can't keep NUL, a list can't show others).
pub(crate) fn check_name(found: &mut Violations, field: &str, name: &str, max: usize) {
    check_length(found, field, name, 1, max);
    found.require(
        !name.chars().any(char::is_control),
        field,
        format!("must not contain control characters (line breaks, tabs, …); it is {}", shown(name)),
    );
}

/// From `min` to `max` characters.
pub(crate) fn check_length(found: &mut Violations, field: &str, text: &str, min: usize, max: usize) {
    let length = as_nfc(text).chars().count();
    if length < min {
        found.add(field, format!("must not be empty; give it 1 to {max} characters"));
    } else if length > max {
        found.add(field, format!("has {length} characters; at most {max} are allowed"));
    }
}

/// An e-mail address as far as can be told without sending mail: one `@` between two parts, no blanks.
pub(crate) fn check_email(found: &mut Violations, field: &str, email: &str) {
    check_length(found, field, email, 1, MAX_EMAIL);
    let parts = email.split_once('@');
    let well_formed = parts
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
        && !email.chars().any(|c| c.is_whitespace() || c.is_control());
    found.require(
        well_formed || email.is_empty(),
        field,
        format!("must be an e-mail address like name@example.org; it is {}", shown(email)),
    );
}

/// Whether all of a text's characters are lower-case ASCII letters, digits or one of `others`.
pub(crate) fn is_lower_ascii(text: &str, others: &[u8]) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || others.contains(&b))
}

/// In Unicode normalization form C.
pub(crate) fn nfc(text: &str) -> String {
    as_nfc(text).into_owned()
}

/// As [`nfc`], without a copy of what is NFC already, which nearly all text is.
pub(crate) fn as_nfc(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        _ => Cow::Owned(text.nfc().collect()),
    }
}

/// Quoted for a message, cut so that a message stays one even when somebody sends a novel.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?} (cut)", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_problems(name: &str, max: usize) -> usize {
        let mut found = Violations::default();
        check_name(&mut found, "name", name, max);
        found.0.len()
    }

    fn is_email(email: &str) -> bool {
        let mut found = Violations::default();
        check_email(&mut found, "email", email);
        found.is_empty()
    }

    #[test]
    fn a_limit_counts_composed_characters() {
        assert_eq!(name_problems("e\u{301}e\u{301}", 2), 0);
        assert_eq!(name_problems("ééé", 2), 1);
        assert_eq!(name_problems("", 2), 1);
        assert_eq!(name_problems("a\0", 2), 1);
        assert_eq!(name_problems("a\u{85}b", 2), 2);
    }

    #[test]
    fn email_addresses_have_one_at_sign_between_two_parts() {
        for good in ["a@b", "user-1@example.org", "o'neil+x@ex.example", "ü@ü.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\n", "a@\0"] {
            assert!(!is_email(bad), "{bad:?}");
        }
        assert!(is_email(&format!("{}@x.example", "a".repeat(MAX_EMAIL - 10))));
        assert!(!is_email(&format!("{}@x.example", "a".repeat(MAX_EMAIL - 9))));
    }

    #[test]
    fn a_message_shows_the_start_of_a_long_text() {
        assert_eq!(shown("a\nb"), r#""a\nb""#);
        assert_eq!(shown(&"é".repeat(61)), format!("{:?} (cut)", "é".repeat(60)));
        assert_eq!(shown(&"é".repeat(60)), format!("{:?}", "é".repeat(60)));
    }
}
