//! Workflows as documents show them.

use std::{borrow::Cow, collections::HashMap};

use sandbar_model::{
    ProjectId, Result, TriggerId, Workflow,
    workflow::{StoredWorkflow, Uses},
};
use sandbar_store::{Tx, trigger, view::View};

use crate::App;

/// A workflow with its bodies.
pub(super) async fn whole(
    app: &App,
    tx: &mut Tx,
    view: &View,
    stored: &StoredWorkflow,
) -> Result<Workflow<String>> {
    let hashes = stored.jobs.iter().map(|job| job.body).collect();
    let bodies = app.contents.bodies(tx, view.root, hashes).await?;
    Ok(stored.clone().map_bodies(|hash| bodies.get(&hash).map(ToString::to_string).unwrap_or_default()))
}

/// Which of a workflow's triggers are on in a project.
pub(super) async fn states<B>(
    tx: &mut Tx,
    project: ProjectId,
    workflow: &Workflow<B>,
) -> Result<HashMap<TriggerId, bool>> {
    let triggers: Vec<_> = workflow.triggers.iter().map(|trigger| trigger.id).collect();
    trigger::states(tx, project, &triggers).await
}

/// As clients get it: they lose the keychain of a step on the way through their files, so that they would take a workflow that
/// had one for edited. One that they were not told of stays when they deploy.
pub(super) fn without_keychains(workflow: &Workflow<String>) -> Cow<'_, Workflow<String>> {
    let is_keychain = |uses: Option<Uses>| matches!(uses, Some(Uses::Keychain(_)));
    let mut shown = Cow::Borrowed(workflow);
    if workflow.jobs.iter().any(|job| is_keychain(job.uses)) {
        shown.to_mut().jobs.iter_mut().filter(|job| is_keychain(job.uses)).for_each(|job| job.uses = None);
    }
    shown
}
