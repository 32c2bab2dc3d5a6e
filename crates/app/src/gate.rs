//! The gate that every call goes through: one statement tells who calls and what they are in the project.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use sandbar_model::{
    Error, Kind, PrincipalId, Project, ProjectId, ResourceId, Result, Role, Time, TokenId,
    access::{PrincipalKind, Scope},
    policy::{self, Action, Refusal, Standing},
    project::ProjectRef,
    time::MINUTE,
};
use sandbar_store::{Tx, gate, principal, resource::Found, token};

use crate::{App, Call};

/// Who calls, as the database knows it now.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) id: PrincipalId,
    pub(crate) kind: PrincipalKind,
    pub(crate) administrator: bool,
    pub(crate) token: TokenId,
    pub(crate) scope: Scope,
    /// When the token ends; none: never.
    pub(crate) expire_time: Option<Time>,
    /// Whether the token counts as made with a second factor.
    pub(crate) mfa: bool,
}

/// A caller in a project.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) caller: Caller,
    pub(crate) project: Project,
    pub(crate) standing: Standing,
}

impl Caller {
    /// Refuses tokens that are limited to one project.
    pub(crate) fn unlimited(&self) -> Result<()> {
        if self.scope.project.is_some() { Err(Error::TokenLimited) } else { Ok(()) }
    }

    /// Refuses tokens that are limited to one project or to a role: credentials are their owner's in every project.
    pub(crate) fn whole(&self) -> Result<()> {
        self.unlimited()?;
        if self.scope.max_role.is_some() { Err(Error::TokenLimited) } else { Ok(()) }
    }

    /// Refuses all but service administrators with an unlimited token.
    pub(crate) fn administrator(&self) -> Result<()> {
        self.unlimited()?;
        let lowered = self.scope.max_role.is_some();
        if self.administrator && !lowered { Ok(()) } else { Err(Error::AdministratorRequired) }
    }
}

impl Caller {
    /// Refuses that a project requires a second factor from now on to who has none: they could not come back in.
    pub(crate) fn may_require_mfa(&self, (before, after): (bool, bool), prefix: &str) -> Result<()> {
        if before || !after || self.mfa {
            return Ok(());
        }
        let problem =
            "needs a token that was made with a second factor: with this one you could not come back in";
        Err(Error::invalid(format!("{prefix}.settings.requires_mfa"), problem))
    }
}

impl Entry {
    /// Refuses who is somebody here, but has no second factor where one is required; else as the policy says. To whom the
    /// project is hidden it stays that.
    fn strong_and(&self, may: Result<()>) -> Result<()> {
        match may {
            Err(Error::ProjectNotFound { .. }) => may,
            may => strong(self.caller.mfa, (&self.project).into()).and(may),
        }
    }

    /// Refuses an action that the caller may not do here.
    pub(crate) fn may(&self, action: Action) -> Result<()> {
        may(self.standing, action, self.project.id)
    }

    /// Refuses a project that is scheduled for deletion: it answers nothing but get, list and restore.
    pub(crate) fn active(&self) -> Result<()> {
        active(&self.project)
    }

    /// The role that the caller has, for the answer.
    pub(crate) fn role(&self) -> Option<Role> {
        self.standing.role
    }
}

fn may(standing: Standing, action: Action, project: ProjectId) -> Result<()> {
    policy::may(standing, action).map_err(|refusal| match refusal {
        Refusal::Hidden => hidden(project),
        Refusal::Needs(needs) => Error::PermissionDenied { action, needs, project },
    })
}

/// See [`Entry::strong_and`].
fn strong(mfa: bool, project: ProjectRef) -> Result<()> {
    if mfa || !project.requires_mfa { Ok(()) } else { Err(Error::MfaRequired { project: project.id }) }
}

/// See [`Entry::active`].
pub(crate) fn active(project: &Project) -> Result<()> {
    match project.scheduled {
        None => Ok(()),
        Some(schedule) => {
            Err(Error::ProjectScheduled { project: project.id, purge_time: schedule.purge_time })
        }
    }
}

