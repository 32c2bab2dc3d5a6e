//! Contexts: servers with their tokens, by name, in a file that only its owner can read.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use sandbar_client::secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::failure::Failure;

/// The contexts of a person.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contexts {
    /// The name of the one that is used when none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<String>,
    /// By name.
    #[serde(default)]
    pub(crate) contexts: BTreeMap<String, Context>,
}

/// A server and the token for it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    /// The URL.
    pub(crate) server: String,
    /// The API token.
    #[serde(serialize_with = "expose", deserialize_with = "hide")]
    pub(crate) token: SecretString,
}

impl Contexts {
    /// Reads the file. One that does not exist yet holds no contexts.
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::file("read", path, &error)),
        };
        // The parser's own message quotes the line, which may hold a token.
        toml::from_str(&text).map_err(|error| {
            let at =
                error.span().map_or(0, |span| text.get(..span.start).unwrap_or("").lines().count().max(1));
            Failure::Here(format!(
                "{} is not a file of contexts: line {at}: {}; correct it, or remove it and sign in again",
                path.display(),
                error.message()
            ))
        })
    }

    /// Writes the file, whole or not at all, readable by its owner only.
    pub(crate) fn save(&self, path: &Path) -> Result<(), Failure> {
        let text = toml::to_string_pretty(self)
            .map_err(|error| Failure::Here(format!("can't write the contexts: {error}")))?;
        let directory = path.parent().unwrap_or(Path::new("."));
        let write = || {
            std::fs::create_dir_all(directory)?;
            // A temporary file is made with mode 0600, and keeps it.
            let mut file = tempfile::NamedTempFile::new_in(directory)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)
        };
        write().map(drop).map_err(|error| Failure::file("write", path, &error))
    }

    /// The named context, or the current one. None when none is named and none is current.
    pub(crate) fn pick(&self, name: Option<&str>) -> Result<Option<&Context>, Failure> {
        let Some(name) = name.or(self.current.as_deref()) else { return Ok(None) };
        self.contexts.get(name).map(Some).ok_or_else(|| self.unknown(name))
    }

    /// Makes the named context the current one.
    pub(crate) fn use_context(&mut self, name: &str) -> Result<(), Failure> {
        if !self.contexts.contains_key(name) {
            return Err(self.unknown(name));
        }
        self.current = Some(name.to_owned());
        Ok(())
    }

    /// Removes the named context. If it was the current one, none is current.
    pub(crate) fn remove(&mut self, name: &str) -> Result<(), Failure> {
        if self.contexts.remove(name).is_none() {
            return Err(self.unknown(name));
        }
        self.current.take_if(|current| current == name);
        Ok(())
    }

    fn unknown(&self, name: &str) -> Failure {
        let names: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
        let known = if names.is_empty() { "there are none yet".to_owned() } else { names.join(", ") };
        Failure::Usage(format!("there is no context {name:?} ({known}); make one with `sandbar login`"))
    }
}

/// `$XDG_CONFIG_HOME/sandbar/contexts.toml`, by default below `~/.config`.
pub(crate) fn path() -> Result<PathBuf, Failure> {
    let base = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::home_dir().map(|home| home.join(".config")))
        .ok_or_else(|| Failure::Here("there is no home directory; set XDG_CONFIG_HOME".to_owned()))?;
    Ok(base.join("sandbar/contexts.toml"))
}

fn expose<S: Serializer>(token: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose_secret())
}

fn hide<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(server: &str) -> Context {
        Context { server: server.to_owned(), token: SecretString::from("sbr_very_secret") }
    }

    fn some() -> Contexts {
        let contexts = BTreeMap::from([("a".to_owned(), one("http://a")), ("b".to_owned(), one("http://b"))]);
        Contexts { current: Some("a".to_owned()), contexts }
    }

    #[test]
    fn what_is_saved_is_loaded_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sandbar/contexts.toml");
        assert!(Contexts::load(&path).unwrap().contexts.is_empty());
        some().save(&path).unwrap();
        some().save(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let loaded = Contexts::load(&path).unwrap();
        assert_eq!(loaded.pick(None).unwrap().unwrap().server, "http://a");
        assert_eq!(loaded.pick(Some("b")).unwrap().unwrap().token.expose_secret(), "sbr_very_secret");
        let left = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "no temporary file stays behind");
    }

    #[test]
    fn removing_the_current_one_leaves_none_current() {
        let mut contexts = some();
        contexts.remove("a").unwrap();
        assert!(contexts.pick(None).unwrap().is_none());
        assert!(contexts.use_context("a").is_err());
        contexts.use_context("b").unwrap();
        assert_eq!(contexts.current.as_deref(), Some("b"));
    }

    #[test]
    fn a_broken_file_is_explained_without_its_token() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("contexts.toml");
        std::fs::write(&path, "[contexts.a]\nserver = \"http://a\"\ntoken = sbr_very_secret\n").unwrap();
        let message = Contexts::load(&path).unwrap_err().to_string();
        assert!(message.contains("line 3"), "{message}");
        assert!(!message.contains("very"), "{message}");
    }

    #[test]
    fn the_token_never_shows_in_debug() {
        assert!(!format!("{:?}", some()).contains("very"));
    }
}
