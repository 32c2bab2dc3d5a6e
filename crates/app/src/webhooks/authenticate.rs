//! Whether a call of a webhook may pass, and which trigger it is for: asked by a gateway, which is a worker.

use sandbar_model::{
    Error, Kind, Project, ProjectId, ResourceId, Result,
    access::PrincipalKind,
    claim::Claim,
    webhook::{WebhookAuthKind, WebhookSecret},
    workflow::{Trigger, TriggerKind, Webhook},
};
use sandbar_store::{
    Tx, claim, resource, trigger,
    webhook_auth::{self, Key, SealedSecret},
};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use uuid::Uuid;

use crate::{App, Call, workflows::as_workflow};

/// Asks for a call of a webhook to be let in.
#[derive(Clone, Debug)]
pub struct AuthenticateWebhook {
    /// Where the trigger is. Required for a custom path, which is unique in its project only. None: wherever the path id is.
    pub project: Option<ProjectId>,
    /// The last part of the URL: a trigger's path id or, where it has one, its custom path.
    pub path: String,
    /// What the caller shows.
    pub shown: Vec<WebhookSecret>,
}

/// What a call of a webhook is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookTarget {
    /// Where.
    pub project: ProjectId,
    /// Whether that is a root.
    pub in_root: bool,
    /// Of which workflow.
    pub workflow: ResourceId,
    /// Which trigger; it is on.
    pub trigger: Trigger,
}

/// Says which trigger a call of a webhook is for, if it is on and has no auth method, or one that the caller shows the secret
/// of. Only for workers of the tree. Changes nothing.
///
/// A path that there is not, one that is nobody's just now (the trigger is off, its workflow or project deleted), one of a
/// tree that the worker does not work for, and wrong credentials are all one refusal. Only who shows nothing where something
/// is asked for hears so: a person needs to know. How long the answer takes tells nothing of a secret.
///
/// # Errors
/// [`Error::WebhookNotFound`], [`Error::WebhookCredentialsRequired`], [`Error::InvalidFields`] for a custom path without a
/// project, and for a path id that triggers of several trees have, [`Error::WorkerRequired`],
/// [`Error::WebhookAuthMethodDamaged`], [`Error::MasterKeyMissing`], and the gate's.
pub async fn authenticate(app: &App, call: &Call, request: &AuthenticateWebhook) -> Result<WebhookTarget> {
    let mut tx = app.db.read().await?;
    let (project, target) = target(app, &mut tx, call, request).await?;
    let TriggerKind::Webhook(webhook) = &target.trigger.kind else { return Err(Error::WebhookNotFound) };
    passes(app, &mut tx, (project.root, webhook), &request.shown).await?;
    Ok(target)
}

/// The one trigger that a path leads to.
async fn target(
    app: &App,
    tx: &mut Tx,
    call: &Call,
    request: &AuthenticateWebhook,
) -> Result<(Project, WebhookTarget)> {
    let caller = match request.project {
        Some(project) => app.enter_to_work(tx, call, project).await?.caller,
        None => app.caller(tx, call).await?,
    };
    if caller.kind != PrincipalKind::ServiceAccount {
        return Err(Error::WorkerRequired);
    }
    let candidates = match (Uuid::try_parse(&request.path), request.project) {
        (Ok(path), project) => {
            let found = trigger::of_path(tx, path, caller.id).await?.into_iter();
            let found = found.filter(|(at, _)| project.is_none_or(|project| project == *at));
            found.map(|(at, id)| (at, Claim::Trigger(id))).collect()
        }
        (Err(_), Some(project)) => vec![(project, Claim::CustomPath(request.path.clone()))],
        (Err(_), None) => {
            let problem = "is required with a custom path, which is unique in its project only";
            return Err(Error::invalid("project_id", problem));
        }
    };
    let mut targets = Vec::new();
    for (project, claim) in candidates {
        let project = match app.enter_to_work(tx, call, project).await {
            Ok(entry) => entry.project,
            // The token does not reach it, or it was deleted just now.
            Err(
                Error::ProjectNotFound { .. }
                | Error::ProjectScheduled { .. }
                | Error::MfaRequired { .. }
                | Error::WorkerRequired,
            ) => continue,
            Err(error) => return Err(error),
        };
        targets.extend(held(app, tx, &project, claim).await?.map(|target| (project, target)));
    }
    if targets.len() > 1 {
        let problem = "is required: triggers of several projects that this worker works for have this path";
        return Err(Error::invalid("project_id", problem));
    }
    targets.pop().ok_or(Error::WebhookNotFound)
}

