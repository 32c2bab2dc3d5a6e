//! Between the messages of the contract and the nouns of the model. Pure: what is read is checked for its form only;
//! the rules are the model's.

pub mod access;
pub mod audit;
pub mod collection;
pub mod common;
pub mod config;
pub mod credential;
pub mod keychain;
pub mod mask;
pub mod merge;
pub mod project;
pub mod run;
pub mod time;
pub mod usage;
pub mod watch;
pub mod webhook_auth;
pub mod workflow;

use prost_types::{Duration, Timestamp};
use sandbar_model::{Result, Time, Violations};
use uuid::Uuid;

/// Reads fields of a request and notes everything that is wrong, so that the caller hears of all of it at once.
///
/// What can't be read comes out as a placeholder; [`Fields::finish`] sees to it that none is ever used.
#[derive(Debug, Default)]
pub struct Fields {
    violations: Violations,
}

impl Fields {
    /// What was read, if nothing was wrong.
    ///
    /// # Errors
    /// [`sandbar_model::Error::InvalidFields`] with all violations.
    pub fn finish<T>(self, read: T) -> Result<T> {
        self.violations.into_result()?;
        Ok(read)
    }

    /// Notes a violation.
    pub fn add(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        self.violations.add(field, problem);
    }

    /// Notes what the model's rules say of what was read.
    pub fn append(&mut self, found: Violations) {
        self.violations.append(found);
    }

    /// An id that must be there.
    pub fn id<T: From<Uuid>>(&mut self, field: &str, text: &str) -> T {
        if text.is_empty() {
            self.add(field, "is required: a UUID");
        }
        self.optional_id(field, text).unwrap_or_else(|| Uuid::nil().into())
    }

    /// An id, or none where the text is empty.
    pub fn optional_id<T: From<Uuid>>(&mut self, field: &str, text: &str) -> Option<T> {
        if text.is_empty() {
            return None;
        }
        let id = parse_uuid(text);
        if id.is_none() {
            let given: String = text.chars().take(64).collect();
            self.add(
                field,
                format!("must be a UUID like 0195a7c4-9e63-7d2c-b0a2-5f1d6c3e8a90, and not {given:?}"),
            );
        }
        id.map(T::from)
    }

    /// Ids, each of which must be one.
    pub fn ids<T: From<Uuid>>(&mut self, field: &str, texts: &[String]) -> Vec<T> {
        texts.iter().enumerate().map(|(at, text)| self.id(&format!("{field}[{at}]"), text)).collect()
    }

    /// A message that must be there.
    pub fn required<T: Default>(&mut self, field: &str, message: Option<T>) -> T {
        message.unwrap_or_else(|| {
            self.add(field, "is required");
            T::default()
        })
    }

    /// A point in time, or none where it is absent.
    pub fn optional_time(&mut self, field: &str, time: Option<&Timestamp>) -> Option<Time> {
        self.noted(field, time::from_wire(time?))
    }

    /// A length of time in microseconds, or none where it is absent.
    pub fn optional_micros(&mut self, field: &str, duration: Option<&Duration>) -> Option<i64> {
        self.noted(field, time::micros(duration?))
    }

    /// A known value of an enum of the wire, or `None` where it is unspecified. Values that are not known come from
    /// newer clients, and must not be taken for something else.
    pub fn optional_enum<W, T>(
        &mut self,
        field: &str,
        number: i32,
        known: impl Fn(W) -> Option<T>,
    ) -> Option<T>
    where
        W: TryFrom<i32>,
    {
        let Ok(value) = W::try_from(number) else {
            self.add(field, format!("has the value {number}, which this server does not know"));
            return None;
        };
        known(value)
    }

    /// Likewise, where one must be given.
    pub fn required_enum<W, T>(
        &mut self,
        field: &str,
        number: i32,
        known: impl Fn(W) -> Option<T>,
        placeholder: T,
    ) -> T
    where
        W: TryFrom<i32>,
    {
        if number == 0 {
            self.add(field, "is required");
        }
        self.optional_enum(field, number, known).unwrap_or(placeholder)
    }

    fn noted<T>(&mut self, field: &str, read: Result<T, &'static str>) -> Option<T> {
        read.map_err(|problem| self.add(field, problem)).ok()
    }
}

/// Only the form with hyphens, so that an id has one spelling (but for its case).
fn parse_uuid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok())?
}

#[cfg(test)]
mod tests {
    use sandbar_model::{Error, ProjectId};

    use super::*;

    #[test]
    fn everything_wrong_is_said_at_once_and_nothing_is_used() {
        let mut fields = Fields::default();
        let _: ProjectId = fields.id("project_id", "");
        let _: ProjectId = fields.id("parent_id", "not an id");
        fields.optional_time("expire_time", Some(&Timestamp { seconds: i64::MAX, nanos: 0 }));
        fields.optional_micros("ttl", Some(&Duration { seconds: 1, nanos: -1 }));
        let _: String = fields.required("name", None);

        let Err(Error::InvalidFields { violations }) = fields.finish(()) else { panic!("must be refused") };
        let said: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(said, ["project_id", "parent_id", "expire_time", "ttl", "name"]);
        assert!(violations[1].problem.contains("\"not an id\""), "{violations:?}");
    }

    #[test]
    fn an_id_has_one_form() {
        let id = "0195a7c4-9e63-7d2c-b0a2-5f1d6c3e8a90";
        let mut fields = Fields::default();
        assert_eq!(fields.id::<ProjectId>("id", &id.to_uppercase()).to_string(), id);
        assert_eq!(fields.optional_id::<ProjectId>("id", ""), None);
        fields.finish(()).unwrap();
        for other in [id.replace('-', ""), format!("{{{id}}}"), format!("urn:uuid:{id}"), format!("{id} ")] {
            let mut fields = Fields::default();
            fields.id::<ProjectId>("id", &other);
            assert!(fields.finish(()).is_err(), "{other}");
        }
    }
}
