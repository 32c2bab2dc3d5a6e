//! What a tree's webhook triggers ask of those who call them: webhook auth methods, which belong to the root.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{ProjectId, Time, Violations, WebhookAuthMethodId, field::path, text};

/// The longest name, and the longest user name, in characters.
pub const MAX_TEXT: usize = 255;
/// The shortest password or API key, in characters: what is shorter is guessed.
pub const MIN_SECRET: usize = 8;
/// The longest password or API key, in characters.
pub const MAX_SECRET: usize = 1024;

/// A webhook auth method without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookAuthMethod {
    /// What triggers of the tree name it by.
    pub id: WebhookAuthMethodId,
    /// The root that it belongs to.
    pub root: ProjectId,
    /// 1–255 characters, NFC, unique in the root.
    pub name: String,
    /// What callers have to show.
    pub kind: WebhookAuthKind,
    /// Counts its changes: its etag.
    pub version: i64,
    /// When it was made.
    pub create_time: Time,
    /// When it was renamed.
    pub update_time: Time,
}

/// What callers of a webhook have to show. The numbers are kept in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookAuthKind {
    /// A user name and a password, as HTTP's basic authentication sends them.
    Basic = 1,
    /// A key in the header `x-api-key`.
    ApiKey = 2,
}

impl WebhookAuthKind {
    /// The word for it in messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::ApiKey => "api_key",
        }
    }

    /// From its number in the database.
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Basic),
            2 => Some(Self::ApiKey),
            _ => None,
        }
    }
}

/// What a method knows its callers by. Never shown by `Debug`, and wiped from memory when dropped.
#[derive(Clone)]
pub enum WebhookSecret {
    /// See [`WebhookAuthKind::Basic`].
    Basic {
        /// 1–255 characters, no colon.
        username: SecretString,
        /// [`MIN_SECRET`] to [`MAX_SECRET`] characters.
        password: SecretString,
    },
    /// See [`WebhookAuthKind::ApiKey`]. [`MIN_SECRET`] to [`MAX_SECRET`] visible ASCII characters.
    ApiKey(SecretString),
}

impl WebhookSecret {
    /// Of which kind it is.
    pub const fn kind(&self) -> WebhookAuthKind {
        match self {
            Self::Basic { .. } => WebhookAuthKind::Basic,
            Self::ApiKey(_) => WebhookAuthKind::ApiKey,
        }
    }

    /// The one text that it comes to, to be encrypted or compared, and for nothing else: the key; user name and password with
    /// the colon between that HTTP has there, too.
    pub fn expose(&self) -> SecretString {
        match self {
            Self::Basic { username, password } => {
                format!("{}:{}", username.expose_secret(), password.expose_secret()).into()
            }
            Self::ApiKey(key) => key.clone(),
        }
    }

    /// What breaks a rule, with fields named below `prefix`. Says nothing of the secret but its length.
    pub fn violations(&self, prefix: &str) -> Violations {
        let mut found = Violations::default();
        match self {
            Self::Basic { username, password } => {
                let field = path(prefix, "basic.username");
                text::check_length(&mut found, &field, username.expose_secret(), 1, MAX_TEXT);
                let fits = |c: char| c != ':' && !c.is_control();
                let problem = "must have no colon, which ends a user name in HTTP, and no control character";
                found.require(username.expose_secret().chars().all(fits), field, problem);
                let field = path(prefix, "basic.password");
                check_secret(&mut found, &field, password.expose_secret());
                let plain = !password.expose_secret().chars().any(char::is_control);
                found.require(plain, field, "must have no control character");
            }
            Self::ApiKey(key) => {
                let field = path(prefix, "api_key");
                check_secret(&mut found, &field, key.expose_secret());
                let visible = key.expose_secret().bytes().all(|byte| byte.is_ascii_graphic());
                found.require(visible, field, "may only have visible ASCII characters, as HTTP headers do");
            }
        }
        found
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookSecret({}, redacted)", self.kind().word())
    }
}

fn check_secret(found: &mut Violations, field: &str, secret: &str) {
    let length = secret.chars().count();
    if !(MIN_SECRET..=MAX_SECRET).contains(&length) {
        found.add(field, format!("has {length} characters; it must have {MIN_SECRET} to {MAX_SECRET}"));
    }
}

/// What is wrong with the name of a method.
pub fn name_violations(name: &str, field: &str) -> Violations {
    let mut found = Violations::default();
    text::check_name(&mut found, field, name, MAX_TEXT);
    found
}

/// A name in the one form in which it is kept, so that what looks alike is alike.
#[must_use]
pub fn tidy_name(name: &str) -> String {
    text::nfc(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(username: &str, password: &str) -> WebhookSecret {
        WebhookSecret::Basic { username: username.into(), password: password.into() }
    }

    fn wrong(secret: &WebhookSecret) -> Vec<String> {
        let found = secret.violations("").0;
        let said = format!("{found:?} {secret:?}");
        assert!(!said.contains("hunter2"), "{said}");
        found.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn secrets_have_a_form_that_http_can_carry() {
        assert!(wrong(&basic("ann", "hunter2:x")).is_empty());
        assert!(wrong(&basic("änn b", &"é".repeat(MAX_SECRET))).is_empty());
        assert_eq!(wrong(&basic("", "hunter2")), ["basic.username", "basic.password"]);
        assert_eq!(wrong(&basic("a:b", "hunter2\nx")), ["basic.username", "basic.password"]);
        assert_eq!(wrong(&basic(&"a".repeat(256), &"x".repeat(1025))), ["basic.username", "basic.password"]);
        let key = |text: &str| WebhookSecret::ApiKey(text.into());
        assert!(wrong(&key("hunter2~")).is_empty() && wrong(&key(&"k".repeat(MAX_SECRET))).is_empty());
        for bad in ["", "hunter2", "hunter2 x", "hunter2é", &"k".repeat(MAX_SECRET + 1)] {
            assert!(wrong(&key(bad)).contains(&"api_key".to_owned()), "{bad}");
        }
    }

    #[test]
    fn numbers_of_kinds_are_kept() {
        for kind in [WebhookAuthKind::Basic, WebhookAuthKind::ApiKey] {
            assert_eq!(WebhookAuthKind::from_number(kind as i64), Some(kind));
        }
        assert_eq!(WebhookAuthKind::from_number(0), None);
    }

    #[test]
    fn one_text_for_one_secret() {
        assert_eq!(basic("ann", "a:b").expose().expose_secret(), "ann:a:b");
        assert_eq!(WebhookSecret::ApiKey("k".into()).expose().expose_secret(), "k");
    }
}
