//! The keys that encrypt credentials' values.

#![allow(clippy::doc_markdown, reason = "clap shows these comments in a terminal, where backticks are noise")]

use std::path::PathBuf;

use clap::Args;
use rand::Rng;
use sandbar_app::vault::KeyRing;
use secrecy::{ExposeSecret, SecretString};

use super::{
    ConfigError, DatabaseArgs, Engine,
    key::{failed, own, read, replace_secret, secret},
};

/// Where the master keys come from.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Master keys")]
pub struct MasterKeyArgs {
    /// Keys that encrypt credentials' values, each as id:key with 64 hexadecimal digits, with blanks, commas or line
    /// breaks between; the last encrypts from now on, those before it still decrypt. The same on every server. Required
    /// with PostgreSQL. Default with SQLite: <data-dir>/master.keys, made at first start. Without them no value can
    /// ever be read again.
    #[arg(
        long,
        env = "SANDBAR_MASTER_KEYS",
        value_name = "KEYS",
        hide_env_values = true,
        conflicts_with = "master_key_file"
    )]
    pub master_keys: Option<SecretString>,
    /// File that holds the master keys, one on a line.
    #[arg(long, env = "SANDBAR_MASTER_KEY_FILE", value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,
}

impl MasterKeyArgs {
    /// The keys: as given, or out of the file given, or (embedded only) out of the data directory, where one is made when
    /// there is none.
    ///
    /// # Errors
    /// When there are none, when they are malformed, or when the file can't be read or made.
    pub fn load(&self, database: &DatabaseArgs) -> Result<KeyRing, ConfigError> {
        let (place, text) = self.text(database)?;
        let ring = KeyRing::parse(text.expose_secret())
            .map_err(|problem| ConfigError::MasterKeys { place, problem })?;
        Ok(match self.file(database)? {
            Some(path) => ring.reading_again(move || read(&path).ok()),
            None => ring,
        })
    }

    /// Adds a new key at the end of the file of the keys, so that it is the current one, and answers its id and the file.
    ///
    /// # Errors
    /// When the keys are not in a file, or it can't be read or written.
    pub fn rotate(&self, database: &DatabaseArgs) -> Result<(String, PathBuf), ConfigError> {
        let path = self.file(database)?.ok_or_else(|| {
            ConfigError::Contradiction(
                "the master keys are given with --master-keys (or SANDBAR_MASTER_KEYS), where a new one can't be added: \
                 add it there, at the end, or keep them in a file"
                    .to_owned(),
            )
        })?;
        // Malformed ones are refused before anything is added to them.
        self.load(database)?;
        let (_, text) = self.text(database)?;
        let (id, line) = new_key();
        let text = SecretString::from(format!("{}\n{}", text.expose_secret(), line.expose_secret()));
        replace_secret(&path, text.expose_secret()).map_err(|source| failed(&path, source))?;
        Ok((id, path))
    }

    /// The file that the keys are in.
    fn file(&self, database: &DatabaseArgs) -> Result<Option<PathBuf>, ConfigError> {
        Ok(match (&self.master_keys, &self.master_key_file) {
            (Some(_), _) => None,
            (None, Some(path)) => Some(path.clone()),
            (None, None) if database.engine()? == Engine::Postgres => {
                return Err(ConfigError::MasterKeysMissing);
            }
            (None, None) => Some(database.data_dir.join("master.keys")),
        })
    }

    /// Where the keys are said, for messages, and what is said there.
    fn text(&self, database: &DatabaseArgs) -> Result<(String, SecretString), ConfigError> {
        if let Some(keys) = &self.master_keys {
            return Ok(("--master-keys (or SANDBAR_MASTER_KEYS)".to_owned(), keys.clone()));
        }
        let path = self.file(database)?.ok_or(ConfigError::MasterKeysMissing)?;
        // The id has a random part: if an embedded server's file was lost, it then says which key it misses, rather than
        // that one is wrong.
        let text = if self.master_key_file.is_some() { read(&path) } else { own(&path, || new_key().1) };
        Ok((path.display().to_string(), text.map_err(|source| failed(&path, source))?))
    }
}

/// A new key: its id, and the line that holds it.
fn new_key() -> (String, SecretString) {
    let mut id = [0u8; 4];
    rand::rng().fill_bytes(&mut id);
    let id = format!("k{}", hex::encode(id));
    let line = format!("{id}:{}", secret().expose_secret());
    (id, line.into())
}
