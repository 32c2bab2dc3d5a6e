//! What can be wrong with a workflow's file.

use std::collections::HashSet;
use std::path::Path;

use serde_json::Value;

use super::slug::{MAX_ID, is_id};
use super::spec::{Step, Workflow};
use crate::failure::Failure;

/// The most problems that are told.
const TOLD: usize = 50;

/// What is wrong, in the order that it was found.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    /// Adds one.
    pub(crate) fn add(&mut self, problem: String) {
        self.0.push(problem);
    }

    /// Adds one of a file.
    pub(crate) fn at(&mut self, file: &Path, problem: impl std::fmt::Display) {
        self.0.push(format!("{}: {problem}", file.display()));
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Fails if there is any.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        match self.0.len() {
            0 => return Ok(()),
            1 => {}
            count => {
                self.0.truncate(TOLD);
                self.0.insert(0, format!("{count} things are wrong:"));
            }
        }
        Err(Failure::Here(self.0.join("\n  ")))
    }
}

const WORKFLOW: [&str; 7] = ["id", "name", "start", "steps", "schema_version", "history", "openfn"];
const STEP: [&str; 14] = [
    "id",
    "name",
    "type",
    "enabled",
    "custom_path",
    "cron_expression",
    "cron_cursor_job_id",
    "webhook_reply",
    "webhook_response_config",
    "adaptor",
    "configuration",
    "expression",
    "next",
    "openfn",
];
const EDGE: [&str; 4] = ["disabled", "condition", "label", "openfn"];

/// Keys that mean nothing here: what they say would be lost, so they are refused.
pub(crate) fn keys(workflow: &Value, file: &Path, problems: &mut Problems) {
    let mut look = |value: &Value, known: &[&str], of: &str| {
        for key in value.as_object().into_iter().flatten().map(|member| member.0) {
            if !known.contains(&key.as_str()) {
                let problem = format!(
                    "{of} has the key {key:?}, which means nothing here; it may have {}",
                    known.join(", ")
                );
                problems.at(file, problem);
            }
        }
    };
    look(workflow, &WORKFLOW, "the workflow");
    let steps = workflow.get("steps").and_then(Value::as_array);
    for (at, step) in steps.into_iter().flatten().enumerate() {
        let id = step
            .get("id")
            .and_then(Value::as_str)
            .map_or_else(|| format!("#{}", at + 1), |id| format!("{id:?}"));
        look(step, &STEP, &format!("step {id}"));
        for (target, edge) in step.get("next").and_then(Value::as_object).into_iter().flatten() {
            look(edge, &EDGE, &format!("step {id}, next {target:?},"));
        }
    }
}

/// What is wrong with a workflow that could be read.
pub(crate) fn workflow(workflow: &Workflow, file: &Path, problems: &mut Problems) {
    if !is_id(&workflow.id) {
        problems.at(file, format!("the workflow's id {:?} {ID}", workflow.id));
    }
    let jobs: HashSet<&str> =
        workflow.steps.iter().filter(|step| !step.is_trigger()).map(|step| step.id.as_str()).collect();
    let mut seen = HashSet::new();
    for step in &workflow.steps {
        let at = format!("step {:?}", step.id);
        if !is_id(&step.id) {
            problems.at(file, format!("{at}: its id {ID}"));
        } else if !seen.insert(step.id.as_str()) {
            problems.at(file, format!("{at}: another step has this id, too; give each its own"));
        }
        for problem in mixed(step) {
            problems.at(file, format!("{at}: {problem}"));
        }
        for target in step.next.keys().filter(|target| !jobs.contains(target.as_str())) {
            let is_trigger = workflow.steps.iter().any(|step| step.id == *target);
            let what = if is_trigger { "is a trigger" } else { "is no step of the workflow" };
            problems.at(file, format!("{at}: next leads to {target:?}, which {what}"));
        }
        edges(step, &at, file, problems);
    }
}

const ID: &str = "may only have plain letters, digits, `_` and `-`, up to 200 characters, because files are named after it";
const _: () = assert!(MAX_ID == 200, "the text above says how long");

fn edges(step: &Step, at: &str, file: &Path, problems: &mut Problems) {
    for (target, edge) in &step.next {
        let (kind, _) = edge.condition_type(step.usual_condition());
        if kind == "js_expression" && edge.label.is_none() {
            problems
                .at(file, format!("{at}, next {target:?}: a condition that is an expression needs a label"));
        }
        if step.is_trigger() && (kind == "on_job_success" || kind == "on_job_failure") {
            problems.at(file, format!("{at}, next {target:?}: no step comes before a trigger; its condition is always, or an expression"));
        }
    }
}

/// A trigger has no part of a job, and the other way round.
fn mixed(step: &Step) -> Vec<String> {
    let of_trigger = [
        ("enabled", step.enabled.is_some()),
        ("custom_path", step.custom_path.is_some()),
        ("cron_expression", step.cron_expression.is_some()),
        ("cron_cursor_job_id", step.cron_cursor_job_id.is_some()),
        ("webhook_reply", step.webhook_reply.is_some()),
        ("webhook_response_config", step.webhook_response_config.is_some()),
    ];
    let of_job = [
        ("adaptor", step.adaptor.is_some()),
        ("configuration", step.configuration.is_some()),
        ("expression", step.expression.is_some()),
    ];
    let (wrong, why): (&[(&str, bool)], _) = match step.kind.as_deref() {
        None => (&of_trigger, "only triggers have; a trigger says its `type`"),
        Some("webhook" | "cron") => (&of_job, "only steps without a `type` have"),
        Some("kafka") => {
            return vec![
                "Kafka triggers are not supported by Sandbar; remove it, or use a webhook".to_owned(),
            ];
        }
        Some(other) => return vec![format!("its type is {other:?}; it must be webhook or cron")],
    };
    let there = wrong.iter().filter(|(_, is_there)| *is_there);
    there.map(|(key, _)| format!("it has the key {key:?}, which {why}")).collect()
}
