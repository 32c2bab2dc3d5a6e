//! A clock that stands still unless it is told, and dice that always fall alike.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sandbar_app::World;
use sandbar_model::{ContentHash, Time};

/// When every test begins.
pub const START: Time = Time(1_800_000_000_000_000);

/// See the module.
#[derive(Debug)]
pub struct FakeWorld {
    now: AtomicI64,
    throws: AtomicU64,
}

impl Default for FakeWorld {
    fn default() -> Self {
        Self { now: AtomicI64::new(START.0), throws: AtomicU64::new(0) }
    }
}

impl FakeWorld {
    /// Lets so many microseconds pass.
    pub fn pass(&self, micros: i64) {
        self.now.fetch_add(micros, Ordering::SeqCst);
    }
}

impl World for FakeWorld {
    fn now(&self) -> Time {
        Time(self.now.load(Ordering::SeqCst))
    }

    /// Different each time, in the same order in every run.
    fn random(&self) -> [u8; 32] {
        ContentHash::of(&self.throws.fetch_add(1, Ordering::SeqCst).to_be_bytes()).0
    }
}
