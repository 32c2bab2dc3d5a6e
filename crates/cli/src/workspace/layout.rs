//! `openfn.yaml`: which project is checked out, and where its files are.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::disk::leads_down;
use super::project::Project;
use super::yaml;
use crate::failure::Failure;

/// The file's name.
pub(crate) const FILE: &str = "openfn.yaml";

/// What the file says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Layout {
    /// The project that is checked out.
    #[serde(default)]
    project: Map<String, Value>,
    /// Kept as it is: others may have put more there.
    #[serde(default = "usual")]
    workspace: Map<String, Value>,
}

impl Default for Layout {
    fn default() -> Self {
        Self { project: Map::new(), workspace: usual() }
    }
}

impl Layout {
    /// Reads it.
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        let file = Path::new(FILE);
        let layout: Self = yaml::read(text, file)?;
        for folder in ["projects", "workflows"] {
            layout.folder(folder)?;
        }
        for what in ["openfn", "project", "workflow"] {
            let format = layout.setting("formats", what);
            if format.is_some_and(|format| format != "yaml") {
                let problem = "workspace.formats: only yaml is supported; change it, and pull again";
                return Err(Failure::Here(format!("{FILE}: {problem}")));
            }
        }
        Ok(layout)
    }

    /// The text for this project, checked out under an alias.
    pub(crate) fn write(&self, project: &Project, alias: &str) -> Result<String, Failure> {
        let openfn = &project.openfn;
        let mut said = Map::new();
        let mut say = |key: &str, value: Value| said.insert(key.to_owned(), value);
        say("uuid", openfn.uuid.as_str().into());
        say("endpoint", openfn.endpoint.as_str().into());
        say("alias", alias.into());
        say("id", project.id.as_str().into());
        say("name", project.name.as_str().into());
        // Without `updated_at`: two branches of a repository would differ in it.
        if let Some(time) = &openfn.inserted_at {
            say("inserted_at", time.as_str().into());
        }
        if !project.collections.is_empty() {
            let names: Vec<&str> = project.collections.iter().map(|one| one.name.as_str()).collect();
            say("collections", json!(names));
        }
        if !project.forked_from().is_empty() {
            say("forked_from", json!(project.forked_from()));
        }
        yaml::write(&json!({ "project": said, "workspace": self.workspace }))
    }

    /// A text about the project that is checked out, such as its `uuid`.
    pub(crate) fn project(&self, key: &str) -> Option<&str> {
        self.project.get(key).and_then(Value::as_str)
    }

    /// The names of its collections.
    pub(crate) fn collections(&self) -> Vec<&str> {
        let names = self.project.get("collections").and_then(Value::as_array);
        names.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Where project files are.
    pub(crate) fn projects(&self) -> PathBuf {
        self.folder("projects").unwrap_or_default()
    }

    /// Where workflows are.
    pub(crate) fn workflows(&self) -> PathBuf {
        self.folder("workflows").unwrap_or_default()
    }

    /// The file with credentials for running steps here.
    pub(crate) fn credentials(&self) -> Option<PathBuf> {
        let file = self.workspace.get("credentials").and_then(Value::as_str);
        file.map(PathBuf::from).filter(|file| leads_down(file))
    }

    fn folder(&self, what: &str) -> Result<PathBuf, Failure> {
        let usual = if what == "projects" { ".projects" } else { "workflows" };
        let folder = PathBuf::from(self.setting("dirs", what).unwrap_or(usual));
        let is_inside = folder.components().all(|part| matches!(part, Component::Normal(_)));
        if folder.components().next().is_none() || !is_inside {
            let problem = format!("workspace.dirs.{what} must be a folder inside of the workspace");
            return Err(Failure::Here(format!("{FILE}: {problem}")));
        }
        Ok(folder)
    }

    fn setting(&self, section: &str, key: &str) -> Option<&str> {
        self.workspace.get(section).and_then(|section| section.get(key)).and_then(Value::as_str)
    }
}

/// What `workspace` says unless somebody changes it.
fn usual() -> Map<String, Value> {
    let usual = json!({
        "credentials": "credentials.yaml",
        "dirs": { "projects": ".projects", "workflows": "workflows" },
        "formats": { "openfn": "yaml", "project": "yaml", "workflow": "yaml" },
    });
    usual.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_put_beside_stays_and_folders_stay_inside() {
        let text = "project:\n  uuid: u\nworkspace:\n  dirs:\n    workflows: flows\n  autoCommit: true\n";
        let layout = Layout::read(text).unwrap();
        assert_eq!((layout.project("uuid"), layout.workflows()), (Some("u"), PathBuf::from("flows")));
        assert_eq!(layout.projects(), PathBuf::from(".projects"));
        let written = layout.write(&Project::default(), "main").unwrap();
        assert!(written.contains("autoCommit: true") && written.contains("workflows: flows"), "{written}");
        for folder in ["..", ".", "/tmp", "''", "a/../../b"] {
            let text = format!("project: {{}}\nworkspace:\n  dirs:\n    workflows: {folder}\n");
            let refused = Layout::read(&text).unwrap_err().to_string();
            assert!(refused.contains("must be a folder inside of the workspace"), "{folder}: {refused}");
        }
        let json = Layout::read("workspace:\n  formats:\n    workflow: json\n").unwrap_err().to_string();
        assert!(json.contains("only yaml"), "{json}");
    }
}
