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

    /// A UUIDv7 of now. Of two that one server makes, that of a later microsecond sorts later: the 12 bits after the
    /// milliseconds are a finer clock (RFC 9562 §6.2, method 3).
    fn new_id(&self) -> Uuid {
        let micros = u64::try_from(self.now().0).unwrap_or_default();
        let mut bytes = [0; 10];
        bytes.iter_mut().zip(self.random()).for_each(|(to, from)| *to = from);
        let finer = u16::try_from(micros % 1000 * 4096 / 1000).unwrap_or_default();
        let [high, low] = finer.to_be_bytes();
        (bytes[0], bytes[1]) = (high, low);
        Builder::from_unix_timestamp_millis(micros / 1000, &bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that stands, with the highest or lowest dice.
    #[derive(Debug)]
    struct Fixed(i64, u8);

    impl World for Fixed {
        fn now(&self) -> Time {
            Time(self.0)
        }

        fn random(&self) -> [u8; 32] {
            [self.1; 32]
        }
    }

    #[test]
    fn an_id_of_a_later_microsecond_sorts_later_whatever_the_dice() {
        let start = 1_795_000_000_123_000;
        for micros in start..start + 2_000 {
            let (earlier, later) = (Fixed(micros, 255).new_id(), Fixed(micros + 1, 0).new_id());
            assert!(earlier < later, "{micros}: {earlier} {later}");
            assert_eq!((later.get_version_num(), later.get_variant()), (7, uuid::Variant::RFC4122));
        }
    }
}
