//! What trees use of what their subscription allows, period by period (1-domain §9).

mod get;
mod record;

use sandbar_model::{
    Error, ProjectId, Result, Run,
    usage::{Allowances, Period, Used},
};
use sandbar_store::{Tx, usage};
use serde::{Deserialize, Serialize};

pub use get::{GetUsage, ProjectUsage, UsageView, get};
pub use record::{RecordUsage, record};

use crate::App;

/// What a tree used in one period, and may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Its root.
    pub root: ProjectId,
    /// When.
    pub period: Period,
    /// What was used, in the root and all sandboxes, also in those that are gone.
    pub used: Used,
    /// What may be used in a period, as the subscription is now.
    pub allowances: Allowances,
}

impl Usage {
    pub(crate) async fn read(tx: &mut Tx, root: ProjectId, period: Period) -> Result<Self> {
        let used = usage::total(tx, root, period).await?;
        Ok(Self { root, period, used, allowances: usage::allowances(tx, root).await? })
    }

    /// Refuses another run where there may be none.
    ///
    /// # Errors
    /// [`Error::RunAllowanceReached`].
    pub(crate) fn has_run(&self) -> Result<()> {
        match self.allowances.max_runs {
            Some(limit) if self.used.runs >= limit => Err(self.no_run(limit)),
            _ => Ok(()),
        }
    }

    const fn no_run(&self, limit: i64) -> Error {
        Error::RunAllowanceReached { used: self.used.runs, limit, reset_time: self.period.end }
    }
}

/// Refuses a run that its tree has no allowance for, before any work is done for it. Only [`count_run`] is exact.
///
/// # Errors
/// [`Error::RunAllowanceReached`].
pub(crate) async fn may_run(app: &App, tx: &mut Tx, root: ProjectId) -> Result<()> {
    Usage::read(tx, root, Period::of(app.now())).await?.has_run()
}

/// Counts a run that starts.
///
/// # Errors
/// [`Error::RunAllowanceReached`].
pub(crate) async fn count_run(tx: &mut Tx, run: &Run) -> Result<()> {
    let (place, period) = ((run.root, run.project), Period::of(run.create_time));
    let max_runs = usage::allowances(tx, run.root).await?.max_runs;
    let most = Allowances { max_runs, max_ai_tokens: None };
    if usage::add(tx, place, period, Used::RUN, most).await? {
        return Ok(());
    }
    let there = Usage::read(tx, run.root, period).await?;
    Err(there.no_run(max_runs.unwrap_or_default()))
}

/// Counts what was used already, whatever is allowed: it is late to refuse that.
pub(crate) async fn count_tokens(app: &App, tx: &mut Tx, run: &Run, ai_tokens: i64) -> Result<()> {
    if ai_tokens > 0 {
        let (place, period) = ((run.root, run.project), Period::of(app.now()));
        usage::add(tx, place, period, Used::tokens(ai_tokens), Allowances::default()).await?;
    }
    Ok(())
}
