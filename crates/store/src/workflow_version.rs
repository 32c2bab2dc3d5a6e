//! The states of workflows that clients of OpenFn were shown: by what such a client knows a state, a digest of it. A client
//! remembers the last one it got, and finds out by it whether a workflow has moved on, and whether what it has grew out of
//! what is there. Written only when a new state is shown, so nobody else pays for it.

use std::collections::HashMap;

use sandbar_model::{ProjectId, ResourceId, Result, Revision};
use uuid::Uuid;

use crate::{
    db::Tx,
    text,
    view::{Level, View},
};

/// More than is ever shown of one workflow: what is handed down comes before what the child has.
const BEFORE: i64 = 1_000_000_000;

/// A state that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowVersion {
    /// Of which project.
    pub project: ProjectId,
    /// Of which workflow.
    pub workflow: ResourceId,
    /// Its place among those of the same revision.
    pub number: i64,
    /// 12 lower-case hexadecimal digits.
    pub digest: String,
    /// The revision that the project had of the workflow; 0: what it saw of its ancestors.
    pub revision: Revision,
}

/// What was shown of these workflows, in this project and in its ancestors up to the fork; for each workflow the oldest
/// first.
pub async fn shown(
    tx: &mut Tx,
    view: &View,
    workflows: &[ResourceId],
) -> Result<HashMap<ResourceId, Vec<WorkflowVersion>>> {
    let mut shown: HashMap<ResourceId, Vec<WorkflowVersion>> = HashMap::new();
    for level in view.levels.iter().rev() {
        for version in at(tx, *level, workflows).await? {
            shown.entry(version.workflow).or_default().push(version);
        }
    }
    Ok(shown)
}

async fn at(tx: &mut Tx, level: Level, workflows: &[ResourceId]) -> Result<Vec<WorkflowVersion>> {
    const SELECT: &str = "-- workflow_version.at
        SELECT workflow_id, number, digest, seq FROM workflow_versions
        WHERE project_id = $1 AND seq <= $2 AND workflow_id IN";
    let mut found = Vec::new();
    for chunk in workflows.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::seek(tx.is_postgres(), SELECT, 3, size));
        statement = statement.bind(level.project.0).bind(level.cap.0);
        for id in text::filled(chunk, size) {
            statement = statement.bind(id.0);
        }
        let rows: Vec<(Uuid, i64, String, i64)> = statement.all().await?;
        found.extend(rows.into_iter().map(|(workflow, number, digest, seq)| WorkflowVersion {
            project: level.project,
            workflow: workflow.into(),
            number,
            digest,
            revision: Revision(seq),
        }));
    }
    let place = |version: &WorkflowVersion| (version.revision, version.number, version.digest.clone());
    found.sort_by_cached_key(place);
    Ok(found)
}

/// Remembers what is shown. What another server has remembered meanwhile stays.
pub async fn put(tx: &mut Tx, versions: &[WorkflowVersion]) -> Result<()> {
    const INSERT: &str = "-- workflow_version.put
        INSERT INTO workflow_versions (project_id, workflow_id, number, digest, seq) VALUES";
    for chunk in text::chunks(versions, text::ROWS) {
        let mut statement = tx.sql(text::rows(INSERT, 5, chunk.len(), "ON CONFLICT DO NOTHING"));
        for version in chunk {
            statement = statement.bind(version.project.0).bind(version.workflow.0).bind(version.number);
            statement = statement.bind(version.digest.as_str()).bind(version.revision.0);
        }
        statement.execute().await?;
    }
    Ok(())
}

/// Copies what `child` saw of its parent's into it, before it moves up past the parent.
pub(crate) async fn hand_down(tx: &mut Tx, parent: Level, child: ProjectId) -> Result<()> {
    tx.sql(
        "-- workflow_version.hand_down
        INSERT INTO workflow_versions (project_id, workflow_id, number, digest, seq)
        SELECT p.id, v.workflow_id, v.number - $2, v.digest, 0 FROM workflow_versions v, projects p
        WHERE p.id = $1 AND v.project_id = $3 AND v.seq <= $4
        ON CONFLICT DO NOTHING",
    )
    .bind(child.0)
    .bind(BEFORE)
    .bind(parent.project.0)
    .bind(parent.cap.0)
    .execute()
    .await?;
    Ok(())
}
