//! Dataclips: what runs begin with and end with (1-domain §8). Their bodies may hold their users' secrets: they are in no
//! log, event or remembered request.

mod create;
mod delete;
mod get;
mod list;
mod name;

use sandbar_model::{Dataclip, DataclipId, Error, ProjectId, Result};
use sandbar_store::{Tx, dataclip};

pub use create::{CreateDataclip, create};
pub use delete::{DeleteDataclip, delete};
pub use get::{DataclipView, GetDataclip, get};
pub use list::{ListDataclips, list};
pub use name::{NameDataclip, name};

use crate::{etag, gate::Entry, repeat::Trace};

/// The most that a new sandbox is given copies of.
pub const MAX_COPIES: usize = 100;

/// A dataclip's etag: names what of it can change.
pub fn etag(clip: &Dataclip) -> String {
    etag::of(&(&clip.name, clip.erase_time))
}

/// A dataclip of the project that was entered, which nobody else changes until the transaction ends, as it was read.
async fn locked(tx: &mut Tx, entry: &Entry, id: DataclipId, expected: &str) -> Result<Dataclip> {
    let clip = dataclip::lock(tx, entry.project.id, id).await?.ok_or(Error::DataclipNotFound { id })?;
    etag::check(expected, etag(&clip))?;
    Ok(clip)
}

/// A dataclip of the project that was entered.
async fn of_project(tx: &mut Tx, entry: &Entry, id: DataclipId) -> Result<Dataclip> {
    dataclip::get(tx, entry.project.id, id).await?.ok_or(Error::DataclipNotFound { id })
}

/// What the audit trail says of a dataclip.
fn trace(entry: &Entry, clip: &Dataclip) -> Trace {
    let detail = serde_json::json!({ "kind": clip.kind, "name": clip.name, "size": clip.size });
    let (root, project) = (Some(entry.project.root), Some(entry.project.id));
    Trace { root, project, subject: Some(("dataclip", clip.id.0)), detail }
}

/// Copies dataclips of a project into a sandbox that is made of it: those with a name, that people or triggers made.
pub(crate) async fn copy(
    app: &crate::App,
    tx: &mut Tx,
    (parent, sandbox): (ProjectId, &sandbar_model::Project),
    ids: &[DataclipId],
) -> Result<()> {
    if ids.len() > MAX_COPIES {
        return Err(Error::invalid("dataclip_ids", format!("can be {MAX_COPIES} at most")));
    }
    for (at, id) in ids.iter().enumerate() {
        let clip = dataclip::touch(tx, parent, *id, app.now()).await?;
        let clip = clip.ok_or(Error::DataclipNotFound { id: *id })?;
        if clip.name.is_empty() || !clip.kind.is_input() {
            return Err(Error::invalid(
                format!("dataclip_ids[{at}]"),
                "must be a dataclip with a name, of kind global, saved input or http request",
            ));
        }
        let (create_time, creator) = (sandbox.create_time, sandbox.creator);
        let copied = Dataclip { id: app.new_id().into(), project: sandbox.id, create_time, creator, ..clip };
        dataclip::copy(tx, *id, &copied).await?;
    }
    Ok(())
}
