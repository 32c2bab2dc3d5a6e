//! Encryption of what webhook auth methods know their callers by: as credentials' values, with a data key for each method.
//! Both are bound to the root and the method, and the secret to its kind, so that a row that is moved or swapped opens no more.

use sandbar_model::{
    Error, Result,
    webhook::{WebhookAuthKind, WebhookSecret},
};
use sandbar_store::{
    credential::WrappedKey,
    webhook_auth::{Key, SealedSecret},
};
use secrecy::{ExposeSecret, SecretBox, SecretSlice};

use super::{DataKey, Unopened, bound, open, seal};
use crate::App;

impl App {
    /// Encrypts the secret of a new method.
    pub(crate) async fn seal_secret(&self, of: Key, secret: &WebhookSecret) -> Result<SealedSecret> {
        let key: DataKey = SecretBox::new(Box::new(self.world.random()));
        let (kind, text) = (secret.kind(), secret.expose());
        let sealed = seal(&key, &bound_secret(of, kind), text.expose_secret().as_bytes(), self.nonce());
        let sealed = sealed.ok_or(Error::Bug("AES-GCM encrypts a password"))?;
        Ok(SealedSecret { of, kind, key: self.wrap_secret_key(of, &key).await?, sealed })
    }

    /// A method's secret, as [`WebhookSecret::expose`] has it: to be compared with what a caller shows, and for nothing else.
    ///
    /// # Errors
    /// [`Error::WebhookAuthMethodDamaged`], [`Error::MasterKeyMissing`].
    pub(crate) async fn open_secret(&self, secret: &SealedSecret) -> Result<SecretSlice<u8>> {
        let key = self.secret_key(secret).await?;
        let damaged = Error::WebhookAuthMethodDamaged { id: secret.of.id };
        open(&key, &bound_secret(secret.of, secret.kind), &secret.sealed).ok_or(damaged)
    }

    /// A method's data key, encrypted anew with the current master key.
    ///
    /// # Errors
    /// As [`Self::open_secret`].
    pub(crate) async fn rewrap_secret(&self, secret: &SealedSecret) -> Result<WrappedKey> {
        let key = self.secret_key(secret).await?;
        self.wrap_secret_key(secret.of, &key).await
    }

    async fn secret_key(&self, secret: &SealedSecret) -> Result<DataKey> {
        let bound = bound_key(&secret.key.master, secret.of);
        let opened = self.master_keys.unwrap(&secret.key, &bound).await;
        opened.map_err(|why| refusal(why, secret.of))
    }

    async fn wrap_secret_key(&self, of: Key, key: &DataKey) -> Result<WrappedKey> {
        let ids = self.master_keys.ids();
        let Some(master) = ids.last() else { return Err(Error::MasterKeyMissing { key: String::new() }) };
        let wrapped = self.master_keys.wrap(master, &bound_key(master, of), key, self.nonce()).await;
        wrapped.map_err(|why| refusal(why, of))
    }
}

fn refusal(why: Unopened, of: Key) -> Error {
    match why {
        Unopened::NoKey(key) => Error::MasterKeyMissing { key },
        Unopened::Damaged => Error::WebhookAuthMethodDamaged { id: of.id },
        Unopened::Unavailable(source) => Error::StorageUnavailable(source),
    }
}

fn bound_key(master: &str, of: Key) -> Vec<u8> {
    bound(&[b"webhook data key", master.as_bytes(), of.root.0.as_bytes(), of.id.0.as_bytes()])
}

fn bound_secret(of: Key, kind: WebhookAuthKind) -> Vec<u8> {
    bound(&[b"webhook secret", kind.word().as_bytes(), of.root.0.as_bytes(), of.id.0.as_bytes()])
}
