//! The files of a workspace that a project is checked out to: for each workflow `<id>/<id>.yaml`, and beside it each body,
//! byte for byte.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::project::Project;
use super::spec::Workflow;
use super::yaml;
use crate::failure::Failure;

/// Each file with its text.
pub(crate) type Files = BTreeMap<PathBuf, String>;

/// The files of all workflows of a project, below the folder of workflows.
pub(crate) fn files(project: &Project, folder: &Path) -> Result<Files, Failure> {
    let mut files = Files::new();
    for workflow in &project.workflows {
        let (file, bodies) = paths(workflow, folder);
        let mut written = workflow.view();
        written.start.clone_from(&workflow.start);
        for step in &mut written.steps {
            if let (Some(path), Some(body)) = (bodies.get(&step.id), step.expression.take()) {
                step.expression = Some(format!("./{}.js", step.id));
                files.insert(path.clone(), body);
            }
        }
        files.insert(file, yaml::write(&written)?);
    }
    Ok(files)
}

/// The file of a workflow, and those of its bodies by the id of their step.
pub(crate) fn paths(workflow: &Workflow, folder: &Path) -> (PathBuf, BTreeMap<String, PathBuf>) {
    let folder = folder.join(&workflow.id);
    let with_body = workflow.steps.iter().filter(|step| !step.body().is_empty());
    let bodies = with_body.map(|step| (step.id.clone(), folder.join(format!("{}.js", step.id))));
    (folder.join(format!("{}.yaml", workflow.id)), bodies.collect())
}
