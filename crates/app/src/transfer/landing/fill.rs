//! What a client of `OpenFn` deploys: a workflow as far as it knows workflows. What it can't say, or says nothing of, stays
//! as it is; what it leaves behind of parts that it removed goes.

use std::{collections::BTreeSet, sync::Arc};

use sandbar_model::{
    CredentialLink, Document, Error, Kind, ResourceId, Result, TriggerId,
    field::named,
    workflow::{EdgeSource, StoredWorkflow, Trigger, TriggerKind, Uses},
};
use sandbar_store::{
    Tx,
    resource::{self, Found},
};
use uuid::Uuid;

use super::{Landing, take_guards};
use crate::{
    openfn::{SilentTrigger, WorkflowPiece, lock_version},
    workflows::as_workflow,
};

/// What the project has, or had, under a workflow's id.
pub(super) struct There {
    found: Found,
    /// None: it was deleted.
    document: Option<Arc<Document>>,
}

impl There {
    pub(super) fn workflow(&self) -> Option<&StoredWorkflow> {
        self.document.as_deref().and_then(|document| as_workflow(document).ok())
    }

    /// Refuses when the client sends what it made of another state.
    pub(super) fn unmoved(&self, piece: &WorkflowPiece) -> Result<()> {
        let actual = lock_version(&self.found);
        match piece.lock_version {
            Some(expected) if expected != actual => {
                let is_gone = self.document.is_none();
                let actual = if is_gone { "deleted".to_owned() } else { actual.to_string() };
                Err(Error::WorkflowMoved { workflow: piece.workflow.name.clone(), expected, actual })
            }
            _ => Ok(()),
        }
    }

    /// Keeps the auth methods of webhooks, which no document has; refuses a change of another state.
    pub(super) fn take(&self, stored: &mut StoredWorkflow, piece: &WorkflowPiece) -> Result<()> {
        if let Some(before) = self.workflow() {
            take_guards(stored, before);
            if before == stored {
                return Ok(());
            }
        }
        self.unmoved(piece)
    }
}

impl Landing<'_> {
    /// What the project has, or had, under a workflow's id.
    pub(super) async fn there(&self, tx: &mut Tx, id: ResourceId) -> Result<Option<There>> {
        let Some(found) = resource::resolve(tx, &self.change.view, Kind::Workflow, id).await? else {
            return Ok(None);
        };
        let document = match found.hash {
            Some(hash) => Some(self.app.contents.document(tx, self.change.view.root, hash).await?),
            None => None,
        };
        Ok(Some(There { found, document }))
    }

    /// Refuses a new credential link behind which there is no credential: a client that deploys wants one that works.
    pub(super) async fn has_credential(
        &self,
        tx: &mut Tx,
        id: ResourceId,
        link: &CredentialLink,
    ) -> Result<()> {
        let there = resource::resolve(tx, &self.change.view, Kind::CredentialLink, id).await?;
        if link.credential.is_some() || there.is_some_and(|found| found.hash.is_some()) {
            return Ok(());
        }
        let problem = "is none of your credentials, or your token may not use them: make it first, or ask its owner to link it";
        Err(Error::invalid(named("project_credentials", &link.title()), problem))
    }
}

/// Puts into a workflow what its client does not know, from what is there; takes out what points to nothing.
pub(super) fn fill(piece: &mut WorkflowPiece, before: Option<&StoredWorkflow>) {
    if let Some(before) = before {
        keep_settings(piece, before);
        keep_keychains(piece, before);
        drop_edges(piece, before);
        let WorkflowPiece { workflow, silent, .. } = piece;
        for trigger in &mut workflow.triggers {
            let old = before.triggers.iter().find(|old| old.id == trigger.id);
            let silent = silent.triggers.get(&trigger.id).copied().unwrap_or_default();
            if let Some(old) = old {
                keep_trigger(trigger, old, silent);
            }
        }
    }
    drop_cursors(piece);
}

fn keep_settings(piece: &mut WorkflowPiece, before: &StoredWorkflow) {
    let WorkflowPiece { workflow, silent, .. } = piece;
    if silent.concurrency {
        workflow.concurrency = before.concurrency;
    }
    if silent.enable_job_logs {
        workflow.enable_job_logs = before.enable_job_logs;
    }
    if silent.positions {
        workflow.positions.clone_from(&before.positions);
    }
}

/// Clients say that every job has no keychain, whether they know of keychains or not.
fn keep_keychains(piece: &mut WorkflowPiece, before: &StoredWorkflow) {
    for job in &mut piece.workflow.jobs {
        let old = before.jobs.iter().find(|old| old.id == job.id).and_then(|old| old.uses);
        if let (None, Some(Uses::Keychain(_))) = (job.uses, old) {
            job.uses = old;
        }
    }
}

/// An edge goes with the step that it led from or to.
fn drop_edges(piece: &mut WorkflowPiece, before: &StoredWorkflow) {
    let workflow = &mut piece.workflow;
    let jobs = before.jobs.iter().map(|job| job.id.0);
    let mut gone: BTreeSet<Uuid> = jobs.chain(before.triggers.iter().map(|trigger| trigger.id.0)).collect();
    let left = workflow.jobs.iter().map(|job| job.id.0);
    let left: BTreeSet<_> = left.chain(workflow.triggers.iter().map(|trigger| trigger.id.0)).collect();
    gone.retain(|part| !left.contains(part));
    workflow.edges.retain(|edge| {
        let source = match edge.source {
            EdgeSource::Job(job) => job.0,
            EdgeSource::Trigger(TriggerId(trigger)) => trigger,
        };
        !gone.contains(&source) && !gone.contains(&edge.target.0)
    });
}

fn keep_trigger(trigger: &mut Trigger, before: &Trigger, silent: SilentTrigger) {
    match (&mut trigger.kind, &before.kind) {
        (TriggerKind::Webhook(webhook), TriggerKind::Webhook(before)) => {
            if silent.custom_path {
                webhook.custom_path.clone_from(&before.custom_path);
            }
            if silent.reply {
                webhook.reply = before.reply;
            }
            if silent.codes {
                (webhook.success_code, webhook.error_code) = (before.success_code, before.error_code);
            }
        }
        (TriggerKind::Cron(cron), TriggerKind::Cron(before)) => {
            if silent.expression {
                cron.expression.clone_from(&before.expression);
            }
            if silent.cursor_job {
                cron.cursor_job = before.cursor_job;
            }
        }
        // Another kind of trigger under the same id: nothing of the old one fits.
        (TriggerKind::Webhook(_), TriggerKind::Cron(_)) | (TriggerKind::Cron(_), TriggerKind::Webhook(_)) => {
        }
    }
}

/// A client that makes a project of a copy leaves in it which job of the other project the next run begins with.
fn drop_cursors(piece: &mut WorkflowPiece) {
    let workflow = &mut piece.workflow;
    let jobs: BTreeSet<_> = workflow.jobs.iter().map(|job| job.id).collect();
    for trigger in &mut workflow.triggers {
        if let TriggerKind::Cron(cron) = &mut trigger.kind {
            cron.cursor_job = cron.cursor_job.filter(|job| jobs.contains(job));
        }
    }
}
