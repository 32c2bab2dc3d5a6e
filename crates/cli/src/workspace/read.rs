//! Reads the workflows of a workspace's files, and says all that is wrong with them at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::check::{self, Problems};
use super::disk::{Folder, leads_down};
use super::slug::slug;
use super::spec::{Step, Workflow};
use super::yaml;
use crate::failure::Failure;

/// The largest file of a workflow, without its bodies.
const MAX_WORKFLOW: u64 = 16 * 1024 * 1024;
/// The largest body, as the server has it.
pub(crate) const MAX_BODY: u64 = 10 * 1024 * 1024;

/// A workflow as files have it, with its bodies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Local {
    /// Where it was read.
    pub(crate) file: PathBuf,
    /// Without UUIDs.
    pub(crate) workflow: Workflow,
    /// Where its bodies were read, by the id of their step.
    pub(crate) bodies: BTreeMap<String, PathBuf>,
    /// Whether its file has comments, which are lost when it is written anew.
    pub(crate) is_commented: bool,
}

/// Every workflow below the folder. Files of YAML without `steps` are none, unless they are among `expected`.
pub(crate) fn read(
    root: &Folder,
    folder: &Path,
    expected: &BTreeSet<PathBuf>,
) -> Result<Vec<Local>, Failure> {
    let mut problems = Problems::default();
    let mut found: Vec<Local> = Vec::new();
    let mut places: HashMap<String, PathBuf> = HashMap::new();
    for file in root.find(folder, "yaml")? {
        let local = match one(root, &file, expected.contains(&file), &mut problems) {
            Ok(Some(local)) => local,
            Ok(None) => continue,
            Err(failure) => {
                problems.add(failure.to_string());
                continue;
            }
        };
        let id = local.workflow.id.clone();
        if let Some(before) = places.insert(id.clone(), file.clone()) {
            let problem = format!(
                "{before} has the id {id:?}, too; give each workflow its own",
                before = before.display()
            );
            problems.at(&file, problem);
        }
        found.push(local);
    }
    problems.finish()?;
    Ok(found)
}

fn one(
    root: &Folder,
    file: &Path,
    expected: bool,
    problems: &mut Problems,
) -> Result<Option<Local>, Failure> {
    let Some(text) = root.read(file, MAX_WORKFLOW)? else { return Ok(None) };
    let value: Value = yaml::read(&text, file)?;
    if value.get("steps").is_none() {
        if expected {
            problems.at(file, "has no `steps`; to delete the workflow, remove its whole folder");
        }
        return Ok(None);
    }
    let before = problems.count();
    check::keys(&value, file, problems);
    if problems.count() > before {
        return Ok(None);
    }
    let mut workflow: Workflow = yaml::read(&text, file)?;
    // Only a project file has these.
    workflow.history.clear();
    workflow.openfn.clear();
    if workflow.id.is_empty() {
        workflow.id = slug(workflow.name.as_deref().unwrap_or_default());
    }
    let mut bodies = BTreeMap::new();
    for step in &mut workflow.steps {
        name(step);
        match body(root, file, step) {
            Ok(read) => bodies.extend(read.map(|path| (step.id.clone(), path))),
            Err(problem) => problems.at(file, format!("step {:?}: {problem}", step.id)),
        }
        step.tidy();
    }
    check::workflow(&workflow, file, problems);
    workflow.steps.sort_by(|a, b| a.id.cmp(&b.id));
    let is_commented = text.lines().any(|line| line.trim_start().starts_with('#'));
    Ok(Some(Local { file: file.to_owned(), workflow, bodies, is_commented }))
}

/// Gives a step the id that its name or type makes, where it has none.
fn name(step: &mut Step) {
    step.openfn.clear();
    step.next.values_mut().for_each(|edge| edge.openfn.clear());
    if step.id.is_empty() {
        step.id = slug(step.name.as_deref().or(step.kind.as_deref()).unwrap_or_default());
    }
}

/// Puts the body where its path was. A text that is no path of a `.js` file is the body itself.
fn body(root: &Folder, file: &Path, step: &mut Step) -> Result<Option<PathBuf>, Failure> {
    let is_path = |text: &&str| Path::new(text).extension().is_some_and(|ending| ending == "js");
    let Some(path) = step.expression.as_deref().filter(is_path) else {
        return match step.body().len() as u64 {
            0..=MAX_BODY => Ok(None),
            _ => Err(Failure::Here(format!("its body is larger than {MAX_BODY} bytes"))),
        };
    };
    let folder = file.parent().unwrap_or(Path::new(""));
    if !leads_down(Path::new(path)) {
        let problem =
            format!("expression {path:?} leads out of the workflow's folder; keep bodies inside of it");
        return Err(Failure::Here(problem));
    }
    // `components` takes out each `.`.
    let path: PathBuf = folder.join(path).components().collect();
    let text = root.read(&path, MAX_BODY)?.ok_or_else(|| {
        let problem = "is not there; write the body, or remove `expression` for an empty one";
        Failure::Here(format!("{} {problem}", path.display()))
    })?;
    step.expression = Some(text);
    Ok(Some(path))
}
