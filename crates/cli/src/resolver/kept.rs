//! Choices in a file: what was decided stays, whatever becomes of the terminal.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use sandbar_client::v1::MergeChoices;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::Answer;
use crate::failure::Failure;
use crate::json::{from_json, to_json};

/// An answer with what it was an answer to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    /// What both sides had.
    pub(crate) seen: String,
    /// The question, for a person.
    pub(crate) title: String,
    /// How it was answered.
    pub(crate) answer: Answer,
}

/// What such a file holds.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What `merge apply` sends: `MergeChoices` of the contract.
    choices: Value,
    /// What was chosen before anything was settled.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    start: Value,
    /// What `merge resolve` goes on from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    answers: BTreeMap<String, Kept>,
}

/// Choices, and the answers that led to them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Saved {
    /// With all that is settled.
    pub(crate) choices: MergeChoices,
    /// Before anything was settled.
    pub(crate) start: MergeChoices,
    /// By question.
    pub(crate) answers: BTreeMap<String, Kept>,
}

impl Saved {
    /// Reads a file. None: there is none.
    pub(crate) fn load(path: &Path) -> Result<Option<Self>, Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::file("read", path, &error)),
        };
        let wrong = |problem: &dyn std::fmt::Display| {
            Failure::Usage(format!("{} holds no choices: {problem}", path.display()))
        };
        let file: File = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
        let read = |value: Value| from_json::<MergeChoices>(value).map_err(|error| wrong(&error));
        let start = if file.start.is_null() { file.choices.clone() } else { file.start };
        Ok(Some(Self { choices: read(file.choices)?, start: read(start)?, answers: file.answers }))
    }

    /// Writes the file, whole or not at all.
    pub(crate) fn save(&self, path: &Path) -> Result<(), Failure> {
        let file = File {
            choices: to_json(&self.choices)?,
            start: to_json(&self.start)?,
            answers: self.answers.clone(),
        };
        let text = serde_json::to_string_pretty(&file)
            .map_err(|error| Failure::Here(format!("can't write the choices: {error}")))?;
        let directory =
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(directory)?;
            writeln!(file, "{text}")?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)
        };
        write().map(drop).map_err(|error| Failure::file("write", path, &error))
    }
}

/// A name that no file here has yet.
pub(crate) fn new_path() -> PathBuf {
    let numbered = |number: u32| match number {
        1 => PathBuf::from("sandbar-choices.json"),
        number => PathBuf::from(format!("sandbar-choices-{number}.json")),
    };
    let free = (1..1000).map(numbered).find(|path| !path.exists());
    free.unwrap_or_else(|| PathBuf::from(format!("sandbar-choices-of-{}.json", std::process::id())))
}

#[cfg(test)]
mod tests {
    use sandbar_client::v1::merge_choice::Resource;
    use sandbar_client::v1::merge_resolution::How;
    use sandbar_client::v1::{MergeChoice, MergeDecision, MergeResolution, MergeSide};

    use super::*;

    fn choices(resolutions: Vec<MergeResolution>) -> MergeChoices {
        let resource = Some(Resource::WorkflowName("Billing".into()));
        let choice = MergeChoice { resource, decision: MergeDecision::Combine.into(), resolutions };
        MergeChoices { defaults: true, choices: vec![choice], retire_source: Some(false) }
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("choices.json");
        assert_eq!(Saved::load(&path).unwrap(), None);
        let side = How::Side(MergeSide::Source.into());
        let kept = Kept { seen: "1".into(), title: "name".into(), answer: Answer::Own("\"x\"".into()) };
        let saved = Saved {
            choices: choices(vec![MergeResolution { path: "name".into(), how: Some(side) }]),
            start: choices(Vec::new()),
            answers: [("workflow:1#name".to_owned(), kept)].into(),
        };
        saved.save(&path).unwrap();
        saved.save(&path).unwrap();
        assert_eq!(Saved::load(&path).unwrap(), Some(saved));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_written_by_hand_needs_choices_only_and_no_typing_errors() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), r#"{"choices": {"defaults": true}}"#).unwrap();
        let saved = Saved::load(file.path()).unwrap().unwrap();
        assert!(saved.choices.defaults && saved.start == saved.choices && saved.answers.is_empty());
        for wrong in ["{", r#"{"choices": {"default": true}}"#, r#"{"choice": {}}"#] {
            std::fs::write(file.path(), wrong).unwrap();
            assert_eq!(Saved::load(file.path()).unwrap_err().exit_code(), 2, "{wrong}");
        }
    }
}
