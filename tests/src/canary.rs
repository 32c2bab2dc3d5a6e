//! Looking for secrets where none may be. Every secret that a test writes holds a mark, so that one look finds them all.

mod form;

use std::{collections::BTreeMap, io::Read, sync::LazyLock};

use aho_corasick::AhoCorasick;

use form::Form;

/// In every credential's value and in what webhooks ask for: it may be in no log, metric, error or database.
pub const SECRET: &str = "canary-7f3a9";
/// In items and dataclips: kept as it is, and in no log, metric or error.
pub const CONTENT: &str = "finch-5c8e1";

/// How tokens begin. What follows is 50 letters and digits.
const TOKENS: [&str; 2] = ["sbr_", "sbrun_"];
const DIGITS: usize = 50;
/// How a token of an issuer begins: a JSON object in base64.
const SIGN_IN: &str = "eyJ";
/// How much of a source is looked at together, and how much of it again with what follows: more than any secret has in any
/// form.
const PIECE: usize = 4 << 20;
const OVERLAP: usize = 1 << 10;

/// Whether bytes hold a text of ASCII in any form: see [`Form`].
pub fn holds(bytes: &[u8], secret: &str) -> bool {
    let text = String::from_utf8_lossy(bytes);
    Form::ALL.iter().any(|form| text.contains(&form.write(secret)))
}

/// Where to look, which says what may be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// Nothing of a secret, but for this token, which an embedded server prints at its first start; empty: none.
    Log(&'a str),
    /// What users write may be there, and no secret.
    Database,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// A secret's, a content's, a token's.
    pub what: &'static str,
    /// With what is around it.
    pub text: String,
}

/// Every place of a source that holds anything that it may not.
///
/// # Panics
/// When it can't be read.
pub fn leaks(mut source: impl Read, place: Place<'_>) -> Vec<Leak> {
    let (mut found, mut piece, mut start) = (BTreeMap::new(), Vec::new(), 0_usize);
    loop {
        let again = piece.len().min(OVERLAP);
        piece.drain(..piece.len() - again);
        let read = source.by_ref().take(PIECE as u64).read_to_end(&mut piece).unwrap();
        if read == 0 {
            break;
        }
        for (at, what) in FINDER.find(&piece) {
            found.entry(start + at).or_insert_with(|| Leak { what, text: around(&piece, at) });
        }
        start += piece.len() - piece.len().min(OVERLAP);
    }
    let mut leaks: Vec<_> = found.into_values().collect();
    match place {
        Place::Database => leaks.retain(|leak| leak.what != CONTENTS),
        Place::Log("") => {}
        Place::Log(token) => {
            // Once.
            if let Some(at) = leaks.iter().position(|leak| leak.text.contains(token)) {
                leaks.remove(at);
            }
        }
    }
    leaks
}

const SECRETS: &str = "a secret";
const CONTENTS: &str = "a content";
const A_TOKEN: &str = "a token";

static FINDER: LazyLock<Finder> = LazyLock::new(Finder::new);

/// All texts that are looked for, at once.
struct Finder {
    texts: AhoCorasick,
    /// What each is: in which form, and of tokens how they begin.
    kinds: Vec<(&'static str, Form, &'static str)>,
}

impl Finder {
    fn new() -> Self {
        let (mut texts, mut kinds) = (Vec::new(), Vec::new());
        let wanted = [(SECRETS, SECRET), (CONTENTS, CONTENT), (A_TOKEN, TOKENS[0]), (A_TOKEN, TOKENS[1])];
        for (what, text) in wanted {
            for form in Form::ALL {
                texts.push(form.write(text));
                kinds.push((what, form, text));
            }
        }
        texts.push(SIGN_IN.to_owned());
        kinds.push((A_TOKEN, Form::Plain, SIGN_IN));
        Self { texts: AhoCorasick::new(texts).unwrap(), kinds }
    }

