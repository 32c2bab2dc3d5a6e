//! A workflow of the files laid over the project's: what files say is taken, everything else stays as the project has it.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::matching::{self, Matched};
use super::plan::{Part, Sign};
use super::read::Local;
use super::spec::{Step, Workflow};
use super::state::{Links, entries, text};

mod parts;

/// A workflow of the project: as files would have it, and its entry in the state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fresh<'a> {
    pub(crate) workflow: &'a Workflow,
    pub(crate) entry: &'a Value,
}

/// What laying over needs to know.
pub(crate) struct Overlay<'a> {
    /// The project's links to credentials.
    pub(crate) links: &'a Links,
    /// Whether the project is a sandbox, whose triggers an import leaves as they are.
    pub(crate) is_sandbox: bool,
    /// How to link a credential.
    pub(crate) how_to_link: &'a str,
    /// Makes a UUID.
    pub(crate) make_id: &'a mut dyn FnMut() -> String,
    /// What is wrong, by file.
    pub(crate) problems: Vec<String>,
    /// What a person should know, though it is not wrong.
    pub(crate) notes: Vec<String>,
}

/// What comes of it.
pub(crate) struct Laid {
    /// The entry for the state.
    pub(crate) entry: Value,
    /// What of the workflow changes. Empty: the entry is the project's.
    pub(crate) parts: Vec<Part>,
}

/// One workflow being laid over.
struct Laying<'o, 'a, 'b> {
    overlay: &'o mut Overlay<'a>,
    local: &'b Local,
    base: &'b [Step],
    fresh: Option<Fresh<'b>>,
    matched: Matched<'b>,
    /// By step of the files, in their order: its UUID.
    ids: Vec<(&'b str, String)>,
    parts: Vec<Part>,
}

impl Overlay<'_> {
    /// Lays a workflow over the project's, if it has it. `base`: the project's when the files were made of it.
    pub(crate) fn workflow(
        &mut self,
        local: &Local,
        base: Option<&Workflow>,
        fresh: Option<Fresh<'_>>,
    ) -> Laid {
        let base = base.map_or(&[][..], |base| &base.steps);
        let steps = &local.workflow.steps;
        let matched =
            fresh.map_or_else(Matched::new, |fresh| matching::steps(steps, base, &fresh.workflow.steps));
        let mut laying =
            Laying { overlay: self, local, base, fresh, matched, ids: Vec::new(), parts: Vec::new() };
        let entry = laying.entry();
        let Laying { parts, .. } = laying;
        match fresh {
            // To the letter: nothing that files don't say is touched.
            Some(fresh) if parts.is_empty() => Laid { entry: fresh.entry.clone(), parts },
            _ => Laid { entry, parts },
        }
    }
}

impl<'b> Laying<'_, '_, 'b> {
    fn entry(&mut self) -> Value {
        let mut entry =
            self.fresh.map_or_else(Map::new, |fresh| fresh.entry.as_object().cloned().unwrap_or_default());
        if self.fresh.is_none() {
            entry.insert("id".to_owned(), (self.overlay.make_id)().into());
        }
        let workflow: &'b Workflow = &self.local.workflow;
        let before = self.fresh.and_then(|fresh| fresh.workflow.name.as_deref());
        let name = workflow.name.as_deref().or(before).unwrap_or(&workflow.id);
        if before.is_some_and(|before| before != name) {
            self.tell(Sign::Edit, "name");
        }
        entry.insert("name".to_owned(), name.into());
        for step in &workflow.steps {
            let known = self.fresh_step(step).and_then(Step::uuid).map(str::to_owned);
            let id = known.unwrap_or_else(|| (self.overlay.make_id)());
            self.ids.push((&step.id, id));
        }
        let (mut triggers, mut jobs) = (Map::new(), Map::new());
        for step in &workflow.steps {
            let (key, id) = (step.id.clone(), self.id(&step.id).unwrap_or_default().to_owned());
            if step.is_trigger() {
                triggers.insert(key, self.trigger(step, &id));
            } else {
                jobs.insert(key, self.job(step, &id));
            }
        }
        self.removed_steps();
        entry.insert("triggers".to_owned(), triggers.into());
        entry.insert("jobs".to_owned(), jobs.into());
        entry.insert("edges".to_owned(), self.edges().into());
        entry.into()
    }