/// The webhook trigger that holds a path in a project, if it is on.
async fn held(app: &App, tx: &mut Tx, project: &Project, path: Claim) -> Result<Option<WebhookTarget>> {
    let view = app.views.of(tx, project).await?;
    let holders = claim::holders(tx, &view, vec![path.clone()]).await?;
    let Some(workflow) = holders.into_values().next() else { return Ok(None) };
    let found = resource::resolve(tx, &view, Kind::Workflow, workflow).await?;
    let Some(hash) = found.and_then(|found| found.hash) else { return Ok(None) };
    let document = app.contents.document(tx, view.root, hash).await?;
    let Some(trigger) = as_workflow(&document)?.triggers.iter().find(|one| leads_to(&path, one)) else {
        return Ok(None);
    };
    let states = trigger::states(tx, project.id, &[trigger.id]).await?;
    let is_on = states.get(&trigger.id) == Some(&true);
    let (in_root, trigger) = (!project.is_sandbox(), trigger.clone());
    Ok(is_on.then_some(WebhookTarget { project: project.id, in_root, workflow, trigger }))
}

/// Whether a path is a webhook trigger's. One with a custom path has no other.
fn leads_to(path: &Claim, trigger: &Trigger) -> bool {
    let TriggerKind::Webhook(Webhook { custom_path, .. }) = &trigger.kind else { return false };
    match (path, custom_path) {
        (Claim::Trigger(id), None) => trigger.id == *id,
        (Claim::CustomPath(path), Some(custom)) => path == custom,
        _ => false,
    }
}

/// Refuses who does not show what one of a trigger's methods asks for. All of them are looked at, so that how long it takes
/// does not tell which one it was.
async fn passes(
    app: &App,
    tx: &mut Tx,
    (root, webhook): (ProjectId, &Webhook),
    shown: &[WebhookSecret],
) -> Result<()> {
    if webhook.auth_methods.is_empty() {
        return Ok(());
    }
    let mut secrets = Vec::with_capacity(webhook.auth_methods.len());
    for id in &webhook.auth_methods {
        // One that is not there lets nobody in.
        secrets.extend(webhook_auth::secret(tx, Key { root, id: (*id).into() }).await?);
    }
    if shown.is_empty() {
        return Err(asks_for(&secrets));
    }
    let (mut right, mut failed) = (Choice::from(0), None);
    for secret in &secrets {
        match app.open_secret(secret).await {
            Ok(opened) => right |= is_shown(secret.kind, opened.expose_secret(), shown),
            Err(error) => failed = Some(error),
        }
    }
    match (bool::from(right), failed) {
        (true, _) => Ok(()),
        (false, Some(error)) => Err(error),
        (false, None) => Err(Error::WebhookNotFound),
    }
}

fn asks_for(secrets: &[SealedSecret]) -> Error {
    let asks = |kind: WebhookAuthKind| secrets.iter().any(|secret| secret.kind == kind);
    let kinds = [WebhookAuthKind::Basic, WebhookAuthKind::ApiKey].into_iter().filter(|kind| asks(*kind));
    let schemes: Vec<_> = kinds.map(|kind| kind.word().to_owned()).collect();
    if schemes.is_empty() { Error::WebhookNotFound } else { Error::WebhookCredentialsRequired { schemes } }
}

/// Whether a secret is among what is shown. Compared are hashes, whose length tells nothing, and in constant time.
fn is_shown(kind: WebhookAuthKind, secret: &[u8], shown: &[WebhookSecret]) -> Choice {
    let expected = Sha256::digest(secret);
    let same = |one: &WebhookSecret| Sha256::digest(one.expose().expose_secret()).ct_eq(&expected);
    let of_kind = shown.iter().filter(|one| one.kind() == kind);
    of_kind.map(same).fold(Choice::from(0), |right, same| right | same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_of_the_same_kind_is_right() {
        let basic = |username: &str, password: &str| WebhookSecret::Basic {
            username: username.into(),
            password: password.into(),
        };
        let key = |text: &str| WebhookSecret::ApiKey(text.into());
        let right = |kind, secret: &str, shown: &[WebhookSecret]| -> bool {
            is_shown(kind, secret.as_bytes(), shown).into()
        };
        let (b, k) = (WebhookAuthKind::Basic, WebhookAuthKind::ApiKey);
        assert!(right(b, "ann:hunter22", &[key("x"), basic("ann", "hunter22")]));
        assert!(right(k, "hunter22", &[basic("a", "b"), key("hunter22")]));
        assert!(!right(k, "ann:hunter22", &[basic("ann", "hunter22")]), "of another kind");
        for shown in ["", "h", "hunter2", "hunter222", "Hunter22"] {
            assert!(!right(k, "hunter22", &[key(shown)]), "{shown}");
            assert!(!right(b, "ann:hunter22", &[basic("ann", shown)]), "{shown}");
        }
        assert!(!right(k, "hunter22", &[]));
    }
}
