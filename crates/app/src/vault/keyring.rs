//! Master keys in memory, as an operator gives them: in a file or an environment variable.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use futures::future::{self, BoxFuture};
use ring::aead::NONCE_LEN;
use sandbar_store::credential::WrappedKey;
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretString};

use super::{DataKey, MasterKeys, Unopened, open, seal};

/// The longest id of a master key, in bytes.
const MAX_ID: usize = 32;

/// Master keys by id, in the order in which they came into use.
type Keys = Vec<(String, DataKey)>;

/// Where they can be read again; none: not just now.
type Source = dyn Fn() -> Option<SecretString> + Send + Sync;

/// The master keys of one server.
#[derive(Default)]
pub struct KeyRing {
    keys: RwLock<Arc<Keys>>,
    /// Read again when a key is needed that is not there: an operator may have added it meanwhile.
    source: Option<Box<Source>>,
}

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
        let mut keys = Keys::new();
        for (number, word) in said.enumerate() {
            let (id, key) = entry(word).ok_or(BadKeys::Malformed(number + 1))?;
            if keys.iter().any(|(other, _)| *other == id) {
                return Err(BadKeys::Twice(id));
            }
            keys.push((id, key));
        }
        if keys.is_empty() {
            return Err(BadKeys::None);
        }
        Ok(Self { keys: RwLock::new(Arc::new(keys)), source: None })
    }

    /// The same keys, that are read again from where they came when one is needed that is not among them. So a server
    /// takes up a new key while it runs.
    #[must_use]
    pub fn reading_again(self, source: impl Fn() -> Option<SecretString> + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The keys, with this one among them.
    fn with(&self, id: &str) -> Result<Arc<Keys>, Unopened> {
        let has = |keys: &Keys| keys.iter().any(|(other, _)| other == id);
        let keys = self.keys();
        if has(&keys) {
            return Ok(keys);
        }
        let again = self.source.as_ref().and_then(|source| source());
        let read = again.and_then(|text| Self::parse(text.expose_secret()).ok()).map(|ring| ring.keys());
        match read {
            Some(keys) if has(&keys) => {
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&keys);
                Ok(keys)
            }
            _ => Err(Unopened::NoKey(id.to_owned())),
        }
    }

    /// Does something with a key.
    fn use_key<T>(&self, id: &str, act: impl FnOnce(&DataKey) -> Option<T>) -> Result<T, Unopened> {
        let keys = self.with(id)?;
        let key = keys.iter().find(|(other, _)| other == id).map(|(_, key)| key);
        key.and_then(act).ok_or(Unopened::Damaged)
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
    fn ids(&self) -> Vec<String> {
        self.keys().iter().map(|(id, _)| id.clone()).collect()
    }

    fn wrap<'a>(
        &'a self,
        master: &'a str,
        bound: &'a [u8],
        key: &'a DataKey,
        fresh: [u8; NONCE_LEN],
    ) -> BoxFuture<'a, Result<WrappedKey, Unopened>> {
        let bytes = self.use_key(master, |own| seal(own, bound, key.expose_secret(), fresh));
        Box::pin(future::ready(bytes.map(|bytes| WrappedKey { master: master.to_owned(), bytes })))
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a WrappedKey,
        bound: &'a [u8],
    ) -> BoxFuture<'a, Result<DataKey, Unopened>> {
        let key = self.use_key(&wrapped.master, |own| {
            let plain = open(own, bound, &wrapped.bytes)?;
            let bytes = <[u8; 32]>::try_from(plain.expose_secret()).ok()?;
            Some(SecretBox::new(Box::new(bytes)))
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
        let first = |id| ring.use_key(id, |key| key.expose_secret().first().copied());
        assert_eq!((first("k1").unwrap(), first("k-2_x").unwrap()), (0x0a, 0xf0));
        assert!(matches!(first("k3"), Err(Unopened::NoKey(id)) if id == "k3"));
    }

    #[test]
    fn a_key_that_was_added_meanwhile_is_taken_up_when_it_is_needed() {
        let digits = "ab".repeat(32);
        let file = Arc::new(std::sync::Mutex::new(None::<String>));
        let read = Arc::clone(&file);
        let ring = KeyRing::parse(&format!("k1:{digits}")).unwrap();
        let ring = ring.reading_again(move || read.lock().unwrap().clone().map(SecretString::from));
        let finds = |id| ring.use_key(id, |_| Some(())).is_ok();
        assert!(!finds("k2"), "the file can't be read just now");
        for broken in ["", "k1", "k3:0"] {
            *file.lock().unwrap() = Some(broken.to_owned());
            assert!(!finds("k2") && finds("k1"), "{broken:?} takes no key away");
        }
        *file.lock().unwrap() = Some(format!("k1:{digits} k2:{digits}"));
        assert_eq!(ring.ids(), ["k1"]);
        assert!(finds("k2"));
        assert_eq!(ring.ids(), ["k1", "k2"], "from here on it is the current one");
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
