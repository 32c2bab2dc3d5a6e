//! By what clients of `OpenFn` know the states of workflows: each answer lists, oldest first, what was shown before and what
//! it shows now. A sandbox's list begins with its ancestors', up to the fork: by that a client knows what it may merge
//! without losing anything.

use std::collections::{HashMap, HashSet};

use sandbar_model::{Kind, Project, ProjectId, ResourceId, Result, Revision, TriggerId, Workflow};
use sandbar_store::{
    Tx,
    resource::{self, Found},
    view::View,
    workflow_version::{self, WorkflowVersion},
};

use super::shown::{states, whole, without_keychains};
use crate::{App, openfn::digest, retry, workflows::as_workflow};

/// What stands before each digest. Clients that see another one take every workflow for edited, and send old content.
const SOURCE: &str = "cli:";

/// What was shown of a project's workflows, and what is shown now.
pub(super) struct Versions<'a> {
    app: &'a App,
    project: ProjectId,
    view: View,
    /// What the project sees of its ancestors; none in a root.
    inherited: Option<View>,
    /// What each credential link is called.
    titles: HashMap<ResourceId, String>,
    /// Of the workflows that were loaded last.
    shown: HashMap<ResourceId, Vec<WorkflowVersion>>,
    forked: HashMap<ResourceId, Found>,
    /// Those of them that are shown as they were.
    snapshots: HashSet<ResourceId>,
    new: Vec<WorkflowVersion>,
}

impl<'a> Versions<'a> {
    pub(super) fn new(app: &'a App, project: &Project, view: &View) -> Self {
        let inherited = View { root: view.root, levels: view.inherited().to_vec() };
        Self {
            app,
            project: project.id,
            view: view.clone(),
            inherited: Some(inherited).filter(|view| !view.levels.is_empty()),
            titles: HashMap::new(),
            shown: HashMap::new(),
            forked: HashMap::new(),
            snapshots: HashSet::new(),
            new: Vec::new(),
        }
    }

    /// Notes what a credential link is called.
    pub(super) fn title(&mut self, link: ResourceId, title: String) {
        self.titles.insert(link, title);
    }

    /// Notes that a workflow is not shown as it is.
    pub(super) fn is_snapshot(&mut self, workflow: ResourceId) {
        self.snapshots.insert(workflow);
    }

    /// Reads what was shown of these.
    pub(super) async fn load(&mut self, tx: &mut Tx, workflows: &[ResourceId]) -> Result<()> {
        self.shown = workflow_version::shown(tx, &self.view, workflows).await?;
        if let Some(inherited) = &self.inherited {
            self.forked = resource::resolve_many(tx, inherited, Kind::Workflow, workflows.to_vec()).await?;
        }
        Ok(())
    }

    /// The list for a workflow, which is one of those that were loaded, as it is shown now.
    pub(super) async fn of(
        &mut self,
        tx: &mut Tx,
        (id, found): (ResourceId, Found),
        workflow: &Workflow<String>,
        states: &HashMap<TriggerId, bool>,
    ) -> Result<Vec<String>> {
        let mut shown = self.shown.remove(&id).unwrap_or_default();
        let now = self.digest(workflow, states);
        if !self.snapshots.contains(&id) {
            self.at_fork(tx, &mut shown, (id, found), workflow).await?;
            if shown.last().is_none_or(|last| last.digest != now) {
                let revision = if found.level == 0 { found.revision } else { Revision(0) };
                let version = next(&shown, (self.project, id), now, revision);
                self.new.push(version.clone());
                shown.push(version);
            }
        }
        let mut list: Vec<_> =
            shown.into_iter().map(|version| format!("{SOURCE}{}", version.digest)).collect();
        // What an ancestor showed last and the project first may be the same.
        list.dedup();
        Ok(list)
    }

    /// Adds what the ancestor had at the fork, if nobody has asked the ancestor for it yet. With its own triggers: of what it
    /// had then, only which were on is not kept.
    async fn at_fork(
        &mut self,
        tx: &mut Tx,
        shown: &mut Vec<WorkflowVersion>,
        (id, found): (ResourceId, Found),
        workflow: &Workflow<String>,
    ) -> Result<()> {
        let (Some(inherited), Some(forked)) = (&self.inherited, self.forked.get(&id)) else { return Ok(()) };
        let (Some(hash), Some(level)) = (forked.hash, inherited.levels.get(forked.level)) else {
            return Ok(());
        };
        let ancestor = level.project;
        let is_known = |one: &WorkflowVersion| one.project == ancestor && one.revision == forked.revision;
        if shown.iter().any(is_known) {
            return Ok(());
        }
        let loaded;
        let then = if found.level > 0 {
            workflow
        } else {
            let document = self.app.contents.document(tx, inherited.root, hash).await?;
            loaded = whole(self.app, tx, inherited, as_workflow(&document)?).await?;
            &loaded
        };
        let states = states(tx, ancestor, then).await?;
        let digest = self.digest(then, &states);
        let version = next(shown, (ancestor, id), digest, forked.revision);
        let nearer = inherited.levels.get(..forked.level).unwrap_or_default();
        let is_nearer = |one: &WorkflowVersion| {
            one.project == self.project || nearer.iter().any(|level| level.project == one.project)
        };
        let after = shown.iter().position(is_nearer).unwrap_or(shown.len());
        self.new.push(version.clone());
        shown.insert(after, version);
        Ok(())
    }

    fn digest(&self, workflow: &Workflow<String>, states: &HashMap<TriggerId, bool>) -> String {
        let enabled = |trigger: TriggerId| states.get(&trigger) == Some(&true);
        digest(&without_keychains(workflow), &enabled, &|link| self.titles.get(&link).cloned())
    }

    /// Remembers what was shown for the first time.
    pub(super) async fn remember(self) -> Result<()> {
        if self.new.is_empty() {
            return Ok(());
        }
        retry(|| async {
            let mut tx = self.app.db.write().await?;
            workflow_version::put(&mut tx, &self.new).await?;
            tx.commit().await
        })
        .await
    }
}

/// The one after those that were shown of a project.
fn next(
    shown: &[WorkflowVersion],
    (project, workflow): (ProjectId, ResourceId),
    digest: String,
    revision: Revision,
) -> WorkflowVersion {
    let own = shown.iter().filter(|one| one.project == project).map(|one| one.number);
    WorkflowVersion { project, workflow, number: own.max().unwrap_or_default() + 1, digest, revision }
}
