//! A workflow's history, newest first: its own project's revisions, then those of the ancestors it was cloned from.

use sandbar_model::{Error, Kind, ProjectId, ResourceId, Result, Revision, policy::Action};
use sandbar_store::{
    Tx,
    resource::{self, Version},
    view::View,
};

use super::missing;
use crate::{
    App, Call,
    view::{Page, Stamp, stamp},
};

/// Asks for a page of a workflow's history.
#[derive(Clone, Debug)]
pub struct ListRevisions {
    /// Where.
    pub project: ProjectId,
    /// Which; it may be deleted.
    pub id: ResourceId,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// One revision.
#[derive(Clone, Debug, PartialEq)]
pub struct RevisionView {
    /// What was written.
    pub version: Version,
    /// Who and when.
    pub written: Stamp,
}

/// Lists a workflow's revisions. Needs to see the project.
///
/// # Errors
/// [`Error::ResourceNotFound`] when there never was such a workflow, [`Error::InvalidPageToken`], and the gate's.
pub async fn revisions(app: &App, call: &Call, request: &ListRevisions) -> Result<Page<RevisionView>> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    let seal = format!("revisions {} {}", request.project, request.id);
    let (cursor, limit) = (app.sealer.cursor(&seal, &request.page_token)?, app.page_size(request.page_size)?);
    let view = app.views.of(&mut tx, &entry.project).await?;
    let mut versions = collect(&mut tx, &view, request.id, &cursor, limit.saturating_add(1)).await?;
    if versions.is_empty() && cursor.is_empty() {
        return Err(missing(&request.id));
    }
    let more = versions.len() > limit;
    versions.truncate(limit);
    let next = versions.last().filter(|_| more).map(|last| format!("{} {}", last.project, last.revision));
    let names = app.names(&mut tx, versions.iter().map(|version| version.writer).collect()).await?;
    let rows = versions
        .into_iter()
        .map(|version| RevisionView { written: stamp(&names, version.write_time, version.writer), version })
        .collect();
    Ok(Page { rows, next_page_token: next.map(|next| app.sealer.page(&seal, &next)).unwrap_or_default() })
}

async fn collect(
    tx: &mut Tx,
    view: &View,
    id: ResourceId,
    cursor: &str,
    limit: usize,
) -> Result<Vec<Version>> {
    let (first, mut before) = match cursor.split_once(' ') {
        None => (0, Revision(i64::MAX)),
        Some((project, revision)) => {
            let project: ProjectId = project.parse().map_err(|_| Error::InvalidPageToken)?;
            let revision = revision.parse().map_err(|_| Error::InvalidPageToken)?;
            let (number, _) = view.level_of(project).ok_or(Error::InvalidPageToken)?;
            (number, Revision(revision))
        }
    };
    let mut versions = Vec::new();
    for level in view.levels.iter().skip(first) {
        let open = limit.saturating_sub(versions.len());
        if open == 0 {
            break;
        }
        versions.extend(resource::versions(tx, *level, Kind::Workflow, id, before, open).await?);
        before = Revision(i64::MAX);
    }
    Ok(versions)
}
