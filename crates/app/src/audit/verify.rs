//! Checking that a chain of events is as it was written.

use sandbar_model::{Error, ProjectId, Result};
use sandbar_store::audit::{self, Chain, Head, Walk};

use super::{Trail, access::admit};
use crate::{App, Call};

/// Events read at once.
const BATCH: i64 = 1000;
/// Batches checked in one call, so that it stays well below its deadline.
const BATCHES: usize = 20;

/// Asks for a chain to be checked.
#[derive(Clone, Copy, Debug)]
pub struct VerifyChain {
    /// Any project of the tree; none: the chain of what belongs to no tree.
    pub project: Option<ProjectId>,
    /// What comes after it is checked, and that it is there.
    pub after: Head,
}

/// Checks a part of a chain. Needs admin on the tree's root, or a service administrator.
///
/// # Errors
/// [`Error::InvalidFields`] for a negative position, and those of [`super::list()`].
pub async fn verify(app: &App, call: &Call, request: &VerifyChain) -> Result<Walk> {
    let mut tx = app.db.read().await?;
    let trail = request.project.map_or(Trail::Service, Trail::Tree);
    let chain = admit(app, &mut tx, call, trail).await?.chain;
    drop(tx);
    let Head { position, hash } = request.after;
    if position < 0 {
        return Err(Error::invalid("after.position", "must not be negative"));
    }
    if position == 0 && hash != Head::START.hash {
        return Err(Error::invalid("after.hash", "must be empty before the first event"));
    }
    let walk = pieces(app, chain, request.after).await?;
    if let Some(broken) = walk.broken {
        let (position, damage) = (broken.position, broken.damage);
        tracing::error!(?chain, position, ?damage, "the audit trail is not as it was written");
    }
    Ok(walk)
}

async fn pieces(app: &App, chain: Chain, after: Head) -> Result<Walk> {
    let mut sum = Walk { checked: 0, head: after, complete: false, broken: None };
    for _ in 0..BATCHES {
        // A snapshot each: the chain's end is compared with the events of the same moment.
        let mut tx = app.db.read().await?;
        let walk = audit::walk(&mut tx, chain, sum.head, BATCH).await?;
        sum = Walk { checked: sum.checked + walk.checked, ..walk };
        if sum.complete || sum.broken.is_some() {
            break;
        }
    }
    Ok(sum)
}
