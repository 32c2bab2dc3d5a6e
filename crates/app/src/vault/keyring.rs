//! Master keys in memory, as an operator gives them: in a file or an environment variable.

use std::fmt;

use futures::future::{self, BoxFuture};
use ring::aead::NONCE_LEN;
use sandbar_store::credential::WrappedKey;
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox};

use super::{DataKey, MasterKeys, Unopened, open, seal};

/// The longest id of a master key, in bytes.
const MAX_ID: usize = 32;

/// Master keys by id, in the order in which they came into use.
#[derive(Default)]
pub struct KeyRing(Vec<(String, DataKey)>);

/// Why a text holds no master keys. Says nothing of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// There is none in it.
    #[error(
        "there is no master key in it; each stands on a line of its own as id:key, such as k1:… with 64 hexadecimal digits"
    )]
    None,
    /// One can't be read.
    #[error(
        "master key number {0} is not of the form id:key: an id of 1 to 32 lower-case letters, digits, - and _, a colon, and 64 hexadecimal digits, as `openssl rand -hex 32` makes them"
    )]
    Malformed(usize),
    /// Two have one id.
    #[error("two master keys are called {0:?}")]
    Twice(String),
}

impl KeyRing {
    /// Of `id:key`, with line breaks, blanks or commas between; what stands behind `#` on a line is a remark. The last is
    /// the current one: to rotate, add one at the end.
    ///
    /// # Errors
    /// [`BadKeys`].
    pub fn parse(text: &str) -> Result<Self, BadKeys> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        let said = lines.flat_map(|line| line.split([',', ' ', '\t'])).filter(|word| !word.is_empty());
        let mut keys: Vec<(String, DataKey)> = Vec::new();
        for (number, word) in said.enumerate() {
            let (id, key) = entry(word).ok_or(BadKeys::Malformed(number + 1))?;
            if keys.iter().any(|(other, _)| *other == id) {
                return Err(BadKeys::Twice(id));
            }
            keys.push((id, key));
        }
        if keys.is_empty() { Err(BadKeys::None) } else { Ok(Self(keys)) }
    }

    fn key(&self, id: &str) -> Result<&DataKey, Unopened> {
        let found = self.0.iter().find(|(other, _)| other == id).map(|(_, key)| key);
        found.ok_or_else(|| Unopened::NoKey(id.to_owned()))
    }
}

fn entry(word: &str) -> Option<(String, DataKey)> {
    let (id, digits) = word.split_once(':')?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    if !(1..=MAX_ID).contains(&id.len()) || !id.bytes().all(plain) || digits.len() != 64 {
        return None;
    }
    let mut key = SecretBox::new(Box::new([0; 32]));
    for (byte, pair) in key.expose_secret_mut().iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some((id.to_owned(), key))
}

impl MasterKeys for KeyRing {
    fn ids(&self) -> Vec<&str> {
        self.0.iter().map(|(id, _)| id.as_str()).collect()
    }

    fn wrap<'a>(
        &'a self,
        master: &'a str,
        bound: &'a [u8],
        key: &'a DataKey,
        fresh: [u8; NONCE_LEN],
    ) -> BoxFuture<'a, Result<WrappedKey, Unopened>> {
        let wrapped = self.key(master).and_then(|own| {
            let bytes = seal(own, bound, key.expose_secret(), fresh).ok_or(Unopened::Damaged)?;
            Ok(WrappedKey { master: master.to_owned(), bytes })
        });
        Box::pin(future::ready(wrapped))
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a WrappedKey,
        bound: &'a [u8],
    ) -> BoxFuture<'a, Result<DataKey, Unopened>> {
        let key = self.key(&wrapped.master).and_then(|own| {
            let plain = open(own, bound, &wrapped.bytes).ok_or(Unopened::Damaged)?;
            let bytes = <[u8; 32]>::try_from(plain.expose_secret()).map_err(|_| Unopened::Damaged)?;
            Ok(SecretBox::new(Box::new(bytes)))
        });
        Box::pin(future::ready(key))
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyRing").field(&self.ids()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> BadKeys {
        KeyRing::parse(text).unwrap_err()
    }

    #[test]
    fn the_last_key_is_the_current_one() {
        let (one, other) = ("0a".repeat(32), "F0".repeat(32));
        let ring = KeyRing::parse(&format!("# ours\nk1:{one} # of 2025\n\n k-2_x:{other},\n")).unwrap();
        assert_eq!(ring.ids(), ["k1", "k-2_x"]);
        assert_eq!(ring.key("k1").unwrap().expose_secret(), &[0x0a; 32]);
        assert_eq!(ring.key("k-2_x").unwrap().expose_secret(), &[0xf0; 32]);
        assert!(matches!(ring.key("k3"), Err(Unopened::NoKey(id)) if id == "k3"));
    }

    #[test]
    fn what_is_no_key_is_said_without_showing_it() {
        let digits = "ab".repeat(32);
        assert_eq!(refused(" # nothing\n"), BadKeys::None);
        assert_eq!(refused(&format!("k:{digits} k:{digits}")), BadKeys::Twice("k".to_owned()));
        for wrong in [
            digits.clone(),
            format!(":{digits}"),
            format!("K:{digits}"),
            format!("{}:{digits}", "k".repeat(33)),
            format!("k:{digits}0"),
            format!("k:{}", &digits[2..]),
            format!("k:{}zz", &digits[2..]),
        ] {
            let problem = refused(&format!("fine:{digits} {wrong}"));
            assert_eq!(problem, BadKeys::Malformed(2), "{wrong}");
            assert!(!problem.to_string().contains("abab"));
        }
    }

    #[test]
    fn debug_shows_ids_only() {
        let ring = KeyRing::parse(&format!("k1:{}", "ab".repeat(32))).unwrap();
        assert_eq!(format!("{ring:?}"), "KeyRing([\"k1\"])");
    }
}