/// What a project that the caller may not see answers, and one that does not exist.
pub(crate) fn hidden(project: ProjectId) -> Error {
    Error::ProjectNotFound { project: project.to_string() }
}

impl App {
    /// Lets a caller in, for calls that are not about a project.
    pub(crate) async fn caller(&self, tx: &mut Tx, call: &Call) -> Result<Caller> {
        let entry = gate::enter(tx, call.credentials.token()?, None).await?;
        self.checked(call, &entry.ok_or(Error::TokenInvalid)?)
    }

    /// Lets a caller into a project to do something there.
    ///
    /// # Errors
    /// [`Error::ProjectNotFound`] when there is none that the caller may see, [`Error::MfaRequired`],
    /// [`Error::PermissionDenied`] when the role is too low, [`Error::ProjectScheduled`] for everything but seeing and restoring what is scheduled.
    pub(crate) async fn enter(
        &self,
        tx: &mut Tx,
        call: &Call,
        project: ProjectId,
        action: Action,
    ) -> Result<Entry> {
        let entry = self.enter_any(tx, call, project, action).await?;
        if action != Action::See {
            entry.active()?;
        }
        Ok(entry)
    }

    /// Like [`Self::enter`], for the two calls that scheduled projects answer beside being seen.
    pub(crate) async fn enter_any(
        &self,
        tx: &mut Tx,
        call: &Call,
        project: ProjectId,
        action: Action,
    ) -> Result<Entry> {
        let entry = self.in_project(tx, call, project).await?;
        entry.strong_and(entry.may(action))?;
        Ok(entry)
    }

    /// Like [`Self::enter_any`], for restoring: the one thing that needs no second factor anywhere.
    pub(crate) async fn enter_to_restore(
        &self,
        tx: &mut Tx,
        call: &Call,
        project: ProjectId,
        action: Action,
    ) -> Result<Entry> {
        let entry = self.in_project(tx, call, project).await?;
        entry.may(action)?;
        Ok(entry)
    }

    /// A caller in a project, before anything was asked of them.
    async fn in_project(&self, tx: &mut Tx, call: &Call, project: ProjectId) -> Result<Entry> {
        let found = gate::enter(tx, call.credentials.token()?, Some(project)).await?;
        self.admitted(tx, call, found, project).await
    }

    /// Lets a worker into a project to take runs out of its queue; see [`policy::may_work`].
    ///
    /// # Errors
    /// [`Error::ProjectNotFound`] when there is none that the caller may see, [`Error::MfaRequired`],
    /// [`Error::WorkerRequired`], [`Error::ProjectScheduled`].
    pub(crate) async fn enter_to_work(&self, tx: &mut Tx, call: &Call, project: ProjectId) -> Result<Entry> {
        let entry = self.in_project(tx, call, project).await?;
        let is_account = entry.caller.kind == PrincipalKind::ServiceAccount;
        let may = policy::may_work(is_account, entry.standing).map_err(|refusal| match refusal {
            Refusal::Hidden => hidden(project),
            Refusal::Needs(_) => Error::WorkerRequired,
        });
        entry.strong_and(may)?;
        entry.active()?;
        Ok(entry)
    }

    /// Lets a caller into a project to see one resource there, and says what the project itself has of it.
    ///
    /// # Errors
    /// [`Error::ProjectNotFound`] when there is none that the caller may see, [`Error::MfaRequired`].
    pub(crate) async fn enter_to_read(
        &self,
        call: &Call,
        project: ProjectId,
        (kind, id): (Kind, ResourceId),
    ) -> Result<(ProjectRef, Option<Found>)> {
        let question = gate::Question { hash: *call.credentials.token()?, project, kind, id };
        let found = self.readings.ask(question).await?.ok_or(Error::TokenInvalid)?;
        let gate::Bearer { principal, scope, mfa, .. } = found.bearer;
        self.check(call, &found.bearer)?;
        let facts = found.project.ok_or_else(|| hidden(project))?;
        // Only who has no role needs to be a support user.
        let support = found.role.is_none()
            && facts.allow_support_access
            && Box::pin(self.is_support(principal)).await?;
        let in_scope = match scope.project {
            None => true,
            Some(limit) if limit == project => true,
            Some(_) => Box::pin(self.in_scope_alone(scope, facts)).await?,
        };
        // A role in the root lets nobody see a sandbox.
        let standing = policy::standing(found.role, None, support, scope.max_role, in_scope);
        may(standing, Action::See, project)?;
        strong(mfa || call.credentials.mfa(), facts)?;
        Ok((facts, found.head))
    }

