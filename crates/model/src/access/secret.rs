//! The text of a bearer token: what its bearer keeps, of which the service keeps only a hash.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// What every token starts with, so that people and secret scanners know one when they see it.
const PREFIX: &str = "sbr_";
/// What the token of a run starts with.
const RUN_PREFIX: &str = "sbrun_";
/// Base62 digits of 128 bits; the token's 256 random ones are two such halves.
const HALF: usize = 22;
/// Base62 digits of a CRC-32.
const CHECKSUM: usize = 6;
/// How many digits follow a prefix; they are all ASCII.
const DIGITS: usize = 2 * HALF + CHECKSUM;
/// The length of a user's token in bytes.
#[cfg(test)]
const LENGTH: usize = PREFIX.len() + DIGITS;

/// A token as its bearer sends it: `sbr_[0-9A-Za-z]{50}`, never shown by `Debug` and wiped from memory when dropped.
///
/// After the prefix come 256 random bits as two big-endian halves of 22 base62 digits (`0-9A-Za-z`, `0` in front), then
/// the CRC-32 (IEEE) of those 44 digits as 6 more. So a secret scanner can tell a real token from a look-alike without
/// asking anyone. The checksum protects nothing: only the hash in the database makes a token valid.
pub struct TokenSecret(SecretString);

/// SHA-256 of a token's text: what is kept of it. The token has 256 random bits, so a plain hash can't be searched.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// The token of a run, for the worker that has it: `sbrun_[0-9A-Za-z]{50}`, of the same form as a [`TokenSecret`]. It opens
/// nothing but what that run needs, and only while the worker has the run.
pub struct RunSecret(SecretString);

impl TokenSecret {
    /// The token of these bits, which must come from a cryptographic source of randomness.
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(text(PREFIX, random))
    }

    /// The token that a caller sent; none when its length, prefix, digits or checksum are wrong, without telling which.
    /// Reads no more than a token's length, however much is sent, and all of that, wherever the fault may be.
    pub fn parse(text: &str) -> Option<Self> {
        parse(PREFIX, text).map(Self)
    }

    /// Under which its record is found.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.expose()).into())
    }

    /// The text, to be shown once to the one who asked for it, and to nobody else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl RunSecret {
    /// As [`TokenSecret::from_random`].
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(text(RUN_PREFIX, random))
    }

    /// As [`TokenSecret::parse`].
    pub fn parse(text: &str) -> Option<Self> {
        parse(RUN_PREFIX, text).map(Self)
    }

    /// Under which its record is found.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.expose()).into())
    }

    /// The text, for the worker that claimed the run, and for nobody else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

fn text(prefix: &str, random: [u8; 32]) -> SecretString {
    let (high, low) = halves(random);
    // Room for all of it at once, so that growing leaves no copy behind.
    let mut text = String::with_capacity(prefix.len() + DIGITS);
    text.push_str(prefix);
    push_digits(&mut text, high, HALF);
    push_digits(&mut text, low, HALF);
    let checksum = crc32fast::hash(text.get(prefix.len()..).unwrap_or_default().as_bytes());
    push_digits(&mut text, checksum.into(), CHECKSUM);
    text.into()
}

fn parse(prefix: &str, text: &str) -> Option<SecretString> {
    if text.len() != prefix.len() + DIGITS {
        return None;
    }
    let rest = text.strip_prefix(prefix)?;
    let all_digits = rest.bytes().fold(true, |all, b| all & b.is_ascii_alphanumeric());
    let (digits, checksum) = rest.split_at_checked(2 * HALF)?;
    let mut expected = String::with_capacity(CHECKSUM);
    push_digits(&mut expected, crc32fast::hash(digits.as_bytes()).into(), CHECKSUM);
    let checks = checksum == expected;
    (all_digits && checks).then(|| SecretString::from(text))
}

impl fmt::Debug for RunSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunSecret(redacted)")
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(redacted)")
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(redacted)")
    }
}

fn halves(random: [u8; 32]) -> (u128, u128) {
    let half = |bytes: &[u8]| bytes.iter().fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
    let (high, low) = random.split_at(16);
    (half(high), half(low))
}

