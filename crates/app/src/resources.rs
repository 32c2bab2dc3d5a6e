//! What is the same for resources of every kind that callers write one by one.

pub(crate) mod users;
mod which;

use sandbar_model::{
    Error, Kind, ProjectId, ResourceId, Result, Revision, policy::Action, project::ProjectRef,
};
use sandbar_store::{
    Tx,
    change::What,
    prune,
    resource::{self, Found},
    write::Write,
};

pub use which::Which;
pub(crate) use which::find;

use crate::{
    App, Call, Etag, Request,
    changing::Changing,
    repeat::{conclude, repeated},
};

/// With the id, a resource's key.
pub(crate) type Key = (Kind, ResourceId);

/// What is not there.
pub(crate) fn missing(kind: Kind, id: &impl ToString) -> Error {
    Error::ResourceNotFound { kind, id: id.to_string() }
}

/// Deletes a resource; answers the revision that did. Its history stays.
///
/// # Errors
/// [`Error::ResourceNotFound`], [`Error::EtagMismatch`], and the gate's.
pub(crate) async fn delete<R: Request>(
    app: &App,
    call: &Call,
    request: &R,
    project: ProjectId,
    (kind, id): Key,
    etag: &Etag,
) -> Result<Revision> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, project, Action::Write).await?;
    let by = (call, &entry.caller);
    if let Some(revision) = repeated(app, &mut tx, by, request).await? {
        return Ok(revision);
    }
    let mut change = Changing::begin(app, &mut tx, &entry.caller, project).await?;
    let there = resource::resolve(&mut tx, &change.view, kind, id).await?;
    let hash = there.and_then(|found| found.hash).ok_or_else(|| missing(kind, &id))?;
    etag.check(Some(hash))?;
    let written = change.write_one(&mut tx, Write { kind, id, document: None }).await?;
    change.end(&mut tx, What::Write).await?;
    let (revision, trace) = (change.project.head, change.trace((kind, id), written.as_ref()));
    conclude(app, tx, by, request, trace, &revision).await?;
    Ok(revision)
}

/// A resource as the project saw it at one of its revisions.
///
/// # Errors
/// [`Error::RevisionNotFound`] also where it was deleted then, or pruned since.
pub(crate) async fn at_revision(
    app: &App,
    tx: &mut Tx,
    project: ProjectRef,
    (kind, id): Key,
    revision: Revision,
) -> Result<Found> {
    let gone = || Error::RevisionNotFound { kind, id, revision };
    if revision > project.head || revision.0 < 0 {
        return Err(gone());
    }
    let view = app.views.of(tx, project).await?.at(revision);
    let found = resource::resolve(tx, &view, kind, id).await?;
    // What shows through where a version was pruned is not what the project had then.
    if !prune::is_true(tx, project.id, (kind, id), revision, found).await? {
        return Err(gone());
    }
    found.filter(|found| found.hash.is_some()).ok_or_else(gone)
}
