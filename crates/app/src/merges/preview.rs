//! Saying what a merge, or the undo of one, would do. Nothing changes.

use std::collections::{BTreeMap, HashMap};

use sandbar_merge::{Choices, FieldChange, Item, Plan};
use sandbar_model::{
    ContentHash, Error, MergeId, Project, ProjectId, Result, Revision, Time, policy::Action,
};
use sandbar_store::{Tx, content::Trees, merge_record, project, resource};

use super::{
    diff::with_diffs,
    gather::{self, Gathered, Hashes, Merger},
    lost,
    record::visible,
    relation::{Key, Relation},
};
use crate::{
    App, Call,
    credentials::{MissingCredential, of_plan},
    gate::Entry,
    seal::PlanToken,
    view::{ProjectView, Stamp, stamp},
};

/// Asks what a merge would do.
#[derive(Clone, Debug)]
pub struct PreviewMerge {
    /// From where.
    pub source: ProjectId,
    /// Into what; none: the source's parent.
    pub target: Option<ProjectId>,
    /// What the caller would choose.
    pub choices: Choices,
    /// Whether to schedule the source for deletion; none: when a sandbox merges into an ancestor.
    pub retire: Option<bool>,
}

/// Asks what undoing a merge would do.
#[derive(Clone, Debug)]
pub struct PreviewRevert {
    /// Which.
    pub merge: MergeId,
    /// What the caller would choose.
    pub choices: Choices,
}

/// What a merge would do.
#[derive(Debug)]
pub struct PlanView {
    /// Binds an apply to this plan.
    pub token: String,
    /// From where.
    pub source: ProjectView,
    /// Into what.
    pub target: ProjectView,
    /// Resource by resource.
    pub plan: Plan,
    /// What would become of the source; none: it stays.
    pub retirement: Option<Retirement>,
    /// Who wrote each resource last, in the source and in the target.
    pub stamps: BTreeMap<Key, (Option<Stamp>, Option<Stamp>)>,
    /// The credentials that the workflows it would write could not run with in the target.
    pub missing: Vec<MissingCredential>,
    trees: Trees,
}

/// What would be scheduled for deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retirement {
    /// The sandboxes below the source that would go with it.
    pub descendants: Vec<Project>,
    /// When all of them would be gone for good.
    pub purge_time: Time,
}

/// One resource of a plan, with its bodies' differences.
#[derive(Debug)]
pub struct ItemView<'a> {
    /// The resource.
    pub item: &'a Item,
    /// Each difference; for those in a body, the unified diff.
    pub fields: Vec<(FieldChange, String)>,
}

/// Says what a merge would do. Needs what applying it needs.
///
/// # Errors
/// As [`super::apply()`], but that nothing selected and a result that can't be are shown rather than refused.
pub async fn preview(app: &App, call: &Call, request: &PreviewMerge) -> Result<PlanView> {
    let mut tx = app.db.read().await?;
    let sides = sides(app, &mut tx, call, request.source, request.target).await?;
    sides.source.active()?;
    let planned = Planned::of(app, &mut tx, &sides, &request.choices, request.retire).await?;
    planned.view(app, &mut tx, sides).await
}

/// Says what undoing a merge would do. Needs editor on its target.
///
/// # Errors
/// [`Error::MergeNotFound`], [`Error::ChoiceUnknown`], and the gate's.
pub async fn preview_revert(app: &App, call: &Call, request: &PreviewRevert) -> Result<PlanView> {
    let mut tx = app.db.read().await?;
    let (sides, record) = revert_sides(app, &mut tx, call, request.merge).await?;
    let planned = Planned::undo(app, &mut tx, &sides, &record, &request.choices).await?;
    planned.view(app, &mut tx, sides).await
}

/// One resource of a plan for a person to read: its bodies are loaded now and compared line by line.
pub async fn describe<'a>(app: &App, view: &PlanView, item: &'a Item) -> Result<ItemView<'a>> {
    let fields = with_diffs(app, view.trees, item.fields(), &item.bodies).await?;
    Ok(ItemView { item, fields })
}

/// Both projects, entered.
#[derive(Debug)]
pub(super) struct Sides {
    pub(super) source: Entry,
    pub(super) target: Entry,
}