    fn find<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (usize, &'static str)> + 'a {
        self.texts.find_overlapping_iter(bytes).filter_map(|found| {
            let (what, form, text) = self.kinds[found.pattern().as_usize()];
            let is = match text {
                SIGN_IN => is_sign_in(&bytes[found.start()..]),
                _ if what == A_TOKEN => is_token(&form.read(bytes, found.start(), text.len() + DIGITS), text),
                _ => true,
            };
            is.then_some((found.start(), what))
        })
    }
}

fn is_token(text: &[u8], prefix: &str) -> bool {
    let digits = text.strip_prefix(prefix.as_bytes()).unwrap_or_default();
    digits.len() == DIGITS && digits.iter().all(u8::is_ascii_alphanumeric)
}

/// Three parts in base64 with dots between them.
fn is_sign_in(bytes: &[u8]) -> bool {
    let in_token = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let text: Vec<_> = bytes.iter().take_while(in_token).copied().collect();
    let parts: Vec<_> = text.split(|byte| *byte == b'.').collect();
    parts.len() == 3 && parts.iter().all(|part| part.len() > 8)
}

fn around(bytes: &[u8], at: usize) -> String {
    let part = &bytes[at.saturating_sub(300)..bytes.len().min(at + 200)];
    String::from_utf8_lossy(part).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, place: Place<'_>) -> Vec<&'static str> {
        leaks(text.as_bytes(), place).into_iter().map(|leak| leak.what).collect()
    }

    fn token() -> String {
        format!("sbr_{}", "0Az9".repeat(13).split_at(DIGITS).0)
    }

    #[test]
    fn marks_and_tokens_are_found_in_every_form() {
        let token = token();
        for form in Form::ALL {
            for before in ["", "a", "ab", "{\"p\":\""] {
                let inside = |secret: &str| {
                    let whole = format!("{before}{secret}\"}}");
                    format!(
                        "INFO x {} y",
                        if form.is_base64() { form::base64(&whole) } else { form.write(&whole) }
                    )
                };
                assert_eq!(found(&inside(SECRET), Place::Database), [SECRETS], "{form:?} {before}");
                assert_eq!(found(&inside(CONTENT), Place::Log("")), [CONTENTS], "{form:?} {before}");
                assert_eq!(found(&inside(CONTENT), Place::Database), [""; 0], "{form:?} {before}");
                assert_eq!(found(&inside(&token), Place::Database), [A_TOKEN], "{form:?} {before}");
                let run = token.replacen("sbr_", "sbrun_", 1);
                assert_eq!(found(&inside(&run), Place::Log(&token)), [A_TOKEN], "{form:?} {before}");
                assert!(holds(inside(SECRET).as_bytes(), SECRET), "{form:?} {before}");
            }
        }
        assert!(!holds(b"canary-7f3a", SECRET));
    }

    #[test]
    fn what_only_looks_so_is_none() {
        for text in [
            "canary-7f3a",
            "send `authorization: Bearer sbr_…`",
            "sbr_0123",
            "eyJhbGciOiJub25lIn0",
            "c2JyXw==",
        ] {
            assert_eq!(found(text, Place::Log("")), [""; 0], "{text}");
        }
        assert_eq!(found("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl", Place::Log("")), [A_TOKEN]);
    }

    #[test]
    fn the_first_token_may_be_printed_once_and_no_other() {
        let (token, once) = (token(), format!("the first token: {}\n{}", token(), "x".repeat(1000)));
        assert_eq!(found(&once, Place::Log(&token)), [""; 0]);
        assert_eq!(found(&once.repeat(2), Place::Log(&token)), [A_TOKEN]);
        assert_eq!(found(&once, Place::Log("")), [A_TOKEN]);
    }

    #[test]
    fn what_lies_across_two_pieces_is_found_once() {
        for ahead in (0..=OVERLAP).step_by(101).chain([SECRET.len() - 1, OVERLAP + 100]) {
            let mut text = vec![b'.'; PIECE - ahead];
            text.extend_from_slice(SECRET.as_bytes());
            text.resize(PIECE + 3 * OVERLAP, b'.');
            assert_eq!(leaks(&text[..], Place::Database).len(), 1, "{ahead}");
        }
    }
}