/// A number as exactly `width` base62 digits, `0` in front.
fn push_digits(text: &mut String, number: u128, width: usize) {
    let start = text.len();
    base62::encode_buf(number, text);
    while text.len() < start + width {
        text.insert(start, '0');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ContentHash;

    /// Made with Python's zlib, hashlib and int arithmetic from the description above.
    const VECTORS: [([u8; 32], &str, &str); 3] = [
        (
            [0; 32],
            "sbr_000000000000000000000000000000000000000000002WHHss",
            "bcdc0ccefb0f80f8fe4e5b8366077f4f13a0a9d3321815b2d1f485be245b45be",
        ),
        (
            [255; 32],
            "sbr_7n42DGM5Tflk9n8mt7Fhc77n42DGM5Tflk9n8mt7Fhc71EA0Mk",
            "5a375599f1093c4502e6c2dda86b86e38b0c5bd62cc5693119f32c0f2e2ae281",
        ),
        (
            ASCENDING,
            "sbr_000SYW7RiJxkEgOGusQGwp0UJg4EBGO3cQWJhXqJNbv53D58Hx",
            "a2781eae2678673ae27b0e811422da1670dc9323ba31868c985f5ffbeb8c6d0f",
        ),
    ];
    const ASCENDING: [u8; 32] = *b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\
        \x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";

    #[test]
    fn vectors() {
        for (random, text, hash) in VECTORS {
            let secret = TokenSecret::from_random(random);
            assert_eq!(secret.expose(), text);
            assert_eq!(ContentHash(secret.hash().0).to_string(), hash);
        }
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        let secret = TokenSecret::from_random([7; 32]);
        assert_eq!(format!("{secret:?} {:?}", secret.hash()), "TokenSecret(redacted) TokenHash(redacted)");
    }

    #[test]
    fn a_runs_token_is_no_users_and_a_users_no_runs() {
        let (user, run) = (TokenSecret::from_random([7; 32]), RunSecret::from_random([7; 32]));
        assert!(run.expose().starts_with("sbrun_") && run.expose().ends_with(&user.expose()[4..]));
        assert!(RunSecret::parse(run.expose()).is_some() && RunSecret::parse(user.expose()).is_none());
        assert!(TokenSecret::parse(run.expose()).is_none());
        assert_ne!(run.hash(), user.hash());
        assert_eq!(format!("{run:?}"), "RunSecret(redacted)");
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let text = TokenSecret::from_random([7; 32]).expose().to_owned();
        assert!(TokenSecret::parse(&text).is_some());
        let wrong = [
            String::new(),
            "sbr_".to_owned(),
            text.to_uppercase(),
            format!("{text} "),
            format!(" {text}"),
            text.replacen("sbr_", "sbx_", 1),
            format!("sbr_{}", "é".repeat(25)),
            format!("sbr_{}é0000", "0".repeat(43)),
            "sbr_".repeat(1_000_000),
        ];
        for text in wrong {
            assert!(TokenSecret::parse(&text).is_none(), "{}", text.len());
        }
    }

    proptest! {
        #[test]
        fn every_token_has_the_form_and_reads_back(random: [u8; 32]) {
            let secret = TokenSecret::from_random(random);
            let text = secret.expose();
            prop_assert_eq!(text.len(), LENGTH);
            prop_assert!(text.strip_prefix("sbr_").unwrap().bytes().all(|b| b.is_ascii_alphanumeric()));
            let read = TokenSecret::parse(text).unwrap();
            prop_assert_eq!(read.expose(), text);
            prop_assert_eq!(read.hash(), secret.hash());
        }

        #[test]
        fn one_wrong_digit_is_noticed(random: [u8; 32], at in 4_usize..LENGTH, digit in "[0-9A-Za-z]") {
            let text = TokenSecret::from_random(random).expose().to_owned();
            let mut wrong = text.clone();
            wrong.replace_range(at..=at, &digit);
            prop_assert_eq!(TokenSecret::parse(&wrong).is_some(), wrong == text);
        }

        #[test]
        fn different_bits_are_different_tokens(one: [u8; 32], other: [u8; 32]) {
            let same = TokenSecret::from_random(one).hash() == TokenSecret::from_random(other).hash();
            prop_assert_eq!(same, one == other);
        }

        #[test]
        fn no_text_makes_parsing_panic(text in "\\PC{0,60}|sbr_\\PC{45,52}|sbr_[0-9A-Za-z]{50}") {
            TokenSecret::parse(&text);
        }
    }
}
