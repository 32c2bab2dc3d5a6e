//! Generated projects and scripts of edits. Every edit leaves a valid project valid.

mod find;
mod keychains;

use find::{has_name, has_path, remove, step};
pub use find::{keys, pick, workflow};
use keychains::{delete_keychain, delete_link, edit_keychain};
use proptest::prelude::*;
use sandbar_model::{
    Document, Kind, ResourceId,
    workflow::{EdgeSource, Position, TriggerKind, Uses},
};

use super::{
    body, collection, edge, job, keychain, link, simple, state, uuid, webhook,
    world::{KEYCHAIN, Project, World, project},
};

/// One edit. The numbers pick what it is about, modulo what there is; an edit that finds nothing does nothing.
#[derive(Clone, Debug)]
pub enum Edit {
    RenameWorkflow(usize),
    /// To one of three names that both sides may come up with, or paths, if this side has it free.
    RenameToShared(usize, u8),
    Concurrency(usize, u32),
    Body(usize, usize, u8),
    Adaptor(usize, usize, u8),
    RenameJob(usize, usize),
    /// A link of the project, the keychain, or none.
    Use(usize, usize, usize),
    Move(usize, usize, u8),
    AddJob(usize, usize),
    RemoveLastJob(usize),
    AddTrigger(usize),
    RemoveTrigger(usize),
    Guard(usize, usize, u8),
    CustomPath(usize, u8, bool),
    SwapTrigger(usize),
    AddWorkflow,
    AddShared(u8),
    DeleteWorkflow(usize),
    AddCollection(u8, bool),
    RenameCollection(usize),
    DeleteCollection(usize),
    AddLink(u8, bool),
    DeleteLink(usize),
    AddKeychain(u8, bool),
    /// To one of three names that both sides may come up with, if this side has it free.
    RenameKeychain(usize, u8),
    KeychainPath(usize, u8),
    /// A link of the project, or none.
    KeychainDefault(usize, usize),
    DeleteKeychain(usize),
    SwapNames(usize, usize),
}

pub fn edit() -> impl Strategy<Value = Edit> {
    use Edit::*;
    let (w, p) = (0..6usize, 0..6usize);
    prop_oneof![
        w.clone().prop_map(RenameWorkflow),
        (w.clone(), 0..3u8).prop_map(|(w, n)| RenameToShared(w, n)),
        (w.clone(), 1..4u32).prop_map(|(w, n)| Concurrency(w, n)),
        (w.clone(), p.clone(), any::<u8>()).prop_map(|(w, p, n)| Body(w, p, n % 8)),
        (w.clone(), p.clone(), 0..4u8).prop_map(|(w, p, n)| Adaptor(w, p, n)),
        (w.clone(), p.clone()).prop_map(|(w, p)| RenameJob(w, p)),
        (w.clone(), p.clone(), 0..8usize).prop_map(|(w, p, n)| Use(w, p, n)),
        (w.clone(), p.clone(), 0..4u8).prop_map(|(w, p, n)| Move(w, p, n)),
        (w.clone(), p.clone()).prop_map(|(w, p)| AddJob(w, p)),
        w.clone().prop_map(RemoveLastJob),
        w.clone().prop_map(AddTrigger),
        w.clone().prop_map(RemoveTrigger),
        (w.clone(), p.clone(), 0..3u8).prop_map(|(w, p, n)| Guard(w, p, n)),
        (w.clone(), 0..3u8, any::<bool>()).prop_map(|(w, n, shared)| CustomPath(w, n, shared)),
        w.clone().prop_map(SwapTrigger),
        Just(AddWorkflow),
        (0..3u8).prop_map(AddShared),
        w.clone().prop_map(DeleteWorkflow),
        (0..3u8, any::<bool>()).prop_map(|(n, shared)| AddCollection(n, shared)),
        w.clone().prop_map(RenameCollection),
        w.clone().prop_map(DeleteCollection),
        (0..3u8, any::<bool>()).prop_map(|(n, shared)| AddLink(n, shared)),
        w.clone().prop_map(DeleteLink),
        (0..3u8, any::<bool>()).prop_map(|(n, shared)| AddKeychain(n, shared)),
        (w.clone(), 0..3u8).prop_map(|(w, n)| RenameKeychain(w, n)),
        (w.clone(), 0..4u8).prop_map(|(w, n)| KeychainPath(w, n)),
        (w.clone(), p.clone()).prop_map(|(w, p)| KeychainDefault(w, p)),
        w.clone().prop_map(DeleteKeychain),
        (w, p).prop_map(|(one, other)| SwapNames(one, other)),
    ]
}

