//! The real clock and the operating system's randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use sandbar_app::World;
use sandbar_model::Time;

/// See [`World`].
#[derive(Clone, Copy, Debug, Default)]
pub struct RealWorld;

impl World for RealWorld {
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    fn now(&self) -> Time {
        let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
        Time(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    fn random(&self) -> [u8; 32] {
        rand::random()
    }
}
