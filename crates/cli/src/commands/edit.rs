//! What can be changed of a project or sandbox: flags to a project and the mask of what they name.

use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use sandbar_client::prost_types::{self, FieldMask};
use sandbar_client::v1::{Project, ProjectSettings, RetentionPolicy};

use crate::args::duration;
use crate::failure::Failure;

/// The flags of `project edit` and `sandbox edit`.
#[derive(Args, Debug, Default)]
pub(crate) struct EditFlags {
    /// A new name: a-z, 0-9 and -, 1 to 100 characters
    #[arg(long)]
    name: Option<String>,
    /// At most 240 characters; empty for none
    #[arg(long)]
    description: Option<String>,
    /// #rgb, #rrggbb or #rrggbbaa; empty for none
    #[arg(long)]
    color_code: Option<String>,
    /// The environment, whose credential values its runs use
    #[arg(long, value_name = "LABEL")]
    env: Option<String>,
    /// How many runs may go at once, or none for no limit
    #[arg(long, value_name = "N|none")]
    concurrency: Option<Limit>,
    /// Whether support users may see it
    #[arg(long, value_name = "true|false")]
    allow_support_access: Option<bool>,
    /// Whether callers must have signed in with a second factor
    #[arg(long, value_name = "true|false")]
    requires_mfa: Option<bool>,
    /// Which run history is kept
    #[arg(long, value_enum)]
    retention_policy: Option<Retention>,
    /// For how many days run history is kept (7, 14, 30, 90, 180, 365), or none for ever
    #[arg(long, value_name = "DAYS|none")]
    history_retention_days: Option<Limit>,
    /// For how many days dataclips are kept, at most as long as the history, or none for ever
    #[arg(long, value_name = "DAYS|none")]
    dataclip_retention_days: Option<Limit>,
}

/// When a sandbox ends by itself.
#[derive(Args, Debug, Default)]
pub(crate) struct ExpiryFlags {
    /// Schedule it for deletion this long from now: 1h to 365d
    #[arg(long, value_parser = duration, conflicts_with = "no_expiry")]
    ttl: Option<Duration>,
    /// Never schedule it for deletion by itself
    #[arg(long)]
    no_expiry: bool,
}

/// A number, or none.
#[derive(Clone, Copy, Debug)]
struct Limit(Option<u32>);

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self(None)),
            number => {
                number.parse().map(|number| Self(Some(number))).map_err(|_| "write a number, or none".into())
            }
        }
    }
}

/// Which run history is kept.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Retention {
    /// All of it.
    RetainAll,
    /// Only of runs that failed.
    RetainWithErrors,
    /// None of it.
    EraseAll,
}

/// What to change: a project that holds the new values, and which of its fields those are.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Edit {
    /// Holds the new values.
    pub(crate) project: Project,
    /// Names them.
    pub(crate) mask: FieldMask,
}

impl EditFlags {
    /// What the flags say, with the expiry for a sandbox.
    pub(crate) fn edit(self, expiry: Option<&ExpiryFlags>, now: Timestamp) -> Result<Edit, Failure> {
        let mut edit = Edit::default();
        let project = &mut edit.project;
        let mut settings = ProjectSettings::default();
        let mut paths: Vec<&str> = Vec::new();
        let mut set = |path, given: bool| {
            if given {
                paths.push(path);
            }
        };
        set("name", take(self.name, &mut project.name));
        set("description", take(self.description, &mut project.description));
        set("color", take(self.color_code, &mut project.color));
        set("environment", take(self.env, &mut project.environment));
        let limit = |limit: Option<Limit>| limit.map(|limit| limit.0);
        set("settings.concurrency", take(limit(self.concurrency), &mut settings.concurrency));
        set(
            "settings.allow_support_access",
            take(self.allow_support_access, &mut settings.allow_support_access),
        );
        set("settings.requires_mfa", take(self.requires_mfa, &mut settings.requires_mfa));
        let policy = self.retention_policy.map(|policy| RetentionPolicy::from(policy).into());
        set("settings.retention_policy", take(policy, &mut settings.retention_policy));
        let (history, dataclips) = (limit(self.history_retention_days), limit(self.dataclip_retention_days));
        set("settings.history_retention_days", take(history, &mut settings.history_retention_days));
        set("settings.dataclip_retention_days", take(dataclips, &mut settings.dataclip_retention_days));
        let expiry = expiry.filter(|expiry| expiry.ttl.is_some() || expiry.no_expiry);
        let ends = expiry.map(|expiry| expiry.time(now)).transpose()?;
        set("expire_time", take(ends, &mut project.expire_time));
        if paths.is_empty() {
            return Err(Failure::Usage("say what to change; see --help".to_owned()));
        }
        if paths.iter().any(|path| path.starts_with("settings.")) {
            project.settings = Some(settings);
        }
        edit.mask = FieldMask { paths: paths.into_iter().map(str::to_owned).collect() };
        Ok(edit)
    }
}

impl ExpiryFlags {
    /// The new time, none for never.
    fn time(&self, now: Timestamp) -> Result<Option<prost_types::Timestamp>, Failure> {
        let Some(ttl) = self.ttl else { return Ok(None) };
        let far = |_| Failure::Usage("--ttl is too long; 365d is the most".to_owned());
        let ends = now.checked_add(SignedDuration::try_from(ttl).map_err(far)?).map_err(far)?;
        let (seconds, nanos) = (ends.as_second(), ends.subsec_nanosecond());
        Ok(Some(prost_types::Timestamp { seconds, nanos }))
    }
}

impl From<Retention> for RetentionPolicy {
    fn from(policy: Retention) -> Self {
        match policy {
            Retention::RetainAll => Self::RetainAll,
            Retention::RetainWithErrors => Self::RetainWithErrors,
            Retention::EraseAll => Self::EraseAll,
        }
    }
}

fn take<T>(given: Option<T>, field: &mut T) -> bool {
    let is_given = given.is_some();
    if let Some(given) = given {
        *field = given;
    }
    is_given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_in_the_mask() {
        let flags = EditFlags {
            description: Some(String::new()),
            concurrency: Some(Limit(None)),
            retention_policy: Some(Retention::EraseAll),
            ..Default::default()
        };
        let expiry = ExpiryFlags { ttl: Some(Duration::from_hours(1)), no_expiry: false };
        let edit = flags.edit(Some(&expiry), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(
            edit.mask.paths,
            ["description", "settings.concurrency", "settings.retention_policy", "expire_time"]
        );
        assert_eq!(edit.project.expire_time.map(|time| time.seconds), Some(3_600));
    }

    #[test]
    fn changing_nothing_is_wrong_usage() {
        assert_eq!(EditFlags::default().edit(None, Timestamp::UNIX_EPOCH).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn never_is_a_time_of_none() {
        let expiry = ExpiryFlags { ttl: None, no_expiry: true };
        let edit = EditFlags::default().edit(Some(&expiry), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((edit.mask.paths, edit.project.expire_time), (vec!["expire_time".to_owned()], None));
    }
}