    async fn is_support(&self, id: PrincipalId) -> Result<bool> {
        let principal = principal::get(&mut self.db.connection().await?, id).await?;
        Ok(principal.is_some_and(|principal| principal.kind == PrincipalKind::Support))
    }

    /// Turns what the gate found into a caller in a project.
    async fn admitted(
        &self,
        tx: &mut Tx,
        call: &Call,
        found: Option<gate::Entry>,
        wanted: ProjectId,
    ) -> Result<Entry> {
        let found = found.ok_or(Error::TokenInvalid)?;
        let caller = self.checked(call, &found)?;
        let project = found.project.ok_or_else(|| hidden(wanted))?;
        let in_scope = self.in_scope(tx, caller.scope, (&project).into()).await?;
        let support = caller.kind == PrincipalKind::Support && project.profile.settings.allow_support_access;
        let standing =
            policy::standing(found.role, found.root_role, support, caller.scope.max_role, in_scope);
        Ok(Entry { caller, project, standing })
    }

    /// Whether a token reaches as far as a project.
    async fn in_scope(&self, tx: &mut Tx, scope: Scope, project: ProjectRef) -> Result<bool> {
        Ok(match scope.project {
            None => true,
            Some(limit) if limit == project.id => true,
            Some(limit) => self.views.of(tx, project).await?.level_of(limit).is_some(),
        })
    }

    async fn in_scope_alone(&self, scope: Scope, project: ProjectRef) -> Result<bool> {
        self.in_scope(&mut self.db.connection().await?, scope, project).await
    }

    fn checked(&self, call: &Call, entry: &gate::Entry) -> Result<Caller> {
        self.check(call, &entry.bearer)?;
        let gate::Bearer { principal: id, token, scope, expire_time, mfa, .. } = entry.bearer;
        let (kind, administrator) = (entry.kind, entry.administrator);
        let mfa = mfa || call.credentials.mfa();
        let expire_time = [expire_time, call.credentials.expire_time()].into_iter().flatten().min();
        Ok(Caller { id, kind, administrator, token, scope, expire_time, mfa })
    }

    /// Refuses tokens that are over, and notes the use of the others.
    fn check(&self, call: &Call, bearer: &gate::Bearer) -> Result<()> {
        let now = self.now();
        let ends = [bearer.expire_time, call.credentials.expire_time()];
        if bearer.revoke_time.is_some() || ends.into_iter().flatten().any(|end| end <= now) {
            return Err(Error::TokenInvalid);
        }
        if bearer.last_use_time.is_none_or(|last| last.plus(MINUTE) <= now) {
            self.uses.note(bearer.token, now);
        }
        // A call enters several projects, always as the same one.
        let _ = call.caller.set(bearer.principal);
        Ok(())
    }

    /// Writes down when tokens were last used; called every few seconds, so that reads write nothing.
    ///
    /// # Errors
    /// When the database can't be written; the uses are then kept for the next time.
    pub async fn note_token_uses(&self) -> Result<()> {
        let uses = self.uses.take();
        if uses.is_empty() {
            return Ok(());
        }
        let noted = async {
            let mut tx = self.db.write().await?;
            token::note_use(&mut tx, &uses).await?;
            tx.commit().await
        };
        noted.await.inspect_err(|_| uses.iter().for_each(|(token, time)| self.uses.note(*token, *time)))
    }
}

/// When tokens were used since that was last written down.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<BTreeMap<TokenId, Time>>);

impl Uses {
    fn note(&self, token: TokenId, time: Time) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(token, time);
    }

    fn take(&self) -> Vec<(TokenId, Time)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_iter().collect()
    }
}
