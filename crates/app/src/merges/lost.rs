//! Items that go with collections that a merge removes, and how far a plan binds their number.
//!
//! Runs add items all the time, so a plan does not go stale with each. But what goes can't be brought back: so an apply is
//! refused when a collection holds more than twice as many items as the preview said (any, when it said none). The plan's token
//! brings that number along; the apply counts under the collections' locks.

use sandbar_merge::{Item, Plan};
use sandbar_model::{Error, Kind, ProjectId, Result};
use sandbar_store::{Tx, collection};

/// How many numbers a token has room for. When a plan removes more collections than that, some share one, and it is their sum.
pub(crate) const SLOTS: usize = 128;

/// What the plan says would go, collection by collection.
pub(super) fn foreseen(plan: &Plan) -> Vec<u64> {
    summed(removed(plan).map(|item| item.collection_items))
}

/// Takes the locks of the items that go, and refuses when they are many more than was foreseen.
///
/// # Errors
/// [`Error::PlanStale`].
pub(super) async fn check(tx: &mut Tx, target: ProjectId, plan: &Plan, foreseen: &[u64]) -> Result<()> {
    let mut left: Vec<_> = foreseen.iter().map(|items| items.saturating_mul(2)).collect();
    for (at, item) in removed(plan).enumerate() {
        let store = collection::lock(tx, target, item.target_id).await?;
        let items = store.map(|store| store.usage.items.unsigned_abs()).unwrap_or_default();
        let slot =
            left.get_mut(at % SLOTS).ok_or(Error::Bug("a plan removes more collections than it did"))?;
        *slot = slot.checked_sub(items).ok_or_else(|| {
            let moved = format!("the collection {:?} holds {items} items by now", item.name);
            Error::PlanStale { moved: vec![moved] }
        })?;
    }
    Ok(())
}

/// The collections of the target that an apply would remove, in the order of the plan.
fn removed(plan: &Plan) -> impl Iterator<Item = &Item> {
    plan.selected().filter(|item| item.kind == Kind::Collection && item.after.is_none())
}

fn summed(counts: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut slots: Vec<u64> = Vec::new();
    for (at, count) in counts.enumerate() {
        match slots.get_mut(at % SLOTS) {
            Some(slot) => *slot = slot.saturating_add(count),
            None => slots.push(count),
        }
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_room_for_so_many_numbers() {
        assert_eq!(summed([3, 0, 7].into_iter()), [3, 0, 7]);
        let many = summed((0..1000).map(|_| 1));
        assert_eq!((many.len(), many[0], many.iter().sum::<u64>()), (SLOTS, 8, 1000));
    }
}
