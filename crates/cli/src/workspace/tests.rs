//! Whole projects through files and back.

mod broken;
mod edits;
mod histories;
mod matching;

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::plan::{Plan, Sides, plan};
use super::project::Project;
use super::{Kept, Workspace};
use crate::failure::Failure;

const SERVER: &str = "http://127.0.0.1:7316";

/// A folder with a project checked out in it.
struct Desk {
    folder: TempDir,
    /// What the server has.
    state: Value,
}

impl Desk {
    /// Checks a state out.
    fn new(state: Value) -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap(), state };
        let next = desk.kept();
        desk.workspace().check_out(None, &next, &[]).unwrap();
        desk.workspace().keep(&next).unwrap();
        desk
    }

    fn kept(&self) -> Kept {
        Kept { alias: "main".to_owned(), project: Project::of(&self.state, SERVER) }
    }

    fn workspace(&self) -> Workspace {
        Workspace::open(self.folder.path()).unwrap()
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).unwrap()
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Replaces a text that the file has once.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert_eq!(text.matches(from).count(), 1, "{from:?} in {text}");
        self.write(file, &text.replace(from, to));
    }

    fn remove(&self, file: &str) {
        std::fs::remove_file(self.folder.path().join(file)).unwrap();
    }

    /// Every file below the folder of workflows.
    fn files(&self) -> Vec<String> {
        let root = super::disk::Folder::at(self.folder.path());
        let mut files = Vec::new();
        for ending in ["js", "yaml"] {
            files.extend(root.find(Path::new("workflows"), ending).unwrap());
        }
        let mut files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        files.sort();
        files
    }

    fn push(&self) -> Result<Plan, Failure> {
        self.push_with(false)
    }

    fn push_with(&self, force: bool) -> Result<Plan, Failure> {
        let workspace = self.workspace();
        let base = workspace.current()?.unwrap().project;
        let local = workspace.local(Some(&base))?;
        let layout = workspace.layout();
        let sides = Sides {
            local: &local,
            collections: layout.collections(),
            base: Some(&base),
            fresh: &Project::of(&self.state, SERVER),
            state: &self.state,
            force,
            how_to_link: "sandbar credential link p",
        };
        let mut number = 0;
        plan(&sides, &mut || {
            number += 1;
            format!("00000000-0000-4000-8000-{number:012}")
        })
    }

    /// Why a push is refused.
    fn refused(&self) -> String {
        self.push().unwrap_err().to_string()
    }
}

/// What a plan says, a line for each part.
fn told(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    for change in &plan.changes {
        lines.push(format!("{:?} {} {}", change.sign, change.kind, change.name));
        lines.extend(change.parts.iter().map(|part| format!("  {:?} {}", part.sign, part.what)));
    }
    lines
}

/// The entry of this id, wherever it is.
fn entry<'a>(value: &'a Value, id: &str) -> Option<&'a Value> {
    match value {
        Value::Object(object) if object.get("id").and_then(Value::as_str) == Some(id) => Some(value),
        Value::Object(object) => object.values().find_map(|value| entry(value, id)),
        _ => None,
    }
}

/// A small project: a webhook, two steps one after the other, one credential.
fn small() -> Value {
    json!({
        "id": "p-1", "name": "acme", "description": null, "env": "main", "inserted_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z",
        "project_credentials": { "ana-DHIS2": { "id": "c-1", "name": "DHIS2", "owner": "ana@example.org" } },
        "collections": { "patients": { "id": "k-1", "name": "patients" } },
        "workflows": { "Sync": {
            "id": "w-1", "name": "Sync patients", "lock_version": 3, "concurrency": 2,
            "positions": { "j-1": { "x": 1, "y": 2.5 } },
            "triggers": { "webhook": { "id": "t-1", "type": "webhook", "enabled": true, "webhook_reply": "after_completion" } },
            "jobs": {
                "Get": { "id": "j-1", "name": "Get", "adaptor": "@openfn/language-dhis2@6.0.0", "body": "get('x');\n",
                    "project_credential_id": "c-1" },
                "Map-it": { "id": "j-2", "name": "Map it", "adaptor": "@openfn/language-common@latest", "body": "fn(s => s)",
                    "project_credential_id": null, "keychain_credential_id": "y-1" }
            },
            "edges": {
                "a": { "id": "e-1", "source_trigger_id": "t-1", "target_job_id": "j-1", "condition_type": "always", "enabled": true },
                "b": { "id": "e-2", "source_job_id": "j-1", "target_job_id": "j-2", "condition_type": "js_expression",
                    "condition_expression": "!state.errors", "condition_label": "fine", "enabled": false }
            }
        } },
        "configs": { "kind/a": { "id": "g-1", "kind": "kind", "name": "a", "value": 1.0 } }
    })
}

const SYNC: &str = "workflows/sync-patients/sync-patients.yaml";
