//! A watch under way.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use sandbar_model::{Error, PrincipalId, Project, ProjectId, Result, Revision, Time, policy::Action};
use sandbar_store::{
    Tx,
    audit::{self, Chained, Filter},
    resource::{self, Logged},
};
use tokio::time::{Instant, sleep_until};

use super::{
    ChangeKind, ChangeView, Message, ResourceChange, Watch,
    cursor::{Place, Range},
    hub::Seat,
    told::told,
};
use crate::{App, Call, SYSTEM};

/// Events or versions read at once: all that is kept in memory of one watch.
const PAGE: i64 = 200;
/// How soon a token that should be over by now is looked at again.
const SOON: Duration = Duration::from_secs(1);

/// A watch under way. Reads on only when what came before was taken, so who is slow holds up nobody.
#[derive(Debug)]
pub struct Watching {
    app: Arc<App>,
    call: Call,
    watch: Watch,
    seat: Seat,
    /// How far was read.
    place: Place,
    /// Where to end; none: never.
    end: Option<i64>,
    /// When the caller's token ends.
    expire_time: Option<Time>,
    /// What was read and not taken yet, each with the place after it.
    ready: VecDeque<(Place, ChangeView)>,
    /// Why it ends when that is taken.
    ending: Option<Error>,
    /// There may be more to read.
    behind: bool,
    began: bool,
}

impl Watching {
    pub(super) fn new(
        app: &Arc<App>,
        call: Call,
        watch: &Watch,
        seat: Seat,
        (place, end): (Place, Option<i64>),
        expire_time: Option<Time>,
    ) -> Self {
        Self {
            app: Arc::clone(app),
            call,
            watch: watch.clone(),
            seat,
            place,
            end,
            expire_time,
            ready: VecDeque::new(),
            ending: None,
            behind: true,
            began: false,
        }
    }

    /// The call that it is for.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// What comes next; waits for it. None: it was to end, and everything has come.
    ///
    /// # Errors
    /// Why it ends: the gate's when the caller may see the project no longer, [`Error::ProjectScheduled`],
    /// [`Error::ChangesPruned`], [`Error::ServerStopping`], or that the database can't be read.
    pub async fn next(&mut self) -> Result<Option<Message>> {
        if !self.began {
            self.began = true;
            return Ok(Some(self.sign_of_life()));
        }
        loop {
            if self.seat.is_stopping() {
                return Err(Error::ServerStopping);
            }
            if self.seat.is_woken() {
                self.behind = true;
                // What was read already may be for this caller no longer.
                if !self.ready.is_empty() {
                    self.admit().await?;
                }
            }
            if let Some((place, change)) = self.ready.pop_front() {
                let cursor = place.seal(&self.app.sealer, &self.watch);
                return Ok(Some(Message { cursor, change: Some(change) }));
            }
            if let Some(error) = self.ending.take() {
                return Err(error);
            }
            if self.end.is_some_and(|end| self.place.position >= end && self.place.range.is_none()) {
                return Ok(None);
            }
            if self.behind {
                self.read().await?;
            } else if !self.wait().await {
                self.admit().await?;
                self.behind = true;
                return Ok(Some(self.sign_of_life()));
            }
        }
    }

    fn sign_of_life(&self) -> Message {
        Message { cursor: self.place.seal(&self.app.sealer, &self.watch), change: None }
    }

    /// Waits until there may be something; false: for long enough without.
    async fn wait(&mut self) -> bool {
        let quiet = Instant::now() + self.app.limits.heartbeat;
        let over = self.expire_time.map(|end| {
            let left = end.0.saturating_sub(self.app.now().0);
            Duration::from_micros(u64::try_from(left).unwrap_or(0)).max(SOON)
        });
        let until =
            over.and_then(|left| Instant::now().checked_add(left)).map_or(quiet, |over| over.min(quiet));
        tokio::select! {
            () = self.seat.wait() => true,
            () = sleep_until(until) => false,
        }
    }

    /// Asks the gate again.
    async fn admit(&mut self) -> Result<()> {
        let mut tx = self.app.db.connection().await?;
        let entry = self.app.enter(&mut tx, &self.call, self.watch.project, Action::See).await?;
        // It may have been rotated, and end sooner.
        self.expire_time = entry.caller.expire_time;
        Ok(())
    }

    /// Reads what comes next, as far as fits.
    async fn read(&mut self) -> Result<()> {
        let mut tx = self.app.db.read().await?;
        let entry = self.app.enter(&mut tx, &self.call, self.watch.project, Action::See).await?;
        self.expire_time = entry.caller.expire_time;
        match self.place.range {
            Some(range) => self.read_versions(&mut tx, range).await,
            None => self.read_events(&mut tx, &entry.project).await,
        }
    }

