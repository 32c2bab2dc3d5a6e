//! Times for people.

use jiff::Timestamp;
use sandbar_client::prost_types;
use sandbar_client::v1::{Actor, Stamp};

use super::count;

/// A time of the contract. None when it is absent or out of range.
pub(crate) fn instant(time: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    time.and_then(|time| Timestamp::new(time.seconds, time.nanos).ok())
}

/// `3 hours ago`, `in 2 days`, `just now`; `-` when absent.
pub(crate) fn relative(now: Timestamp, time: Option<&prost_types::Timestamp>) -> String {
    let Some(time) = instant(time) else { return "-".to_owned() };
    let seconds = now.as_second() - time.as_second();
    let length = match seconds.abs() {
        0..=9 => return "just now".to_owned(),
        s @ ..60 => count(s, "second", "seconds"),
        s @ ..3_600 => count(s / 60, "minute", "minutes"),
        s @ ..86_400 => count(s / 3_600, "hour", "hours"),
        s @ ..31_536_000 => count(s / 86_400, "day", "days"),
        s => count(s / 31_536_000, "year", "years"),
    };
    if seconds > 0 { format!("{length} ago") } else { format!("in {length}") }
}

/// `2026-11-22 01:47 UTC`; `-` when absent.
pub(crate) fn absolute(time: Option<&prost_types::Timestamp>) -> String {
    instant(time).map_or_else(|| "-".to_owned(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// `Ada, 3 hours ago`.
pub(crate) fn stamp(now: Timestamp, stamp: &Stamp) -> String {
    format!("{}, {}", actor(stamp.actor.as_ref()), relative(now, stamp.time.as_ref()))
}

/// Who it was, by name, or by id once the name is gone.
pub(crate) fn actor(actor: Option<&Actor>) -> &str {
    match actor {
        Some(actor) if !actor.name.is_empty() => &actor.name,
        Some(actor) if !actor.principal_id.is_empty() => &actor.principal_id,
        _ => "someone",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(offset: i64) -> String {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let time = prost_types::Timestamp { seconds: 1_800_000_000 + offset, nanos: 0 };
        relative(now, Some(&time))
    }

    #[test]
    fn times_are_relative_in_the_largest_whole_unit() {
        assert_eq!(said(0), "just now");
        assert_eq!(said(-59), "59 seconds ago");
        assert_eq!(said(-60), "1 minute ago");
        assert_eq!(said(-7_300), "2 hours ago");
        assert_eq!(said(3 * 86_400), "in 3 days");
        assert_eq!(said(-800 * 86_400), "2 years ago");
        assert_eq!(relative(Timestamp::UNIX_EPOCH, None), "-");
    }
}
