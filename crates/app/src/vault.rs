//! Encryption of credentials' values. Each credential has a data key, with which its sets of values are encrypted; the data
//! key is encrypted with a master key, which is never in the database.
//!
//! What is encrypted opens only where it was put: a set is bound to its credential, environment and version; the data key
//! to its credential and to *all* environments and versions that the credential has sets of. So a row that is moved,
//! swapped, brought back from an older backup or taken away makes the credential fail to open, as a changed byte does. Only a
//! credential that was brought back whole, with all its sets from one backup, can't be told from what it was.

mod keyring;
mod proof;
mod rekeyed;
mod webhooks;

use std::fmt::Debug;

use futures::future::BoxFuture;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sandbar_model::{CredentialId, Error, Result, credential::Values};
use sandbar_store::{Tx, credential, credential::WrappedKey, value_set};
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretSlice, SecretString};

pub use keyring::{BadKeys, KeyRing};
pub use proof::KeyProblem;
pub use rekeyed::Rekeyed;

use crate::App;

/// What everything encrypted begins with: that it is AES-256-GCM with a random nonce before it and its tag at its end.
const FORM: u8 = 1;

/// 32 bytes from which a key is made: shown by no `Debug`, wiped when dropped.
pub type DataKey = SecretBox<[u8; 32]>;

/// Where master keys are. [`KeyRing`] holds them in memory; a key service would do the same elsewhere.
pub trait MasterKeys: Debug + Send + Sync {
    /// The ids of the keys that there are; the last is the one that data keys are encrypted with from now on.
    fn ids(&self) -> Vec<String>;

    /// Encrypts a data key, bound to some bytes. `fresh`: random bytes, for those who need a nonce.
    ///
    /// # Errors
    /// [`Unopened::NoKey`], [`Unopened::Unavailable`].
    fn wrap<'a>(
        &'a self,
        master: &'a str,
        bound: &'a [u8],
        key: &'a DataKey,
        fresh: [u8; NONCE_LEN],
    ) -> BoxFuture<'a, Result<WrappedKey, Unopened>>;

    /// Decrypts what [`Self::wrap`] made.
    ///
    /// # Errors
    /// All of [`Unopened`].
    fn unwrap<'a>(
        &'a self,
        wrapped: &'a WrappedKey,
        bound: &'a [u8],
    ) -> BoxFuture<'a, Result<DataKey, Unopened>>;
}

/// Why something encrypted could not be opened (or made).
#[derive(Debug, thiserror::Error)]
pub enum Unopened {
    /// There is no master key of this id.
    #[error("there is no master key {0:?}")]
    NoKey(String),
    /// It is not what was put there, or not with this key.
    #[error("it was changed, moved, or encrypted with another key")]
    Damaged,
    /// A key service does not answer.
    #[error("the key service does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Unopened {
    fn of(self, id: CredentialId) -> Error {
        match self {
            Self::NoKey(key) => Error::MasterKeyMissing { key },
            Self::Damaged => Error::CredentialDamaged { id },
            Self::Unavailable(source) => Error::StorageUnavailable(source),
        }
    }
}

impl App {
    /// A data key for a credential that has no values yet.
    pub(crate) async fn new_data_key(&self, id: CredentialId) -> Result<WrappedKey> {
        let key = SecretBox::new(Box::new(self.world.random()));
        self.wrapped(id, &[], &key).await
    }

    /// A credential's data key. Fails when its rows are not all that its last writer left.
    pub(crate) async fn data_key(&self, tx: &mut Tx, id: CredentialId) -> Result<DataKey> {
        let wrapped = credential::key(tx, id).await?.ok_or(Error::CredentialNotFound { id })?;
        let versions = value_set::versions(tx, id).await?;
        let bound = bound_key(&wrapped.master, id, &versions);
        self.master_keys.unwrap(&wrapped, &bound).await.map_err(|why| why.of(id))
    }

    /// Encrypts a credential's data key anew, with the current master key, for the sets that it has now. Every change of
    /// its sets ends with this.
    pub(crate) async fn keep_data_key(&self, tx: &mut Tx, id: CredentialId, key: &DataKey) -> Result<()> {
        let versions = value_set::versions(tx, id).await?;
        let wrapped = self.wrapped(id, &versions, key).await?;
        credential::set_key(tx, id, &wrapped).await
    }

