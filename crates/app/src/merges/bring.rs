//! What a merge between two trees takes along. Contents are kept once in each tree, so everything that the target will hold,
//! or that the merge's record names, has to be in the target's tree: the source's may be purged one day.

use std::collections::BTreeSet;

use sandbar_merge::{Plan, State};
use sandbar_model::{ContentHash, Result};
use sandbar_store::{Tx, content};

use super::relation::Relation;
use crate::App;

/// Copies into the target's tree the bodies of what the plan writes, and the versions that the two had agreed on before.
/// Between relatives there is nothing to do.
pub(super) async fn bring(app: &App, tx: &mut Tx, relation: &Relation, plan: &Plan) -> Result<()> {
    if relation.one_tree() {
        return Ok(());
    }
    let (from, to) = (relation.source.root, relation.target.root);
    let states = plan.selected().flat_map(|item| [&item.base, &item.crossed, &item.after]).flatten();
    let bodies: BTreeSet<_> = states.flat_map(bodies).collect();
    let bodies: Vec<_> = bodies.into_iter().collect();
    content::copy(tx, (from, to), &bodies, app.now()).await?;
    for base in plan.selected().filter_map(|item| item.base.as_ref()) {
        content::put_document(tx, to, &base.document, app.now()).await?;
    }
    Ok(())
}

fn bodies(state: &State) -> impl Iterator<Item = ContentHash> {
    let jobs = state.document.workflow().into_iter().flat_map(|workflow| &workflow.jobs);
    jobs.map(|job| job.body)
}
