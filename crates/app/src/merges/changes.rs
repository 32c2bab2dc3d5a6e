//! What a merge changed, field by field, worked out from the versions that its record names. Those are kept as long as
//! the record ([`sandbar_store::sweep`]), however long ago their history was pruned.

use std::collections::{BTreeMap, VecDeque};

use sandbar_merge::{FieldChange, combine::Resolution, field};
use sandbar_model::{ContentHash, Error, Kind, MergeId, ResourceId, Result, policy::Action};
use sandbar_store::merge_record::{self, MergeRecord, MergedResource};

use super::{chosen, diff::with_diffs, record::visible};
use crate::{App, Call};

/// Resources read at once. Their contents are read one resource at a time.
const PAGE: i64 = 500;

/// Asks what a merge changed.
#[derive(Clone, Copy, Debug)]
pub struct GetChanges {
    /// Which.
    pub merge: MergeId,
    /// Only this resource of the target.
    pub resource: Option<(Kind, ResourceId)>,
    /// Only what comes after this one.
    pub after: Option<(Kind, ResourceId)>,
}

/// What a merge changed, one resource after the other.
#[derive(Debug)]
pub struct Changes {
    record: MergeRecord,
    settled: BTreeMap<(Kind, ResourceId), BTreeMap<String, Resolution>>,
    resource: Option<(Kind, ResourceId)>,
    after: Option<(Kind, ResourceId)>,
    read: VecDeque<MergedResource>,
    ended: bool,
}

/// One resource that a merge wrote.
#[derive(Debug)]
pub struct ChangeView {
    /// What the record says.
    pub resource: MergedResource,
    /// Each difference: `target` is what was before, `source` what came; for those in a body, with the unified diff.
    pub fields: Vec<(FieldChange, String)>,
    /// How conflicts were settled, by path.
    pub resolutions: BTreeMap<String, Resolution>,
}

/// What a merge changed, by kind and id. Needs to see its target: it is the target's contents that are shown, before and
/// after, and who sees the source only must not learn of edits that were made in the target.
///
/// # Errors
/// [`Error::MergeNotFound`] to whoever sees neither; [`Error::ProjectNotFound`] to whoever sees the source only, as when
/// the target is gone; [`Error::TokenInvalid`].
pub async fn changes(app: &App, call: &Call, request: &GetChanges) -> Result<Changes> {
    let mut tx = app.db.read().await?;
    let record = visible(app, &mut tx, call, request.merge).await?.record;
    app.enter(&mut tx, call, record.target, Action::See).await?;
    let settled = chosen::read(&record.choices)?.settled;
    Ok(Changes {
        settled: settled.into_iter().map(|one| ((one.kind, one.id), one.resolutions)).collect(),
        record,
        resource: request.resource,
        after: request.after,
        read: VecDeque::new(),
        ended: false,
    })
}

impl Changes {
    /// The next one. None: that was all.
    ///
    /// # Errors
    /// [`Error::MergeNotFound`] when the record was purged meanwhile.
    pub async fn next(&mut self, app: &App) -> Result<Option<ChangeView>> {
        match self.read_next(app).await {
            // Nothing is missing as long as the record is there.
            Err(Error::Bug(_)) if self.is_gone(app).await? => {
                Err(Error::MergeNotFound { id: self.record.id })
            }
            next => next,
        }
    }

    async fn is_gone(&self, app: &App) -> Result<bool> {
        let mut tx = app.db.connection().await?;
        Ok(merge_record::get(&mut tx, self.record.id).await?.is_none())
    }

    async fn read_next(&mut self, app: &App) -> Result<Option<ChangeView>> {
        if self.read.is_empty() && !self.ended {
            self.read_page(app).await?;
        }
        let Some(resource) = self.read.pop_front() else { return Ok(None) };
        let changes = self.compare(app, &resource).await?;
        let fields = with_diffs(app, self.record.root.into(), changes, &BTreeMap::new()).await?;
        let resolutions = self.settled.remove(&(resource.kind, resource.id)).unwrap_or_default();
        Ok(Some(ChangeView { resource, fields, resolutions }))
    }

    async fn read_page(&mut self, app: &App) -> Result<()> {
        let mut tx = app.db.connection().await?;
        let id = self.record.id;
        if let Some((kind, resource)) = self.resource {
            let one = merge_record::resource(&mut tx, id, kind, resource).await?;
            self.read.extend(one.filter(|one| self.after.is_none_or(|after| (one.kind, one.id) > after)));
            self.ended = true;
            return Ok(());
        }
        let page = merge_record::resources(&mut tx, id, self.after, PAGE).await?;
        self.ended = i64::try_from(page.len()).is_ok_and(|rows| rows < PAGE);
        self.after = page.last().map(|last| (last.kind, last.id));
        self.read.extend(page);
        if self.read.is_empty() && merge_record::get(&mut tx, id).await?.is_none() {
            return Err(Error::MergeNotFound { id });
        }
        Ok(())
    }

    async fn compare(&self, app: &App, resource: &MergedResource) -> Result<Vec<FieldChange>> {
        let mut tx = app.db.connection().await?;
        let base = match self.record.reverts {
            None => resource.base_before,
            // An undo compares what is there with what the merge had left.
            Some(undone) => {
                let left = merge_record::resource(&mut tx, undone, resource.kind, resource.id).await?;
                left.and_then(|left| left.after)
            }
        };
        let hashes = [base, resource.before, resource.after];
        let root = self.record.root;
        let documents = app.contents.documents(&mut tx, root, hashes.into_iter().flatten().collect()).await?;
        let document = |hash: Option<ContentHash>| hash.and_then(|hash| documents.get(&hash)).map(|d| &**d);
        let [base, before, after] = hashes.map(document);
        Ok(field::changes(base, before, after))
    }
}
