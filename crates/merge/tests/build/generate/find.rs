//! Finding what an edit is about, and changing it.

use sandbar_model::{Document, JobId, Kind, TriggerId, workflow::StoredWorkflow};

use crate::build::{
    state,
    world::{Key, Project},
};

pub fn keys(project: &Project, kind: Kind) -> Vec<Key> {
    project.keys().filter(|key| key.0 == kind).copied().collect()
}

pub fn pick<T>(all: &[T], at: usize) -> Option<&T> {
    all.get(at.checked_rem(all.len())?)
}

pub fn workflow(project: &mut Project, at: usize, change: impl FnOnce(&mut StoredWorkflow)) {
    let Some(key) = pick(&keys(project, Kind::Workflow), at).copied() else { return };
    let Document::Workflow(mut workflow) = (*project[&key].document).clone() else { return };
    change(&mut workflow);
    workflow.jobs.sort_by_key(|job: &sandbar_model::workflow::Job<_>| -> JobId { job.id });
    workflow.triggers.sort_by_key(|trigger| -> TriggerId { trigger.id });
    workflow.edges.sort_by_key(|edge| edge.id);
    project.insert(key, state(Document::Workflow(workflow)));
}

pub(super) fn step(
    project: &mut Project,
    w: usize,
    p: usize,
    change: impl FnOnce(&mut sandbar_model::workflow::Job<sandbar_model::ContentHash>),
) {
    workflow(project, w, |workflow| {
        let count = workflow.jobs.len().max(1);
        if let Some(job) = workflow.jobs.get_mut(p % count) {
            change(job);
        }
    });
}

pub(super) fn remove(project: &mut Project, kind: Kind, at: usize) {
    if let Some(key) = pick(&keys(project, kind), at) {
        project.remove(key);
    }
}

pub(super) fn has_name(project: &Project, kind: Kind, name: &str) -> bool {
    project.values().any(|state| state.document.kind() == kind && state.document.name().ends_with(name))
}

pub(super) fn has_path(project: &Project, path: &str) -> bool {
    project.values().any(|state| match &*state.document {
        Document::Workflow(workflow) => workflow.custom_paths().any(|taken| taken == path),
        Document::Collection(_)
        | Document::CredentialLink(_)
        | Document::Config(_)
        | Document::Keychain(_) => false,
    })
}
