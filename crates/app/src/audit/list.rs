//! Reading events, newest first.

use sandbar_model::{Error, Result};
use sandbar_store::{
    Tx,
    audit::{self, Chained, Filter},
};

use super::{EventView, Trail, access::admit};
use crate::{App, Call, SYSTEM, view::Page};

/// The most that the details of one page come to, in bytes, so that it fits a message: one event tells of a whole tree.
const MOST: usize = 4 << 20;

/// Asks for a page of events.
#[derive(Clone, Debug)]
pub struct ListEvents {
    /// Whose.
    pub trail: Trail,
    /// Which of them; its project is the trail's.
    pub filter: Filter,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// The events of a project, of a tree, or of neither, newest first. A page may have fewer than asked for, even none, while
/// there is a next one: see [`audit::Window`].
///
/// # Errors
/// [`Error::InvalidPageToken`], [`Error::ProjectNotFound`], [`Error::PermissionDenied`],
/// [`Error::AdministratorRequired`].
pub async fn list(app: &App, call: &Call, request: &ListEvents) -> Result<Page<EventView>> {
    let mut tx = app.db.read().await?;
    let admitted = admit(app, &mut tx, call, request.trail).await?;
    let filter = Filter { project: admitted.project, ..request.filter.clone() };
    let seal = format!("audit {:?} {filter:?}", request.trail);
    let (cursor, size) = (app.sealer.cursor(&seal, &request.page_token)?, app.page_size(request.page_size)?);
    let before = match cursor.as_str() {
        "" => None,
        position => Some(position.parse().map_err(|_| Error::InvalidPageToken)?),
    };
    let limit = i64::try_from(size).unwrap_or(i64::MAX);
    let mut window = audit::newest(&mut tx, admitted.chain, &filter, before, limit).await?;
    let fit = that_fit(&window.events);
    if fit < window.events.len() {
        window.events.truncate(fit);
        window.next = window.events.last().map(|event| event.position);
    }
    let rows = views(app, &mut tx, window.events).await?;
    let next = window.next.map(|position| app.sealer.page(&seal, &position.to_string()));
    Ok(Page { rows, next_page_token: next.unwrap_or_default() })
}

/// How many of them fit a page: at least one.
fn that_fit(events: &[Chained]) -> usize {
    let mut bytes = 0;
    let fit = events.iter().take_while(|kept| {
        bytes += kept.event.detail.len();
        bytes <= MOST
    });
    fit.count().max(1)
}

/// With the names of the actors.
pub(super) async fn views(app: &App, tx: &mut Tx, events: Vec<Chained>) -> Result<Vec<EventView>> {
    let names = app.names(tx, events.iter().map(|kept| kept.event.principal).collect()).await?;
    let view = |kept: Chained| {
        let id = kept.event.principal;
        let actor = (id != SYSTEM).then(|| names.get(&id).cloned().unwrap_or_default());
        EventView { kept, actor }
    };
    Ok(events.into_iter().map(view).collect())
}
