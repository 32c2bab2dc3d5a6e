//! The laws of 3-merge §7, each for any two projects with what they agreed on.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

pub mod combining;
pub mod taking;

use proptest::test_runner::TestCaseError;

/// An error says what does not hold, or that the case is none.
pub type Law = Result<(), TestCaseError>;

/// Tries each law on what is generated. `PROPTEST_CASES` sets how often.
#[macro_export]
macro_rules! tried {
    ($($law:path as $name:ident($($arg:ident in $strategy:expr),+);)+) => {
        proptest::prelude::proptest! {
            $(#[test]
            fn $name($($arg in $strategy),+) {
                $law($($arg),+)?;
            })+
        }
    };
}