    /// The project's step that a step of the files is.
    fn fresh_step(&self, step: &Step) -> Option<&'b Step> {
        let id = self.matched.get(step.id.as_str())?;
        self.fresh?.workflow.steps.iter().find(|step| step.id == *id)
    }

    /// The entry of a part that has this UUID.
    fn entry_of(&self, part: &str, id: &str) -> Option<&'b Value> {
        entries(self.fresh?.entry, part).into_iter().find(|entry| text(entry, "id") == id)
    }

    fn id(&self, step: &str) -> Option<&str> {
        self.ids.iter().find(|(id, _)| *id == step).map(|(_, uuid)| uuid.as_str())
    }

    fn removed_steps(&mut self) {
        let kept: HashSet<&str> = self.matched.values().copied().collect();
        let steps: &'b [Step] = self.fresh.map_or(&[], |fresh| &fresh.workflow.steps);
        for step in steps.iter().filter(|step| !kept.contains(step.id.as_str())) {
            self.tell(Sign::Remove, called(step));
        }
    }

    /// Edges that the files have, each with the others between the same two steps, which files can't have.
    fn edges(&mut self) -> Map<String, Value> {
        let mut edges = Map::new();
        let mut kept: HashSet<&str> = HashSet::new();
        let workflow: &'b Workflow = &self.local.workflow;
        for step in &workflow.steps {
            for (target, edge) in &step.next {
                let (Some(from), Some(to)) = (self.id(&step.id), self.id(target)) else { continue };
                let (from, to) = (from.to_owned(), to.to_owned());
                let there = self.between(&from, &to);
                let key = format!("{}->{target}", step.id);
                kept.extend(there.iter().map(|edge| text(edge, "id")));
                let mut there = there.into_iter();
                let entry = self.edge(step, target, edge, (&from, &to, there.next()));
                edges.insert(key.clone(), entry);
                for (number, other) in there.enumerate() {
                    edges.insert(format!("{key}-{}", number + 2), other.clone());
                }
            }
        }
        self.removed_edges(&kept);
        edges
    }

    fn removed_edges(&mut self, kept: &HashSet<&str>) {
        let Some(fresh) = self.fresh else { return };
        let left: HashSet<&str> = self.ids.iter().map(|(_, id)| id.as_str()).collect();
        let mut gone = Vec::new();
        for edge in entries(fresh.entry, "edges") {
            let ends = [source(edge), text(edge, "target_job_id")];
            // Those of a step that goes are not worth a word.
            if !kept.contains(text(edge, "id")) && ends.iter().all(|end| left.contains(end)) {
                let [from, to] = ends.map(|end| self.step_of(end));
                gone.push(format!("{from} → {to}"));
            }
        }
        for edge in gone {
            self.tell(Sign::Remove, edge);
        }
    }

    fn step_of(&self, uuid: &str) -> &'b str {
        self.ids.iter().find(|(_, id)| id == uuid).map_or("", |(step, _)| step)
    }

    /// The project's edges between two steps, by id.
    fn between(&self, from: &str, to: &str) -> Vec<&'b Value> {
        let edges = self.fresh.map_or_else(Vec::new, |fresh| entries(fresh.entry, "edges"));
        let fits = |edge: &&Value| source(edge) == from && text(edge, "target_job_id") == to;
        let mut edges: Vec<_> = edges.into_iter().filter(fits).collect();
        edges.sort_by_key(|edge| text(edge, "id"));
        edges
    }

    fn tell(&mut self, sign: Sign, what: impl Into<String>) {
        self.parts.push(Part { sign, what: what.into() });
    }

    fn wrong(&mut self, step: &Step, problem: &str) {
        let file = self.local.file.display();
        self.overlay.problems.push(format!("{file}: step {:?}: {problem}", step.id));
    }
}

fn source(edge: &Value) -> &str {
    match text(edge, "source_job_id") {
        "" => text(edge, "source_trigger_id"),
        job => job,
    }
}

/// What a step is to a person.
fn called(step: &Step) -> String {
    match (&step.kind, &step.name) {
        (Some(_), _) => format!("trigger {}", step.id),
        (None, Some(name)) => format!("step {name}"),
        (None, None) => format!("step {}", step.id),
    }
}

/// A text or null.
fn optional(text: Option<&str>) -> Value {
    json!(text)
}
