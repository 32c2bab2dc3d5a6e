//! Doing what a preview said, in one transaction, or nothing.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_merge::{Choices, Plan};
use sandbar_model::{
    ContentHash, Error, Kind, MergeId, ProjectId, ResourceId, Result, Revision, workflow::Uses,
};
use sandbar_store::{
    Tx,
    change::What,
    content::{self, NewContent},
    merge_record::{self, MergeKind, MergeRecord},
    project, tree,
    view::View,
    write::{Write, Written},
};

use super::{
    bring::bring,
    chosen,
    lines::{count, merged},
    lost,
    preview::{Planned, Sides, sides},
    record::{MergeView, view},
    relation::{Key, Relation},
};
use crate::{
    App, Call, Request,
    changing::Changing,
    repeat::{Trace, conclude_in, repeated, retry},
    resources::users::users,
    sandboxes,
};

/// Asks for a merge.
#[derive(Clone, Debug)]
pub struct ApplyMerge {
    /// From where.
    pub source: ProjectId,
    /// Into what; none: the source's parent.
    pub target: Option<ProjectId>,
    /// What the caller chose: the same as in the preview.
    pub choices: Choices,
    /// See [`super::PreviewMerge::retire`].
    pub retire: Option<bool>,
    /// From the preview.
    pub review: Review,
    /// See [`Request::request_id`].
    pub request_id: String,
    /// Check everything and change nothing.
    pub validate_only: bool,
}

/// Whether somebody looked before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Review {
    /// The token of the preview.
    Plan(String),
    /// Nobody did, and the caller says so.
    Unreviewed,
}

impl Review {
    /// From the wire.
    ///
    /// # Errors
    /// [`Error::PlanRequired`] for neither, [`Error::InvalidFields`] for both.
    pub fn parse(token: String, allow_unreviewed: bool) -> Result<Self> {
        match (token.is_empty(), allow_unreviewed) {
            (false, false) => Ok(Self::Plan(token)),
            (true, true) => Ok(Self::Unreviewed),
            (true, false) => Err(Error::PlanRequired),
            (false, true) => {
                Err(Error::invalid("allow_unreviewed", "must not be set together with a plan token"))
            }
        }
    }

    pub(super) fn unreviewed(&self) -> bool {
        matches!(self, Self::Unreviewed)
    }

    /// Refuses a plan that is not the one that was looked at.
    pub(super) async fn check(&self, app: &App, tx: &mut Tx, planned: &Planned, sides: &Sides) -> Result<()> {
        let Self::Plan(token) = self else { return Ok(()) };
        let token = app.sealer.open_plan(token).ok_or_else(|| Error::PlanStale {
            moved: vec!["the plan token was not made by this service".to_owned()],
        })?;
        if token.digest != planned.digest {
            return Err(Error::PlanStale { moved: planned.moved(&token, sides) });
        }
        lost::check(tx, sides.target.project.id, &planned.plan, &token.lost).await
    }
}

impl Request for ApplyMerge {
    const ACTION: &'static str = "merge.apply";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Merges: the target's resources, what the two agree on, the record and the retirement of the source, or nothing.
///
/// # Errors
/// [`Error::PlanStale`] with what moved, [`Error::NothingSelected`], [`Error::ChoiceUnknown`],
/// [`Error::MergeConflicts`], [`Error::InvalidResult`], [`Error::CannotRetire`], [`Error::MergeIntoItself`],
/// [`Error::ProjectScheduled`], and the gate's.
pub async fn apply(app: &App, call: &Call, request: &ApplyMerge) -> Result<MergeView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &ApplyMerge) -> Result<MergeView> {
    let mut tx = app.db.write().await?;
    let mut sides = sides(app, &mut tx, call, request.source, request.target).await?;
    let caller = sides.target.caller.clone();
    let by = (call, &caller);
    if let Some(id) = repeated::<_, MergeId>(app, &mut tx, by, request).await? {
        return view(app, &mut tx, id).await;
    }
    let mut change = lock(app, &mut tx, &mut sides, &caller).await?;
    let planned = Planned::of(app, &mut tx, &sides, &request.choices, request.retire).await?;
    request.review.check(app, &mut tx, &planned, &sides).await?;
    let relation = planned.relation.as_ref().ok_or(Error::Bug("a merge is planned without a relation"))?;
    bring(app, &mut tx, relation, &planned.plan).await?;
    let written = write_plan(app, &mut tx, &mut change, &planned.plan).await?;
    let resources = merged(&planned, &written, None);
    let record = record(app, &sides, &change, &planned, request, count(&resources))?;
    merge_record::insert(&mut tx, &record, &resources).await?;
    relation.agree(&mut tx, &agreed(&planned)).await?;
    let word = if relation.downwards() { "sync" } else { "merge" };
    change.end(&mut tx, What::Merge { merge: record.id, source: record.source, word }).await?;
    let retired = match planned.retirement {
        Some(_) => sandboxes::retire(app, &mut tx, &sides.source.project, app.now()).await?,
        None => Vec::new(),
    };
    let answer = view(app, &mut tx, record.id).await?;
    if !request.validate_only {
        let scheduled = retired.iter().map(|project| project.id).collect();
        let mut traces = vec![trace(&record, Some(change.first()), &Moved { scheduled, ..Moved::default() })];
        if !relation.one_tree() {
            // Whoever answers for the source's tree finds there what left it.
            let source = &sides.source.project;
            let there = trace(&record, None, &Moved::default());
            traces.push(Trace { root: Some(source.root), project: Some(source.id), ..there });
        }
        conclude_in(app, tx, by, request, traces, &record.id).await?;
    }
    Ok(answer)
}

