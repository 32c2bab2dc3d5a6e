//! Workflows as they are shown, remembered as long as nothing that they are made of changes.

use std::{fmt, time::Duration};

use moka::sync::Cache;
use sandbar_model::{ProjectId, ResourceId, Result, project::ProjectRef};
use sandbar_store::resource::Found;

use crate::{App, view::WorkflowView};

/// How much is remembered, in bytes.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Turns workflows into what callers get, such as an encoded answer, and remembers it. Nothing here is ever invalidated:
/// what tells one answer from the next is read from the database by every call. Only the name of who wrote a workflow
/// may be out of date, by two minutes at most.
pub struct Shown<T> {
    show: fn(WorkflowView) -> T,
    cache: Cache<Key, T>,
}

impl<T> fmt::Debug for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").finish_non_exhaustive()
    }
}

/// All that an answer is made of: a version's content and stamp, the project's triggers that are on, and its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    project: ProjectId,
    trigger_version: i64,
    id: ResourceId,
    found: Found,
}

impl<T: Clone + Send + Sync + 'static> Shown<T> {
    /// Shows workflows by `show`; `weigh` says how many bytes that takes.
    pub fn new(show: fn(WorkflowView) -> T, weigh: fn(&T) -> usize) -> Self {
        let cache = Cache::builder()
            .weigher(move |_, shown| u32::try_from(weigh(shown)).unwrap_or(u32::MAX))
            .max_capacity(CACHE_BYTES)
            .time_to_live(Duration::from_mins(1))
            .build();
        Self { show, cache }
    }

    /// A version of a workflow, as a project sees it.
    pub(super) async fn workflow(
        &self,
        app: &App,
        project: ProjectRef,
        id: ResourceId,
        found: Found,
    ) -> Result<T> {
        let key = Key { project: project.id, trigger_version: project.trigger_version, id, found };
        if let Some(shown) = self.cache.get(&key) {
            return Ok(shown);
        }
        let mut tx = app.db.connection().await?;
        let shown = (self.show)(app.workflow_view(&mut tx, project, id, found).await?);
        self.cache.insert(key, shown.clone());
        Ok(shown)
    }
}
