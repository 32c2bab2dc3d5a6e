//! Lists of things in the messages of errors, and the making of the commonest one.

use super::Error;
use crate::Violation;

/// All of them.
pub(super) fn labels(labels: &[String]) -> String {
    if labels.is_empty() { "none".to_owned() } else { labels.join(", ") }
}

/// The first few of `count`.
pub(super) fn some(names: &[String], count: u64) -> String {
    const NAMED: usize = 10;
    let mut said: Vec<_> = names.iter().take(NAMED).map(String::as_str).collect();
    if count > said.len() as u64 {
        said.push("and others");
    }
    said.join(", ")
}

/// The first few, each with its field.
pub(super) fn violations(violations: &[Violation]) -> String {
    let mut said: Vec<_> = violations.iter().take(5).map(|v| format!("{}: {}", v.field, v.problem)).collect();
    if violations.len() > 5 {
        said.push(format!("and {} more", violations.len() - 5));
    }
    said.join("; ")
}

impl Error {
    /// One violation.
    pub fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::InvalidFields { violations: vec![Violation { field: field.into(), problem: problem.into() }] }
    }
}
