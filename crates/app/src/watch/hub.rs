//! Who watches on this server, and telling them when to look.
//!
//! One task looks for all of them: how far each watched chain has come is one statement, however many watch. It looks when
//! something was done here, when another server says that it did something, and every half a second in any case, as what
//! other servers say may be lost and other programs (the purge worker, the operator's commands) say nothing.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use sandbar_model::{Error, PrincipalId, ProjectId, Result, TokenId};
use sandbar_store::{
    audit::{self, Chain, Filter},
    db::Hints,
};
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};
use uuid::Uuid;

use crate::App;

/// How long something that nobody tells of may stay unseen.
const UNTOLD: Duration = Duration::from_millis(500);
/// Between two looks, so that many writes are one.
const PAUSE: Duration = Duration::from_millis(20);
/// Between two tries to reach a database that can't be.
const RETRY: Duration = Duration::from_secs(1);
/// Events of the service's own chain read at once.
const PAGE: i64 = 200;

/// The watchers of one server.
#[derive(Debug)]
pub(crate) struct Hub {
    most: usize,
    seats: Mutex<HashMap<u64, Watcher>>,
    next: AtomicU64,
    stopping: AtomicBool,
    /// Somebody should look.
    look: Notify,
    /// Something was done here that other servers do not know of yet.
    done: AtomicBool,
    /// Somebody watches: it is worth listening.
    watched: Notify,
}

#[derive(Debug)]
struct Watcher {
    root: ProjectId,
    token: TokenId,
    principal: PrincipalId,
    wake: watch::Sender<()>,
}

/// A watcher's place among those who are told. Given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    hub: Arc<Hub>,
    number: u64,
    woken: watch::Receiver<()>,
}

impl Hub {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            seats: Mutex::default(),
            next: AtomicU64::default(),
            stopping: AtomicBool::default(),
            look: Notify::new(),
            done: AtomicBool::default(),
            watched: Notify::new(),
        })
    }

    /// Something was committed here. Costs next to nothing, and does not wait.
    pub(crate) fn done(&self) {
        self.done.store(true, Ordering::Release);
        self.look.notify_one();
    }

    /// Ends every watch, and takes no more.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.wake(|_| true);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// # Errors
    /// [`Error::TooManyWatches`], [`Error::ServerStopping`].
    pub(super) fn take_seat(
        self: &Arc<Self>,
        root: ProjectId,
        token: TokenId,
        principal: PrincipalId,
    ) -> Result<Seat> {
        let (wake, woken) = watch::channel(());
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut seats = self.seats();
        // Asked under the lock, so that no seat is taken after everybody was woken for the end.
        if self.is_stopping() {
            return Err(Error::ServerStopping);
        }
        if seats.len() >= self.most {
            return Err(Error::TooManyWatches { limit: self.most });
        }
        seats.insert(number, Watcher { root, token, principal, wake });
        drop(seats);
        self.watched.notify_one();
        self.look.notify_one();
        Ok(Seat { hub: Arc::clone(self), number, woken })
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<u64, Watcher>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, whom: impl Fn(&Watcher) -> bool) {
        for watcher in self.seats().values().filter(|watcher| whom(watcher)) {
            watcher.wake.send_replace(());
        }
    }

    /// The chains that somebody watches, and the one in which tokens and principals end. None: nobody does.
    fn chains(&self) -> Option<Vec<Chain>> {
        let roots: HashSet<_> = self.seats().values().map(|watcher| Some(watcher.root)).collect();
        (!roots.is_empty()).then(|| roots.into_iter().chain([None]).collect())
    }

    async fn wait(&self) {
        let watched = !self.seats().is_empty();
        tokio::select! {
            () = self.look.notified() => {}
            () = sleep(UNTOLD), if watched => {}
        }
    }
}

impl Seat {
    /// Whether there is something to look at since this was last asked.
    pub(super) fn is_woken(&mut self) -> bool {
        let woken = self.woken.has_changed().unwrap_or(true);
        self.woken.mark_unchanged();
        woken
    }

    /// Waits until there is.
    pub(super) async fn wait(&mut self) {
        // The other end goes only with this one.
        let _ = self.woken.changed().await;
        self.woken.mark_changed();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.hub.is_stopping()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.seats().remove(&self.number);
    }
}

/// Keeps the watchers of this server up to date; to be run beside it for as long as it serves.
pub async fn keep_watch(app: Arc<App>) {
    let hints = app.db.hints();
    futures::future::join(look(&app, &hints), listen(&app.hub, &hints)).await;
}

async fn look(app: &App, hints: &Hints) {
    let mut known = HashMap::new();
    loop {
        app.hub.wait().await;
        if app.hub.done.swap(false, Ordering::AcqRel)
            && let Err(error) = hints.tell().await
        {
            tracing::debug!(%error, "other servers were not told; they see it in half a second");
        }
        if let Err(error) = look_once(app, &mut known).await {
            tracing::warn!(%error, "can't look for what watchers are to be told; trying again");
            sleep(RETRY).await;
        }
        sleep(PAUSE).await;
    }
}

/// Wakes those whose chain has come further than is known, or whose token or principal has an event.
async fn look_once(app: &App, known: &mut HashMap<Chain, i64>) -> Result<()> {
    let Some(chains) = app.hub.chains() else {
        known.clear();
        return Ok(());
    };
    let mut tx = app.db.connection().await?;
    let heads = audit::heads(&mut tx, &chains).await?;
    let mut moved = HashSet::new();
    let mut subjects = HashSet::new();
    // Whatever was done before the first look may have been done after the first watcher's.
    let first = known.is_empty();
    for (chain, position) in &heads {
        match (chain, known.get(chain)) {
            (_, Some(before)) if before == position => {}
            (None, before) => {
                subjects = subjects_since(&mut tx, before.copied().unwrap_or(*position)).await?;
            }
            (Some(root), _) => drop(moved.insert(*root)),
        }
    }
    *known = heads.into_iter().collect();
    known.entry(None).or_insert(0);
    app.hub.wake(|watcher| {
        first
            || moved.contains(&watcher.root)
            || subjects.contains(&watcher.token.0)
            || subjects.contains(&watcher.principal.0)
    });
    Ok(())
}

/// What has events in the service's own chain: tokens that were revoked, principals that were changed.
async fn subjects_since(tx: &mut sandbar_store::Tx, position: i64) -> Result<HashSet<Uuid>> {
    let mut subjects = HashSet::new();
    let mut after = Some(position);
    while let Some(position) = after {
        let window = audit::following(tx, None, &Filter::default(), position, PAGE).await?;
        subjects.extend(window.events.into_iter().filter_map(|kept| Some(kept.event.subject?.id)));
        after = window.next;
    }
    Ok(subjects)
}

/// Passes on what other servers say.
async fn listen(hub: &Hub, hints: &Hints) {
    hub.watched.notified().await;
    loop {
        let mut listener = match hints.listen().await {
            Ok(listener) => listener,
            Err(error) => {
                tracing::debug!(%error, "can't listen to other servers; looking now and then meanwhile");
                sleep(RETRY).await;
                continue;
            }
        };
        while listener.heard().await.is_ok() {
            hub.look.notify_one();
        }
        sleep(RETRY).await;
    }
}
