//! The projects that are merged: a target, and a source that changed some of its workflows, as files for all three.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::Result;

/// How many steps each workflow has.
const STEPS: usize = 10;
/// Longer bodies of the template are left out, so that no single one is most of a project.
const LONGEST: usize = 4_000;

/// Two projects in a folder.
#[derive(Clone, Debug)]
pub(crate) struct Projects {
    /// Where they are.
    pub(crate) folder: PathBuf,
    /// The ids of the workflows that the source changed.
    pub(crate) changed: Vec<String>,
}

/// A step of the template.
struct Step {
    name: String,
    adaptor: String,
    body: String,
}

impl Projects {
    /// Makes them. The target is what the source was made from.
    pub(crate) fn write(folder: &Path, template: &Path, size: usize, count: usize) -> Result<Self> {
        let folder = folder.join(format!("{size}-{count}"));
        fs::create_dir_all(&folder)?;
        let steps = steps(template)?;
        let target: Vec<_> = (0..size).map(|number| workflow(&steps, number)).collect();
        let mut source = target.clone();
        let mut changed = Vec::new();
        for at in (0..count).map(|n| n * size / count) {
            let workflow = source.get_mut(at).ok_or("there are fewer workflows than changes")?;
            change(workflow);
            changed.push(text(workflow, "id").to_owned());
        }
        let projects = Self { folder, changed };
        projects.save("target", &target)?;
        projects.save("source", &source)?;
        fs::write(projects.file("changed.json"), serde_json::to_vec(&projects.changed)?)?;
        super::git::import(&projects, &target, &source)?;
        Ok(projects)
    }

    /// A file of theirs.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn save(&self, name: &str, workflows: &[Value]) -> Result<()> {
        let keyed: Map<String, Value> =
            workflows.iter().map(|one| (text(one, "name").replace(' ', "-"), one.clone())).collect();
        let state = json!({
            "id": Uuid::from_u128(if name == "target" { 1 } else { 2 }), "name": name, "project_credentials": [],
            "collections": [], "workflows": keyed,
        });
        Ok(fs::write(self.file(&format!("{name}.json")), serde_json::to_vec(&state)?)?)
    }

    /// Holds against each other what came of the changed workflows: names, steps with adaptors and bodies, edges with
    /// ends and conditions, and all their ids.
    pub(crate) fn compare(&self) -> Result<()> {
        let [here, openfn] = ["here.json", "openfn.json"].map(|file| -> Result<Vec<Value>> {
            let mut result: Vec<Value> = serde_json::from_slice(&fs::read(self.file(file))?)?;
            result.sort_by_key(|one| text(one, "id").to_owned());
            Ok(result)
        });
        let (here, openfn) = (here?, openfn?);
        if here.len() != self.changed.len() {
            return Err("a merge here lost workflows".into());
        }
        match here.iter().zip(&openfn).find(|(one, other)| one != other) {
            None if here.len() == openfn.len() => Ok(()),
            found => Err(format!("the two merged to different things: {found:?}").into()),
        }
    }
}

fn steps(template: &Path) -> Result<Vec<Step>> {
    let file = fs::read(template).map_err(|error| format!("{}: {error}", template.display()))?;
    let state: Value = serde_json::from_slice(&file)?;
    let objects = |value: Option<&Value>| {
        value.and_then(Value::as_object).into_iter().flat_map(Map::values).cloned().collect::<Vec<_>>()
    };
    let jobs = objects(state.get("workflows")).into_iter().flat_map(|workflow| objects(workflow.get("jobs")));
    let step = |job: Value| Step {
        name: text(&job, "name").trim().to_owned(),
        adaptor: text(&job, "adaptor").to_owned(),
        body: text(&job, "body").to_owned(),
    };
    let steps: Vec<_> = jobs.map(step).filter(|step| step.body.len() <= LONGEST).collect();
    if steps.is_empty() { Err("the template has no steps".into()) } else { Ok(steps) }
}

/// A webhook and ten steps, one after the other.
fn workflow(steps: &[Step], number: usize) -> Value {
    let id = |part: usize| Uuid::from_u128((0x5a_u128 << 120) | ((number as u128) << 32) | part as u128);
    let (mut jobs, mut edges) = (Map::new(), Map::new());
    let trigger = id(1);
    for at in 0..STEPS {
        let Some(step) = steps.get((number + at) % steps.len()) else { continue };
        let (job, before) = (id(100 + at), id(99 + at));
        let name: String = format!("{at} {}", step.name).chars().take(100).collect();
        jobs.insert(
            format!("{at}"),
            json!({
                "id": job, "name": name.trim(), "adaptor": step.adaptor,
                "body": format!("{}\n// copy {number}\n", step.body),
            }),
        );
        let mut edge = json!({ "id": id(200 + at), "target_job_id": job, "enabled": true });
        if let Some(edge) = edge.as_object_mut() {
            let (source, node, condition) = match at {
                0 => ("source_trigger_id", trigger, "always"),
                _ => ("source_job_id", before, "on_job_success"),
            };
            edge.insert(source.to_owned(), json!(node));
            edge.insert("condition_type".to_owned(), json!(condition));
        }
        edges.insert(format!("{at}"), edge);
    }
    json!({
        "id": id(0), "name": format!("Workflow {number:06}"), "lock_version": 1, "jobs": jobs, "edges": edges,
        "triggers": { "webhook": { "id": trigger, "type": "webhook", "enabled": true } },
    })
}

/// A line in one body, another adaptor for a second step and another name for a third.
fn change(workflow: &mut Value) {
    for (step, field) in [("3", "body"), ("5", "adaptor"), ("7", "name")] {
        let value = workflow.pointer_mut(&format!("/jobs/{step}/{field}"));
        if let Some(Value::String(text)) = value {
            match field {
                "body" => text.insert_str(0, "// changed in the source\n"),
                "adaptor" => text.push_str("-next"),
                _ => {
                    text.truncate(text.floor_char_boundary(80));
                    text.push_str(" changed");
                }
            }
        }
    }
}

pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
