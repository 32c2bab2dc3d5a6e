//! Points in time and lengths of time.

use prost_types::{Duration, Timestamp};
use sandbar_model::{Time, time::SECOND};

/// As the wire has it.
pub fn to_wire(time: Time) -> Timestamp {
    let nanos = i32::try_from(time.0.rem_euclid(SECOND) * 1000).unwrap_or_default();
    Timestamp { seconds: time.0.div_euclid(SECOND), nanos }
}

/// As the model has it, in whole microseconds.
///
/// # Errors
/// What is wrong: no point in time between the years 1 and 9999.
pub fn from_wire(time: &Timestamp) -> Result<Time, &'static str> {
    // The first and last second that the contract's own definition of Timestamp allows.
    let sane = (-62_135_596_800..=253_402_300_799).contains(&time.seconds)
        && (0..1_000_000_000).contains(&time.nanos);
    if !sane {
        return Err("must be a point in time between the years 1 and 9999");
    }
    Ok(Time(time.seconds * SECOND + i64::from(time.nanos) / 1000))
}

/// In microseconds, as the model counts; parts of one are cut off.
///
/// # Errors
/// What is wrong: it is out of range, or its two parts have different signs.
pub fn micros(duration: &Duration) -> Result<i64, &'static str> {
    // What the contract's own definition of Duration allows: about 10,000 years.
    let in_range = (-315_576_000_000..=315_576_000_000).contains(&duration.seconds)
        && (-999_999_999..=999_999_999).contains(&duration.nanos);
    let one_sign = duration.seconds.signum() * i64::from(duration.nanos.signum()) >= 0;
    if !in_range || !one_sign {
        return Err("must be a length of time of less than 10,000 years");
    }
    Ok(duration.seconds * SECOND + i64::from(duration.nanos) / 1000)
}

/// Microseconds as the wire has them.
pub fn duration(micros: i64) -> Duration {
    let nanos = i32::try_from(micros % SECOND * 1000).unwrap_or_default();
    Duration { seconds: micros / SECOND, nanos }
}

/// For people and for metadata: `2026-11-22T01:02:03Z`.
pub fn rfc3339(time: Time) -> String {
    to_wire(time).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_time_comes_back(micros in -62_135_596_800_000_000i64..253_402_300_800_000_000) {
            prop_assert_eq!(from_wire(&to_wire(Time(micros))), Ok(Time(micros)));
        }
    }

    #[test]
    fn times_outside_the_calendar_are_refused() {
        for (seconds, nanos) in [(i64::MAX, 0), (i64::MIN, 0), (0, -1), (0, 1_000_000_000)] {
            assert!(from_wire(&Timestamp { seconds, nanos }).is_err());
        }
        assert_eq!(rfc3339(Time(1_795_309_323_000_000)), "2026-11-22T01:02:03Z");
    }

    #[test]
    fn lengths_have_one_sign_and_a_limit() {
        assert_eq!(micros(&Duration { seconds: 1, nanos: 1999 }), Ok(1_000_001));
        assert_eq!(micros(&Duration { seconds: -1, nanos: -5000 }), Ok(-1_000_005));
        for (seconds, nanos) in [(1, -1), (-1, 1), (i64::MAX, 0), (0, i32::MIN)] {
            assert!(micros(&Duration { seconds, nanos }).is_err());
        }
    }
}
