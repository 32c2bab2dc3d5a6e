//! Removing the items of collections that were deleted. Nobody sees them any more, so it needs no lock and no lease: two workers
//! that meet do each other's work.

use sandbar_model::Result;
use sandbar_store::purge;

use super::{MOST, Round, Worker};
use crate::{App, repeat::retry};

/// Removes items batch by batch, until there is none left or the round's steps are spent.
pub(super) async fn remove(app: &App, worker: &Worker, round: &mut Round) -> Result<()> {
    let mut steps = worker.steps;
    let stores = purge::detached_stores(&mut app.db.connection().await?, MOST).await?;
    for store in stores {
        loop {
            if steps == 0 {
                return Ok(());
            }
            steps -= 1;
            let removed = retry(|| async {
                let mut tx = app.db.write().await?;
                let removed = purge::delete_items(&mut tx, store, worker.batch).await?;
                tx.commit().await?;
                Ok(removed)
            });
            match removed.await? {
                0 => break,
                removed => round.items += removed,
            }
        }
    }
    Ok(())
}
