//! The rules of `access.proto` that a principal or token can be held to by itself.

use super::Principal;
use crate::{
    Violations,
    field::path,
    text,
    time::{DAY, MINUTE},
};

/// The longest name of a principal, in characters.
pub const MAX_PRINCIPAL_NAME: usize = 100;
/// The longest name of a token, in characters.
pub const MAX_TOKEN_NAME: usize = 100;
/// The shortest life of a token, in microseconds: 1 minute.
pub const TOKEN_TTL_MIN: i64 = MINUTE;
/// The longest life of a token, in microseconds: 366 days.
pub const TOKEN_TTL_MAX: i64 = 366 * DAY;
/// The life of a token made without one, in microseconds: 90 days.
pub const TOKEN_TTL_DEFAULT: i64 = 90 * DAY;

impl Principal {
    /// What breaks a rule, with fields named below `prefix`. That the e-mail address is nobody else's is checked where
    /// the others are known.
    pub fn violations(&self, prefix: &str) -> Violations {
        let mut found = Violations::default();
        text::check_name(&mut found, &path(prefix, "name"), &self.name, MAX_PRINCIPAL_NAME);
        if !self.email.is_empty() {
            text::check_email(&mut found, &path(prefix, "email"), &self.email);
        }
        found
    }
}

/// What is wrong with the name (at most 100 characters) and the life in microseconds (1 minute to 366 days) that a token
/// is to have, with fields named below `prefix`.
pub fn token_violations(name: &str, ttl: i64, prefix: &str) -> Violations {
    let mut found = Violations::default();
    if !name.is_empty() {
        text::check_name(&mut found, &path(prefix, "name"), name, MAX_TOKEN_NAME);
    }
    found.require(
        (TOKEN_TTL_MIN..=TOKEN_TTL_MAX).contains(&ttl),
        path(prefix, "ttl"),
        "must be 1 minute to 366 days; leave it out for 90 days",
    );
    found
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{PrincipalId, Time, access::PrincipalKind};

    fn fields(name: &str, email: &str) -> Vec<String> {
        let principal = Principal {
            id: PrincipalId(Uuid::from_u128(1)),
            kind: PrincipalKind::User,
            name: name.to_owned(),
            email: email.to_owned(),
            administrator: false,
            create_time: Time(0),
        };
        principal.violations("principal").0.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn a_principal_has_a_name_and_may_have_an_address() {
        assert!(fields("Ada", "").is_empty());
        assert!(fields(&"é".repeat(100), "ada@example.org").is_empty());
        assert_eq!(fields("", "ada"), ["principal.name", "principal.email"]);
        assert_eq!(fields(&"é".repeat(101), ""), ["principal.name"]);
        assert_eq!(fields("a\nb", ""), ["principal.name"]);
    }

    #[test]
    fn a_token_lives_a_minute_to_a_year() {
        let problems = |name: &str, ttl| token_violations(name, ttl, "").0.len();
        for ttl in [TOKEN_TTL_MIN, TOKEN_TTL_DEFAULT, TOKEN_TTL_MAX] {
            assert_eq!(problems("", ttl), 0, "{ttl}");
        }
        for ttl in [TOKEN_TTL_MIN - 1, TOKEN_TTL_MAX + 1, 0, i64::MIN, i64::MAX] {
            assert_eq!(problems("ci", ttl), 1, "{ttl}");
        }
        assert_eq!(problems(&"a".repeat(101), 0), 2);
        assert_eq!(problems("a\0", TOKEN_TTL_DEFAULT), 1);
    }

    #[test]
    fn numbers_of_kinds_are_kept() {
        for kind in [PrincipalKind::User, PrincipalKind::ServiceAccount, PrincipalKind::Support] {
            assert_eq!(PrincipalKind::from_number(kind as i64), Some(kind));
        }
        for number in [i64::MIN, 0, 4] {
            assert_eq!(PrincipalKind::from_number(number), None);
        }
    }
}
