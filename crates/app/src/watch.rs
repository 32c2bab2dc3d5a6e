//! Watching: what is done in a project or a tree, as it happens (1-domain §6, `watch.proto`).
//!
//! The log is the truth: the audit trail of the tree, in which every change leaves its event in the order of the commits
//! ([`sandbar_store::audit`]), and the versions of its resources. A cursor is a place in it, so any server can go on from
//! any other's. [`hub`] only tells watchers when to look again.

mod cursor;
mod hub;
mod told;
mod watching;

use std::sync::Arc;

use sandbar_model::{
    ContentHash, Error, Kind, PrincipalId, ProjectId, ResourceId, Result, Revision, Time, policy::Action,
};
use sandbar_store::audit;
use uuid::Uuid;

pub(crate) use hub::Hub;
pub use hub::keep_watch;
pub use told::ChangeKind;
pub use watching::Watching;

use crate::{App, Call, gate::Entry};
use cursor::{Place, Range};

/// Asks for changes.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Of which project.
    pub project: ProjectId,
    /// Also of every other project of its tree that the caller sees.
    pub tree: bool,
    /// From where on.
    pub from: From,
    /// End when everything up to now has come.
    pub until_now: bool,
}

/// Where a watch begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// With what is done next.
    Now,
    /// Where another one stood.
    Cursor(String),
    /// After a revision of the project.
    Revision(Revision),
}

/// What comes of a watch: a change, or a sign of life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where to go on after it.
    pub cursor: String,
    /// What was done; none: nothing, for a while.
    pub change: Option<ChangeView>,
}

/// Something that was done, as a watcher sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeView {
    /// Where.
    pub project: ProjectId,
    /// What.
    pub kind: ChangeKind,
    /// When.
    pub time: Time,
    /// By whom, and what they are called; none: nobody called, see [`crate::SYSTEM`].
    pub actor: Option<(PrincipalId, Arc<str>)>,
    /// The resource that was written.
    pub resource: Option<ResourceChange>,
    /// What else it was done to: a member, a trigger, a merge.
    pub subject: Option<Uuid>,
}

/// What a resource was changed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceChange {
    /// What.
    pub kind: Kind,
    /// Which.
    pub id: ResourceId,
    /// The project's revision that it took.
    pub revision: Revision,
    /// What it is called then; empty: it was deleted.
    pub name: String,
    /// None: it was deleted.
    pub hash: Option<ContentHash>,
}

/// Begins to watch. Needs to see the project, which must not be scheduled for deletion.
///
/// # Errors
/// [`Error::InvalidFields`], [`Error::InvalidCursor`], [`Error::ProjectScheduled`], [`Error::TooManyWatches`],
/// [`Error::ServerStopping`], and the gate's.
pub async fn watch(app: &Arc<App>, call: Call, request: &Watch) -> Result<Watching> {
    let mut tx = app.db.read().await?;
    let entry = enter(app, &mut tx, &call, request).await?;
    if request.tree && matches!(request.from, From::Revision(_)) {
        let problem = "is of one project; leave it out, or `tree`";
        return Err(Error::invalid("after_revision", problem));
    }
    let caller = &entry.caller;
    drop(tx);
    // A seat first and then the snapshot, so that nothing is done between the two of which nobody tells.
    let seat = app.hub.take_seat(entry.project.root, caller.token, caller.id)?;
    let mut tx = app.db.read().await?;
    let entry = enter(app, &mut tx, &call, request).await?;
    let head = audit::head(&mut tx, Some(entry.project.root)).await?.map_or(0, |head| head.position);
    let place = begin(app, request, &entry, head)?;
    let end = request.until_now.then_some(head);
    Ok(Watching::new(app, call, request, seat, (place, end), entry.caller.expire_time))
}

async fn enter(app: &App, tx: &mut sandbar_store::Tx, call: &Call, request: &Watch) -> Result<Entry> {
    let entry = app.enter(tx, call, request.project, Action::See).await?;
    entry.active()?;
    Ok(entry)
}

/// The place where a watch begins, given where the chain ends now.
fn begin(app: &App, request: &Watch, entry: &Entry, head: i64) -> Result<Place> {
    match &request.from {
        From::Now => Ok(Place::after(head)),
        From::Cursor(cursor) => {
            let place = Place::open(&app.sealer, request, cursor)?;
            // Beyond the end: the database was put back to what it was before.
            if place.position > head { Err(Error::InvalidCursor) } else { Ok(place) }
        }
        From::Revision(after) => {
            let last = entry.project.head;
            if *after > last || after.0 < 0 {
                let problem = format!("must be a revision of the project: 0 to {last}, its newest now");
                return Err(Error::invalid("after_revision", problem));
            }
            let range = Range { project: entry.project.id, after: *after, last };
            Ok(Place { range: range.rest(), ..Place::after(head) })
        }
    }
}
