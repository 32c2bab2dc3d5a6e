//! What a dataclip and a run's end may be.

use super::Ending;
use crate::{Violations, field::path, text};

/// The largest body of a dataclip.
pub const MAX_DATACLIP_BYTES: usize = 4 * 1024 * 1024;
/// The largest workflow with its dataclip that a worker is given, so that both fit into one message.
pub const MAX_WORK_BYTES: usize = 14 * 1024 * 1024;
/// The largest summary of a log.
pub const MAX_LOG_BYTES: usize = 16 * 1024;
/// The longest message of a run's end, in characters.
pub const MAX_MESSAGE: usize = 1000;
/// The longest name of a dataclip, in characters.
const MAX_NAME: usize = 255;

/// What is wrong with a dataclip's body. What it holds is never repeated: it may be secret.
pub fn check_dataclip(found: &mut Violations, field: &str, body: &str) {
    if body.len() > MAX_DATACLIP_BYTES {
        found.add(field, format!("has {} bytes; {MAX_DATACLIP_BYTES} are possible", body.len()));
        return;
    }
    let is_object = body.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{');
    if !is_object || serde_json::from_str::<serde::de::IgnoredAny>(body).is_err() {
        found.add(field, "must be a JSON object");
    }
}

/// What is wrong with a dataclip's name, which must be one.
pub fn check_dataclip_name(found: &mut Violations, field: &str, name: &str) {
    text::check_name(found, field, name, MAX_NAME);
}

impl Ending {
    /// What breaks a rule, with fields named below `prefix`.
    pub fn violations(&self, prefix: &str) -> Violations {
        let mut found = Violations::default();
        if self.message.chars().count() > MAX_MESSAGE {
            found.add(path(prefix, "message"), format!("must be at most {MAX_MESSAGE} characters"));
        }
        if self.log_summary.len() > MAX_LOG_BYTES {
            found.add(path(prefix, "log_summary"), format!("must be at most {MAX_LOG_BYTES} bytes"));
        }
        for (field, text) in [("message", &self.message), ("log_summary", &self.log_summary)] {
            if text.contains('\0') {
                found.add(path(prefix, field), "must not contain the character U+0000");
            }
        }
        let usage = self.usage;
        for (field, number) in
            [("steps", usage.steps), ("duration", usage.duration), ("ai_tokens", usage.ai_tokens)]
        {
            if number < 0 {
                found.add(path(prefix, &format!("usage.{field}")), "must not be negative");
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Usage;

    fn problems(body: &str) -> usize {
        let mut found = Violations::default();
        check_dataclip(&mut found, "body", body);
        assert!(!format!("{found:?}").contains("hunter2"));
        found.0.len()
    }

    #[test]
    fn a_dataclip_is_a_json_object_of_some_size() {
        for good in ["{}", " \n{\"a\": [1, {\"b\": null}]}", &format!("{{\"a\": \"{}\"}}", "x".repeat(1000))]
        {
            assert_eq!(problems(good), 0, "{good}");
        }
        let large = format!("{{\"a\": \"{}\"}}", "x".repeat(MAX_DATACLIP_BYTES));
        for bad in ["", "[]", "1", "{", "{} {}", "{\"hunter2\": }", "\"hunter2\"", &large] {
            assert_eq!(problems(bad), 1);
        }
    }

    #[test]
    fn an_ending_keeps_its_limits() {
        let ending = |message: &str, log: &str, steps| Ending {
            message: message.to_owned(),
            log_summary: log.to_owned(),
            usage: Usage { steps, ..Usage::default() },
        };
        assert!(ending(&"é".repeat(MAX_MESSAGE), &"x".repeat(MAX_LOG_BYTES), 0).violations("").is_empty());
        assert_eq!(
            ending(&"é".repeat(MAX_MESSAGE + 1), &"x".repeat(MAX_LOG_BYTES + 1), -1).violations("").0.len(),
            3
        );
        assert_eq!(ending("\0", "\0", 0).violations("").0.len(), 2);
    }
}
