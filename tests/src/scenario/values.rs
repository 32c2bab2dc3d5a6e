//! Variables: `$name.path` as a whole value, `${name.path}` within a text, and values that are made on demand.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use prost_reflect::prost_types::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

/// The variables of one scenario.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// As answers gave them, to be used as they are.
    known: BTreeMap<String, Value>,
    /// As files write them, with variables in them.
    written: BTreeMap<String, Value>,
}

impl Values {
    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.known.insert(name.to_owned(), value);
    }

    /// A value that may have variables in it.
    pub(super) fn write(&mut self, name: &str, value: Value) {
        self.written.insert(name.to_owned(), value);
    }

    /// A value with all variables in it replaced, those in variables too.
    pub(super) fn fill(&mut self, value: &Value) -> Result<Value, String> {
        match value {
            Value::String(text) => self.fill_text(text),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(fields) => {
                let mut filled = Map::new();
                for (name, value) in fields {
                    let name = match self.fill_text(name)? {
                        Value::String(text) if !name.starts_with('$') || name.starts_with("${") => text,
                        _ => name.clone(),
                    };
                    filled.insert(name, self.fill(value)?);
                }
                Ok(Value::Object(filled))
            }
            other => Ok(other.clone()),
        }
    }

    fn fill_text(&mut self, text: &str) -> Result<Value, String> {
        if let Some(path) = text.strip_prefix('$').filter(|rest| is_path(rest)) {
            // A matcher, which is the key of an object.
            return match self.look_up(path) {
                Err(_) if super::matching::MATCHERS.contains(&text) => Ok(Value::String(text.to_owned())),
                found => found,
            };
        }
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) =
                after.split_once('}').ok_or_else(|| format!("{text:?} has a ${{ without its }}"))?;
            filled.push_str(before);
            match self.make(name)? {
                Value::String(value) => filled.push_str(&value),
                other => filled.push_str(&other.to_string()),
            }
            rest = after;
        }
        filled.push_str(rest);
        Ok(Value::String(filled))
    }

    fn make(&mut self, name: &str) -> Result<Value, String> {
        match name.split_once(' ') {
            None => self.look_up(name),
            Some(("uuid", label)) => {
                // The same again for the same label.
                let key = format!("uuid {label}");
                #[expect(clippy::disallowed_methods, reason = "tests make ids")]
                let made = self.known.entry(key).or_insert_with(|| Uuid::new_v4().to_string().into());
                Ok(made.clone())
            }
            Some(("in", seconds)) => {
                let seconds: u64 =
                    seconds.parse().map_err(|_| format!("{seconds:?} is no number of seconds"))?;
                #[expect(clippy::disallowed_methods, reason = "tests may read the clock")]
                let time = SystemTime::now() + Duration::from_secs(seconds);
                Ok(Timestamp::from(time).to_string().into())
            }
            Some(("filler", bytes)) => {
                let bytes: usize = bytes.parse().map_err(|_| format!("{bytes:?} is no number of bytes"))?;
                Ok("x".repeat(bytes).into())
            }
            Some(_) => Err(format!("nobody knows how to make ${{{name}}}")),
        }
    }

    fn look_up(&mut self, path: &str) -> Result<Value, String> {
        let (name, rest) = path.split_once('.').map_or((path, "."), |(name, rest)| (name, rest));
        let value = match (self.known.get(name), self.written.get(name).cloned()) {
            (Some(known), _) => known.clone(),
            (None, Some(written)) => self.fill(&written)?,
            (None, None) => return Err(format!("there is no variable ${name}")),
        };
        at(&value, rest).cloned().ok_or_else(|| format!("${name} has no {rest}: {value}"))
    }
}

/// What is at a path such as `sandbox.id` or `head.0.plan_token`; `.` is the whole.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').filter(|part| !part.is_empty()).try_fold(value, |value, part| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        other => other.get(part),
    })
}

/// Puts something else at a path.
pub(super) fn replace(value: &mut Value, path: &str, by: Value) -> Result<(), String> {
    let found = path.split('.').try_fold(value, |value, part| value.get_mut(part));
    *found.ok_or_else(|| format!("the request has no {path}"))? = by;
    Ok(())
}

fn is_path(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
}