/// A project of up to five workflows, two collections, two links and two keychains that fall back on them.
pub fn start() -> impl Strategy<Value = Project> {
    (0..6u128, 0..3u128, 0..3u128, script()).prop_map(|(workflows, collections, links, edits)| {
        let workflow = |n| (n * 100, Document::Workflow(simple(n * 100, &format!("Workflow {n}"), "start")));
        let mut resources: Vec<_> = (1..=workflows).map(workflow).collect();
        resources.extend((1..=collections).map(|n| (9000 + n, collection(&format!("collection {n}")))));
        resources.extend((1..=links).map(|n| (9100 + n, link(&format!("link {n}")))));
        resources.extend((1..=links).map(|n| {
            (9200 + n, keychain(&format!("keychain {n}"), "$.site", Some(ResourceId(uuid(9100 + n)))))
        }));
        let mut project = project(resources);
        Editor::new("base", 10_000).run(&mut project, &edits);
        project
    })
}

pub fn script() -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec(edit(), 0..12)
}

/// A fork, edited on both sides.
pub fn world() -> impl Strategy<Value = World> {
    (start(), script(), script()).prop_map(|(start, source, target)| {
        let mut world = World::fork(start);
        Editor::new("source", 20_000).run(&mut world.source, &source);
        Editor::new("target", 30_000).run(&mut world.target, &target);
        world
    })
}

/// Makes names and ids that nobody else makes.
pub struct Editor {
    side: &'static str,
    next: u128,
}

impl Editor {
    pub fn new(side: &'static str, next: u128) -> Self {
        Self { side, next }
    }

    pub fn run(&mut self, project: &mut Project, edits: &[Edit]) {
        for edit in edits {
            self.edit(project, edit);
        }
    }

    pub fn fresh(&mut self) -> u128 {
        self.next += 10;
        self.next
    }

