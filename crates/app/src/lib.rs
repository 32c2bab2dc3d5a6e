//! What callers can do: one operation per file. Each loads, decides and stores, in that order, and begins by asking the
//! policy. Nothing here knows gRPC or HTTP.

pub mod access;
pub mod audit;
pub mod call;
mod changing;
pub mod collections;
pub mod configs;
pub mod credentials;
pub mod dataclips;
mod etag;
mod gate;
pub mod items;
pub mod keychains;
pub mod merges;
pub mod openfn;
pub mod projects;
pub mod purge;
mod reading;
mod repeat;
mod resources;
pub mod runs;
pub mod sandboxes;
mod seal;
mod system;
pub mod transfer;
pub mod usage;
pub mod vault;
pub mod view;
pub mod watch;
pub mod webhooks;
pub mod workflows;
mod world;

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;
use sandbar_model::{
    PrincipalId, ProjectId, ResourceId, Time, TriggerId,
    access::TokenHash,
    time::{DAY, MINUTE},
};
use sandbar_store::{Db, content::Contents, view::Views};

pub use call::{Call, Credentials, SignIn, Vouched};
pub use etag::Etag;
pub use repeat::{Request, retry};
pub use seal::Sealer;
pub use system::SYSTEM;
use vault::MasterKeys;
pub use world::World;

/// Everything that operations need. One for the whole program; shared.
#[derive(Debug)]
pub struct App {
    /// Where things are kept.
    pub db: Db,
    /// The clock and the dice.
    pub world: Arc<dyn World>,
    /// What the operator chose.
    pub limits: Limits,
    pub(crate) contents: Contents,
    pub(crate) views: Views,
    pub(crate) sealer: Sealer,
    pub(crate) master_keys: Arc<dyn MasterKeys>,
    pub(crate) names: Cache<PrincipalId, Arc<str>>,
    pub(crate) triggers: Cache<(ProjectId, i64, ResourceId), Arc<[TriggerId]>>,
    pub(crate) uses: gate::Uses,
    /// Who signed in elsewhere and is a user, by the hash of who they are there.
    pub(crate) signed_in: Cache<TokenHash, ()>,
    pub(crate) hub: Arc<watch::Hub>,
    readings: Arc<reading::Readings>,
}

/// What the operator may choose.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a deleted project can be restored, in microseconds. Default: 7 days.
    pub grace: i64,
    /// The deepest that sandboxes may nest, 0 (none at all) to 5.
    pub max_depth: u32,
    /// The largest page of a list.
    pub max_page: usize,
    /// How many may watch at once.
    pub max_watches: usize,
    /// How long a watcher hears nothing before there is a sign of life.
    pub heartbeat: Duration,
    /// The most bytes that the items of one collection take. Default: 1 GiB.
    pub collection_bytes: i64,
    /// About how many bytes of items one page has, so that it fits into a message. Default: 8 MiB.
    pub page_bytes: i64,
    /// See [`RunLimits`].
    pub runs: RunLimits,
}

/// How long workers have runs. Lengths of time are in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct RunLimits {
    /// How long a worker has a run without a heartbeat. Default: 1 minute.
    pub lease: i64,
    /// How long a run may take in all, after which it is killed. Default: 1 day.
    pub timeout: i64,
    /// How often a run is given to a worker before it counts as lost, at least 1. Default: 3.
    pub attempts: i64,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self { lease: MINUTE, timeout: DAY, attempts: 3 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            grace: 7 * DAY,
            max_depth: sandbar_model::project::MAX_DEPTH,
            max_page: 500,
            max_watches: 1000,
            heartbeat: Duration::from_secs(15),
            collection_bytes: 1024 * 1024 * 1024,
            page_bytes: 8 * 1024 * 1024,
            runs: RunLimits::default(),
        }
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(
        db: Db,
        world: Arc<dyn World>,
        sealer: Sealer,
        master_keys: Arc<dyn MasterKeys>,
        limits: Limits,
    ) -> Self {
        Self {
            readings: reading::Readings::new(db.clone()),
            db,
            world,
            limits,
            contents: Contents::default(),
            views: Views::default(),
            sealer,
            master_keys,
            names: Cache::builder().max_capacity(100_000).time_to_live(Duration::from_mins(1)).build(),
            triggers: Cache::new(200_000),
            uses: gate::Uses::default(),
            signed_in: Cache::new(100_000),
            hub: watch::Hub::new(limits.max_watches),
        }
    }

    /// What time it is.
    pub fn now(&self) -> Time {
        self.world.now()
    }

    /// A new id: a UUIDv7, so that ids made later sort later.
    pub fn new_id(&self) -> uuid::Uuid {
        self.world.new_id()
    }

    /// How many rows a page has, when the caller asks for `asked`: 0 means 50.
    pub(crate) fn page_size(&self, asked: i32) -> sandbar_model::Result<usize> {
        match usize::try_from(asked) {
            Ok(0) => Ok(50.min(self.limits.max_page)),
            Ok(size) => Ok(size.min(self.limits.max_page)),
            Err(_) => Err(sandbar_model::Error::invalid("page_size", "must not be negative")),
        }
    }

    /// Ends every watch and takes no more, before the server ends.
    pub fn stop_watches(&self) {
        self.hub.stop();
    }

    /// Forgets what was read; for measurements of cold reads.
    pub fn forget(&self) {
        self.contents.forget();
        self.triggers.invalidate_all();
    }
}
