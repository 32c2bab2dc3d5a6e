//! The rules of 1-domain §3 and `workflow.proto` that one workflow can be held to by itself.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use uuid::Uuid;

use super::{
    Condition, Cron, Edge, EdgeSource, Job, MAX_BODY_BYTES, Trigger, TriggerKind, Webhook, Workflow, cron,
    graph, tidy,
};
use crate::{
    JobId, TriggerId, Violations,
    field::path,
    text::{self, shown},
};

/// The longest name of a workflow, in characters.
pub const MAX_NAME: usize = 255;
/// The longest name of a job, in characters.
pub const MAX_JOB_NAME: usize = 100;
/// The longest adaptor, custom path, label and expression, in characters.
pub const MAX_TEXT: usize = 255;
/// The most webhook auth methods that guard one trigger: each is decrypted and compared with what a caller shows.
pub const MAX_AUTH_METHODS: usize = 20;
/// Words that no edge's expression may contain.
pub const REFUSED_WORDS: [&str; 5] = ["import", "require", "process", "await", "eval"];

impl<B> Workflow<B> {
    /// What breaks a rule, all of it, with fields named below `prefix` and parts counted as they are given:
    /// `workflow.jobs[2].name`.
    ///
    /// Judges what [`Self::tidy`] would make of it, so it can be asked before (to say where in the caller's lists the
    /// fault is) or after. Rules that need the project (unique names, linked credentials) are checked where that is
    /// known. Takes time linear in the size of the workflow.
    pub fn violations(&self, prefix: &str) -> Violations {
        let mut check = Check {
            workflow: self,
            prefix,
            jobs: self.jobs.iter().map(|job| (job.id, job.name.as_str())).collect(),
            triggers: self.triggers.iter().map(|trigger| trigger.id).collect(),
            found: Violations::default(),
        };
        check.head();
        check.unique_ids();
        check.jobs();
        check.triggers();
        check.edges();
        check.no_cycle();
        check.found
    }
}

impl Workflow<String> {
    /// The bodies that are larger than [`MAX_BODY_BYTES`]; beside [`Self::violations`], which doesn't look at bodies.
    pub fn body_violations(&self, prefix: &str) -> Violations {
        let mut found = Violations::default();
        for (at, job) in self.jobs.iter().enumerate() {
            let size = job.body.len();
            if size > MAX_BODY_BYTES {
                let field = path(prefix, &format!("jobs[{at}].body"));
                let name = shown(&job.name);
                found.add(
                    field,
                    format!("is {size} bytes in job {name}; at most {MAX_BODY_BYTES} are allowed"),
                );
            }
        }
        found
    }
}

struct Check<'a, B> {
    workflow: &'a Workflow<B>,
    prefix: &'a str,
    jobs: HashMap<JobId, &'a str>,
    triggers: HashSet<TriggerId>,
    found: Violations,
}

impl<'a, B> Check<'a, B> {
    fn head(&mut self) {
        let name = path(self.prefix, "name");
        text::check_name(&mut self.found, &name, &self.workflow.name, MAX_NAME);
        if self.workflow.concurrency == Some(0) {
            self.add("concurrency", "must be at least 1; leave it out for no limit of its own");
        }
        for (part, position) in &self.workflow.positions {
            let drawn = self.jobs.contains_key(&JobId(*part)) || self.triggers.contains(&TriggerId(*part));
            if drawn && !(position.x.is_finite() && position.y.is_finite()) {
                self.add(&format!("positions[{part}]"), "must have finite numbers for x and y");
            }
        }
    }