/// Lets the caller into both.
///
/// Merging *from* a project needs admin there (or in the root), because it can retire it. Syncing down from an ancestor
/// needs what cloning it anew would need.
///
/// Whether the source is scheduled for deletion is for the caller to look at: a repeat of the merge that retired it must
/// still get its answer.
pub(super) async fn sides(
    app: &App,
    tx: &mut Tx,
    call: &Call,
    source: ProjectId,
    target: Option<ProjectId>,
) -> Result<Sides> {
    if target == Some(source) {
        app.enter(tx, call, source, Action::See).await?;
        return Err(Error::MergeIntoItself);
    }
    // Whoever may do either sees the project; which of the two it takes is known with the target.
    let source = app.enter_any(tx, call, source, Action::MergeFrom).await;
    let source = match source {
        Err(Error::PermissionDenied { project, .. }) => app.enter_any(tx, call, project, Action::See).await?,
        entered => entered?,
    };
    let parent = source.project.fork.map(|fork| fork.parent);
    let target = target.or(parent).ok_or(Error::NotASandbox { project: source.project.id })?;
    let target = app.enter(tx, call, target, Action::MergeInto).await?;
    let down = app.views.of(tx, &target.project).await?.level_of(source.project.id).is_some();
    source.may(if down { Action::CreateSandbox } else { Action::MergeFrom })?;
    Ok(Sides { source, target })
}

/// The target of a merge, entered to undo it there, and its source as far as it is there.
pub(super) async fn revert_sides(
    app: &App,
    tx: &mut Tx,
    call: &Call,
    merge: MergeId,
) -> Result<(Sides, merge_record::MergeRecord)> {
    let record = visible(app, tx, call, merge).await?.record;
    let target = app.enter(tx, call, record.target, Action::MergeInto).await?;
    // Undoing asks nothing of the source, which may be gone.
    let source = project::get(tx, record.source).await?.unwrap_or_else(|| target.project.clone());
    Ok((Sides { source: Entry { project: source, ..target.clone() }, target }, record))
}

/// A plan with all that an apply needs beside it.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) gathered: Kept,
    pub(super) retirement: Option<Retirement>,
    /// None: an undo.
    pub(super) relation: Option<Relation>,
    pub(super) digest: ContentHash,
}

/// What is left of what was gathered, once the plan has taken the candidates.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) found: BTreeMap<Key, (Option<resource::Found>, Option<resource::Found>)>,
    /// What each resource's two sides agreed on, and those on which they agree now without knowing.
    pub(super) hashes: BTreeMap<Key, Hashes>,
}

impl Planned {
    pub(super) async fn of(
        app: &App,
        tx: &mut Tx,
        sides: &Sides,
        choices: &Choices,
        retire: Option<bool>,
    ) -> Result<Self> {
        let relation = Relation::of(app, tx, &sides.source.project, &sides.target.project).await?;
        let retirement = retirement(app, tx, sides, &relation, retire).await?;
        let gathered = gather::between(app, tx, &relation, Merger::of(&sides.target)).await?;
        let plan = gather::plan(app, tx, relation.trees(), &gathered, choices).await?;
        Ok(Self::finish(sides, gathered, plan, retirement, Some(relation)))
    }

    pub(super) async fn undo(
        app: &App,
        tx: &mut Tx,
        sides: &Sides,
        record: &merge_record::MergeRecord,
        choices: &Choices,
    ) -> Result<Self> {
        let done = merge_record::resources(tx, record.id, None, i64::MAX).await?;
        let hashes = done
            .iter()
            .map(|r| ((r.kind, r.id), Hashes { base: r.after, source: r.before, target: None }))
            .collect();
        let view = app.views.of(tx, &sides.target.project).await?;
        let gathered = gather::undo(app, tx, &view, hashes, Merger::of(&sides.target)).await?;
        let plan = gather::plan(app, tx, view.root.into(), &gathered, choices).await?;
        Ok(Self::finish(sides, gathered, plan, None, None))
    }

