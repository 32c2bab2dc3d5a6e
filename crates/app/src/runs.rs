//! Runs of workflows: people start, see and cancel them; workers claim them, read what their steps sign in with, and say
//! how they ended (1-domain §8).

mod bearer;
mod cancel;
mod claim;
mod finish;
mod get;
mod heartbeat;
mod list;
mod lost;
mod resolve;
mod start;
mod work;

pub use cancel::{CancelRun, cancel};
pub use claim::{ClaimRuns, MAX_CLAIM, claim};
pub use finish::{FinishRun, MAX_STEP_BYTES, MAX_STEP_RESULTS, StepOutput, finish};
pub use get::{GetRun, get};
pub use heartbeat::{Heartbeat, heartbeat};
pub use list::{ListRuns, list};
pub(crate) use lost::settle;
pub use resolve::{ResolveCredential, Resolved, resolve};
pub use start::{Input, StartRun, Started, start};
pub use work::Work;

pub use sandbar_store::run::Filter;

use sandbar_model::{Error, Result, Run, RunId};
use sandbar_store::{Tx, run};

use crate::{gate::Entry, repeat::Trace};

/// A run of the project that was entered.
async fn of_project(tx: &mut Tx, entry: &Entry, id: RunId) -> Result<Run> {
    run::get(tx, entry.project.id, id).await?.ok_or(Error::RunNotFound { id })
}

/// What the audit trail says of a run. What runs begin and end with, and what their workers say, may be secret.
fn trace(run: &Run, detail: serde_json::Value) -> Trace {
    Trace { root: Some(run.root), project: Some(run.project), subject: Some(("run", run.id.0)), detail }
}
