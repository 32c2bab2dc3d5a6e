//! Text for people, made from messages. Nothing here does I/O, and colours are always in the text: the streams leave
//! them out where they don't belong.

pub(crate) mod audit;
pub(crate) mod conflicts;
pub(crate) mod credential;
pub(crate) mod diff;
mod field;
pub(crate) mod page;
pub(crate) mod plan;
pub(crate) mod push;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod tables;
pub(crate) mod time;
pub(crate) mod tree;
pub(crate) mod usage;
mod value;
pub(crate) mod watch;

use std::borrow::Cow;

use jiff::Timestamp;

use self::diff::Frame;

/// What a text for a person depends on beside what it says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// When it is read: times are relative to it.
    pub(crate) now: Timestamp,
    /// How differences are shown, and the room for them.
    pub(crate) frame: Frame,
}

/// Text of others with everything that could steer a terminal made visible. Line breaks and tabs stay.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    // Direction marks are no controls but can make text look like other text.
    let steers = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let show = |c: char| if steers(c) { c.escape_unicode().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(show).collect())
}

/// A command line that a shell takes apart into exactly these words.
pub(crate) fn shell<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,".contains(c);
    let quote = |word: &str| {
        let is_safe = !word.is_empty() && word.chars().all(safe);
        if is_safe { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
    };
    words.into_iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// `1 workflow`, `2 workflows`.
pub(crate) fn count(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_made_visible() {
        assert_eq!(visible("plain ü\n\t"), "plain ü\n\t");
        assert_eq!(visible("\u{1b}[2Jgone\r"), r"\u{1b}[2Jgone\u{d}");
    }

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(shell(["a", "--leave", "It's b", ""]), r"a --leave 'It'\''s b' ''");
    }
}
