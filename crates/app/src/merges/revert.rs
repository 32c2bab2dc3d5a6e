//! Undoing a merge: what nobody touched since goes back, later edits stay. It is a merge itself, so it can be undone.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_merge::{Choices, Plan};
use sandbar_model::{Error, MergeId, Result, policy::Action};
use sandbar_store::{
    Tx,
    change::What,
    merge_record::{self, MergeKind, MergeRecord, MergedResource},
    project,
    tree::TreeRow,
};
use serde::{Deserialize, Serialize};

use super::{
    apply::{Moved, Review, trace, write_plan},
    chosen,
    lines::{Bases, count, merged},
    preview::{Planned, Sides, revert_sides},
    record::{MergeView, view},
    relation::{Key, Relation},
};
use crate::{
    App, Call, Request,
    changing::Changing,
    projects::{Restored, lock_tree},
    repeat::{conclude, repeated, retry},
    sandboxes::unretire,
};

/// Asks for a merge to be undone.
#[derive(Clone, Debug)]
pub struct RevertMerge {
    /// Which.
    pub merge: MergeId,
    /// What the caller chose: the same as in the preview.
    pub choices: Choices,
    /// From the preview.
    pub review: Review,
    /// Also take the source back, if the merge retired it and it is not gone yet.
    pub restore_source: bool,
    /// See [`Request::request_id`].
    pub request_id: String,
    /// Check everything and change nothing.
    pub validate_only: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reverted {
    /// The undo's own record.
    pub merge: MergeView,
    /// The source and its descendants, if they were taken back.
    pub restored: Restored,
}

impl Request for RevertMerge {
    const ACTION: &'static str = "merge.revert";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

#[derive(Serialize, Deserialize)]
struct Done {
    merge: MergeId,
    restored: Restored,
}

/// Undoes a merge. Needs editor on its target; taking the source back needs what restoring it needs.
///
/// # Errors
/// [`Error::MergeNotFound`], [`Error::PlanStale`], [`Error::NothingSelected`] (everything was touched since, or undone
/// already), [`Error::InvalidResult`], [`Error::WebhookAuthMethodMissing`] when a webhook would come back whose auth method
/// was deleted meanwhile (without it, it would let everybody in), [`Error::ProjectScheduled`], and the gate's.
pub async fn revert(app: &App, call: &Call, request: &RevertMerge) -> Result<Reverted> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &RevertMerge) -> Result<Reverted> {
    let mut tx = app.db.write().await?;
    let (mut sides, undone) = revert_sides(app, &mut tx, call, request.merge).await?;
    let caller = sides.target.caller.clone();
    let by = (call, &caller);
    if let Some(Done { merge, restored }) = repeated(app, &mut tx, by, request).await? {
        return Ok(Reverted { merge: view(app, &mut tx, merge).await?, restored });
    }
    let tree = lock_tree(&mut tx, &sides.target.project).await?;
    let mut change = Changing::begin(app, &mut tx, &caller, undone.target).await?;
    sides.target.project = change.project.clone();
    let planned = Planned::undo(app, &mut tx, &sides, &undone, &request.choices).await?;
    request.review.check(app, &mut tx, &planned, &sides).await?;
    let is_empty = planned.plan.selected().next().is_none();
    // What is only to be offered again has nothing to write.
    let written =
        if is_empty { BTreeMap::new() } else { write_plan(app, &mut tx, &mut change, &planned.plan).await? };
    let before = merge_record::resources(&mut tx, undone.id, None, i64::MAX).await?;
    let bases = go_back(app, &mut tx, &sides, &before, &undone_keys(&planned.plan, &before, request)).await?;
    let takes_back = request.restore_source && undone.retired_source;
    if is_empty && !takes_back && bases.values().all(|(now, back)| now == back) {
        return Err(Error::NothingSelected);
    }
    let resources = merged(&planned, &written, Some(&bases));
    let record = MergeRecord {
        principal: caller.id,
        target_revision: change.project.head,
        resource_count: count(&resources),
        choices: chosen::write(&request.choices, None, &planned.plan)?,
        ..record(app, &undone, request)
    };
    let MergeRecord { id: merge, source, .. } = record;
    merge_record::insert(&mut tx, &record, &resources).await?;
    merge_record::set_reverted_by(&mut tx, undone.id, merge).await?;
    change.end(&mut tx, What::Merge { merge, source, word: "revert" }).await?;
    let restored = restore_source(app, &mut tx, call, request, &undone, &tree).await?;
    let answer = Reverted { merge: view(app, &mut tx, merge).await?, restored: restored.clone() };
    if request.validate_only {
        return Ok(answer);
    }
    let trace = trace(&record, Some(change.first()), &moved(&restored));
    conclude(app, tx, by, request, trace, &Done { merge, restored }).await?;
    Ok(answer)
}

fn moved(restored: &Restored) -> Moved {
    let back = restored.restored.iter().map(|view| view.project.id);
    Moved { restored: back.collect(), ..Moved::default() }
}

/// What is kept about an undo, as far as it is known before it is done.
fn record(app: &App, undone: &MergeRecord, request: &RevertMerge) -> MergeRecord {
    MergeRecord {
        id: MergeId(app.new_id()),
        what: MergeKind::Revert,
        time: app.now(),
        retired_source: false,
        unreviewed: request.review.unreviewed(),
        reverts: Some(undone.id),
        reverted_by: None,
        ..undone.clone()
    }
}

/// What source and target are to disagree about again.
fn undone_keys(plan: &Plan, before: &[MergedResource], request: &RevertMerge) -> BTreeSet<Key> {
    let mut keys: BTreeSet<_> = plan.selected().map(|item| (item.kind, item.target_id)).collect();
    if request.choices.defaults {
        // What was settled for the target has nothing to write back, but is to be offered again all the same.
        keys.extend(before.iter().filter(|r| r.before == r.after).map(|r| (r.kind, r.id)));
    }
    keys
}

/// Puts back what source and target agreed on before the merge, so that what was undone is offered again; unless they
/// have agreed on something else since. Answers, by the target's key, what they agreed on before and after this.
async fn go_back(
    app: &App,
    tx: &mut Tx,
    sides: &Sides,
    before: &[MergedResource],
    undone_keys: &BTreeSet<Key>,
) -> Result<Bases> {
    let mut bases = Bases::new();
    let source = project::get(tx, sides.source.project.id).await?;
    let Some(source) = source.filter(|source| source.id != sides.target.project.id) else { return Ok(bases) };
    let relation = Relation::of(app, tx, &source, &sides.target.project).await?;
    let undone: Vec<_> = before.iter().filter(|r| undone_keys.contains(&(r.kind, r.id))).collect();
    let keys: Vec<_> = undone.iter().map(|r| (r.kind, r.source_id)).collect();
    let now = relation.bases(tx, &keys).await?;
    let mut agreed = BTreeMap::new();
    for r in undone {
        let base = now.get(&(r.kind, r.source_id)).copied().flatten();
        let back = if base == r.base_after { r.base_before } else { base };
        bases.insert((r.kind, r.id), (base, back));
        if back != base {
            agreed.insert((r.kind, r.source_id), back);
        }
    }
    relation.agree(tx, &agreed).await?;
    Ok(bases)
}

async fn restore_source(
    app: &App,
    tx: &mut Tx,
    call: &Call,
    request: &RevertMerge,
    undone: &MergeRecord,
    tree: &TreeRow,
) -> Result<Restored> {
    let nothing = Restored { restored: Vec::new(), triggers_turned_off: Vec::new() };
    if !request.restore_source || !undone.retired_source {
        return Ok(nothing);
    }
    let source = app.enter_any(tx, call, undone.source, Action::ManageSandbox).await?;
    if source.project.scheduled.is_none() {
        return Ok(nothing);
    }
    let back = unretire(tx, tree, &source.project, "", app.now()).await?;
    back.answer(tx, &source.caller).await
}