    /// A credential's values in an environment; none: it has none there. Only for who may read them: a run.
    pub(crate) async fn open_values(
        &self,
        tx: &mut Tx,
        id: CredentialId,
        environment: &str,
    ) -> Result<Option<Values>> {
        let key = self.data_key(tx, id).await?;
        let Some((version, sealed)) = value_set::sealed(tx, id, environment).await? else { return Ok(None) };
        let damaged = || Error::CredentialDamaged { id };
        let text = open(&key, &bound_values(id, environment, version), &sealed).ok_or_else(damaged)?;
        let text = std::str::from_utf8(text.expose_secret()).map_err(|_| damaged())?;
        Values::parse(SecretString::from(text)).map(Some).map_err(|_| damaged())
    }

    /// Encrypts values for where they will be.
    pub(crate) fn seal_values(
        &self,
        key: &DataKey,
        (id, environment, version): (CredentialId, &str, i64),
        values: &Values,
    ) -> Result<Vec<u8>> {
        let bound = bound_values(id, environment, version);
        seal(key, &bound, values.expose().as_bytes(), self.nonce())
            .ok_or(Error::Bug("AES-GCM encrypts 256 KiB"))
    }

    async fn wrapped(
        &self,
        id: CredentialId,
        versions: &[(String, i64)],
        key: &DataKey,
    ) -> Result<WrappedKey> {
        let ids = self.master_keys.ids();
        let Some(master) = ids.last() else { return Err(Error::MasterKeyMissing { key: String::new() }) };
        let bound = bound_key(master, id, versions);
        self.master_keys.wrap(master, &bound, key, self.nonce()).await.map_err(|why| why.of(id))
    }

    fn nonce(&self) -> [u8; NONCE_LEN] {
        let mut nonce = [0; NONCE_LEN];
        nonce.iter_mut().zip(self.world.random()).for_each(|(to, from)| *to = from);
        nonce
    }
}

fn bound_key(master: &str, id: CredentialId, versions: &[(String, i64)]) -> Vec<u8> {
    let mut bound = bound(&[b"data key", master.as_bytes(), id.0.as_bytes()]);
    for (environment, version) in versions {
        append(&mut bound, environment.as_bytes());
        append(&mut bound, &version.to_be_bytes());
    }
    bound
}

fn bound_values(id: CredentialId, environment: &str, version: i64) -> Vec<u8> {
    bound(&[b"values", id.0.as_bytes(), environment.as_bytes(), &version.to_be_bytes()])
}

/// Parts as one, each with its length, so that no two different lists of parts are the same bytes.
fn bound(parts: &[&[u8]]) -> Vec<u8> {
    let mut all = b"sandbar".to_vec();
    for part in parts {
        append(&mut all, part);
    }
    all
}

fn append(all: &mut Vec<u8>, part: &[u8]) {
    all.extend((part.len() as u64).to_be_bytes());
    all.extend(part);
}

/// Encrypts; a nonce must never come twice with one key. None: it is larger than AES-GCM can encrypt.
fn seal(key: &DataKey, bound: &[u8], plain: &[u8], nonce: [u8; NONCE_LEN]) -> Option<Vec<u8>> {
    let start = 1 + NONCE_LEN;
    let mut bytes = Vec::with_capacity(start + plain.len() + AES_256_GCM.tag_len());
    bytes.push(FORM);
    bytes.extend(nonce);
    // Encrypted where it stands, in room enough, so that no copy of the plain text is left behind.
    bytes.extend(plain);
    let tag = cipher(key)?
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(bound),
            bytes.get_mut(start..)?,
        )
        .ok()?;
    bytes.extend(tag.as_ref());
    Some(bytes)
}

/// Decrypts. None: it is not what was encrypted with this key and these bytes.
fn open(key: &DataKey, bound: &[u8], sealed: &[u8]) -> Option<SecretSlice<u8>> {
    let (FORM, rest) = sealed.split_first().map(|(form, rest)| (*form, rest))? else { return None };
    let (nonce, encrypted) = rest.split_first_chunk::<NONCE_LEN>()?;
    let mut bytes = SecretSlice::from(encrypted.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let plain = cipher(key)?.open_in_place(nonce, Aad::from(bound), bytes.expose_secret_mut()).ok()?;
    Some(SecretSlice::from(plain.to_vec()))
}

fn cipher(key: &DataKey) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key.expose_secret()).ok().map(LessSafeKey::new)
}

#[cfg(test)]
mod tests;