    fn finish(
        sides: &Sides,
        gathered: Gathered,
        plan: Plan,
        retirement: Option<Retirement>,
        relation: Option<Relation>,
    ) -> Self {
        let hash = |state: &Option<sandbar_merge::State>| state.as_ref().map(|state| state.hash);
        let hashes = gathered
            .candidates
            .iter()
            .map(|c| {
                let hashes = Hashes { base: hash(&c.base), source: hash(&c.source), target: hash(&c.target) };
                ((c.kind, c.id), hashes)
            })
            .collect();
        let digest = digest(sides, &plan, retirement.as_ref(), relation.is_none());
        Self { plan, gathered: Kept { found: gathered.found, hashes }, retirement, relation, digest }
    }

    /// Names the resources of the plan that were written since a token was given.
    pub(super) fn moved(&self, token: &PlanToken, sides: &Sides) -> Vec<String> {
        let later = |found: &Option<resource::Found>, since: Revision| {
            found.is_some_and(|found| found.level == 0 && found.revision > since)
        };
        let named: HashMap<Key, &str> =
            self.plan.items.iter().map(|item| ((item.kind, item.id), item.name.as_str())).collect();
        let mut moved: Vec<_> = self
            .gathered
            .found
            .iter()
            .filter(|(_, (source, target))| later(source, token.source) || later(target, token.target))
            .map(|(key, _)| {
                named.get(key).map_or_else(|| key.1.to_string(), |name| format!("{name:?} has moved"))
            })
            .take(20)
            .collect();
        if moved.is_empty() {
            moved.push(format!(
                "the choices, roles or settings between {:?} and {:?} are not those of the preview",
                sides.source.project.profile.name, sides.target.project.profile.name
            ));
        }
        moved
    }

    async fn view(self, app: &App, tx: &mut Tx, sides: Sides) -> Result<PlanView> {
        let found = self.gathered.found;
        let mut writers = Vec::with_capacity(found.len());
        for (one, other) in found.values() {
            writers.extend(one.iter().chain(other).map(|found| found.writer));
        }
        let names = app.names(tx, writers).await?;
        let of = |found: Option<resource::Found>| found.map(|f| stamp(&names, f.write_time, f.writer));
        let stamps = found.into_iter().map(|(key, (one, other))| (key, (of(one), of(other)))).collect();
        let token = app.sealer.plan(&PlanToken {
            source: sides.source.project.head,
            target: sides.target.project.head,
            digest: self.digest,
            lost: lost::foreseen(&self.plan),
        });
        let missing = of_plan(app, tx, &sides.target.project, &self.plan).await?;
        let view = |entry: Entry| ProjectView { role: entry.role(), project: entry.project };
        let trees = Trees::of(sides.source.project.root, sides.target.project.root);
        let (source, target) = (view(sides.source), view(sides.target));
        Ok(PlanView {
            token,
            source,
            target,
            plan: self.plan,
            retirement: self.retirement,
            stamps,
            missing,
            trees,
        })
    }
}

async fn retirement(
    app: &App,
    tx: &mut Tx,
    sides: &Sides,
    relation: &Relation,
    asked: Option<bool>,
) -> Result<Option<Retirement>> {
    let can = relation.upwards() && sides.source.project.is_sandbox();
    match asked {
        Some(true) if !can => return Err(Error::CannotRetire),
        Some(false) => return Ok(None),
        None if !can => return Ok(None),
        Some(true) | None => {}
    }
    sides.source.may(Action::ManageSandbox)?;
    let family = project::descendants(tx, sides.source.project.id).await?;
    let descendants = family.into_iter().filter(|project| project.id != sides.source.project.id).collect();
    Ok(Some(Retirement { descendants, purge_time: app.now().plus(app.limits.grace) }))
}

/// Of everything that the plan looked at, and of the facts about the projects that it used.
fn digest(sides: &Sides, plan: &Plan, retirement: Option<&Retirement>, undo: bool) -> ContentHash {
    let descendants: Vec<_> =
        retirement.iter().flat_map(|r| r.descendants.iter().map(|project| project.id)).collect();
    let facts = serde_json::json!([
        sides.source.project.id,
        sides.target.project.id,
        sides.source.standing.role,
        sides.target.standing.role,
        undo,
        retirement.is_some(),
        descendants,
        plan.fingerprint(),
    ]);
    ContentHash::of(facts.to_string().as_bytes())
}
