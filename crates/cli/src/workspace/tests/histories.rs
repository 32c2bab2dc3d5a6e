//! Every saved state of the real projects.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::workspace::files::files;
use crate::workspace::state::{entries, text};
use crate::workspace::yaml;

fn states() -> Vec<(PathBuf, Value)> {
    let histories = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/histories");
    let mut states = Vec::new();
    for folder in ["health-sync", "social-sciences", "large-bodies"] {
        for file in fs::read_dir(format!("{histories}/{folder}")).unwrap() {
            let path = file.unwrap().path();
            let state = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            states.push((path, state));
        }
    }
    states.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(states.len(), 91);
    states
}

#[test]
fn a_project_survives_its_files_and_a_push_of_them_changes_nothing() {
    for (path, state) in states() {
        let desk = Desk::new(state);
        let plan = desk.push().unwrap_or_else(|failure| panic!("{}: {failure}", path.display()));
        assert_eq!(told(&plan), Vec::<String>::new(), "{}", path.display());
        let sent = entries(&plan.document, "workflows");
        let there = entries(&desk.state, "workflows");
        assert_eq!(sent.len(), there.len(), "{}", path.display());
        for workflow in there {
            let mut workflow = workflow.clone();
            for trigger in workflow["triggers"].as_object_mut().unwrap().values_mut() {
                trigger.as_object_mut().unwrap().remove("enabled");
            }
            assert!(sent.contains(&&workflow), "{}: {}", path.display(), text(&workflow, "name"));
        }
        let edits = desk.workspace().edits(Some(&desk.kept().project), &Project::default()).unwrap();
        assert_eq!(edits, Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn every_body_is_in_a_file_of_its_own_byte_for_byte() {
    for (path, state) in states() {
        let desk = Desk::new(state);
        let mut bodies = Vec::new();
        for workflow in entries(&desk.state, "workflows") {
            bodies.extend(entries(workflow, "jobs").into_iter().map(|job| text(job, "body").to_owned()));
        }
        let mut written: Vec<String> =
            desk.files().iter().filter(|file| !file.ends_with("yaml")).map(|file| desk.read(file)).collect();
        bodies.retain(|body| !body.is_empty());
        bodies.sort();
        written.sort();
        assert_eq!(bodies, written, "{}", path.display());
    }
}

#[test]
fn a_project_file_is_read_as_it_was_written_and_always_written_alike() {
    for (path, mut state) in states() {
        let project = Project::of(&state, SERVER);
        let written = yaml::write(&project).unwrap();
        let read: Project = yaml::read(&written, &path).unwrap();
        assert_eq!(read, project, "{}", path.display());
        // The same in another order is the same file.
        for workflow in state["workflows"].as_object_mut().unwrap().values_mut() {
            for part in ["jobs", "triggers", "edges"] {
                let entries = workflow[part].as_object().unwrap().clone();
                workflow[part] = entries.into_iter().rev().collect();
            }
        }
        assert!(yaml::write(&Project::of(&state, SERVER)).unwrap() == written, "{}", path.display());
    }
}

#[test]
fn a_workspace_follows_a_project_from_state_to_state() {
    let mut followed: Option<Desk> = None;
    for (path, state) in states() {
        let is_same = |desk: &Desk| text(&desk.state, "id") == text(&state, "id");
        let Some(mut desk) = followed.take().filter(is_same) else {
            followed = Some(Desk::new(state));
            continue;
        };
        let base = desk.kept().project;
        desk.state = state;
        let next = desk.kept();
        assert_eq!(desk.workspace().edits(Some(&base), &next.project).unwrap(), Vec::<String>::new());
        desk.workspace().check_out(Some(&base), &next, &[]).unwrap();
        desk.workspace().keep(&next).unwrap();
        let written = files(&next.project, Path::new("workflows")).unwrap();
        let mut expected: Vec<String> = written.keys().map(|file| file.display().to_string()).collect();
        expected.sort();
        assert_eq!(desk.files(), expected, "{}: nothing of the state before is left", path.display());
        for (file, text) in written {
            assert!(desk.read(&file.display().to_string()) == text, "{}: {}", path.display(), file.display());
        }
        followed = Some(desk);
    }
}
