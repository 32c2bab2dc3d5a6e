//! What a person did to the files of a workspace, and would lose.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::plan::same;
use super::project::Project;
use super::read::Local;
use super::spec::Workflow;
use super::{MAX_PROJECT, Workspace, files};
use crate::failure::Failure;

impl Workspace {
    /// Files whose edits would be lost when those of `next` are written in place of those of `base`.
    pub(crate) fn edits(&self, base: Option<&Project>, next: &Project) -> Result<Vec<String>, Failure> {
        let local = match self.local(base) {
            Ok(local) => local,
            Err(failure) => return Ok(vec![failure.to_string()]),
        };
        let before = base.map(Project::by_id).unwrap_or_default();
        let after = next.by_id();
        let edit = |one: &Local| {
            let id = one.workflow.id.as_str();
            let edit = edit(one, before.get(id).copied(), after.get(id).copied())?;
            Some(format!("{}: {edit}", one.file.display()))
        };
        let mut edits: Vec<String> = local.iter().filter_map(edit).collect();
        let there = ids(&local);
        let gone = base.into_iter().flat_map(|base| &base.workflows);
        let gone = gone.filter(|one| !there.contains(one.id.as_str()) && after.contains_key(one.id.as_str()));
        edits.extend(gone.map(|one| format!("{}: deleted", one.title())));
        edits.extend(self.strangers(base, next, &local)?);
        Ok(edits)
    }

    /// Files in the way that no checkout wrote.
    fn strangers(
        &self,
        base: Option<&Project>,
        next: &Project,
        local: &[Local],
    ) -> Result<Vec<String>, Failure> {
        let folder = self.layout().workflows();
        let owned = self.owned(base, local);
        let mut strangers = Vec::new();
        for (file, text) in files::files(next, &folder)? {
            if owned.contains(&file) {
                continue;
            }
            let there = self.root.read(&file, MAX_PROJECT)?;
            if there.is_some_and(|there| there != text) {
                strangers.push(format!("{}: not written by a checkout", file.display()));
            }
        }
        Ok(strangers)
    }

    /// Workflows whose file is gone while bodies of theirs are still there: whether they are to be deleted is not clear.
    pub(crate) fn half_deleted(&self, base: &Project, local: &[Local]) -> Result<Vec<PathBuf>, Failure> {
        let folder = self.layout().workflows();
        let read: BTreeSet<_> = local.iter().flat_map(|local| local.bodies.values()).collect();
        let there = ids(local);
        let mut half = Vec::new();
        for gone in base.workflows.iter().filter(|one| !there.contains(one.id.as_str())) {
            let (file, bodies) = files::paths(gone, &folder);
            for body in bodies.values().filter(|body| !read.contains(body)) {
                if self.root.read(body, MAX_PROJECT)?.is_some() {
                    half.push(file);
                    break;
                }
            }
        }
        Ok(half)
    }
}

fn ids(local: &[Local]) -> BTreeSet<&str> {
    local.iter().map(|local| local.workflow.id.as_str()).collect()
}

/// What would be lost of a workflow's files.
fn edit(local: &Local, before: Option<&Workflow>, after: Option<&Workflow>) -> Option<&'static str> {
    let is = |other: Option<&Workflow>| other.is_some_and(|other| same(&local.workflow, other));
    if is(after) {
        return None;
    }
    if before.is_none() {
        return Some("not pushed yet");
    }
    if !is(before) {
        return Some("edited");
    }
    let is_rewritten = after.is_none_or(|after| after.outline() != local.workflow.outline());
    (local.is_commented && is_rewritten).then_some("has comments")
}
