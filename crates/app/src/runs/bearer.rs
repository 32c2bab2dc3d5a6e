//! Letting in a worker by the token of its run.

use sandbar_model::{
    Error, Project, Result, Run, Time, TokenId, access::PrincipalKind, access::Scope, run::RunState,
};
use sandbar_store::{Tx, project, run, run::token};

use crate::{App, Call, Credentials, gate::Caller};

/// A worker, and the run that its token is for.
pub(super) struct Bearer {
    /// The worker, under the run's id in place of a token's.
    pub(super) caller: Caller,
    /// Where.
    pub(super) project: Project,
    /// The run, which nobody else changes until the transaction ends.
    pub(super) run: Run,
    /// The attempt that the token is of.
    attempt: i64,
}

impl App {
    /// Lets a worker in.
    ///
    /// # Errors
    /// [`Error::RunTokenRequired`] for users' tokens, [`Error::TokenInvalid`] for one that nobody was given, or whose worker
    /// is none any more.
    pub(super) async fn bearer(&self, tx: &mut Tx, call: &Call) -> Result<Bearer> {
        let Credentials::Run(hash) = &call.credentials else {
            self.caller(tx, call).await?;
            return Err(Error::RunTokenRequired);
        };
        let found = token::bearer(tx, hash, self.now()).await?.filter(|found| found.holds);
        let found = found.ok_or(Error::TokenInvalid)?;
        let run = run::lock(tx, found.run).await?.ok_or(Error::TokenInvalid)?;
        let worker = run.worker.ok_or(Error::TokenInvalid)?;
        let project = project::get(tx, found.project).await?.ok_or(Error::TokenInvalid)?;
        // A call is let in again when it is tried again, always as the same one.
        let _ = call.caller.set(worker);
        let caller = Caller {
            id: worker,
            kind: PrincipalKind::ServiceAccount,
            administrator: false,
            token: TokenId(run.id.0),
            scope: Scope { project: Some(run.project), max_role: None },
            expire_time: None,
            mfa: false,
        };
        Ok(Bearer { caller, project, run, attempt: found.attempt })
    }
}

impl Bearer {
    /// Refuses a worker that does not have the run any more.
    ///
    /// # Errors
    /// [`Error::RunLeaseLost`], [`Error::RunFinished`].
    pub(super) fn has_it(&self, now: Time) -> Result<()> {
        let Run { id, state, attempt, lease_time, .. } = self.run;
        let own = attempt == self.attempt;
        if own && state.is_over() {
            return Err(Error::RunFinished { run: id, state });
        }
        let running = state == RunState::Running && lease_time.is_some_and(|lease| lease > now);
        if own && running { Ok(()) } else { Err(Error::RunLeaseLost { run: id }) }
    }

    /// Whether this worker is the one that ended the run.
    pub(super) fn ended_it(&self) -> bool {
        self.run.attempt == self.attempt && self.run.state.is_over()
    }
}