/// What is kept about the merge itself.
fn record(
    app: &App,
    sides: &Sides,
    change: &Changing<'_>,
    planned: &Planned,
    request: &ApplyMerge,
    resource_count: i64,
) -> Result<MergeRecord> {
    let sync = planned.relation.as_ref().is_some_and(Relation::downwards);
    Ok(MergeRecord {
        id: MergeId(app.new_id()),
        root: change.project.root,
        source: sides.source.project.id,
        target: change.project.id,
        what: if sync { MergeKind::Sync } else { MergeKind::Merge },
        time: app.now(),
        principal: sides.target.caller.id,
        target_revision: change.project.head,
        retired_source: planned.retirement.is_some(),
        unreviewed: request.review.unreviewed(),
        reverts: None,
        reverted_by: None,
        resource_count,
        choices: chosen::write(&request.choices, request.retire, &planned.plan)?,
    })
}

/// Locks the tree's shape and both projects, always in the same order, and looks at both again: what was read before may
/// have moved while this waited.
async fn lock<'a>(
    app: &'a App,
    tx: &mut Tx,
    sides: &mut Sides,
    caller: &'a crate::gate::Caller,
) -> Result<Changing<'a>> {
    let (source, target) = (sides.source.project.id, sides.target.project.id);
    tree::lock(tx, sides.target.project.root).await?;
    let locked = if source < target { project::lock(tx, source).await? } else { None };
    let change = Changing::begin(app, tx, caller, target).await?;
    let locked = match locked {
        Some(locked) => locked,
        None => project::lock(tx, source).await?.ok_or_else(|| crate::gate::hidden(source))?,
    };
    sides.source.project = locked;
    sides.source.active()?;
    sides.target.project = change.project.clone();
    Ok(change)
}

/// Writes what a plan selects.
pub(super) async fn write_plan(
    app: &App,
    tx: &mut Tx,
    change: &mut Changing<'_>,
    plan: &Plan,
) -> Result<BTreeMap<(Kind, ResourceId), Written>> {
    if plan.selected().next().is_none() {
        return Err(Error::NothingSelected);
    }
    if let Some(refusal) = plan.blocked() {
        return Err(refusal);
    }
    check_removed_links(app, tx, &change.view, plan).await?;
    put_combined(app, tx, change.view.root, plan).await?;
    let writes = plan.writes().map(|write| Write {
        kind: write.kind,
        id: write.id,
        document: write.after.map(|state| (*state.document).clone()),
    });
    let outcome = change.write(tx, writes.collect()).await?;
    if let Some(clash) = outcome.clashes.first() {
        let resource = clash.write.document.as_ref().map(sandbar_model::Document::name).unwrap_or_default();
        return Err(Error::InvalidResult { resource, rule: format!("{} is taken", clash.claim.phrase()) });
    }
    Ok(outcome.written.into_iter().map(|written| ((written.kind, written.id), written)).collect())
}

/// Keeps what combining made that neither side had: bodies, and the versions that the two agree on from now on.
async fn put_combined(app: &App, tx: &mut Tx, root: ProjectId, plan: &Plan) -> Result<()> {
    for write in plan.writes() {
        let bodies = write.bodies.into_values().map(|text| NewContent::of(text.into_bytes()));
        content::put(tx, root, bodies.collect(), app.now()).await?;
        if let Some(agreed) = write.agreed {
            content::put_document(tx, root, &agreed.document, app.now()).await?;
        }
    }
    Ok(())
}

/// What the two agree on afterwards: what was taken, and what both had alike without knowing.
fn agreed(planned: &Planned) -> BTreeMap<Key, Option<ContentHash>> {
    let alike = planned.gathered.hashes.iter().filter(|(_, h)| h.source == h.target && h.source != h.base);
    let mut agreed: BTreeMap<_, _> = alike.map(|(key, h)| (*key, h.source)).collect();
    for write in planned.plan.writes() {
        agreed.extend(write.bases.into_iter().map(|(id, base)| ((write.kind, id), base)));
    }
    agreed
}

/// Refuses to remove credential links and keychains that the target still uses.
async fn check_removed_links(app: &App, tx: &mut Tx, view: &View, plan: &Plan) -> Result<()> {
    let written: BTreeSet<ResourceId> = plan.writes().map(|write| write.id).collect();
    match users(app, tx, view, &plan.removed(), &written).await?.into_iter().next() {
        None => Ok(()),
        Some(user) => {
            let resource = match user.needs {
                Uses::CredentialLink(link) => format!("credential link {link}"),
                Uses::Keychain(keychain) => format!("keychain {keychain}"),
            };
            let rule = format!("{}, which this merge leaves as it is, uses it", user.phrase());
            Err(Error::InvalidResult { resource, rule })
        }
    }
}

/// The projects that a merge scheduled for deletion, or whose undoing restored them.
#[derive(Debug, Default)]
pub(super) struct Moved {
    pub(super) scheduled: Vec<ProjectId>,
    pub(super) restored: Vec<ProjectId>,
}

/// What the audit trail says of a merge. `first`: the first of the target's revisions that it took, or would have; none in
/// another tree than the target's.
pub(super) fn trace(record: &MergeRecord, first: Option<Revision>, moved: &Moved) -> Trace {
    let detail = serde_json::json!({
        "source": record.source, "first_revision": first, "revision": record.target_revision,
        "scheduled": moved.scheduled, "restored": moved.restored,
        "resources": record.resource_count, "retired_source": record.retired_source,
        "unreviewed": record.unreviewed, "reverts": record.reverts,
    });
    let subject = Some(("merge", record.id.0));
    Trace { root: Some(record.root), project: Some(record.target), subject, detail }
}
