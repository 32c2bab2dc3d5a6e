//! `credentials.yaml`: what steps sign in with when they are run here, by `owner|name`. A person's file: no push reads it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::MAX_FILE;
use super::disk::Folder;
use super::layout::Layout;
use super::project::Project;
use super::yaml;
use crate::failure::Failure;

/// The file with the credentials of a project's steps added that it lacks, empty. None: it lacks none. What it has stays as
/// it is.
pub(super) fn added(
    root: &Folder,
    layout: &Layout,
    project: &Project,
) -> Result<Option<(PathBuf, String)>, Failure> {
    let Some(file) = layout.credentials() else { return Ok(None) };
    let steps = project.workflows.iter().flat_map(|workflow| &workflow.steps);
    let used: BTreeSet<&str> = steps.filter_map(|step| step.configuration.as_deref()).collect();
    let mut text = root.read(&file, MAX_FILE)?.unwrap_or_default();
    let Keys(there) = yaml::read(&text, &file)?;
    let new: Vec<&str> = used.into_iter().filter(|title| !there.contains(*title)).collect();
    if new.is_empty() {
        return Ok(None);
    }
    if there.is_empty() && text.trim() == "{}" {
        text.clear();
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for title in &new {
        let entry: Map<String, Value> = [((*title).to_owned(), json!({}))].into_iter().collect();
        text += &yaml::write(&entry)?;
    }
    // One that is written in braces takes nothing behind it.
    let read: Result<Keys, _> = yaml::read(&text, &file);
    if read.is_ok_and(|Keys(read)| read.len() == there.len() + new.len()) {
        return Ok(Some((file, text)));
    }
    let new = new.join(", ");
    let problem = format!("nothing can be added behind what it has; add these to it yourself: {new}");
    Err(Failure::Here(format!("{}: {problem}", file.display())))
}

/// The keys of the file, and nothing of what is behind them.
#[derive(Default)]
struct Keys(BTreeSet<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("credentials by `owner|name`")
    }

    fn visit_unit<E>(self) -> Result<Keys, E> {
        Ok(Keys::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut keys = Keys::default();
        while let Some((key, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            keys.0.insert(key);
        }
        Ok(keys)
    }
}