    /// Across types too: positions and merges know a part by its id alone.
    fn unique_ids(&mut self) {
        let mut first: HashMap<Uuid, (&str, usize)> = HashMap::new();
        let workflow = self.workflow;
        let jobs = workflow.jobs.iter().map(|job| job.id.0).enumerate().map(|(at, id)| ("jobs", at, id));
        let triggers = workflow.triggers.iter().map(|trigger| trigger.id.0).enumerate();
        let triggers = triggers.map(|(at, id)| ("triggers", at, id));
        let edges = workflow.edges.iter().map(|edge| edge.id.0).enumerate().map(|(at, id)| ("edges", at, id));
        for (list, at, id) in jobs.chain(triggers).chain(edges) {
            match first.entry(id) {
                Entry::Vacant(free) => {
                    free.insert((list, at));
                }
                Entry::Occupied(taken) => {
                    let (list_before, at_before) = taken.get();
                    let problem =
                        format!("{id} is also the id of {list_before}[{at_before}]; each part needs its own");
                    self.add(&format!("{list}[{at}].id"), problem);
                }
            }
        }
    }

    fn jobs(&mut self) {
        let mut named: HashMap<String, usize> = HashMap::new();
        for (at, job) in self.workflow.jobs.iter().enumerate() {
            self.job(at, job);
            match named.entry(tidy::tidy_job_name(&job.name)) {
                Entry::Vacant(free) => {
                    free.insert(at);
                }
                // An empty name is told of already.
                Entry::Occupied(taken) if !taken.key().is_empty() => {
                    let problem = format!(
                        "{} is also the name of jobs[{}]; choose another",
                        shown(taken.key()),
                        taken.get()
                    );
                    self.add(&format!("jobs[{at}].name"), problem);
                }
                Entry::Occupied(_) => {}
            }
        }
    }

    fn job(&mut self, at: usize, job: &Job<B>) {
        let mut found = Violations::default();
        text::check_length(&mut found, "name", job.name.trim(), 1, MAX_JOB_NAME);
        text::check_length(&mut found, "adaptor", &job.adaptor, 1, MAX_TEXT);
        self.add_all("jobs", at, found, || format!("job {} {}", job.id, shown(&job.name)));
    }

    fn triggers(&mut self) {
        let mut paths: HashMap<&'a str, usize> = HashMap::new();
        for (at, trigger) in self.workflow.triggers.iter().enumerate() {
            self.trigger(at, trigger);
            let TriggerKind::Webhook(Webhook { custom_path: Some(custom_path), .. }) = &trigger.kind else {
                continue;
            };
            if let Some(before) = paths.insert(custom_path, at) {
                let problem =
                    format!("{} is also the path of triggers[{before}]; choose another", shown(custom_path));
                self.add(&format!("triggers[{at}].webhook.custom_path"), problem);
            }
        }
    }

    fn trigger(&mut self, at: usize, trigger: &Trigger) {
        let found = match &trigger.kind {
            TriggerKind::Webhook(webhook) => webhook_violations(webhook),
            TriggerKind::Cron(cron) => self.cron_violations(cron),
        };
        self.add_all("triggers", at, found, || format!("trigger {}", trigger.id));
    }

    fn cron_violations(&self, cron: &Cron) -> Violations {
        let mut found = Violations::default();
        if let Some(problem) = cron::problem(&cron.expression) {
            found.add("cron.expression", problem);
        }
        if let Some(job) = cron.cursor_job.filter(|job| !self.jobs.contains_key(job)) {
            found.add(
                "cron.cursor_job_id",
                format!("the workflow has no job {job}; name one of its jobs, or none"),
            );
        }
        found
    }

    fn edges(&mut self) {
        for (at, edge) in self.workflow.edges.iter().enumerate() {
            let mut found = Violations::default();
            self.check_ends(&mut found, edge);
            check_condition(&mut found, edge);
            self.add_all("edges", at, found, || format!("edge {}", edge.id));
        }
    }

    fn check_ends(&self, found: &mut Violations, edge: &Edge) {
        match edge.source {
            EdgeSource::Job(job) if !self.jobs.contains_key(&job) => {
                found
                    .add("source_job_id", format!("the workflow has no job {job}; start at one that it has"));
            }
            EdgeSource::Trigger(trigger) if !self.triggers.contains(&trigger) => {
                found.add(
                    "source_trigger_id",
                    format!("the workflow has no trigger {trigger}; start at one that it has"),
                );
            }
            EdgeSource::Job(_) | EdgeSource::Trigger(_) => {}
        }
        let target = edge.target;
        if !self.jobs.contains_key(&target) {
            found.add("target_job_id", format!("the workflow has no job {target}; lead to one that it has"));
        } else if edge.source == EdgeSource::Job(target) {
            found.add("target_job_id", "the edge leads from a job to itself; lead to another job");
        }
    }