    async fn read_versions(&mut self, tx: &mut Tx, range: Range) -> Result<()> {
        let Range { project, after, last } = range;
        if !self.sees(tx, project).await? {
            self.place.range = None;
            return Ok(());
        }
        let rows = resource::log(tx, project, (after, last), PAGE).await?;
        let names = self.app.names(tx, rows.iter().map(|row| row.writer).collect()).await?;
        // Each revision has its version, so where one is missing it was pruned.
        let mut pruned = i64::try_from(rows.len()).is_ok_and(|count| count < PAGE);
        let mut next = Revision(after.0.saturating_add(1));
        for row in rows {
            if row.revision != next {
                pruned = true;
                break;
            }
            next.0 += 1;
            self.place.range = Range { after: row.revision, ..range }.rest();
            let actor = (row.writer, names.get(&row.writer).cloned().unwrap_or_default());
            let change = of_version(project, row, actor);
            self.ready.push_back((self.place, change));
        }
        if pruned && self.place.range.is_some() {
            self.ending = Some(Error::ChangesPruned { project, revision: next });
        }
        Ok(())
    }

    async fn read_events(&mut self, tx: &mut Tx, project: &Project) -> Result<()> {
        let chain = Some(project.root);
        // Of the same snapshot as the events.
        let head = audit::head(tx, chain).await?.map_or(0, |head| head.position);
        let filter =
            Filter { project: (!self.watch.tree).then_some(self.watch.project), ..Filter::default() };
        let window = audit::following(tx, chain, &filter, self.place.position, PAGE).await?;
        let read_to_the_end = window.next.is_none() && self.take(tx, window.events).await?;
        if read_to_the_end {
            self.place = Place::after(head);
            self.behind = false;
            if let Some(schedule) = project.scheduled {
                let (project, purge_time) = (project.id, schedule.purge_time);
                self.ending = Some(Error::ProjectScheduled { project, purge_time });
            }
        }
        Ok(())
    }

    /// Makes events ready to be taken; false: versions come first, and then what is left of the events.
    async fn take(&mut self, tx: &mut Tx, events: Vec<Chained>) -> Result<bool> {
        let names = self.app.names(tx, events.iter().map(|kept| kept.event.principal).collect()).await?;
        let mut asked = HashMap::new();
        let mut events = events.into_iter().peekable();
        while let Some(kept) = events.next() {
            let told = told(&kept.event);
            let follows = kept.position == self.place.position.saturating_add(1);
            let before = if follows { self.place.told } else { 0 };
            let whole = Place { range: told.range, ..Place::after(kept.position) };
            let count = told.changes.len();
            for (number, (project, kind)) in (1..).zip(told.changes).skip(before) {
                let part = Place { told: number, ..Place::after(kept.position - 1) };
                let place = if number < count { part } else { whole };
                if self.sees_once(tx, project, &mut asked).await? {
                    self.ready.push_back((place, of_event(project, kind, &kept, &names)));
                }
            }
            self.place = whole;
            if told.range.is_some() {
                while events.next_if(|next| self.absorb(next)).is_some() {}
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Goes beyond an event that tells of nothing but the versions that follow those that come next, so that many single
    /// writes are read at once.
    fn absorb(&mut self, kept: &Chained) -> bool {
        let told = told(&kept.event);
        let range = match (self.place.range, told.range) {
            _ if !told.changes.is_empty() => None,
            (Some(range), Some(next)) => range.and(next),
            (range, None) => range,
            (None, _) => None,
        };
        if range.is_some() {
            self.place = Place { range, ..Place::after(kept.position) };
        }
        range.is_some()
    }

    async fn sees_once(
        &self,
        tx: &mut Tx,
        project: ProjectId,
        asked: &mut HashMap<ProjectId, bool>,
    ) -> Result<bool> {
        if let Some(sees) = asked.get(&project) {
            return Ok(*sees);
        }
        let sees = self.sees(tx, project).await?;
        asked.insert(project, sees);
        Ok(sees)
    }

    /// Whether the caller is to be told of a project.
    async fn sees(&self, tx: &mut Tx, project: ProjectId) -> Result<bool> {
        if project == self.watch.project || !self.watch.tree {
            // Of this one the gate was asked.
            return Ok(project == self.watch.project);
        }
        match self.app.enter(tx, &self.call, project, Action::See).await {
            Ok(_) => Ok(true),
            Err(Error::ProjectNotFound { .. } | Error::MfaRequired { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

type Actor = (PrincipalId, Arc<str>);

fn of_version(project: ProjectId, row: Logged, actor: Actor) -> ChangeView {
    let kind = if row.hash.is_some() { ChangeKind::ResourcePut } else { ChangeKind::ResourceDeleted };
    let Logged { kind: of, id, revision, name, hash, write_time, .. } = row;
    let resource = Some(ResourceChange { kind: of, id, revision, name, hash });
    ChangeView { project, kind, time: write_time, actor: Some(actor), resource, subject: None }
}

fn of_event(
    project: ProjectId,
    kind: ChangeKind,
    kept: &Chained,
    names: &HashMap<PrincipalId, Arc<str>>,
) -> ChangeView {
    use ChangeKind as K;
    let event = &kept.event;
    let id = event.principal;
    let actor = (id != SYSTEM).then(|| (id, names.get(&id).cloned().unwrap_or_default()));
    let has_subject =
        matches!(kind, K::MemberSet | K::MemberRemoved | K::TriggerSet | K::Merged | K::Reverted);
    let subject = event.subject.as_ref().filter(|_| has_subject).map(|subject| subject.id);
    ChangeView { project, kind, time: event.time, actor, resource: None, subject }
}
