//! What can't be computed: the time and randomness. An argument, so that every operation can be tested.

use std::fmt::Debug;

use sandbar_model::Time;
use uuid::{Builder, Uuid};

/// The clock and the dice.
pub trait World: Debug + Send + Sync {
    /// The time now.
    fn now(&self) -> Time;

    /// 256 bits that nobody can guess.
    fn random(&self) -> [u8; 32];

    /// A UUIDv7 of now.
    fn new_id(&self) -> Uuid {
        let millis = u64::try_from(self.now().0 / 1000).unwrap_or_default();
        let mut bytes = [0; 10];
        bytes.iter_mut().zip(self.random()).for_each(|(to, from)| *to = from);
        Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }
}
