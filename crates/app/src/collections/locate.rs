//! Finding the project of a collection that is only named, as clients of `OpenFn` name them.

use sandbar_model::{Error, Kind, ProjectId, Result, claim::Claim};
use sandbar_store::{Tx, claim, collection, project};

use super::missing;
use crate::{App, Call, gate::Caller, projects::viewer};

/// How many that fit are told apart; more are not worth listing.
const LISTED: usize = 10;
/// How many of the caller's projects are looked through for sandboxes.
const LOOKED: i64 = 500;

/// The project in which a collection of this name is meant: the one root of the caller's that has it; without any, the one
/// sandbox (of their first 500 projects by name). A token that is limited to a project means that one.
///
/// # Errors
/// [`Error::ResourceNotFound`], [`Error::CollectionAmbiguous`], and the gate's.
pub async fn locate(app: &App, call: &Call, name: &str) -> Result<ProjectId> {
    let mut tx = app.db.read().await?;
    let caller = app.caller(&mut tx, call).await?;
    // A database can't even be asked for one with a NUL.
    if name.contains('\0') {
        return Err(missing(&name));
    }
    if let Some(project) = caller.scope.project {
        return Ok(project);
    }
    let limit = i64::try_from(LISTED).unwrap_or(i64::MAX);
    let mut found = collection::roots_with(&mut tx, caller.id, name, limit).await?;
    if found.is_empty() {
        found = sandboxes(app, &mut tx, &caller, name).await?;
    }
    match found.as_slice() {
        [] => Err(missing(&name)),
        [project] => Ok(*project),
        several => {
            let projects = several.iter().map(ToString::to_string).collect();
            Err(Error::CollectionAmbiguous { name: name.to_owned(), projects })
        }
    }
}

/// The caller's sandboxes that have it, also of their ancestors.
async fn sandboxes(app: &App, tx: &mut Tx, caller: &Caller, name: &str) -> Result<Vec<ProjectId>> {
    let mut found = Vec::new();
    let visible = project::page_visible(tx, viewer(caller), false, false, None, LOOKED).await?;
    for sandbox in visible.iter().map(|row| &row.project).filter(|project| project.is_sandbox()) {
        let view = app.views.of(tx, sandbox).await?;
        let claim = Claim::Name(Kind::Collection, name.to_owned());
        if !claim::holders(tx, &view, vec![claim]).await?.is_empty() {
            found.push(sandbox.id);
        }
        if found.len() == LISTED {
            break;
        }
    }
    Ok(found)
}
