//! Changing a project's resources: its lock, the writes, the line in its log.

use std::sync::Arc;

use sandbar_model::{Kind, Project, ProjectId, ResourceId, Result, Revision};
use sandbar_store::{
    Tx,
    change::{self, Change, What},
    claim, project,
    view::View,
    write::{Outcome, Write, Writer, Written},
};

use crate::{
    App,
    gate::{Caller, active, hidden},
    repeat::Trace,
    webhooks::guards,
};

/// One change of a project's resources: its lock, its writes, its line in the project's log.
pub(crate) struct Changing<'a> {
    app: &'a App,
    pub(crate) caller: &'a Caller,
    first: Revision,
    counts: (i64, i64),
    pub(crate) project: Project,
    pub(crate) view: Arc<View>,
}

impl<'a> Changing<'a> {
    /// Takes the project's write lock. What was decided before must be looked at again from here.
    pub(crate) async fn begin(app: &'a App, tx: &mut Tx, caller: &'a Caller, id: ProjectId) -> Result<Self> {
        let project = project::lock(tx, id).await?.ok_or_else(|| hidden(id))?;
        active(&project)?;
        let view = Arc::new(app.views.of(tx, &project).await?);
        let (first, counts) =
            (Revision(project.head.0 + 1), (project.workflow_count, project.collection_count));
        Ok(Self { app, caller, first, counts, project, view })
    }

    /// Writes; see [`Writer::write`]. Refuses webhook triggers that newly name an auth method that there is not.
    pub(crate) async fn write(&mut self, tx: &mut Tx, writes: Vec<Write>) -> Result<Outcome> {
        guards::check(self.app, tx, &self.view, &writes).await?;
        let view = Arc::clone(&self.view);
        let by = self.caller.id;
        Writer { project: &mut self.project, view: &view, now: self.app.now(), writer: by }
            .write(tx, writes)
            .await
    }

    /// Writes one resource; none: it was so already.
    pub(crate) async fn write_one(&mut self, tx: &mut Tx, write: Write) -> Result<Option<Written>> {
        let outcome = self.write(tx, vec![write]).await?;
        match outcome.clashes.first() {
            Some(clash) => Err(claim::taken(&clash.claim)),
            None => Ok(outcome.written.first().copied()),
        }
    }

    /// The first revision that it took, or would have taken.
    pub(crate) fn first(&self) -> Revision {
        self.first
    }

    /// Whether anything was written.
    pub(crate) fn changed(&self) -> bool {
        self.project.head >= self.first
    }

    /// Stores the project's new head and counts, and the line in its log.
    pub(crate) async fn end(&mut self, tx: &mut Tx, what: What) -> Result<()> {
        if !self.changed() {
            return Ok(());
        }
        let now = self.app.now();
        let (workflows, collections) = self.counts;
        let (workflows, collections) =
            (self.project.workflow_count - workflows, self.project.collection_count - collections);
        project::set_head_and_counts(tx, self.project.id, self.project.head, workflows, collections, now)
            .await?;
        let change = Change {
            project: self.project.id,
            first: self.first,
            last: self.project.head,
            what,
            time: now,
            principal: self.caller.id,
        };
        change::insert(tx, &change).await
    }

    /// What the audit trail says of one write, or of one that changed nothing.
    pub(crate) fn trace(&self, (kind, id): (Kind, ResourceId), written: Option<&Written>) -> Trace {
        let detail = written.map(|written| {
            serde_json::json!({
                "first_revision": written.revision, "revision": written.revision,
                "before": written.before, "after": written.after,
            })
        });
        Trace {
            root: Some(self.project.root),
            project: Some(self.project.id),
            subject: Some((kind.word(), id.0)),
            detail: detail.unwrap_or_else(|| "unchanged".into()),
        }
    }
}