    fn no_cycle(&mut self) {
        const SHOWN: usize = 10;
        let Some(cycle) = graph::cycle(&self.workflow.edges) else { return };
        let name = |job: &JobId| self.jobs.get(job).map_or_else(|| job.to_string(), |name| shown(name));
        let mut steps: Vec<String> = cycle.jobs.iter().take(SHOWN).map(name).collect();
        if cycle.jobs.len() > SHOWN {
            steps.push(format!("({} more)", cycle.jobs.len() - SHOWN));
        }
        steps.extend(cycle.jobs.first().map(name));
        let problem =
            format!("the steps lead round in a circle: {}; remove one of the edges", steps.join(" → "));
        self.add(&format!("edges[{}].target_job_id", cycle.edge), problem);
    }

    fn add(&mut self, field: &str, problem: impl Into<String>) {
        self.found.add(path(self.prefix, field), problem);
    }

    /// Those of one part: the list may be in another order than its author saw it, so each says which part it means.
    fn add_all(&mut self, list: &str, at: usize, found: Violations, which: impl Fn() -> String) {
        for violation in found.0 {
            let problem = format!("{} ({})", violation.problem, which());
            self.add(&format!("{list}[{at}].{}", violation.field), problem);
        }
    }
}

fn webhook_violations(webhook: &Webhook) -> Violations {
    let mut found = Violations::default();
    if let Some(custom_path) = &webhook.custom_path {
        let field = "webhook.custom_path";
        text::check_length(&mut found, field, custom_path, 1, MAX_TEXT);
        found.require(
            text::is_lower_ascii(custom_path, b"_-"),
            field,
            format!(
                "may only have lower-case letters a–z, digits, `_` and `-`; it is {}",
                shown(custom_path)
            ),
        );
        found.require(
            Uuid::try_parse(custom_path).is_err(),
            field,
            "must not be a UUID: those are the paths of webhooks without a custom one",
        );
    }
    let methods = webhook.auth_methods.len();
    let few = methods <= MAX_AUTH_METHODS;
    let problem = format!("has {methods} methods; at most {MAX_AUTH_METHODS} can guard a trigger");
    found.require(few, "webhook.auth_method_ids", problem);
    for (field, code) in
        [("webhook.success_code", webhook.success_code), ("webhook.error_code", webhook.error_code)]
    {
        if let Some(code) = code.filter(|code| !(100..=599).contains(code)) {
            found.add(field, format!("must be an HTTP status code from 100 to 599; it is {code}"));
        }
    }
    found
}

fn check_condition(found: &mut Violations, edge: &Edge) {
    let label = edge.label.as_deref().unwrap_or_default();
    let expression = edge.expression.as_deref().unwrap_or_default();
    text::check_length(found, "label", label, 0, MAX_TEXT);
    text::check_length(found, "expression", expression, 0, MAX_TEXT);
    match (edge.source, edge.condition) {
        (EdgeSource::Trigger(_), Condition::OnJobSuccess | Condition::OnJobFailure) => {
            found.add(
                "condition",
                "an edge from a trigger can only be ALWAYS or JS_EXPRESSION: no job comes before it",
            );
        }
        (_, Condition::JsExpression) => {
            let problem = "is required with the condition JS_EXPRESSION";
            found.require(!label.trim().is_empty(), "label", problem);
            found.require(!expression.trim().is_empty(), "expression", problem);
            if let Some(word) = refused_word(expression) {
                found.add("expression", format!("must not use the word {word:?}"));
            }
        }
        _ => {}
    }
}

/// The first refused word that stands by itself; `evaluated` and `data.imports` are fine.
fn refused_word(expression: &str) -> Option<&str> {
    expression.split(|c: char| !c.is_alphanumeric() && c != '_').find(|word| REFUSED_WORDS.contains(word))
}
