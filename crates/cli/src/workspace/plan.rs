//! What a push would do: each workflow of the files against the project as it is and as it was when the files were made.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::overlay::{Fresh, Overlay};
use super::project::Project;
use super::read::Local;
use super::spec::Workflow;
use super::state::{Links, entries, text};
use crate::failure::Failure;

/// What happens to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Add,
    Edit,
    Remove,
}

/// What happens to a part of a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) sign: Sign,
    /// The part, and what of it.
    pub(crate) what: String,
}

/// What happens to a workflow, or a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) sign: Sign,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) parts: Vec<Part>,
}

/// A push.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) changes: Vec<Change>,
    /// What a person should know beside.
    pub(crate) notes: Vec<String>,
    /// What makes the project so. Of the project it says nothing but its workflows, and collections if there are new
    /// ones: all else stays.
    pub(crate) document: Value,
}

/// What a push is made of.
pub(crate) struct Sides<'a> {
    /// What the files say.
    pub(crate) local: &'a [Local],
    /// The names of collections that they say.
    pub(crate) collections: Vec<&'a str>,
    /// The project when the files were made. None: nobody knows.
    pub(crate) base: Option<&'a Project>,
    /// The project now, as files would have it.
    pub(crate) fresh: &'a Project,
    /// The same as a state.
    pub(crate) state: &'a Value,
    /// The files win where both sides changed.
    pub(crate) force: bool,
    /// See [`Overlay::how_to_link`].
    pub(crate) how_to_link: &'a str,
}

/// Plans a push. Fails, with everything that is in the way, when both sides changed a workflow, or when the files name what
/// is not there.
pub(crate) fn plan<'a>(sides: &'a Sides<'a>, make_id: &mut dyn FnMut() -> String) -> Result<Plan, Failure> {
    let links = Links::of(sides.state);
    let overlay = Overlay {
        links: &links,
        is_sandbox: sides.fresh.is_sandbox(),
        how_to_link: sides.how_to_link,
        make_id,
        problems: Vec::new(),
        notes: Vec::new(),
    };
    let known = |project: Option<&'a Project>| project.map_or_else(Known::default, Known::of);
    let mut planning = Planning {
        sides,
        overlay,
        base: known(sides.base),
        fresh: known(Some(sides.fresh)),
        entries: entries(sides.state, "workflows")
            .into_iter()
            .map(|entry| (text(entry, "id"), entry))
            .collect(),
        local: sides.local.iter().map(|local| local.workflow.id.as_str()).collect(),
        seen: HashSet::new(),
        diverged: Vec::new(),
        changes: Vec::new(),
        workflows: Map::new(),
    };
    for local in sides.local {
        planning.local(local);
    }
    planning.rest();
    planning.finish()
}

/// A project's workflows, by their id in files and by the server's.
#[derive(Default)]
struct Known<'a> {
    by_id: HashMap<&'a str, &'a Workflow>,
    by_uuid: HashMap<&'a str, &'a Workflow>,
}

impl<'a> Known<'a> {
    fn of(project: &'a Project) -> Self {
        Self { by_id: project.by_id(), by_uuid: project.by_uuid() }
    }
}

struct Planning<'a, 'o> {
    sides: &'a Sides<'a>,
    overlay: Overlay<'o>,
    base: Known<'a>,
    fresh: Known<'a>,
    /// The project's entries in the state, by UUID.
    entries: HashMap<&'a str, &'a Value>,
    /// The ids that files have.
    local: HashSet<&'a str>,
    /// UUIDs of the project's workflows that the files have.
    seen: HashSet<&'a str>,
    diverged: Vec<String>,
    changes: Vec<Change>,
    /// By UUID.
    workflows: Map<String, Value>,
}

