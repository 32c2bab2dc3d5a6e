//! What a project sees: its own resources, and through its fork points those of its ancestors as they were then.

use std::sync::Arc;

use moka::sync::Cache;
use sandbar_model::{ProjectId, Result, Revision, project::ProjectRef};

use crate::db::Tx;

/// The levels that a read falls through, the project itself first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The root of the tree: contents are kept there.
    pub root: ProjectId,
    /// At most six: a sandbox's depth is at most 5.
    pub levels: Vec<Level>,
}

/// One project in a view, as it was at a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Whose rows.
    pub project: ProjectId,
    /// What was written later is not seen.
    pub cap: Revision,
}

impl View {
    /// The same as the project was at `revision`.
    #[must_use]
    pub fn at(&self, revision: Revision) -> Self {
        let mut view = self.clone();
        if let Some(own) = view.levels.first_mut() {
            own.cap = revision;
        }
        view
    }

    /// What a read falls through to after the project's own rows.
    pub fn inherited(&self) -> &[Level] {
        self.levels.get(1..).unwrap_or_default()
    }

    /// The level that belongs to `project`, if the view reads it.
    pub fn level_of(&self, project: ProjectId) -> Option<(usize, Level)> {
        self.levels.iter().copied().enumerate().find(|(_, level)| level.project == project)
    }
}

/// Finds the views of projects and remembers them.
///
/// A fork point never moves, but for `keep_children`, which copies what a child saw through the deleted project into the
/// child (at revision 0) before it moves the child up. A view that was remembered from before still reads the same then:
/// the copies come first, and what lies beyond them did not change. So nothing here is ever invalidated.
#[derive(Debug)]
pub struct Views {
    ancestors: Cache<(ProjectId, ProjectId), Arc<[Level]>>,
}

impl Default for Views {
    fn default() -> Self {
        Self { ancestors: Cache::new(100_000) }
    }
}

impl Views {
    /// What `project` sees now.
    pub async fn of(&self, tx: &mut Tx, project: impl Into<ProjectRef>) -> Result<View> {
        let project = project.into();
        let own = Level { project: project.id, cap: Revision::NEWEST };
        let Some(fork) = project.fork else {
            return Ok(View { root: project.root, levels: vec![own] });
        };
        // The parent is in the key, so that a project that moved up does not keep a longer way than it needs.
        let key = (project.id, fork.parent);
        let ancestors = if let Some(ancestors) = self.ancestors.get(&key) {
            ancestors
        } else {
            let ancestors: Arc<[Level]> = load(tx, fork.parent, fork.at).await?.into();
            self.ancestors.insert(key, Arc::clone(&ancestors));
            ancestors
        };
        let levels = std::iter::once(own).chain(ancestors.iter().copied()).collect();
        Ok(View { root: project.root, levels })
    }
}

async fn load(tx: &mut Tx, parent: ProjectId, at: Revision) -> Result<Vec<Level>> {
    let rows: Vec<(uuid::Uuid, i64)> = tx
        .sql(
            "-- view.load
            WITH RECURSIVE chain (id, parent_id, fork_seq, cap, level) AS (
                SELECT id, parent_id, fork_seq, CAST($2 AS BIGINT), 1 FROM projects WHERE id = $1
                UNION ALL
                SELECT p.id, p.parent_id, p.fork_seq, chain.fork_seq, chain.level + 1
                FROM chain JOIN projects p ON p.id = chain.parent_id)
            SELECT id, cap FROM chain ORDER BY level",
        )
        .bind(parent.0)
        .bind(at.0)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id, cap)| Level { project: id.into(), cap: Revision(cap) }).collect())
}