    fn name(&mut self) -> String {
        let fresh = self.fresh();
        format!("{} {fresh}", self.side)
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each edit")]
    pub fn edit(&mut self, project: &mut Project, edit: &Edit) {
        match edit.clone() {
            Edit::RenameWorkflow(w) => {
                let name = self.name();
                workflow(project, w, |workflow| workflow.name = name);
            }
            Edit::RenameToShared(w, n) => {
                let name = format!("shared {n}");
                if !has_name(project, Kind::Workflow, &name) {
                    workflow(project, w, |workflow| workflow.name = name);
                }
            }
            Edit::Concurrency(w, n) => workflow(project, w, |workflow| workflow.concurrency = Some(n)),
            Edit::Body(w, p, n) => step(project, w, p, |job| job.body = body(&format!("text {n}"))),
            Edit::Adaptor(w, p, n) => step(project, w, p, |job| job.adaptor = format!("adaptor-{n}@latest")),
            Edit::RenameJob(w, p) => {
                let name = self.name();
                step(project, w, p, |job| job.name = name);
            }
            Edit::Use(w, p, n) => {
                let links = keys(project, Kind::CredentialLink);
                let keychains = keys(project, Kind::Keychain);
                let known = Some(Uses::Keychain(ResourceId(uuid(KEYCHAIN))));
                let keychain = |n: usize| keychains.get(n).map(|key| Uses::Keychain(key.1));
                let link = |n: usize| links.get(n).map(|key| Uses::CredentialLink(key.1));
                let uses = match n {
                    7 => known,
                    5..7 => keychain(n - 5),
                    _ => link(n),
                };
                step(project, w, p, |job| job.uses = uses);
            }
            Edit::Move(w, p, n) => workflow(project, w, |workflow| {
                if let Some(job) = pick(&workflow.jobs, p) {
                    workflow.positions.insert(job.id.0, Position { x: f64::from(n), y: 0.5 });
                }
            }),
            Edit::AddJob(w, p) => self.add_job(project, w, p),
            Edit::RemoveLastJob(w) => workflow(project, w, |workflow| {
                if let Some(gone) = workflow.jobs.pop() {
                    workflow.positions.remove(&gone.id.0);
                    for trigger in &mut workflow.triggers {
                        if let TriggerKind::Cron(cron) = &mut trigger.kind {
                            cron.cursor_job.take_if(|cursor| *cursor == gone.id);
                        }
                    }
                    workflow
                        .edges
                        .retain(|edge| edge.target != gone.id && edge.source != EdgeSource::Job(gone.id));
                }
            }),
            Edit::AddTrigger(w) => {
                let n = self.fresh();
                workflow(project, w, |workflow| workflow.triggers.push(webhook(n, None, &[])));
            }
            Edit::RemoveTrigger(w) => workflow(project, w, |workflow| {
                if let Some(gone) = workflow.triggers.pop() {
                    workflow.positions.remove(&gone.id.0);
                    workflow.edges.retain(|edge| edge.source != EdgeSource::Trigger(gone.id));
                }
            }),
            Edit::Guard(w, p, n) => workflow(project, w, |workflow| {
                let count = workflow.triggers.len().max(1);
                if let Some(TriggerKind::Webhook(webhook)) =
                    workflow.triggers.get_mut(p % count).map(|trigger| &mut trigger.kind)
                {
                    webhook.auth_methods = (0..n).map(|n| uuid(7000 + u128::from(n))).collect();
                }
            }),
            Edit::CustomPath(w, n, shared) => {
                let path = if shared { format!("shared-{n}") } else { self.name().replace(' ', "-") };
                if !has_path(project, &path) {
                    workflow(project, w, |workflow| {
                        if let Some(TriggerKind::Webhook(webhook)) =
                            workflow.triggers.first_mut().map(|trigger| &mut trigger.kind)
                        {
                            webhook.custom_path = Some(path);
                        }
                    });
                }
            }
            Edit::SwapTrigger(w) => workflow(project, w, |workflow| {
                if let Some(trigger) = workflow.triggers.first_mut() {
                    let n = trigger.id.0.as_u128();
                    *trigger = match trigger.kind {
                        TriggerKind::Webhook(_) => super::daily(n),
                        TriggerKind::Cron(_) => webhook(n, None, &[7000]),
                    };
                }
            }),
            Edit::AddWorkflow => {
                let (n, name) = (self.fresh(), self.name());
                Self::add(project, n, Document::Workflow(simple(n, &name, "new")));
            }
            Edit::AddShared(n) => {
                let fresh = self.fresh();
                Self::add(
                    project,
                    fresh,
                    Document::Workflow(simple(fresh, &format!("shared {n}"), self.side)),
                );
            }
            Edit::DeleteWorkflow(w) => remove(project, Kind::Workflow, w),
            Edit::AddCollection(n, shared) => {
                let (fresh, own) = (self.fresh(), self.name());
                let name = if shared { format!("shared {n}") } else { own };
                Self::add(project, fresh, collection(&name));
            }
            Edit::RenameCollection(n) => {
                let name = self.name();
                if let Some(key) = pick(&keys(project, Kind::Collection), n) {
                    project.insert(*key, state(collection(&name)));
                }
            }
            Edit::DeleteCollection(n) => remove(project, Kind::Collection, n),
            Edit::AddLink(n, shared) => {
                let (fresh, own) = (self.fresh(), self.name());
                let name = if shared { format!("shared {n}") } else { own };
                Self::add(project, fresh, link(&name));
            }
            Edit::DeleteLink(n) => delete_link(project, n),
            Edit::AddKeychain(n, shared) => {
                let (fresh, own) = (self.fresh(), self.name());
                let name = if shared { format!("shared {n}") } else { own };
                let default = keys(project, Kind::CredentialLink).first().map(|key| key.1);
                Self::add(project, fresh, keychain(&name, "$.a", default));
            }
            Edit::RenameKeychain(k, n) => {
                let name = format!("shared {n}");
                if !has_name(project, Kind::Keychain, &name) {
                    edit_keychain(project, k, |one| one.name = name);
                }
            }
            Edit::KeychainPath(k, n) => edit_keychain(project, k, |one| one.json_path = format!("$[{n}]")),
            Edit::KeychainDefault(k, n) => {
                let link = keys(project, Kind::CredentialLink).get(n).map(|key| key.1);
                edit_keychain(project, k, |one| one.default_link = link);
            }
            Edit::DeleteKeychain(n) => delete_keychain(project, n),
            Edit::SwapNames(one, other) => swap_names(project, one, other),
        }
    }

    fn add(project: &mut Project, n: u128, document: Document) {
        if !has_name(project, document.kind(), &document.name()) {
            project.insert((document.kind(), ResourceId(uuid(n))), state(document));
        }
    }

    fn add_job(&mut self, project: &mut Project, w: usize, p: usize) {
        let (n, name) = (self.fresh(), self.name());
        workflow(project, w, |workflow| {
            let new = job(n, &name, "new step");
            if let Some(before) = pick(&workflow.jobs, p) {
                workflow.edges.push(edge(n + 1, EdgeSource::Job(before.id), new.id));
            }
            workflow.jobs.push(new);
        });
    }
}

fn swap_names(project: &mut Project, one: usize, other: usize) {
    let workflows = keys(project, Kind::Workflow);
    let Some((one, other)) = pick(&workflows, one).zip(pick(&workflows, other)) else { return };
    let (first, second) = (project[one].document.name(), project[other].document.name());
    for (key, name) in [(one, second), (other, first)] {
        let at = workflows.iter().position(|workflow| workflow == key).expect("it was picked from these");
        workflow(project, at, |workflow| workflow.name = name);
    }
}
