//! The secret that authenticates page and plan tokens, so that nobody can make up one.

#![allow(clippy::doc_markdown, reason = "clap shows these comments in a terminal, where backticks are noise")]

use std::{
    fs::{self, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use clap::Args;
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use tempfile::NamedTempFile;

use super::{ConfigError, DatabaseArgs, Engine};

/// The fewest bytes of a key: 32 hexadecimal digits hold 128 bits.
const LEAST_BYTES: usize = 32;

/// Where the key comes from.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Key")]
pub struct KeyArgs {
    /// Secret of at least 32 bytes that authenticates page and plan tokens; the same on every server. Required with
    /// PostgreSQL. Default with SQLite: <data-dir>/sandbar.key, made at first start.
    #[arg(
        long,
        env = "SANDBAR_KEY",
        value_name = "SECRET",
        hide_env_values = true,
        conflicts_with = "key_file"
    )]
    pub key: Option<SecretString>,
    /// File that holds the key.
    #[arg(long, env = "SANDBAR_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

impl KeyArgs {
    /// The key: as given, or out of the file given, or (embedded only) out of the data directory, where it is made when
    /// there is none.
    ///
    /// # Errors
    /// When there is none, when it is too short, or when the file can't be read or made.
    pub fn load(&self, database: &DatabaseArgs) -> Result<SecretString, ConfigError> {
        let key = match (&self.key, &self.key_file) {
            (Some(key), _) => key.clone(),
            (None, Some(path)) => read(path).map_err(|source| failed(path, source))?,
            (None, None) if database.engine()? == Engine::Postgres => return Err(ConfigError::KeyMissing),
            (None, None) => {
                let path = database.data_dir.join("sandbar.key");
                own(&path, secret).map_err(|source| failed(&path, source))?
            }
        };
        let given = key.expose_secret().len();
        if given < LEAST_BYTES {
            return Err(ConfigError::KeyTooShort { given, least: LEAST_BYTES });
        }
        Ok(key)
    }
}

/// What is in a file of an embedded server, made if it is not there yet.
pub(super) fn own(path: &Path, make: impl FnOnce() -> SecretString) -> io::Result<SecretString> {
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    write_secret(path, make().expose_secret())?;
    // Read, not remembered: another process may have been first.
    read(path)
}

/// 32 random bytes, as hexadecimal digits.
pub(super) fn secret() -> SecretString {
    let mut secret = [0u8; 32];
    rand::rng().fill_bytes(&mut secret);
    hex::encode(secret).into()
}

/// Writes a file that only its owner can read, whole or not at all; one that is there already stays as it is. Its
/// directory is made if it is missing.
///
/// # Errors
/// When the directory or the file can't be made.
pub fn write_secret(path: &Path, secret: &str) -> io::Result<()> {
    match written(path, secret)?.persist_noclobber(path) {
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop).map_err(|error| error.error),
    }
}

/// Writes a file that only its owner can read in place of the one that is there, whole or not at all.
///
/// # Errors
/// When it can't be made.
pub(super) fn replace_secret(path: &Path, secret: &str) -> io::Result<()> {
    written(path, secret)?.persist(path).map(drop).map_err(|error| error.error)
}

/// A file beside the one at a path, that only its owner can read and that is on the disk.
fn written(path: &Path, secret: &str) -> io::Result<NamedTempFile> {
    // A file name alone is in the working directory.
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_private_directory(directory)?;
    let mut file =
        tempfile::Builder::new().permissions(Permissions::from_mode(0o600)).tempfile_in(directory)?;
    writeln!(file, "{secret}")?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Makes a directory, and those above it, that only its owner can look into: an embedded database holds every project's
/// code. One that is there already stays as it is.
///
/// # Errors
/// When it can't be made.
pub fn make_private_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

pub(super) fn read(path: &Path) -> io::Result<SecretString> {
    Ok(fs::read_to_string(path)?.trim().into())
}

pub(super) fn failed(path: &Path, source: io::Error) -> ConfigError {
    ConfigError::File { path: path.display().to_string(), source }
}