impl<'a> Planning<'a, '_> {
    fn local(&mut self, local: &'a Local) {
        let base = self.base(local);
        let fresh = match base.and_then(Workflow::uuid) {
            Some(uuid) => self.fresh.by_uuid.get(uuid).copied(),
            None => {
                self.fresh.by_id.get(local.workflow.id.as_str()).copied().filter(|one| !self.is_of_base(one))
            }
        };
        // Of two that could be it, one is: the other is new.
        let is_free = fresh.and_then(Workflow::uuid).is_none_or(|uuid| self.seen.insert(uuid));
        let (base, fresh) = if is_free { (base, fresh) } else { (None, None) };
        let entry = fresh.and_then(|fresh| self.entry(fresh));
        let fresh = fresh.zip(entry).map(|(workflow, entry)| Fresh { workflow, entry });
        let is_edited = base.is_none_or(|base| !same(&local.workflow, base));
        let has_moved = match (base, fresh) {
            (Some(base), Some(fresh)) => !same(base, fresh.workflow),
            (Some(_), None) | (None, Some(_)) => true,
            (None, None) => false,
        };
        let is_equal = fresh.is_some_and(|fresh| same(&local.workflow, fresh.workflow));
        match fresh {
            Some(fresh) if !is_edited || is_equal => {
                if has_moved && !is_equal {
                    self.moved(local.workflow.title());
                }
                self.keep(fresh.entry);
            }
            None if !is_edited => self.moved(local.workflow.title()),
            _ if is_edited && has_moved && !self.sides.force => {
                let how = if fresh.is_none() { "deleted there" } else { "changed there, too" };
                self.diverged.push(format!("{}: {how}", local.file.display()));
            }
            fresh => self.lay(local, base, fresh),
        }
    }

    fn lay(&mut self, local: &Local, base: Option<&Workflow>, fresh: Option<Fresh<'_>>) {
        let laid = self.overlay.workflow(local, base, fresh);
        let sign = if fresh.is_some() { Sign::Edit } else { Sign::Add };
        if laid.parts.is_empty() && sign == Sign::Edit {
            return self.keep(&laid.entry);
        }
        let name = text(&laid.entry, "name").to_owned();
        self.workflows.insert(text(&laid.entry, "id").to_owned(), laid.entry);
        self.changes.push(Change { sign, kind: "workflow", name, parts: laid.parts });
    }

    /// The workflow of the base that files have: of their id, else the only one that is gone and has the same steps.
    fn base(&self, local: &Local) -> Option<&'a Workflow> {
        let id = local.workflow.id.as_str();
        self.base.by_id.get(id).copied().or_else(|| {
            let base = self.sides.base?;
            let steps = &local.workflow.steps;
            let gone = base.workflows.iter().filter(|one| !self.local.contains(one.id.as_str()));
            let mut equal = gone.filter(|one| one.steps.len() == steps.len() && one.view().steps == *steps);
            equal.next().filter(|_| equal.next().is_none() && !steps.is_empty())
        })
    }

    fn is_of_base(&self, fresh: &Workflow) -> bool {
        fresh.uuid().is_some_and(|uuid| self.base.by_uuid.contains_key(uuid))
    }

    fn entry(&self, workflow: &Workflow) -> Option<&'a Value> {
        self.entries.get(workflow.uuid()?).copied()
    }

    /// Workflows that the project has and the files have not: deleted there, or new here.
    fn rest(&mut self) {
        for fresh in &self.sides.fresh.workflows {
            let (Some(uuid), Some(entry)) = (fresh.uuid(), self.entry(fresh)) else { continue };
            if self.seen.contains(uuid) {
                continue;
            }
            match self.base.by_uuid.get(uuid).copied() {
                None => {
                    self.moved(fresh.title());
                    self.keep(entry);
                }
                Some(base) if !same(base, fresh) && !self.sides.force => {
                    self.diverged.push(format!("{}: deleted here, changed there", fresh.title()));
                }
                Some(_) => {
                    let (name, parts) = (fresh.title().to_owned(), Vec::new());
                    self.changes.push(Change { sign: Sign::Remove, kind: "workflow", name, parts });
                }
            }
        }
    }

    fn moved(&mut self, workflow: &str) {
        let note =
            format!("{workflow:?} was changed on the server, and not here: it stays, and the files get it");
        self.overlay.notes.push(note);
    }

    /// Keeps a workflow as the project has it. That its triggers are on or off is not said: somebody may turn one just now.
    fn keep(&mut self, entry: &Value) {
        let mut entry = entry.clone();
        let triggers = entry.get_mut("triggers").and_then(Value::as_object_mut);
        for trigger in triggers.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
            trigger.remove("enabled");
        }
        self.workflows.insert(text(&entry, "id").to_owned(), entry);
    }

    fn finish(mut self) -> Result<Plan, Failure> {
        if !self.diverged.is_empty() {
            return Err(Failure::Here(format!(
                "the project has moved on since these files were made, and so have the files:\n  {}\n\
                 Save your edits (such as with git), take the project's with `sandbar project pull … --force`, and \
                 edit again; or push over them with --force",
                self.diverged.join("\n  ")
            )));
        }
        let mut problems = super::check::Problems::default();
        self.overlay.problems.drain(..).for_each(|problem| problems.add(problem));
        problems.finish()?;
        let mut document = json!({ "workflows": self.workflows });
        if let (Some(collections), Some(document)) = (self.collections(), document.as_object_mut()) {
            document.insert("collections".to_owned(), collections);
        }
        let Self { changes, overlay, .. } = self;
        Ok(Plan { changes, notes: overlay.notes, document })
    }

    /// The project's collections with those that are new in `openfn.yaml`, if any is. None goes: its items would, too.
    fn collections(&mut self) -> Option<Value> {
        let there: Vec<&Value> = entries(self.sides.state, "collections");
        let names: HashSet<&str> = there.iter().map(|one| text(one, "name")).collect();
        let base: HashSet<&str> = self
            .sides
            .base
            .into_iter()
            .flat_map(|base| &base.collections)
            .map(|one| one.name.as_str())
            .collect();
        let said = &self.sides.collections;
        for gone in names.iter().filter(|name| base.contains(*name) && !said.contains(name)) {
            self.overlay.notes.push(format!(
                "the collection {gone:?} stays, with its items: `sandbar collection delete` deletes it"
            ));
        }
        let new: Vec<&str> =
            said.iter().filter(|name| !names.contains(*name) && !base.contains(*name)).copied().collect();
        if new.is_empty() {
            return None;
        }
        let mut all: Vec<Value> = there.into_iter().cloned().collect();
        for name in new {
            all.push(json!({ "id": (self.overlay.make_id)(), "name": name }));
            let (name, parts) = (name.to_owned(), Vec::new());
            self.changes.push(Change { sign: Sign::Add, kind: "collection", name, parts });
        }
        Some(all.into())
    }
}

/// Whether files would say the same of both, whatever their folder is called.
pub(crate) fn same(one: &Workflow, other: &Workflow) -> bool {
    let (one, mut other) = (one.view(), other.view());
    other.id.clone_from(&one.id);
    one == other
}
