//! What would be lost with a sandbox.

use sandbar_model::{Kind, Project, ProjectId, ResourceId, Result};
use sandbar_store::{Tx, resource};
use serde::{Deserialize, Serialize};

use crate::App;

/// How many are listed: enough for a last look, however much there is.
const MOST: usize = 100;

/// A resource that differs from what its sandbox and the parent last agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmergedResource {
    /// The sandbox.
    pub project: ProjectId,
    /// What it is.
    pub kind: Kind,
    /// Which.
    pub id: ResourceId,
    /// What it is called there; if it was deleted there, what it was called before.
    pub name: String,
}

/// At most 100 resources of projects of one tree that were changed and not merged, in the order of the projects.
pub(super) async fn unmerged(app: &App, tx: &mut Tx, projects: &[Project]) -> Result<Vec<UnmergedResource>> {
    let mut rows = Vec::new();
    for project in projects.iter().filter(|project| project.is_sandbox()) {
        let room = MOST.saturating_sub(rows.len());
        if room == 0 {
            break;
        }
        let found = resource::unmerged(tx, project.id, room).await?;
        rows.extend(found.into_iter().map(|row| (project.id, row)));
    }
    let Some(root) = projects.first().map(|project| project.root) else { return Ok(Vec::new()) };
    let hashes = rows.iter().filter_map(|(_, row)| row.hash.or(row.base)).collect();
    let documents = app.contents.documents(tx, root, hashes).await?;
    let named = rows.into_iter().map(|(project, row)| {
        let document = row.hash.or(row.base).and_then(|hash| documents.get(&hash));
        let name = document.map(|document| document.title()).unwrap_or_default();
        UnmergedResource { project, kind: row.kind, id: row.id, name }
    });
    Ok(named.collect())
}
