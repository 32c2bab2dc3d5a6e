//! The records of merges: for auditors, and for undo.

use sandbar_model::{Error, MergeId, ProjectId, Result, policy::Action};
use sandbar_store::{
    Tx,
    merge_record::{self, Filter, MergeRecord, MergedResource},
};

use super::chosen::{self, Chosen};
use crate::{
    App, Call,
    view::{Page, Stamp, stamp},
};

/// The most resources that come with a record itself, so that it fits a message however many there are.
const FIRST: i64 = 1000;

/// Asks for a page of merges.
#[derive(Clone, Debug)]
pub struct ListMerges {
    /// Into or out of which project.
    pub project: ProjectId,
    /// Which of them.
    pub filter: Filter,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// A merge as a caller sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct MergeView {
    /// The record.
    pub record: MergeRecord,
    /// Who and when.
    pub stamp: Stamp,
    /// The first of them, key by key; empty in lists, and for who does not see the target. See [`super::changes()`] for all.
    pub resources: Vec<MergedResource>,
    /// What the caller chose; none in lists, and for who does not see the target.
    pub chosen: Option<Chosen>,
}

/// The record of one merge. Needs to see its source or its target. To whoever does not see the target, it does not say what
/// was done there: what resources were called, and what was chosen in view of the target's contents.
///
/// # Errors
/// [`Error::MergeNotFound`], [`Error::TokenInvalid`].
pub async fn get(app: &App, call: &Call, id: MergeId) -> Result<MergeView> {
    let mut tx = app.db.read().await?;
    let seen = visible(app, &mut tx, call, id).await?;
    let view = view(app, &mut tx, id).await?;
    match seen.side {
        Side::Target => Ok(view),
        Side::Source => Ok(MergeView { resources: Vec::new(), chosen: None, ..view }),
    }
}

/// The merges into and out of a project, newest first. Needs to see it.
///
/// # Errors
/// [`Error::InvalidPageToken`], and the gate's.
pub async fn list(app: &App, call: &Call, request: &ListMerges) -> Result<Page<MergeView>> {
    let mut tx = app.db.read().await?;
    app.enter(&mut tx, call, request.project, Action::See).await?;
    let seal = format!("merges {} {:?}", request.project, request.filter);
    let (cursor, limit) = (app.sealer.cursor(&seal, &request.page_token)?, app.page_size(request.page_size)?);
    let before = match cursor.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| Error::InvalidPageToken)?),
    };
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut records =
        merge_record::page_of_project(&mut tx, request.project, &request.filter, before, one_more).await?;
    let more = records.len() > limit;
    records.truncate(limit);
    let next = records.last().filter(|_| more).map(|record| app.sealer.page(&seal, &record.id.to_string()));
    let names = app.names(&mut tx, records.iter().map(|record| record.principal).collect()).await?;
    let rows = records.into_iter().map(|record| MergeView {
        stamp: stamp(&names, record.time, record.principal),
        record,
        resources: Vec::new(),
        chosen: None,
    });
    Ok(Page { rows: rows.collect(), next_page_token: next.unwrap_or_default() })
}

/// A record, and from which side it is looked at.
pub(super) struct Seen {
    pub(super) record: MergeRecord,
    side: Side,
}

/// Who sees both looks from the target.
enum Side {
    Source,
    Target,
}

/// The record, if the caller sees its source or its target; else it is as if there was none, unless all that they lack is a
/// second factor.
pub(super) async fn visible(app: &App, tx: &mut Tx, call: &Call, id: MergeId) -> Result<Seen> {
    app.caller(tx, call).await?;
    let record = merge_record::get(tx, id).await?.ok_or(Error::MergeNotFound { id })?;
    let mut refusal = Error::MergeNotFound { id };
    for (project, side) in [(record.target, Side::Target), (record.source, Side::Source)] {
        match app.enter(tx, call, project, Action::See).await {
            Ok(_) => return Ok(Seen { record, side }),
            Err(Error::ProjectNotFound { .. }) => {}
            Err(error @ Error::MfaRequired { .. }) => refusal = error,
            Err(error) => return Err(error),
        }
    }
    Err(refusal)
}

/// A record with the first of what it wrote.
pub(super) async fn view(app: &App, tx: &mut Tx, id: MergeId) -> Result<MergeView> {
    let record = merge_record::get(tx, id).await?.ok_or(Error::MergeNotFound { id })?;
    let resources = merge_record::resources(tx, id, None, FIRST).await?;
    let stamp = app.stamp(tx, record.time, record.principal).await?;
    let chosen = Some(chosen::read(&record.choices)?);
    Ok(MergeView { record, stamp, resources, chosen })
}
