//! Taking events elsewhere: all of them, oldest first.

use std::collections::VecDeque;

use sandbar_model::{Error, Result};
use sandbar_store::audit::{self, Chain, Filter};

use super::{EventView, Trail, access::admit, list::views};
use crate::{App, Call};

/// Events read at once.
const PAGE: i64 = 200;

/// Asks for events.
#[derive(Clone, Debug)]
pub struct ExportEvents {
    /// Whose.
    pub trail: Trail,
    /// Which of them; its project is the trail's.
    pub filter: Filter,
    /// Only those after this position.
    pub after: i64,
}

/// Events, one after the other.
#[derive(Debug)]
pub struct Export {
    chain: Chain,
    filter: Filter,
    /// Where to go on; none: everything was read.
    after: Option<i64>,
    /// The last position when it began, so that it comes to an end however much is being done.
    end: i64,
    read: VecDeque<EventView>,
}

/// The events of a project, of a tree, or of neither, up to the newest one now.
///
/// # Errors
/// [`Error::InvalidFields`] for a negative position, and those of [`super::list()`].
pub async fn export(app: &App, call: &Call, request: &ExportEvents) -> Result<Export> {
    let mut tx = app.db.read().await?;
    let admitted = admit(app, &mut tx, call, request.trail).await?;
    if request.after < 0 {
        return Err(Error::invalid("after_position", "must not be negative"));
    }
    let end = audit::head(&mut tx, admitted.chain).await?.map_or(0, |head| head.position);
    Ok(Export {
        chain: admitted.chain,
        filter: Filter { project: admitted.project, ..request.filter.clone() },
        after: Some(request.after),
        end,
        read: VecDeque::new(),
    })
}

impl Export {
    /// The next one. None: that was all.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn next(&mut self, app: &App) -> Result<Option<EventView>> {
        while self.read.is_empty()
            && let Some(after) = self.after
        {
            self.read_page(app, after).await?;
        }
        let next = self.read.pop_front().filter(|view| view.kept.position <= self.end);
        if next.is_none() {
            self.after = None;
            self.read.clear();
        }
        Ok(next)
    }

    async fn read_page(&mut self, app: &App, after: i64) -> Result<()> {
        let mut tx = app.db.connection().await?;
        let window = audit::following(&mut tx, self.chain, &self.filter, after, PAGE).await?;
        self.after = window.next.filter(|next| *next < self.end);
        self.read = views(app, &mut tx, window.events).await?.into();
        Ok(())
    }
}
