//! What stands behind the `?` of a request.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use sandbar_model::{Error, Result, Time};

/// The pairs of a query, as they stand there.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(uri: &http::Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The last value of a key that is there and not empty.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let pair = self.0.iter().rfind(|(name, _)| name == key);
        pair.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Every value of a key.
    pub(super) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// A point in time in RFC 3339, or a day, which begins at midnight UTC.
    ///
    /// # Errors
    /// [`Error::InvalidFields`].
    pub(super) fn time(&self, key: &str) -> Result<Option<Time>> {
        let Some(text) = self.get(key) else { return Ok(None) };
        let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
        let time = text.parse::<Timestamp>().ok().or_else(day);
        let wrong = || {
            Error::invalid(key, "must be a time such as 2026-11-22T01:02:03Z, or a day such as 2026-11-22")
        };
        time.map(|time| Some(Time(time.as_microsecond()))).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::of(&format!("/x?{text}").parse().unwrap())
    }

    #[test]
    fn pairs_are_decoded_and_lists_have_brackets() {
        let query = query("key=a%2A+b&snapshots%5B%5D=1&snapshots[]=2&empty=");
        assert_eq!(query.get("key"), Some("a* b"));
        assert_eq!(query.all("snapshots[]").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((query.get("empty"), query.get("none")), (None, None));
    }

    #[test]
    fn times_are_whole_or_days() {
        for (text, micros) in [
            ("2026-01-02T03:04:05Z", 1_767_323_045_000_000),
            ("2026-01-02T03:04:05.5%2B01:00", 1_767_319_445_500_000),
            ("2026-01-02", 1_767_312_000_000_000),
        ] {
            assert_eq!(query(&format!("t={text}")).time("t").unwrap(), Some(Time(micros)), "{text}");
        }
        assert_eq!(query("").time("t").unwrap(), None);
        for text in ["yesterday", "2026-13-01", "1767319445"] {
            assert!(query(&format!("t={text}")).time("t").is_err(), "{text}");
        }
    }
}
