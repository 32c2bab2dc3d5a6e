//! What is wrong with which field of a request.

use serde::{Deserialize, Serialize};

/// One broken rule, said so that a person can mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Path of the field, as the caller wrote it: `workflow.jobs[2].name`.
    pub field: String,
    /// What the rule is and what was given instead.
    pub problem: String,
}

/// Collects violations, so that a caller hears of all of them at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations(pub Vec<Violation>);

impl Violations {
    /// Notes one.
    pub fn add(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        self.0.push(Violation { field: field.into(), problem: problem.into() });
    }

    /// Notes one unless `holds`.
    pub fn require(&mut self, holds: bool, field: impl Into<String>, problem: impl Into<String>) {
        if !holds {
            self.add(field, problem);
        }
    }

    /// Notes all of another's, so that the checks of several parts are answered together.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` when nothing was noted.
    pub fn into_result(self) -> crate::Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(crate::Error::InvalidFields { violations: self.0 }) }
    }
}

/// The path of a field inside the one at `prefix`; at the top (an empty prefix) it stands alone.
pub fn path(prefix: &str, field: &str) -> String {
    if prefix.is_empty() { field.to_owned() } else { format!("{prefix}.{field}") }
}

/// The path of an entry of `list` that is called by its name: `workflows["Sync patients"]`.
pub fn named(list: &str, name: &str) -> String {
    format!("{list}[{}]", serde_json::Value::from(name))
}
