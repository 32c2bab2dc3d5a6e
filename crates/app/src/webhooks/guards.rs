//! That the webhook auth methods that triggers name are there. Whoever writes a workflow passes here.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{
    Document, Error, Kind, ResourceId, Result, TriggerId, WebhookAuthMethodId,
    workflow::{StoredWorkflow, guards},
};
use sandbar_store::{
    Tx, resource,
    view::View,
    webhook_auth::{self, Key},
    write::Write,
};

use crate::App;

/// Refuses workflows whose triggers newly name a method that the tree's root does not have, and keeps those that it has from
/// being deleted meanwhile. One that a workflow names already can't have been deleted. Under the project's lock.
///
/// # Errors
/// [`Error::WebhookAuthMethodMissing`].
pub(crate) async fn check(app: &App, tx: &mut Tx, view: &View, writes: &[Write]) -> Result<()> {
    let guarded = writes.iter().filter_map(|write| match &write.document {
        Some(Document::Workflow(workflow)) if guards(workflow).next().is_some() => Some((write.id, workflow)),
        _ => None,
    });
    let guarded: Vec<_> = guarded.collect();
    if guarded.is_empty() {
        return Ok(());
    }
    // In the order of their ids, so that two writers wait for each other rather than deadlock.
    for (id, trigger) in new(app, tx, view, &guarded).await? {
        let found = webhook_auth::lock(tx, Key { root: view.root, id }).await?;
        found.ok_or(Error::WebhookAuthMethodMissing { trigger, method: id })?;
    }
    Ok(())
}

/// The methods that a workflow names and did not name before, each with a trigger.
async fn new(
    app: &App,
    tx: &mut Tx,
    view: &View,
    guarded: &[(ResourceId, &StoredWorkflow)],
) -> Result<BTreeMap<WebhookAuthMethodId, TriggerId>> {
    let ids = guarded.iter().map(|(id, _)| *id).collect();
    let found = resource::resolve_many(tx, view, Kind::Workflow, ids).await?;
    let hashes = found.values().filter_map(|found| found.hash).collect();
    let documents = app.contents.documents(tx, view.root, hashes).await?;
    let mut new = BTreeMap::new();
    for (id, workflow) in guarded {
        let before = found.get(id).and_then(|found| documents.get(&found.hash?));
        let before = before.and_then(|document| document.workflow()).into_iter();
        let before: BTreeSet<_> = before.flat_map(guards).map(|(_, method)| method).collect();
        let named = guards(workflow).filter(|(_, method)| !before.contains(method));
        new.extend(named.map(|(trigger, method)| (method, trigger)));
    }
    Ok(new)
}
