//! Deleting a webhook auth method that guards nothing.

use sandbar_model::{Error, Kind, ProjectId, Result, WebhookAuthMethodId};
use sandbar_store::{
    Tx, member, project, resource, tree,
    webhook_auth::{self, Guarded, Key},
};

use super::{check_etag, managed, missing, trace};
use crate::{
    App, Call, Request,
    gate::Caller,
    repeat::{conclude, repeated, retry},
};

/// The most triggers that a refusal names.
const NAMED: usize = 10;

/// Asks for a method to go.
#[derive(Clone, Debug)]
pub struct DeleteMethod {
    /// The root.
    pub project: ProjectId,
    /// Which.
    pub id: WebhookAuthMethodId,
    /// See [`super::etag`]; empty: delete whatever is there.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for DeleteMethod {
    const ACTION: &'static str = "webhook_auth_method.delete";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Deletes a method with its secret, for good. Refused while a trigger anywhere in the tree names it, on or off, also in
/// projects that are scheduled for deletion, as these can be restored. Needs admin on the root.
///
/// # Errors
/// [`Error::ManagedInParent`] for a sandbox, [`Error::WebhookAuthMethodNotFound`], [`Error::EtagMismatch`],
/// [`Error::WebhookAuthMethodInUse`], and the gate's.
pub async fn delete(app: &App, call: &Call, request: &DeleteMethod) -> Result<()> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &DeleteMethod) -> Result<()> {
    let mut tx = app.db.write().await?;
    let entry = managed(app, &mut tx, call, request.project).await?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    // So that no sandbox is forked meanwhile from what used it; and whoever newly names it takes its lock, too.
    tree::lock(&mut tx, entry.project.root).await?;
    let of = Key { root: entry.project.id, id: request.id };
    let found = webhook_auth::lock(&mut tx, of).await?.ok_or_else(|| missing(request.id))?;
    check_etag(&request.etag, &found)?;
    let guarded = webhook_auth::guarded(&mut tx, of).await?;
    if !guarded.is_empty() {
        let triggers = named(app, &mut tx, &entry.caller, &guarded).await?;
        return Err(Error::WebhookAuthMethodInUse { id: found.id, count: guarded.len() as u64, triggers });
    }
    webhook_auth::delete(&mut tx, of).await?;
    let detail = serde_json::json!({ "name": found.name, "kind": found.kind });
    conclude(app, tx, by, request, trace(of, detail), &()).await
}

/// What a refusal calls the triggers: those in projects of which the caller is a member.
async fn named(app: &App, tx: &mut Tx, caller: &Caller, guarded: &[Guarded]) -> Result<Vec<String>> {
    let ids: Vec<_> = guarded.iter().map(|one| one.project).collect();
    let roles = member::roles(tx, caller.id, &ids).await?;
    let mut names = Vec::new();
    for one in guarded.iter().filter(|one| roles.contains_key(&one.project)).take(NAMED) {
        let Some(project) = project::get(tx, one.project).await? else { continue };
        let view = app.views.of(tx, &project).await?;
        let found = resource::resolve(tx, &view, Kind::Workflow, one.workflow).await?;
        let Some(hash) = found.and_then(|found| found.hash) else { continue };
        let document = app.contents.document(tx, view.root, hash).await?;
        names.push(format!("of workflow {:?} in {:?}", document.title(), project.profile.name));
    }
    Ok(names)
}
