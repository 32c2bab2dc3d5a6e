//! What a tree may use in a period, and what it used (1-domain §9).

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::Time;

/// The most AI tokens that are counted at once, so that no sum of them ever overflows.
pub const MAX_AI_TOKENS: i64 = 1_000_000_000_000;

/// A month of the calendar, in UTC. What is used counts in the one in which it is counted; then the next one begins at
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The first moment of its first day.
    pub start: Time,
    /// The first moment of the next one.
    pub end: Time,
}

/// What a root and its sandboxes may use together in one period; none: no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowances {
    /// How many runs may be started.
    pub max_runs: Option<i64>,
    /// How many tokens of language models.
    pub max_ai_tokens: Option<i64>,
}

/// What was used in one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Runs that were started, whatever became of them.
    pub runs: i64,
    /// Tokens of language models.
    pub ai_tokens: i64,
}

impl Period {
    /// The period that a point in time belongs to.
    pub fn of(time: Time) -> Self {
        let now = Timestamp::from_microsecond(time.0).unwrap_or(Timestamp::MAX);
        let day = TimeZone::UTC.to_datetime(now).date();
        let next = day.last_of_month().tomorrow().ok();
        let begin = |day: civil::Date| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok();
        let micros = |time: Timestamp| Time(time.as_microsecond());
        Self {
            start: micros(begin(day.first_of_month()).unwrap_or(Timestamp::MIN)),
            end: micros(next.and_then(begin).unwrap_or(Timestamp::MAX)),
        }
    }
}

impl Used {
    /// One run.
    pub const RUN: Self = Self { runs: 1, ai_tokens: 0 };

    /// So many tokens.
    pub const fn tokens(ai_tokens: i64) -> Self {
        Self { runs: 0, ai_tokens }
    }

    /// What is left of this when that is taken out.
    #[must_use]
    pub const fn without(self, part: Self) -> Self {
        Self {
            runs: self.runs.saturating_sub(part.runs),
            ai_tokens: self.ai_tokens.saturating_sub(part.ai_tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::DAY;

    fn at(text: &str) -> Time {
        Time(text.parse::<Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn a_period_is_a_month_in_utc() {
        let february = Period { start: at("2028-02-01T00:00:00Z"), end: at("2028-03-01T00:00:00Z") };
        for inside in ["2028-02-01T00:00:00Z", "2028-02-29T23:59:59.999999Z", "2028-03-01T01:59:00+02:00"] {
            assert_eq!(Period::of(at(inside)), february, "{inside}");
        }
        assert_eq!(Period::of(february.end).start, february.end);
        assert_eq!(Period::of(february.start.plus(-1)).end, february.start);
        assert_eq!(Period::of(at("2026-12-31T12:00:00Z")).end, at("2027-01-01T00:00:00Z"));
    }

    #[test]
    fn there_is_one_at_either_end_of_time() {
        for time in [Time(i64::MIN), Time(i64::MAX)] {
            let period = Period::of(time);
            assert!(period.start < period.end);
        }
    }

    proptest! {
        #[test]
        fn periods_lie_side_by_side(micros in 0i64..250_000_000_000_000_000) {
            let period = Period::of(Time(micros));
            prop_assert!(period.start <= Time(micros) && Time(micros) < period.end);
            prop_assert_eq!(Period::of(period.end).start, period.end);
            let days = (period.end.0 - period.start.0) / DAY;
            prop_assert!((28..=31).contains(&days));
        }
    }

    #[test]
    fn what_is_taken_out_is_not_left() {
        let all = Used { runs: 5, ai_tokens: 70 };
        assert_eq!(all.without(Used::RUN).without(Used::tokens(20)), Used { runs: 4, ai_tokens: 50 });
    }
}
